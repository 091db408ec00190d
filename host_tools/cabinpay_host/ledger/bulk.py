"""Many rows in few statements, as the driver takes them: what an ORM, or one statement for each row, costs several
times over."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
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
        _copy(session.connection(), f"COPY {into} FROM STDIN (FORMAT BINARY)", _types(kind, tuple(columns)), rows)
    else:
        _insert(session.connection(), f"INSERT INTO {into} VALUES ", "(" + ", ".join("?" * len(columns)) + ")", rows)


def matching(session: Session, query: str, first: bytes, any_of: Collection[bytes]) -> Sequence[Row[Any]]:
    """Rows of `query`, which ends in "... = {} AND ... {}", for `first` and each of `any_of`. When SQLAlchemy puts it
    together, a list of hundreds takes longer than to have it answered."""
    connection = session.connection()
    if not any_of:
        return []
    if _is_server(connection):
        return connection.exec_driver_sql(query.format("%s", "= ANY(%b)"), (first, list(any_of))).all()
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


# What the server calls a column's type, by SQLAlchemy's name of it
_TYPES = {"large_binary": "bytea", "big_integer": "int8", "integer": "int4", "boolean": "bool", "string": "varchar"}


@lru_cache
def _types(kind: type[Base], columns: tuple[str, ...]) -> list[str]:
    held = kind.__table__.c
    return [_TYPES[held[column].type.__visit_name__] for column in columns]


def _copy(connection: Connection, statement: str, types: list[str], rows: list[tuple[Any, ...]]) -> None:
    """A server takes apart and plans every statement, but a stream of rows only once."""
    from psycopg.types.string import BytesBinaryDumper  # takes long to import, and a file needs no server's driver

    driver: Any = connection.connection.driver_connection
    with _told(connection, statement), driver.cursor() as cursor:
        # by their type alone psycopg finds what is for any buffer, in Python
        cursor.adapters.register_dumper(bytes, BytesBinaryDumper)
        with cursor.copy(statement) as stream:
            stream.set_types(types)
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
