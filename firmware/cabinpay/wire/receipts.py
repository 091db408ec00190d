"""Receipts, what a terminal signs for every event, and the evidence stored beside a sale's."""

import hashlib

from .claims import CHALLENGED, QUICK, lines_form, lines_hash
from .errors import WireError
from .schema import (
    MAX_TIME,
    U32,
    Record,
    airline,
    array,
    currency,
    day,
    flight_number,
    integer,
    listed,
    octets,
    row,
    text,
    u32,
    when,
)

MYPY = False
if MYPY:
    from typing import Any

SALE, VOID, OPEN, CLOSE, BREAK, NOTE = 1, 2, 3, 4, 5, 6
RTC, SYNCED, FLOOR = 1, 2, 3
FIRST_PREVIOUS = bytes(32)

# What a note tells of
MAINTENANCE, CLOCK, BUNDLE, CRASH = 1, 2, 3, 4
# Why a sale was cancelled
BY_MISTAKE, NOT_DELIVERED, CHANGED_MIND, OTHER = 1, 2, 3, 4

_CHAIN = (
    (1, "number", u32),
    (2, "previous", octets(32)),
    (3, "kind", integer(SALE, NOTE)),
    (4, "time", when),
    (5, "quality", row(integer(RTC, FLOOR), integer(0, MAX_TIME))),
)
_HEAD = _CHAIN + ((6, "shift", u32),)
# breaks and notes happen outside shifts too: 0 then
_HEAD_ANYWHERE = _CHAIN + ((6, "shift", integer(0, U32)),)


class Receipt(Record):
    """The fields every receipt has: number in the chain, SHA-256 of the previous receipt's COSE bytes, kind, time in
    Unix seconds with its [quality, age in seconds], and the number of the shift's opening receipt (0: none)."""

    FIELDS: "tuple[Any, ...]" = _HEAD
    KIND = 0
    number: int
    previous: bytes
    kind: int
    time: int
    quality: "list[int]"
    shift: int

    def pack(self, codec: "Any") -> bytes:
        # no reader would take fields of one kind under the name of another: a chain would end there
        if self.kind != self.KIND:
            raise ValueError("kind is another receipt's")
        return Record.pack(self, codec)


class Sale(Receipt):
    """mode: CHALLENGED, BOUND or QUICK; amount: [minor units, currency]; hashes are 16 bytes."""

    KIND = SALE
    FIELDS = _HEAD + (
        (7, "mode", integer(CHALLENGED, QUICK)),
        (8, "amount", row(u32, currency)),
        (9, "payment_hash", octets(16)),
        (10, "lines_hash", octets(16)),
    )
    mode: int
    amount: "list[int]"
    payment_hash: bytes
    lines_hash: bytes


class Open(Receipt):
    """crew: who signed on; flight: [airline, number, day]; aircraft and agent: registration and software version."""

    KIND = OPEN
    FIELDS = _HEAD + (
        (11, "crew", text(1, 16)),
        (12, "flight", row(airline, flight_number, day)),
        (13, "aircraft", text(0, 10)),
        (14, "agent", text(1, 16)),
        (15, "bundle", u32),
    )
    crew: str
    flight: "list[Any]"
    aircraft: str
    agent: str
    bundle: int


class Close(Receipt):
    """covers: [first number, last number] of the shift before this receipt; sums: [[currency, kind, count, sum], ...]
    in ascending order, what the crew settles by: sales and voids of up to 16 currencies."""

    KIND = CLOSE
    FIELDS = _HEAD + (
        (16, "covers", row(u32, u32)),
        (17, "sums", listed(row(currency, integer(SALE, NOTE), u32, integer(0, MAX_TIME)), 0, 32)),
    )
    covers: "list[int]"
    sums: "list[list[int]]"


class Void(Receipt):
    """Cancels a whole sale of the same open shift, once. sale: SHA-256 of its receipt, 32 bytes; reason: BY_MISTAKE,
    NOT_DELIVERED, CHANGED_MIND or OTHER."""

    KIND = VOID
    FIELDS = _HEAD + (
        (18, "sale", octets(32)),
        (19, "reason", integer(BY_MISTAKE, OTHER)),
    )
    sale: bytes
    reason: int


def _lost(v: "Any") -> bool:
    return row(u32, u32)(v) and v[0] <= v[1]


class Break(Receipt):
    """After damage: `previous` is the last good head, `good` its number (0 for none), `lost` the range [first, last]
    of numbers that may have been used and are not to be had any more; this receipt's number follows it."""

    KIND = BREAK
    FIELDS = _HEAD_ANYWHERE + (
        (20, "good", integer(0, U32)),
        (21, "lost", _lost),
    )
    good: int
    lost: "list[int]"


class Note(Receipt):
    """event: MAINTENANCE opened, CLOCK set, BUNDLE changed or CRASH; detail: a line of at most 64 characters."""

    KIND = NOTE
    FIELDS = _HEAD_ANYWHERE + (
        (22, "event", integer(MAINTENANCE, CRASH)),
        (23, "detail", text(0, 64)),
    )
    event: int
    detail: str


_BY_KIND = {SALE: Sale, VOID: Void, OPEN: Open, CLOSE: Close, BREAK: Break, NOTE: Note}


def read_receipt(payload: bytes, codec: "Any") -> Receipt:
    """The Sale, Void, Open, Close, Break or Note behind a receipt's payload; WireError("cbor") or ("schema")."""
    claims = codec.decode(payload)
    kind = claims.get(3) if isinstance(claims, dict) else None
    if type(kind) is not int or kind not in _BY_KIND:
        raise WireError("schema", "no receipt kind that is known here")
    return _BY_KIND[kind].unpack(payload, codec)


_evidence = row(octets(1, 400), octets(1, 400), lines_form)
_challenged_evidence = row(octets(1, 400), octets(1, 400), lines_form, octets(16))


class Evidence:
    """What a sale was decided on: pass and payment as shown, the lines, and for a challenged sale the bill's nonce
    (16 bytes, else None), without which nobody could check later what the passenger agreed to."""

    def __init__(
        self, signed_pass: bytes, payment: bytes, lines: "list[list[int]]", nonce: "bytes | None" = None
    ) -> None:
        self.signed_pass = signed_pass
        self.payment = payment
        self.lines = lines
        self.nonce = nonce

    def pack(self, codec: "Any") -> bytes:
        items: list[Any] = [self.signed_pass, self.payment, self.lines]
        if self.nonce is not None:
            items.append(self.nonce)
        encoded: bytes = codec.encode(items)
        return encoded

    @classmethod
    def unpack(cls, data: bytes, codec: "Any") -> "Evidence":
        return cls(*array(data, _evidence_form, codec))

    def payment_hash(self, codec: "Any") -> bytes:
        """16 bytes that bind pass and payment into the receipt."""
        return hashlib.sha256(codec.encode([self.signed_pass, self.payment])).digest()[:16]

    def lines_hash(self, codec: "Any") -> bytes:
        """16 bytes that bind the lines into the receipt."""
        return lines_hash(self.lines, codec)[:16]


def _evidence_form(v: "Any") -> bool:
    return _evidence(v) or _challenged_evidence(v)
