"""What people decide about receipts: refunds, and terminals reported lost. Each is in the archive, under an id of its
own, so that the same decision made twice is two."""

import secrets
from typing import NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cabinpay.wire.schema import U32

from ..errors import Exit, HostError
from . import archive as arc
from .models import PENDING, SALE, ReceiptRow, Refund, Settlement, Terminal
from .settle import payment_of


class Asked(NamedTuple):
    """A refund as it was asked for; receipt: SHA-256 of the sale's, or None where the number says enough."""

    terminal_kid: bytes
    number: int
    amount: int
    reason: str
    author: str
    receipt: bytes | None


def lose(session: Session, terminal: Terminal, at: int, now: int, records: list[arc.Record]) -> None:
    if not 0 <= at <= U32:
        raise HostError("bad_number", f"{at} is no receipt number: give the last good one, or 0", Exit.INPUT)
    if terminal.lost_at == at:
        return
    mark_lost(session, terminal, at)
    records.append(arc.Record(arc.LOST, (secrets.token_bytes(8), terminal.kid, arc.u64(at), arc.u64(now))))


def mark_lost(session: Session, terminal: Terminal, at: int) -> None:
    """Everything above the mark, old or new, is to be judged again."""
    lowest = at if terminal.lost_at is None else min(at, terminal.lost_at)
    terminal.lost_at = at
    above = (ReceiptRow.terminal_kid == terminal.kid) & (ReceiptRow.number > lowest)
    again = update(ReceiptRow).where(above).values(state=PENDING, revision=ReceiptRow.revision + 1)
    session.execute(again)


def refund(session: Session, asked: Asked, now: int, records: list[arc.Record]) -> tuple[Refund, ReceiptRow]:
    """The refund, to be posted, and the sale it is for."""
    if not 0 < len(asked.reason) <= 160 or not 0 < len(asked.author) <= 160:
        raise HostError("bad_refund", "a refund takes a reason and an author, 160 characters at most", Exit.INPUT)
    sale = _debited(session, asked)
    left = _left(session, sale)
    if not 1 <= asked.amount <= left:
        line = f"{left} minor units are left to refund of this debit, not {asked.amount}"
        raise HostError("refund_too_much", line, Exit.REFUSED)
    made = add_refund(session, secrets.token_bytes(8), sale, asked, now)
    words = (asked.reason.encode(), asked.author.encode())
    where = (sale.terminal_kid, arc.u64(sale.number), sale.sha256)
    records.append(arc.Record(arc.REFUND, (made.ident, *where, arc.u64(asked.amount), *words, arc.u64(now))))
    return made, sale


def add_refund(session: Session, ident: bytes, sale: ReceiptRow, asked: Asked, now: int) -> Refund:
    key = payment_of(sale)
    assert key is not None
    made = Refund(ident=ident, receipt_id=sale.id, issuer_kid=key[0], cti=key[1], seq=key[2], made=now, posted=0)
    made.amount, made.reason, made.author = asked.amount, asked.reason, asked.author
    session.add(made)
    session.flush()
    return made


def _debited(session: Session, asked: Asked) -> ReceiptRow:
    query = select(ReceiptRow).where(
        ReceiptRow.terminal_kid == asked.terminal_kid, ReceiptRow.number == asked.number, ReceiptRow.booked == SALE
    )
    found = session.scalars(query if asked.receipt is None else query.where(ReceiptRow.sha256 == asked.receipt)).all()
    if not found:
        raise HostError("not_debited", f"receipt {asked.number} debits nobody: nothing to refund", Exit.REFUSED)
    if len(found) > 1:
        line = f"{len(found)} sales have number {asked.number}: name one by its receipt's SHA-256"
        raise HostError("refund_ambiguous", line, Exit.REFUSED)
    return found[0]


def _left(session: Session, sale: ReceiptRow) -> int:
    debit = session.scalars(select(Settlement.amount).where(Settlement.receipt_id == sale.id)).one()
    same = (Refund.issuer_kid == sale.issuer_kid) & (Refund.cti == sale.cti) & (Refund.seq == sale.seq)
    return debit - int(session.scalar(select(func.sum(Refund.posted)).where(same)) or 0)
