"""Brings a ledger of an earlier version up to this one, in one transaction: it is the old one or the new one."""

from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text

from ..errors import Exit, HostError
from . import db, registry
from .models import SCHEMA, UNFINISHED

# The first version that the migrations know
OLDEST = 2


def upgrade(url: URL, wait: float) -> tuple[int, int]:
    """The versions that the ledger had and has."""
    engine = db.connect(url, wait)
    try:
        registry.require_ledger(engine)
        with db.told(), engine.execution_options(writing=True).begin() as connection:
            found = _version(connection)
            if found != SCHEMA:
                _migrate(connection, found)
            return found, SCHEMA
    finally:
        engine.dispose()


def _version(connection: Connection) -> int:
    lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE"
    version = connection.execute(text(f"SELECT schema_version FROM meta{lock}")).scalar_one_or_none()
    if version is None or version == UNFINISHED:
        raise HostError("not_a_ledger", "this ledger was never finished: make it again", Exit.STORAGE)
    if not OLDEST <= version <= SCHEMA:
        line = f"ledger of version {version}, this program brings {OLDEST} to {SCHEMA} up to date: use another program"
        raise HostError("ledger_version", line, Exit.STORAGE)
    return int(version)


def _migrate(connection: Connection, found: int) -> None:
    scripts = ScriptDirectory(str(Path(__file__).parent / "migrations"))

    def steps(heads: Any, _context: MigrationContext) -> Any:
        return scripts._upgrade_revs("head", heads)

    context = MigrationContext.configure(connection, opts={"fn": steps, "transactional_ddl": True})
    # the ledger's own word counts, not the table that Alembic keeps
    context.stamp(scripts, f"{found:04}")
    with Operations.context(context):
        context.run_migrations()
