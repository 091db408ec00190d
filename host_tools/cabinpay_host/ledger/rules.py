"""What an airline's bundles allow, as far as the ledger looks at it again: the most that any accepted one allows.

A terminal is offline and may rightly work by yesterday's bundle, and bundles come to the ledger in any order. So a sale
is told from what it ought to be only where no bundle at all would have let it pass.
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinpay.wire import cose
from cabinpay.wire.files import REVOKED
from cabinpay.wire.keys import kid
from cabinpay.wire.trust import Bundle, Delegation

from .. import codec
from .db import ask
from .models import BundleRow, Terminal


class Revocation(NamedTuple):
    """sha256: of the file `revoked` of this version of the bundle, None where it has none."""

    version: int
    issued: int
    sha256: bytes | None


def _newer(one: Revocation, other: Revocation) -> Revocation:
    return max(one, other, key=lambda r: (r.version, r.issued))


@dataclass
class Rules:
    """freshness, lifetime: seconds; until: when the last bundle runs out; caps: of one sale by (currency, mode, clock
    quality), 0 where that is off; issuers: (per sale, total) by (kid, currency)."""

    freshness: int = 0
    lifetime: int = 0
    until: int = 0
    caps: defaultdict[tuple[int, int, int], int] = field(default_factory=lambda: defaultdict(int))
    issuers: defaultdict[tuple[bytes, int], tuple[int, int]] = field(
        default_factory=lambda: defaultdict(lambda: (0, 0))
    )
    revocations: list[Revocation] = field(default_factory=list)

    def revoked_at(self, time: int) -> bytes | None:
        """The list in force: of the newest bundle that had been issued by then."""
        since, lists = self._in_force
        at = bisect_right(since, time)
        return lists[at - 1] if at else None

    @cached_property
    def _in_force(self) -> tuple[list[int], list[bytes | None]]:
        """When each bundle was issued, ascending, and the list that was in force from then on."""
        issued = sorted(self.revocations, key=lambda r: r.issued)
        newest = accumulate(issued, _newer)
        return [r.issued for r in issued], [r.sha256 for r in newest]


# a day's receipts are booked by the same few bundles, some hundred at a time
@lru_cache(256)
def read_bundle(raw: bytes) -> Bundle:
    return Bundle.unpack(cose.parse(raw, codec).payload, codec)


_RAW = select(BundleRow.raw)


def load_bundles(session: Session) -> tuple[bytes, ...]:
    """Every bundle that was accepted."""
    return tuple(ask(session, _RAW).scalars())


def load_rules(session: Session) -> dict[str, Rules]:
    """By airline. Whoever changes what this gives, changes it for all."""
    return _rules(load_bundles(session))


@lru_cache(8)
def _rules(bundles: tuple[bytes, ...]) -> dict[str, Rules]:
    found: defaultdict[str, Rules] = defaultdict(Rules)
    for bundle in map(read_bundle, bundles):
        _add(found[bundle.airline], bundle)
    return found


def rules_of(session: Session, terminals: set[bytes]) -> dict[bytes, Rules]:
    """By terminal kid, of these."""
    rules = load_rules(session)
    query = select(Terminal.kid, Terminal.airline).where(Terminal.kid.in_(terminals))
    return {kid: rules[airline] for kid, airline in session.execute(query)}


def revoked_file(bundle: Bundle) -> bytes | None:
    """SHA-256 of the file of revoked passes that this bundle names."""
    return next((sha256 for name, _, sha256 in bundle.files or () if name == REVOKED), None)


# a delegation outlives many bundles
@lru_cache(256)
def _read_delegation(raw: bytes) -> Delegation:
    return Delegation.unpack(cose.parse(raw, codec).payload, codec)


def _add(rules: Rules, bundle: Bundle) -> None:
    rules.freshness = max(rules.freshness, bundle.limits[0])
    rules.lifetime = max(rules.lifetime, bundle.limits[1])
    rules.until = max(rules.until, min(bundle.not_after, _read_delegation(bundle.delegation).not_after))
    rules.revocations.append(Revocation(bundle.version, bundle.issued, revoked_file(bundle)))
    for currency, _, by_mode, _ in bundle.currencies:
        for mode, by_quality in enumerate(by_mode, 1):
            for quality, cap in enumerate(by_quality, 1):
                key = currency, mode, quality
                rules.caps[key] = max(rules.caps[key], cap)
    for public_key, _, _, caps in bundle.issuers:
        for currency, per_sale, total in caps:
            old = rules.issuers[kid(public_key), currency]
            rules.issuers[kid(public_key), currency] = max(old[0], per_sale), max(old[1], total)
