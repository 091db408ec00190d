"""Many new rows in few statements: what an ORM, or one statement for each row, costs several times over."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from .models import Base

# Rows in one statement. More gain nothing; each number of them is another statement, which a driver keeps prepared
_ROWS = 32


def insert(session: Session, kind: type[Base], columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """`rows` of the table behind `kind`, a value for each of `columns`; others get what the database gives them."""
    connection = session.connection()
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    one = "(" + ", ".join([mark] * len(columns)) + ")"
    into = f"INSERT INTO {kind.__tablename__} ({', '.join(columns)}) VALUES {one}"
    whole = len(rows) - len(rows) % _ROWS
    for at in range(0, whole, _ROWS):
        values = [value for row in rows[at : at + _ROWS] for value in row]
        connection.exec_driver_sql(into + f", {one}" * (_ROWS - 1), tuple(values))
    if whole < len(rows):
        connection.exec_driver_sql(into, rows[whole:])
