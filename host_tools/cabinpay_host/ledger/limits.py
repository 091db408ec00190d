"""What a pass and its issuer allow, looked at in the order of seq: which sale went over does not depend on who synced
first.

A cancelled sale gives back its sum, never its place in the count; a refund gives back nothing.
"""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from .models import ReceiptRow, Settlement, Terminal
from .pairs import among
from .rules import load_rules


def overspent(session: Session, passes: set[tuple[bytes, bytes]]) -> Iterator[tuple[Settlement, ReceiptRow, str]]:
    """Every settlement of these passes (issuer kid, cti), its receipt, and how it went over; "" where it did not."""
    rules = load_rules(session)
    query = (
        select(Settlement, ReceiptRow, Terminal.airline)
        .join(ReceiptRow, ReceiptRow.id == Settlement.receipt_id)
        .join(Terminal, Terminal.kid == ReceiptRow.terminal_kid)
        .where(among(Settlement.issuer_kid, Settlement.cti, passes))
        .order_by(Settlement.seq)
    )
    spent: dict[tuple[bytes, bytes], tuple[int, int]] = {}
    for s, row, airline in session.execute(query).all():
        count, total = spent.get((s.issuer_kid, s.cti), (0, 0))
        spent[s.issuer_kid, s.cti] = count, total = count + 1, total + (0 if s.voided else s.amount)
        caps = rules[airline].issuers[s.issuer_kid, s.currency]
        allowed = s.limit_total, s.limit_sale, s.limit_count
        yield s, row, "" if s.voided else over(s.amount, allowed, caps, count, total)


def over(amount: int, allowed: tuple[int, int, int], caps: tuple[int, int], count: int, total: int) -> str:
    """How debit number `count` of a pass, with which it has spent `total`, goes over; "" where it does not. allowed: by
    the pass in all, in one sale, how often; caps: its issuer's, of one sale and in all."""
    per_sale, in_all = min(allowed[1], caps[0]), min(allowed[0], caps[1])
    if amount > per_sale:
        return f"{amount} in one sale, {per_sale} is allowed"
    if total > in_all:
        return f"{total} in all, {in_all} is allowed"
    return f"sale {count} of this pass, {allowed[2]} are allowed" if count > allowed[2] else ""
