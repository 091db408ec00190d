"""What a terminal works by: a root's delegation and the trust bundle signed by the key that it names."""

from . import cose
from .errors import WireError
from .files import fitting
from .keys import kid
from .schema import U32, Record, airline, currency, integer, key, listed, octets, row, u32, when

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Any

# Rights of a ground key
PULL, ACK, TIME, MAINTAIN = 1, 2, 4, 8

_amount = integer(0, U32)
_by_quality = row(_amount, _amount, _amount)


class Delegation(Record):
    """A root's word that `bundle_key` (32 bytes) signs bundles until `not_after`; serials rise."""

    FIELDS = ((1, "bundle_key", key), (2, "not_after", when), (3, "serial", u32))
    bundle_key: bytes
    not_after: int
    serial: int


class Bundle(Record):
    """
    delegation: COSE bytes; version: rises with every bundle; issued, not_after: Unix seconds.
    currencies: [[ISO 4217 number, exponent, caps, max sum], ...]: caps in minor units by mode (challenged, bound,
    quick) and then clock quality (rtc, synced, floor), 0 where that mode is off; max sum since the last ground time.
    issuers: [[public key, from, until, [[currency, per sale, total], ...]], ...].
    ground: [[public key, from, until, rights], ...].
    limits: [freshness window in seconds, longest pass lifetime in seconds, sales since the last ground time,
    retention of acknowledged receipts in seconds].
    files, where any travel with it: [[name, length, SHA-256], ...] in the order of their names; see files.py.
    gateway, where there is one: [current, next] SHA-256 of the certificates that the terminal accepts.
    """

    FIELDS = (
        (1, "delegation", octets(1, 256)),
        (2, "version", u32),
        (3, "issued", when),
        (4, "not_after", when),
        (5, "airline", airline),
        (
            6,
            "currencies",
            listed(row(currency, integer(0, 4), row(_by_quality, _by_quality, _by_quality), _amount), 1, 16),
        ),
        (7, "issuers", listed(row(key, when, when, listed(row(currency, u32, u32), 1, 16)), 0, 16)),
        (8, "ground", listed(row(key, when, when, integer(1, 15)), 1, 32)),
        (9, "limits", row(integer(30, 120), u32, u32, u32)),
        (10, "files", fitting, True),
        (11, "gateway", row(key, key), True),
    )
    delegation: bytes
    version: int
    issued: int
    not_after: int
    airline: str
    currencies: "list[list[Any]]"
    issuers: "list[list[Any]]"
    ground: "list[list[Any]]"
    limits: "list[int]"
    files: "list[list[Any]] | None"
    gateway: "list[bytes] | None"


def open_bundle(
    data: bytes, roots: "list[bytes]", verify: "Callable[[bytes, bytes, bytes], bool]", codec: "Any"
) -> "tuple[Delegation, Bundle]":
    """Both objects with both signatures checked against the pinned root keys (32 bytes each); else WireError.

    Windows, versions and serials are the caller's to judge: they depend on a clock and on what came before.
    """
    claimed = Bundle.unpack(cose.parse(data, codec).payload, codec)
    payload = cose.open(claimed.delegation, by_keys(roots, verify), cose.AAD_DELEGATION, codec)
    delegation = Delegation.unpack(payload, codec)
    cose.open(data, by_keys([delegation.bundle_key], verify), cose.AAD_BUNDLE, codec)
    _refuse_shared_kids(claimed)
    return delegation, claimed


def by_keys(
    keys: "list[bytes]", verify: "Callable[[bytes, bytes, bytes], bool]"
) -> "Callable[[bytes | None, bytes, bytes], bool]":
    """What `cose.open` asks: does one of these public keys, by kid, sign this?"""
    return lambda k, message, signature: any(kid(p) == k and verify(p, message, signature) for p in keys)


def _refuse_shared_kids(bundle: Bundle) -> None:
    seen = set()
    for entry in bundle.issuers + bundle.ground:
        hint = kid(entry[0])
        if hint in seen:
            raise WireError("schema", "two keys of the bundle share a kid, or one key has two roles")
        seen.add(hint)
