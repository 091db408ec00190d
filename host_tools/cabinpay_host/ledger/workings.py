"""Exceptions that people have worked through: they stay, with what came of them and who says so."""

import secrets

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from ..errors import Exit, HostError
from . import archive as arc
from .models import ExceptionRow, ReceiptRow, Terminal, Working


def work_through(
    session: Session, where: tuple[bytes, int, str], reason: str, author: str, now: int, records: list[arc.Record]
) -> int:
    """Of (terminal kid, number, code): on each receipt where it stands open; how many."""
    if not 0 < len(reason) <= 160 or not 0 < len(author) <= 160:
        raise HostError("bad_working", "an exception takes a reason and an author, 160 characters at most", Exit.INPUT)
    kid, number, code = where
    query = (
        select(ReceiptRow)
        .join(ExceptionRow, ExceptionRow.receipt_id == ReceiptRow.id)
        .where(ReceiptRow.terminal_kid == kid, ReceiptRow.number == number)
        .where(ExceptionRow.code == code, ExceptionRow.cleared.is_(None))
    )
    rows = session.scalars(query).all()
    if not rows:
        raise HostError("no_exception", f"no exception {code} stands open on receipt {number}", Exit.REFUSED)
    at = (kid, arc.u64(number), b"".join(row.sha256 for row in rows), code.encode())
    words = (secrets.token_bytes(8), *at, reason.encode(), author.encode(), arc.u64(now))
    records.append(arc.Record(arc.WORKED, words))
    put(session, words)
    return len(rows)


def put(session: Session, words: tuple[bytes, ...]) -> bool:
    """The workings of an archive's record; False where a receipt is not held."""
    ident, kid, number, hashes, code, reason, author, made = words
    each = [hashes[i : i + 32] for i in range(0, len(hashes), 32)]
    held = (ReceiptRow.terminal_kid == kid) & (ReceiptRow.number == _int(number)) & ReceiptRow.sha256.in_(each)
    idents = session.scalars(select(ReceiptRow.id).where(held)).all()
    for receipt_id in idents:
        row = Working(ident=ident, receipt_id=receipt_id, code=code.decode(), made=_int(made))
        row.reason, row.author = reason.decode(), author.decode()
        session.add(row)
    return len(idents) == len(each)


def worked() -> ColumnElement[bool]:
    """Has this exception been worked through?"""
    same = (Working.receipt_id == ExceptionRow.receipt_id) & (Working.code == ExceptionRow.code)
    return select(Working.id).where(same).exists()


def workings(session: Session) -> list[tuple[Working, int, str]]:
    """With the receipt's number and its terminal's label, as they were made."""
    query = (
        select(Working, ReceiptRow.number, Terminal.label)
        .join(ReceiptRow, ReceiptRow.id == Working.receipt_id)
        .join(Terminal, Terminal.kid == ReceiptRow.terminal_kid)
        .order_by(Working.made, Working.id)
    )
    return [(row, number, label) for row, number, label in session.execute(query)]


def _int(octets: bytes) -> int:
    return int.from_bytes(octets, "big")
