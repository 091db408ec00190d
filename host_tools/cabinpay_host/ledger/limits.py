"""What a pass and its issuer allow, looked at in the order of seq: which sale went over does not depend on who synced
first.

A cancelled sale gives back its sum, never its place in the count; a refund gives back nothing.
"""

from collections.abc import Iterator

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from .models import ReceiptRow, Settlement, Terminal
from .rules import load_rules


def overspent(session: Session, passes: set[tuple[bytes, bytes]]) -> Iterator[tuple[Settlement, ReceiptRow, str]]:
    """Every settlement of these passes (issuer kid, cti), its receipt, and how it went over; "" where it did not."""
    rules = load_rules(session)
    columns = tuple_(Settlement.issuer_kid, Settlement.cti)
    query = (
        select(Settlement, ReceiptRow, Terminal.airline)
        .join(ReceiptRow, ReceiptRow.id == Settlement.receipt_id)
        .join(Terminal, Terminal.kid == ReceiptRow.terminal_kid)
        .where(columns.in_(list(passes)))
        .order_by(Settlement.seq)
    )
    spent: dict[tuple[bytes, bytes], tuple[int, int]] = {}
    for s, row, airline in session.execute(query).all():
        count, total = spent.get((s.issuer_kid, s.cti), (0, 0))
        spent[s.issuer_kid, s.cti] = count, total = count + 1, total + (0 if s.voided else s.amount)
        caps = rules[airline].issuers[s.issuer_kid, s.currency]
        yield s, row, "" if s.voided else _over(s, caps, count, total)


def _over(s: Settlement, caps: tuple[int, int], count: int, total: int) -> str:
    per_sale, in_all = min(s.limit_sale, caps[0]), min(s.limit_total, caps[1])
    if s.amount > per_sale:
        return f"{s.amount} in one sale, {per_sale} is allowed"
    if total > in_all:
        return f"{total} in all, {in_all} is allowed"
    return f"sale {count} of this pass, {s.limit_count} are allowed" if count > s.limit_count else ""
