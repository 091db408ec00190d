"""Brings a ledger of an earlier version up to this one. Its tables change in one transaction; what its receipts are
judged by now is looked at after that, and goes on where it was cut off."""

from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text

from ..errors import Exit, HostError
from . import db, registry
from .models import SCHEMA, UNFINISHED
from .store import Ledger

# The first version that the migrations know
OLDEST = 2


def upgrade(url: URL, archive: Path, wait: float) -> tuple[int, int]:
    """The versions that the ledger had and has."""
    found = _tables(url, wait)
    if found != SCHEMA:
        with Ledger.open(url, archive, wait=wait) as ledger:
            # version 2 did not say it: without, the last decision would count as one that never was
            ledger.confirm()
            ledger.judge_pending()
    return found, SCHEMA


def _tables(url: URL, wait: float) -> int:
    engine = db.connect(url, wait)
    try:
        registry.require_ledger(engine)
        with db.told(), engine.execution_options(writing=True).begin() as connection:
            found = _version(connection)
            if found != SCHEMA:
                _migrate(connection, found)
            return found
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
