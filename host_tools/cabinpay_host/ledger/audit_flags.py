"""Exceptions, held against what the receipts say."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from .audit_beyond import BEYOND, Law
from .audit_receipts import Look
from .audit_sales import Sold
from .audit_sql import shown

# What a refused receipt has one of, and a sound one none
VERDICTS = (
    "bad_receipt", "bad_signature", "wrong_terminal", "bad_evidence", "bad_pass", "unknown_issuer", "bad_payment",
    "terms", "amount", "lost_terminal",
)  # fmt: skip


def open_codes(codes: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{code}'" for code in codes)
    return (
        f"(SELECT COUNT(*) FROM exceptions x WHERE x.receipt_id = r.id AND x.cleared IS NULL AND x.code IN ({listed}))"
    )


def flag_faults(row: Row[Any], look: Look, kind: str | None, over: bool | None, beyond: set[str]) -> Iterator[str]:
    for code in BEYOND:
        if (code in beyond) != bool(getattr(row, f"is_{code}")):
            yield f"{code} without its exception" if code in beyond else f"an exception says {code}, and it is not"
    if row.state != "pending" and look.lost != bool(row.losts):
        yield "of a lost terminal without its exception" if look.lost else "an exception says lost, and it is not"
    if row.state == "refused" and not row.verdicts:
        yield "refused without an exception that says why"
    if look.wronged:
        yield "refused, and nothing is wrong with it"
    if row.state == "sound" and row.verdicts:
        yield "sound, with an exception that would have it refused"
    if (kind == "replay") != bool(row.replays):
        yield "a replay without its exception" if kind == "replay" else "an exception says replay, and it is none"
    if over is not None and over != bool(row.over_limits):
        yield "over the limit without its exception" if over else "an exception says over the limit, and it is not"


class Spent:
    """What the pass that is being looked at has paid so far, in the order of seq."""

    def __init__(self) -> None:
        self.of: object = None
        self.known = True
        self.count = self.total = 0

    def doubt(self, row: Row[Any]) -> None:
        """A payment that cannot be counted: of this pass, no later one is looked at."""
        self._turn((shown(row.issuer_kid), shown(row.cti)))
        self.known = False

    def over(self, sold: Sold | None, cancelled: bool, law: Law | None) -> bool | None:
        """Does this payment go over its pass's limits or its issuer's? None where nobody knows. A cancelled one gives
        back its sum, never its place in the count."""
        if sold is None or law is None:
            return False
        self._turn((sold.issuer_kid.hex(), sold.cti.hex()))
        self.count += 1
        if cancelled:
            return False
        self.total += sold.amount
        total, per_sale, count = sold.limits
        issuer_sale, issuer_total = law.issuer(sold.issuer_kid, sold.currency)
        total, per_sale = min(total, issuer_total), min(per_sale, issuer_sale)
        return (sold.amount > per_sale or self.total > total or self.count > count) if self.known else None

    def _turn(self, of: object) -> None:
        if of != self.of:
            self.of, self.known, self.count, self.total = of, True, 0, 0
