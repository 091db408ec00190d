"""The issuer's side: a score decides whether a passenger gets a pass, a policy what it is good for.

Codes: score_too_low (exit 4), device_key, pass_field (exit 2).
"""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from nacl.bindings import crypto_core_ed25519_is_valid_point

from cabinpay.wire import cose, schema
from cabinpay.wire.claims import Pass, cnf
from cabinpay.wire.trust import by_keys

from . import bundle_spec, codec, crypto, toml
from .errors import Exit, HostError
from .keys import Key

EXAMPLE = """\
minimum_score = 550
days = 7                  # how long a pass is good
currency = 156            # ISO 4217 number; amounts in minor units
per_sale = 20000
total = 50000
count = 20                # sales a pass is good for, at most 255
"""
# A terminal's clock may be behind the issuer's; a pass must not be refused for that at the gate
EARLY = 300


@dataclass(frozen=True)
class Policy:
    """minimum_score: lowest score served; days: life of a pass; amounts in minor units of `currency` (ISO 4217)."""

    minimum_score: int
    days: int
    currency: int
    per_sale: int
    total: int
    count: int


def read_policy(path: Path) -> Policy:
    """The policy in a TOML file like EXAMPLE; HostError with one line for each fault."""
    top = toml.load(path)
    per_sale, total = bundle_spec.caps(top)
    policy = Policy(
        top.whole("minimum_score", 0, schema.U32),
        top.whole("days", 1, 366),
        top.whole("currency", 1, 999),
        per_sale,
        total,
        top.whole("count", 1, 255),
    )
    top.done()
    return policy


def issue_pass(
    issuer: Key,
    policy: Policy,
    airline: str,
    score: int,
    device_public: bytes,
    now: int,
    flight: tuple[int, int] | None = None,
) -> bytes:
    """COSE bytes of a pass (a CWT, RFC 8392) for the phone whose key is `device_public` (32 bytes), from about `now`.

    flight: (number, days since 1970-01-01 of scheduled departure) where the pass is to fit one flight only. Every
    pass has another pseudonym and another id, so that two of them say nothing about being one person's.
    """
    if score < policy.minimum_score:
        raise HostError(
            "score_too_low", f"score {score} is below {policy.minimum_score}; no pass is issued", Exit.REFUSED
        )
    if len(device_public) != 32 or not crypto_core_ed25519_is_valid_point(device_public):
        raise HostError("device_key", "a device key is 64 hex digits, as `cabinpay wallet key` prints it", Exit.USAGE)
    if not schema.airline(airline):
        raise HostError("pass_field", "an airline is two capital letters or digits, like 9C", Exit.USAGE)
    if flight and not (schema.flight_number(flight[0]) and schema.day(flight[1])):
        raise HostError(
            "pass_field", "a flight is a number from 1 to 9999 without carrier, on a day from 1970 on", Exit.USAGE
        )
    return _signed(issuer, _claims(policy, airline, device_public, now - EARLY, flight))


def _claims(policy: Policy, airline: str, device_public: bytes, start: int, flight: tuple[int, int] | None) -> Pass:
    return Pass(
        sub=base64.urlsafe_b64encode(os.urandom(6)).decode(),
        aud=airline,
        exp=start + policy.days * bundle_spec.DAY,
        nbf=start,
        cti=os.urandom(8),
        cnf=cnf(device_public),
        limits=[policy.currency, policy.total, policy.per_sale, policy.count],
        flight=list(flight) if flight else None,
    )


def _signed(issuer: Key, claims: Pass) -> bytes:
    try:
        payload = claims.pack(codec)
    except ValueError as e:
        raise HostError("pass_field", f"no pass can say this ({e}); check this computer's clock", Exit.USAGE) from None
    signed = issuer.sign(payload, cose.AAD_PASS)
    cose.open(signed, by_keys([issuer.public], crypto.verify), cose.AAD_PASS, codec)
    return signed
