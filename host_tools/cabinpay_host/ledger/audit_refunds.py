"""Refunds, held against the payments they give back and against the books.

A refund stands up to what is left of its payment's debit, in the order in which refunds were made.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Row
from sqlalchemy.orm import Session

from .audit_sql import rows, shown

Line = tuple[str, int, int]

# A row for each posting; refunds of one payment come together. debit: what their payment's settlement debits
_ALL = """
    SELECT f.id, f.ident, f.issuer_kid, f.cti, f.seq, f.amount, f.posted, r.issuer_kid AS r_issuer_kid,
        r.cti AS r_cti, r.seq AS r_seq, r.currency, t.airline,
        (SELECT s.amount FROM settlements s WHERE s.issuer_kid = f.issuer_kid AND s.cti = f.cti AND s.seq = f.seq
            AND NOT s.voided) AS debit,
        e.id AS entry, e.kind, e.receipt_id = f.receipt_id AS same, p.account, p.amount AS money,
        p.currency AS posted_currency
    FROM refunds f JOIN receipts r ON r.id = f.receipt_id JOIN terminals t ON t.kid = r.terminal_kid
    LEFT JOIN entries e ON e.refund_id = f.id
    LEFT JOIN postings p ON p.entry_id = e.id
    ORDER BY f.issuer_kid, f.cti, f.seq, f.id, e.id, p.id"""


class _Entry(NamedTuple):
    kind: str
    lines: Counter[Line]


def refund_faults(session: Session) -> Iterator[str]:
    for _, payment in groupby(rows(session, _ALL), key=lambda row: (row.issuer_kid, row.cti, row.seq)):
        left = None
        for _, group in groupby(payment, key=lambda row: row.id):
            of_refund = list(group)
            refund = of_refund[0]
            left = (refund.debit or 0) if left is None else left
            stands = min(refund.amount, left)
            left -= stands
            for what in _faults(of_refund, stands):
                yield f"{what}: refund {shown(refund.ident)}"


def _faults(of_refund: list[Row[Any]], stands: int) -> Iterator[str]:
    refund = of_refund[0]
    if [refund.issuer_kid, refund.cti, refund.seq] != [refund.r_issuer_kid, refund.r_cti, refund.r_seq]:
        yield "a refund of another payment than its receipt's"
    if refund.posted != stands:
        yield f"counts as {refund.posted} given back, and is {stands}"
    on_books = _on_books(of_refund)
    if on_books != stands:
        yield (
            "its entries are not what it says" if on_books is None else f"the books give back {on_books}, not {stands}"
        )


def _on_books(of_refund: list[Row[Any]]) -> int | None:
    """What stands after all its entries; None where one of them has no ground."""
    refund, standing = of_refund[0], 0
    for entry, group in groupby(of_refund, key=lambda row: row.entry):
        lines = list(group)
        if entry is None:
            continue
        there = _Entry(str(lines[0].kind), Counter((p.account, p.money, p.posted_currency) for p in lines))
        amount = sum(p.money for p in lines if p.money is not None and p.money > 0)
        kind = "reversal" if standing else "refund"
        right = _form(refund, -standing if standing else amount)
        if not lines[0].same or there != _Entry(kind, Counter(right)) or not 0 < amount <= refund.amount:
            return None
        standing = 0 if standing else amount
    return standing


def _form(refund: Row[Any], amount: int) -> list[Line]:
    passenger = f"passenger:{shown(refund.issuer_kid)}:{shown(refund.cti)}"
    return [(f"sales:{refund.airline}", amount, refund.currency), (passenger, -amount, refund.currency)]
