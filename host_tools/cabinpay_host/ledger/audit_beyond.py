"""What a terminal should have refused, by a plain reading of all bundles, lists of revoked passes and openings.

What one bundle allows is allowed: terminals are offline, and nobody here knows which one they worked by.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from cabinpay.wire import cose
from cabinpay.wire.claims import CHALLENGED
from cabinpay.wire.keys import kid
from cabinpay.wire.receipts import FLOOR, Open, Sale, read_receipt
from cabinpay.wire.trust import Bundle, Delegation

from .. import codec
from .audit_items import Keys
from .audit_sales import Sold
from .audit_sql import octets, rows

BEYOND = ("no_shift", "flight", "lifetime", "stale", "bundle_expired", "over_cap", "revoked")


class Law:
    """What one airline's bundles allow at most."""

    def __init__(self, bundles: list[Bundle]) -> None:
        self._bundles = bundles
        self.freshness = max(b.limits[0] for b in bundles)
        self.lifetime = max(b.limits[1] for b in bundles)
        self.until = max(min(b.not_after, _delegated_until(b)) for b in bundles)
        self.cap = cache(self._cap)
        self.issuer = cache(self._issuer)

    def _cap(self, currency: int, mode: int, quality: int) -> int:
        listed = (row for bundle in self._bundles for row in bundle.currencies if row[0] == currency)
        return max((row[2][mode - 1][quality - 1] for row in listed), default=0)

    def _issuer(self, issuer_kid: bytes, currency: int) -> tuple[int, int]:
        """(per sale, in all)"""
        mine = [row[3] for bundle in self._bundles for row in bundle.issuers if kid(row[0]) == issuer_kid]
        caps = [cap for row in mine for cap in row if cap[0] == currency]
        return max((cap[1] for cap in caps), default=0), max((cap[2] for cap in caps), default=0)

    def revoked(self, time: int) -> bytes | None:
        """SHA-256 of the list that the newest bundle of that time names."""
        newest = max((b for b in self._bundles if b.issued <= time), key=lambda b: (b.version, b.issued), default=None)
        files = newest.files or [] if newest else []
        return next((row[2] for row in files if row[0] == "revoked"), None)


class Beyond:
    def __init__(self, session: Session, keys: Keys) -> None:
        self._keys = keys
        self._flights = _flights(session)
        self._ends = _ends(session)
        self.law = cache(lambda airline: Law(keys.bundles[airline]))

    def codes(self, row: Row[Any], sold: Sold) -> set[str]:
        """row: not_opening counts what has the number of its shift, and opens none."""
        return set(self._codes(octets(row.terminal_kid), bool(row.not_opening), sold))

    def _codes(self, terminal_kid: bytes, not_opening: bool, sold: Sold) -> Iterator[str]:
        law, sale, claims = self.law(sold.airline), sold.sale, sold.claims
        run_out = sale.time > law.until
        flights = self._flights[terminal_kid, sale.shift]
        if sale.shift >= sale.number or (not_opening and not flights) or self._ended(terminal_kid, sale):
            yield "no_shift"
        if claims.flight is not None and flights and claims.flight not in flights:
            yield "flight"
        if claims.exp - claims.nbf > law.lifetime:
            yield "lifetime"
        if sale.mode != CHALLENGED and not self._fresh(sold, law.freshness):
            yield "stale"
        if sale.mode != CHALLENGED and run_out:
            yield "bundle_expired"
        qualities = {sale.quality[0], FLOOR if run_out else sale.quality[0]}
        if any(sold.amount > law.cap(sold.currency, sale.mode, quality) for quality in qualities):
            yield "over_cap"
        if sold.issuer_kid + sold.cti in self._keys.revoked.get(law.revoked(sale.time) or b"", ()):
            yield "revoked"

    def _ended(self, terminal_kid: bytes, sale: Sale) -> bool:
        ends = self._ends[terminal_kid]
        return bisect_left(ends, sale.number) > bisect_right(ends, sale.shift)

    def _fresh(self, sold: Sold, window: int) -> bool:
        earliest, latest = sold.sale.time - window, sold.sale.time + window
        return earliest <= sold.iat and (sold.iat <= latest or sold.sale.quality[0] == FLOOR)


def _delegated_until(bundle: Bundle) -> int:
    return Delegation.unpack(cose.parse(bundle.delegation, codec).payload, codec).not_after


def _ends(session: Session) -> defaultdict[bytes, list[int]]:
    """By terminal, the numbers of what ends a shift: opens, closes and breaks."""
    found: defaultdict[bytes, list[int]] = defaultdict(list)
    query = "SELECT terminal_kid, number FROM receipts WHERE kind IN (3, 4, 5) AND word ORDER BY number"
    for row in rows(session, query):
        found[octets(row.terminal_kid)].append(row.number)
    return found


def _flights(session: Session) -> defaultdict[tuple[bytes, int], list[list[int]]]:
    found: defaultdict[tuple[bytes, int], list[list[int]]] = defaultdict(list)
    for row in rows(session, "SELECT terminal_kid, number, raw FROM receipts WHERE kind = 3 AND word"):
        opened = read_receipt(cose.parse(octets(row.raw), codec).payload, codec)
        if isinstance(opened, Open):
            found[octets(row.terminal_kid), row.number].append(opened.flight[1:])
    return found
