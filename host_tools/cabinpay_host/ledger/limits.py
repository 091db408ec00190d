"""What a pass allows, looked at in the order of seq: which sale went over does not depend on who synced first.

A cancelled sale gives back its sum, never its place in the count; a refund gives back nothing.
"""

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from .flags import Flags
from .models import Settlement


def restate(session: Session, flags: Flags, passes: set[tuple[bytes, bytes]]) -> None:
    """Flags the settlements of these passes (issuer kid, cti) that went over."""
    if not passes:
        return
    columns = tuple_(Settlement.issuer_kid, Settlement.cti)
    query = select(Settlement).where(columns.in_(list(passes))).order_by(Settlement.seq)
    settled = session.scalars(query).all()
    flags.load(s.receipt_id for s in settled)
    spent: dict[tuple[bytes, bytes], tuple[int, int]] = {}
    for s in settled:
        count, total = spent.get((s.issuer_kid, s.cti), (0, 0))
        spent[s.issuer_kid, s.cti] = count, total = count + 1, total + (0 if s.voided else s.amount)
        flags.put(s.receipt_id, ("over_limit",), {} if s.voided else _over(s, count, total))


def _over(s: Settlement, count: int, total: int) -> dict[str, str]:
    if s.amount > s.limit_sale:
        return {"over_limit": f"{s.amount} in one sale, the pass allows {s.limit_sale}"}
    if total > s.limit_total:
        return {"over_limit": f"{total} in all, the pass allows {s.limit_total}"}
    if count > s.limit_count:
        return {"over_limit": f"sale {count} of this pass, it allows {s.limit_count}"}
    return {}
