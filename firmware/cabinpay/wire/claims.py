"""What a passenger carries and signs: pass, payment, bill, and the lines of a sale."""

import hashlib

from .schema import Record, airline, currency, day, flight_number, integer, key, listed, octets, qr_when, row, text, u32

MYPY = False
if MYPY:
    from typing import Any

CHALLENGED, BOUND, QUICK = 1, 2, 3

# Reserved skus; a discount is the only line whose unit price is negative.
SKU_TIP, SKU_DISCOUNT = 1, 2
# What a trolley sells to one passenger, and what keeps evidence (pass, payment, lines) under 700 bytes.
MAX_LINES = 24


def _cnf(v: "Any") -> bool:
    """RFC 8747 section 3.2: a COSE_Key of type OKP (1), curve Ed25519 (6), public part x of 32 bytes."""
    cose_key = v.get(1) if isinstance(v, dict) and len(v) == 1 else None
    if not isinstance(cose_key, dict) or len(cose_key) != 3:
        return False
    one, six = cose_key.get(1), cose_key.get(-1)
    return type(one) is int and one == 1 and type(six) is int and six == 6 and key(cose_key.get(-2))


class Pass(Record):
    """CWT (RFC 8392) of an issuer; limits: [currency, total, per sale, count]; flight: [number, day] or None.

    sub is text, as RFC 8392 section 3.1.2 has it (StringOrURI): CWT libraries refuse a byte string there.
    """

    FIELDS = (
        (2, "sub", text(8, 8)),
        (3, "aud", airline),
        (4, "exp", qr_when),
        (5, "nbf", qr_when),
        (7, "cti", octets(8)),
        (8, "cnf", _cnf),
        (-65537, "limits", row(currency, u32, u32, integer(1, 255))),
        (-65540, "flight", row(flight_number, day), True),
    )
    sub: str
    aud: str
    exp: int
    nbf: int
    cti: bytes
    cnf: "dict[int, dict[int, Any]]"
    limits: "list[int]"
    flight: "list[int] | None"

    def device_key(self) -> bytes:
        """Public key, 32 bytes, that this pass's payments are signed with."""
        public: bytes = self.cnf[1][-2]
        return public


def cnf(device_key: bytes) -> "dict[int, dict[int, Any]]":
    return {1: {1: 1, -1: 6, -2: device_key}}


def _payment_terms(v: "Any") -> bool:
    terms = row(u32, currency)
    return terms(v) or row(u32, currency, octets(8))(v)


class Payment(Record):
    """terms: None (quick), [amount, currency, order] (bound), or [amount, currency] with challenge (challenged)."""

    FIELDS = (
        (6, "iat", qr_when),
        (10, "challenge", octets(8), True),
        (-65538, "seq", u32),
        (-65539, "terms", _payment_terms, True),
    )
    iat: int
    challenge: "bytes | None"
    seq: int
    terms: "list[Any] | None"

    def mode(self) -> int:
        """CHALLENGED, BOUND or QUICK, or 0 where terms and challenge do not go together."""
        if self.challenge is not None:
            return CHALLENGED if self.terms and len(self.terms) == 2 else 0
        if self.terms is None:
            return QUICK
        return BOUND if len(self.terms) == 3 else 0


class Bill:
    """What a terminal asks a passenger to pay, once: all byte strings of fixed length (8, 16, 8)."""

    FORM = row(octets(8), octets(16), u32, currency, octets(8))

    def __init__(self, terminal_kid: bytes, nonce: bytes, amount: int, currency: int, order: bytes) -> None:
        self.terminal_kid = terminal_kid
        self.nonce = nonce
        self.amount = amount
        self.currency = currency
        self.order = order

    def pack(self, codec: "Any") -> bytes:
        encoded: bytes = codec.encode([self.terminal_kid, self.nonce, self.amount, self.currency, self.order])
        return encoded

    def challenge(self, codec: "Any") -> bytes:
        """8 bytes that a payment over this bill carries in claim 10."""
        return hashlib.sha256(self.pack(codec)).digest()[:8]


def _line(v: "Any") -> bool:
    if not row(u32, integer(1, 255), integer(-0xFFFFFFFF, 0xFFFFFFFF))(v) or v[2] == 0:
        return False
    return bool((v[2] < 0) == (v[0] == SKU_DISCOUNT))


lines_form = listed(_line, 1, MAX_LINES)


def lines_total(lines: "list[list[int]]") -> int:
    """Sum in minor units of [[sku, quantity, unit price], ...]."""
    return sum(quantity * price for _, quantity, price in lines)


def lines_hash(lines: "list[list[int]]", codec: "Any") -> bytes:
    """SHA-256 of the lines, 32 bytes: a bill's order is its first 8, a receipt's lines hash its first 16."""
    return hashlib.sha256(codec.encode(lines)).digest()
