"""Plain SQL for the audit: rows streamed, and shown."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

# Rows fetched at a time: a ledger may have millions, each with its raw bytes
_AT_A_TIME = 500


def rows(session: Session, query: str, **values: bytes) -> Iterator[Row[Any]]:
    yield from session.execute(text(query), values, execution_options={"yield_per": _AT_A_TIME})


def shown(value: object) -> str:
    """A column's value for people, and for comparing: an altered row may hold anything."""
    return bytes(value).hex() if isinstance(value, (bytes, memoryview)) else str(value)


def octets(value: object) -> bytes:
    """A column's bytes; none where it holds something else."""
    return bytes(value) if isinstance(value, (bytes, memoryview)) else b""
