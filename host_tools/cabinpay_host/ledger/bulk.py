"""Many new rows in few statements: what an ORM, or one statement for each row, costs several times over."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
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
    connection = session.connection()
    into = f"{kind.__tablename__} ({', '.join(columns)})"
    if connection.dialect.name == "postgresql":
        _copy(connection, into, rows)
    else:
        _insert(connection, into, "(" + ", ".join("?" * len(columns)) + ")", rows)


def _insert(connection: Connection, into: str, one: str, rows: list[tuple[Any, ...]]) -> None:
    whole = len(rows) - len(rows) % _ROWS
    for at in range(0, whole, _ROWS):
        values = [value for row in rows[at : at + _ROWS] for value in row]
        connection.exec_driver_sql(f"INSERT INTO {into} VALUES {one}" + f", {one}" * (_ROWS - 1), tuple(values))
    if whole < len(rows):
        connection.exec_driver_sql(f"INSERT INTO {into} VALUES {one}", rows[whole:])


def _copy(connection: Connection, into: str, rows: list[tuple[Any, ...]]) -> None:
    """A server takes apart and plans every statement, but a stream of rows only once."""
    driver: Any = connection.connection.driver_connection
    statement = f"COPY {into} FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as stream:
            for row in rows:
                stream.write_row(row)
    except connection.dialect.loaded_dbapi.Error as e:
        # as SQLAlchemy does with what it sends itself
        lost = connection.dialect.is_disconnect(e, driver, None)
        if lost:
            connection.invalidate(e)
        raise DBAPIError(statement, None, e, connection_invalidated=lost) from e
