"""Many rows in few statements, as the driver takes them: what an ORM, or one statement for each row, costs several
times over."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from .models import Base

# Columns of what is written so in more than one place
EVIDENCE = "id", "receipt_id", "sha256", "raw", "handed"
ENTRY = "id", "receipt_id", "refund_id", "kind", "made"
POSTING = "id", "entry_id", "account", "amount", "currency"

# Rows in one statement. More gain nothing; each number of them is another statement, which a driver keeps prepared
_ROWS = 32


def insert(session: Session, kind: type[Base], columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """`rows` of the table behind `kind`, a value for each of `columns`; others get what the database gives them."""
    into = f"{kind.__tablename__} ({', '.join(columns)})"
    if _is_server(session.connection()):
        _copy(session.connection(), f"COPY {into} FROM STDIN", rows)
    else:
        _insert(session.connection(), f"INSERT INTO {into} VALUES ", "(" + ", ".join("?" * len(columns)) + ")", rows)


def matching(session: Session, query: str, first: bytes, any_of: Collection[bytes]) -> Sequence[Row[Any]]:
    """Rows of `query`, which ends in "... = {} AND ... {}", for `first` and each of `any_of`. When SQLAlchemy puts it
    together, a list of hundreds takes longer than to have it answered."""
    connection = session.connection()
    if not any_of:
        return []
    if _is_server(connection):
        return connection.exec_driver_sql(query.format("%s", "= ANY(%s)"), (first, list(any_of))).all()
    marks = ", ".join("?" * len(any_of))
    return connection.exec_driver_sql(query.format("?", f"IN ({marks})"), (first, *any_of)).all()


def _is_server(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _insert(connection: Connection, into: str, one: str, rows: list[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    whole = len(rows) - len(rows) % _ROWS
    many = into + one + f", {one}" * (_ROWS - 1)
    with _told(connection, into):
        for at in range(0, whole, _ROWS):
            driver.execute(many, list(chain.from_iterable(rows[at : at + _ROWS])))
        driver.executemany(into + one, rows[whole:])


def _copy(connection: Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """A server takes apart and plans every statement, but a stream of rows only once."""
    driver: Any = connection.connection.driver_connection
    with _told(connection, statement), driver.cursor() as cursor, cursor.copy(statement) as stream:
        for row in rows:
            stream.write_row(row)


@contextlib.contextmanager
def _told(connection: Connection, statement: str) -> Iterator[None]:
    """What the driver says, as SQLAlchemy says it of what it sends itself."""
    try:
        yield
    except connection.dialect.loaded_dbapi.Error as e:
        lost = connection.dialect.is_disconnect(e, connection.connection.driver_connection, None)
        if lost:
            connection.invalidate(e)
        raise DBAPIError(statement, None, e, connection_invalidated=lost) from e
