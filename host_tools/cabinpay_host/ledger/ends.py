"""Where a terminal's shifts end: at its next open, close or break.

Told by the numbers alone: of a forked chain, what one branch says ends the shift on the others too. Such a chain is
looked at by a person anyway, and until then no money is given back on it.
"""

from bisect import bisect_right
from collections.abc import Iterable

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import BREAK, CLOSE, OPEN

from .db import ask
from .models import ReceiptRow

ENDS = (OPEN, CLOSE, BREAK)

# (terminal kid, number after which a shift may end, number before which)
Span = tuple[bytes, int, int]


class Ends:
    """What ends shifts between the first and the last number that `spans` name of each terminal: its word only."""

    def __init__(self, session: Session, spans: Iterable[Span]) -> None:
        whole: dict[bytes, tuple[int, int]] = {}
        for kid, after, before in spans:
            low, high = whole.get(kid, (after, before))
            whole[kid] = min(low, after), max(high, before)
        self._numbers = {kid: list(_numbers(session, kid, *span)) for kid, span in whole.items()}

    def between(self, kid: bytes, after: int, before: int) -> int | None:
        """The first number there at which a shift ends."""
        numbers = self._numbers[kid]
        at = bisect_right(numbers, after)
        return numbers[at] if at < len(numbers) and numbers[at] < before else None


# Made once: to put it together takes longer than to have it answered
_NUMBERS = (
    select(ReceiptRow.number)
    .where(ReceiptRow.terminal_kid == bindparam("kid"), ReceiptRow.kind.in_(ENDS), ReceiptRow.word)
    .where(ReceiptRow.number > bindparam("after"), ReceiptRow.number < bindparam("before"))
    .order_by(ReceiptRow.number)
)


def _numbers(session: Session, kid: bytes, after: int, before: int) -> Iterable[int]:
    return ask(session, _NUMBERS, {"kid": kid, "after": after, "before": before}).scalars()
