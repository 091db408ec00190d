"""Connections and transactions, and one line for whatever a database can answer with."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVarTuple

from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    Select,
    create_engine,
    event,
    func,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session

from ..errors import Exit, HostError
from .models import Entry, EvidenceRow, Meta, Posting, ReceiptRow

_LINES = {
    "SQLITE_BUSY": ("ledger_locked", "another program is writing to the ledger: wait for it and try again"),
    "SQLITE_LOCKED": ("ledger_locked", "another program is writing to the ledger: wait for it and try again"),
    "SQLITE_FULL": ("disk_full", "no space left for the ledger: make room and try again, nothing was taken"),
    "SQLITE_READONLY": ("ledger_read_only", "the ledger may not be written here: check the rights of file and folder"),
    "SQLITE_NOTADB": ("not_a_ledger", "this file is no ledger: name the right one"),
    "SQLITE_CANTOPEN": ("ledger_missing", "the ledger cannot be opened: check path and rights"),
    "SQLITE_CORRUPT": ("ledger_damaged", "the ledger file is damaged: restore its backup, keep the archive as it is"),
    "SQLITE_IOERR": ("ledger_io", "reading or writing the ledger failed: check the disk, nothing was taken"),
}
# By SQLSTATE, or the class that it begins with
_SERVER_LINES = {
    "55P03": _LINES["SQLITE_BUSY"],
    "40": _LINES["SQLITE_BUSY"],
    "53300": ("ledger_locked", "the database has too many users at once: wait and try again"),
    "53": _LINES["SQLITE_FULL"],
    "25006": _LINES["SQLITE_READONLY"],
    "42501": ("ledger_read_only", "this user may not write to the ledger's database: ask for the right to"),
    "57": ("ledger_io", "the database server ended the connection: try again, nothing was taken"),
    "58": _LINES["SQLITE_IOERR"],
    "XX": ("ledger_damaged", "the database is damaged: restore its backup, keep the archive as it is"),
}
_UNREACHABLE = ("ledger_missing", "the database cannot be reached: check its URL, and that the server runs")


def parsed(url: str | URL) -> URL:
    try:
        return make_url(url)
    except ArgumentError as e:
        raise HostError("bad_ledger_url", "a ledger is named like sqlite:///ledger.db", Exit.INPUT) from e


def file_of(url: URL) -> Path | None:
    """The file behind an SQLite URL, where it names one plainly."""
    plain = url.get_backend_name() == "sqlite" and url.database and not url.database.startswith(("file:", ":"))
    return Path(url.database) if plain and url.database else None


def connect(url: URL, wait: float) -> Engine:
    """An engine whose writers wait at most `wait` seconds for each other."""
    if url.get_backend_name() != "sqlite":
        with _known_url():
            return _server(url, wait)
    engine = create_engine(url, connect_args={"timeout": wait})
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


@contextlib.contextmanager
def closed_on_error(engine: Engine) -> Iterator[None]:
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


def _server(url: URL, wait: float) -> Engine:
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    # an acked commit must outlive a power cut, whatever the server's default
    options = f"-c lock_timeout={max(1, int(wait * 1000))} -c synchronous_commit=on"
    return create_engine(url, connect_args={"options": options}, pool_pre_ping=True)


@contextlib.contextmanager
def _known_url() -> Iterator[None]:
    try:
        yield
    except (NoSuchModuleError, ImportError) as e:
        raise HostError("bad_ledger_url", f"no driver for this ledger: {e}", Exit.INPUT) from e


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    connection.execute("PRAGMA foreign_keys = ON")
    # an acked commit must outlive a power cut: EXTRA syncs the folder after the journal is gone, FULL does not
    connection.execute("PRAGMA synchronous = EXTRA")
    # 64 MB: the usual 2 MB do not hold the upper pages of a large ledger's indexes
    connection.execute("PRAGMA cache_size = -65536")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session that sees one state of the ledger."""
    with told(), Session(_one_state(engine)) as session:
        yield session


def _one_state(engine: Engine) -> Engine:
    # SQLite's transactions see one state anyway; a server's see every commit of others as it comes
    sqlite = engine.dialect.name == "sqlite"
    return engine if sqlite else engine.execution_options(isolation_level="REPEATABLE READ")


class _Writer(Session):
    """There is one at a time, so it numbers new rows itself: a database that does it is asked once for every row."""


@event.listens_for(_Writer, "before_flush")
def _number(session: Session, _context: object, _instances: object) -> None:
    for row in session.new:
        if hasattr(row, "id") and row.id is None:
            row.id = next_id(session, type(row))


_USUAL: tuple[Any, ...] = (ReceiptRow, EvidenceRow, Entry, Posting)
_HIGHEST = select(*(select(func.max(kind.id)).scalar_subquery() for kind in _USUAL))


def next_id(session: Session, kind: Any) -> int:
    """For a new row, in a writer's session."""
    return next_ids(session, kind, 1)[0]


def next_ids(session: Session, kind: Any, count: int) -> range:
    """For `count` new rows, in a writer's session."""
    last: dict[type[Any], int] = session.info.setdefault("last", {})
    if kind not in last:
        # what nearly every writer needs is asked for at once
        kinds = _USUAL if kind in _USUAL else (kind,)
        highest = session.connection().execute(_HIGHEST if kind in _USUAL else select(func.max(kind.id))).one()
        last.update((one, n or 0) for one, n in zip(kinds, highest, strict=True))
    first = last[kind] + 1
    last[kind] += count
    return range(first, first + count)


_Row = TypeVarTuple("_Row")
_LENGTH = select(Meta.archive_length).with_for_update()


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[tuple[Session, int]]:
    """The one writer's session, and how long the archive is; commits at the end, and leaves nothing behind on any
    error."""
    with told(), _Writer(engine.execution_options(writing=True)) as session, session.begin():
        yield session, ask(session, _LENGTH).scalar_one()


def set_length(session: Session, archive_length: int) -> None:
    """Says how long the archive is from now on, in a writer's session."""
    session.connection().execute(update(Meta).values(archive_length=archive_length))


def ask(session: Session, query: "Select[*_Row]", values: dict[str, Any] | None = None) -> "CursorResult[*_Row]":
    """What session.execute answers to a query of columns, for which it takes twice as long."""
    session.flush()
    return session.connection().execute(query, values)


@contextlib.contextmanager
def told() -> Iterator[None]:
    """HostError for what the database says."""
    try:
        yield
    except DBAPIError as e:
        raise _error(e) from e
    except NoConnectionFree as e:
        raise HostError("ledger_locked", "too many users of the ledger at once: try again", Exit.STORAGE) from e


def _error(e: DBAPIError) -> HostError:
    code, line = _line(e)
    return HostError(code, line, Exit.STORAGE)


def _line(e: DBAPIError) -> tuple[str, str]:
    name = str(getattr(e.orig, "sqlite_errorname", ""))
    for prefix, known in _LINES.items():
        if name.startswith(prefix):
            return known
    state = getattr(e.orig, "sqlstate", "")
    if state is None:  # the driver's own: it never reached the server, or lost it
        return _SERVER_LINES["57"] if e.connection_invalidated else _UNREACHABLE
    for prefix, known in _SERVER_LINES.items():
        if state.startswith(prefix):
            return known
    return "ledger_failed", f"the ledger's database says: {str(e.orig).splitlines()[0]}"
