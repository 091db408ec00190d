"""What a terminal should have refused, by a plain reading of all bundles, lists of revoked passes and openings.

What one bundle allows is allowed: terminals are offline, and nobody here knows which one they worked by.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from sqlalchemy.orm import Session

from cabinpay.wire import cose
from cabinpay.wire.claims import CHALLENGED
from cabinpay.wire.keys import kid
from cabinpay.wire.receipts import FLOOR, Open, read_receipt
from cabinpay.wire.trust import Bundle

from .. import codec
from .audit_items import Keys
from .audit_sales import Sold
from .audit_sql import octets, rows

BEYOND = ("flight", "lifetime", "stale", "over_cap", "revoked")


class Law:
    """What one airline's bundles allow at most."""

    def __init__(self, bundles: list[Bundle]) -> None:
        self._bundles = bundles
        self.freshness = max(b.limits[0] for b in bundles)
        self.lifetime = max(b.limits[1] for b in bundles)
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
        self.law = cache(lambda airline: Law(keys.bundles[airline]))

    def codes(self, terminal_kid: bytes, sold: Sold) -> set[str]:
        return set(self._codes(terminal_kid, sold))

    def _codes(self, terminal_kid: bytes, sold: Sold) -> Iterator[str]:
        law, sale, claims = self.law(sold.airline), sold.sale, sold.claims
        flights = self._flights[terminal_kid, sale.shift]
        if claims.flight is not None and flights and claims.flight not in flights:
            yield "flight"
        if claims.exp - claims.nbf > law.lifetime:
            yield "lifetime"
        if sale.mode != CHALLENGED and not self._fresh(sold, law.freshness):
            yield "stale"
        if sold.amount > law.cap(sold.currency, sale.mode, sale.quality[0]):
            yield "over_cap"
        if sold.issuer_kid + sold.cti in self._keys.revoked.get(law.revoked(sale.time) or b"", ()):
            yield "revoked"

    def _fresh(self, sold: Sold, window: int) -> bool:
        earliest, latest = sold.sale.time - window, sold.sale.time + window
        return earliest <= sold.iat and (sold.iat <= latest or sold.sale.quality[0] == FLOOR)


def _flights(session: Session) -> defaultdict[tuple[bytes, int], list[list[int]]]:
    found: defaultdict[tuple[bytes, int], list[list[int]]] = defaultdict(list)
    for row in rows(session, "SELECT terminal_kid, number, raw FROM receipts WHERE kind = 3 AND word"):
        opened = read_receipt(cose.parse(octets(row.raw), codec).payload, codec)
        if isinstance(opened, Open):
            found[octets(row.terminal_kid), row.number].append(opened.flight[1:])
    return found
