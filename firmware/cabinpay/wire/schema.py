"""Claims as data: each object lists its labels, and one reader and one writer serve them all.

A field is (label, attribute, check) or (label, attribute, check, True) where it may be absent (None then).
Checks answer True or False and never raise; values are what a codec's `decode` gives.
"""

from .errors import WireError

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Any, Self

U32 = 0xFFFFFFFF
# Unix seconds UTC; 2^40 is the year 36812, and keeps every sum of times far from 64 bits
MAX_TIME = 1 << 40


def integer(low: int, high: int) -> "Callable[[Any], bool]":
    return lambda v: type(v) is int and low <= v <= high


def octets(low: int, high: int = 0) -> "Callable[[Any], bool]":
    """A byte string of exactly `low` bytes, or of low..high."""
    return lambda v: isinstance(v, bytes) and low <= len(v) <= (high or low)


def text(low: int, high: int) -> "Callable[[Any], bool]":
    """Printable ASCII of low..high characters: it must fit a terminal's screen and any log."""
    return lambda v: isinstance(v, str) and low <= len(v) <= high and (not v or " " <= min(v) <= max(v) <= "~")


# Plain loops: a generator at each level of rows in lists in rows is twice as deep on a C stack of 8 KB


def listed(check: "Callable[[Any], bool]", low: int, high: int) -> "Callable[[Any], bool]":
    def fits(v: "Any") -> bool:
        if not isinstance(v, list) or not low <= len(v) <= high:
            return False
        for item in v:  # noqa: SIM110
            if not check(item):
                return False
        return True

    return fits


def row(*checks: "Callable[[Any], bool]") -> "Callable[[Any], bool]":
    """An array with one check for each place."""

    def fits(v: "Any") -> bool:
        if not isinstance(v, list) or len(v) != len(checks):
            return False
        for i in range(len(v)):  # noqa: SIM110
            if not checks[i](v[i]):
                return False
        return True

    return fits


def airline(v: "Any") -> bool:
    """Two-letter IATA designator, which may hold one digit: 9C is Spring Airlines."""
    return isinstance(v, str) and len(v) == 2 and all(c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" for c in v)


u32 = integer(1, U32)
count = integer(0, 255)
when = integer(0, MAX_TIME)
# Times inside a customer's QR code: four bytes (until 2106) keep the largest code within a scanner's 483 characters
qr_when = integer(0, U32)
currency = integer(1, 999)
day = integer(0, 0xFFFF)
flight_number = integer(1, 9999)
key = octets(32)
kid = octets(8)


class Record:
    """An object whose attributes are its FIELDS."""

    FIELDS: "tuple[Any, ...]" = ()

    def __init__(self, **values: "Any") -> None:
        for field in self.FIELDS:
            setattr(self, field[1], values.pop(field[1], None))
        if values:
            raise TypeError("no such field: " + ", ".join(values))

    def pack(self, codec: "Any") -> bytes:
        """Deterministic CBOR map; ValueError where an attribute is not what its field allows."""
        claims = {}
        for field in self.FIELDS:
            value = getattr(self, field[1])
            if value is not None:
                claims[field[0]] = value
        fault = _fault(self.FIELDS, claims)
        if fault:
            raise ValueError(fault)
        encoded: bytes = codec.encode(claims)
        return encoded

    @classmethod
    def unpack(cls, payload: bytes, codec: "Any") -> "Self":
        """The object behind a payload; WireError("cbor") or ("schema")."""
        claims = codec.decode(payload)
        fault = _fault(cls.FIELDS, claims)
        if fault:
            raise WireError("schema", fault)
        record = object.__new__(cls)
        for field in cls.FIELDS:
            setattr(record, field[1], claims.get(field[0]))
        return record


def _fault(fields: "tuple[Any, ...]", claims: "Any") -> str:
    if not isinstance(claims, dict):
        return "not a map"
    known = 0
    for field in fields:
        if field[0] in claims:
            known += 1
            if not field[2](claims[field[0]]):
                return str(field[1]) + " is out of range"
        elif len(field) == 3:
            return str(field[1]) + " is missing"
    return "" if known == len(claims) else "unknown label"


def array(payload: bytes, check: "Callable[[Any], bool]", codec: "Any") -> "Any":
    """A payload that is an array rather than a map: its items, checked; WireError("cbor") or ("schema")."""
    value = codec.decode(payload)
    if not check(value):
        raise WireError("schema", "array is not of its form")
    return value
