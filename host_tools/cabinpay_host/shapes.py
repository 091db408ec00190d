"""What a sale is made of, read and written without a CBOR library: codec.py asks here first.

A sale's receipt, its evidence and its payment are most of what a ledger reads, and in deterministic form each has one
shape: known keys in a known order. A regular expression of that shape accepts the very bytes that the general way
accepts, several times as fast. Whatever is not exactly so gets None, and goes the general way, which also says why.
"""

import re
from collections.abc import Callable
from typing import Any

# An unsigned integer in its shortest form, of at most four bytes
N = rb"([\x00-\x17]|\x18[\x18-\xff]|\x19[^\x00].|\x1a(?!\x00\x00).{4})"
# The same of either sign
_Z = rb"([\x00-\x17\x20-\x37]|[\x18\x38][\x18-\xff]|[\x19\x39][^\x00].|[\x1a\x3a](?!\x00\x00).{4})"


def form(*parts: bytes) -> re.Pattern[bytes]:
    return re.compile(b"".join(parts), re.DOTALL)


_SALE = form(
    *(rb"\xaa\x01", N, rb"\x02\x58\x20(.{32})\x03\x01\x04", N, rb"\x05\x82", N, N, rb"\x06", N, rb"\x07", N),
    *(rb"\x08\x82", N, N, rb"\x09\x50(.{16})\x0a\x50(.{16})"),
).fullmatch
_PAYMENT = form(
    *(rb"([\xa2-\xa4])\x06", N, rb"(?:\x0a\x48(.{8}))?\x3a\x00\x01\x00\x01", N),
    *(rb"(?:\x3a\x00\x01\x00\x02([\x82\x83])", N, N, rb"(?:\x48(.{8}))?)?"),
).fullmatch
# Header with or without kid, payload of up to 255 bytes, signature
_SIGN1 = form(
    *(rb"\x84(?:\x4d(\xa2\x01\x32\x04\x48.{8})|\x43(\xa1\x01\x32))\xa0", rb"(?:\x58([\x18-\xff])|([\x40-\x57]))"),
    rb"(.*)\x58\x40(.{64})",
).fullmatch
_OCTETS = form(rb"\x58([\x18-\xff])|\x59([^\x00].)").match
_LINE = form(rb"\x83", N, N, _Z).match


def whole(head: bytes) -> int:
    """Of what N or _Z found."""
    first = head[0]
    if first < 24:
        return first
    n = int.from_bytes(head[1:], "big") if len(head) > 1 else first & 31
    return n if first < 32 else -1 - n


def _sale(data: bytes) -> Any:
    found = _SALE(data)
    if found is None:
        return None
    number, previous, time, quality, age, shift, mode, amount, currency, payment, lines = found.groups()
    head = {1: whole(number), 2: previous, 3: 1, 4: whole(time), 5: [whole(quality), whole(age)], 6: whole(shift)}
    head.update({7: whole(mode), 8: [whole(amount), whole(currency)], 9: payment, 10: lines})
    return head


def _payment(data: bytes) -> Any:
    found = _PAYMENT(data)
    if found is None:
        return None
    size, iat, challenge, seq, width, amount, currency, order = found.groups()
    claims: dict[int, Any] = {6: whole(iat)}
    if challenge is not None:
        claims[10] = challenge
    claims[-65538] = whole(seq)
    if width is not None:
        terms = [whole(amount), whole(currency)]
        claims[-65539] = terms if order is None else [*terms, order]
        if len(claims[-65539]) != width[0] & 31:
            return None
    return claims if len(claims) == size[0] & 31 else None


def _sign1(data: bytes) -> Any:
    found = _SIGN1(data)
    if found is None:
        return None
    protected, bare, long, short, payload, signature = found.groups()
    if len(payload) != (long[0] if long else short[0] & 31):
        return None
    return [protected or bare, {}, payload, signature]


def octets(data: bytes, at: int) -> tuple[bytes, int] | None:
    """The byte string of 24 to 65,535 bytes at `at`, and where it ends; None where there is none."""
    head = _OCTETS(data, at)
    if head is None:
        return None
    start = head.end()
    end = start + int.from_bytes(head[1] or head[2], "big")
    return (data[start:end], end) if end <= len(data) else None


def _evidence(data: bytes) -> Any:
    """[pass, payment, lines], or with the nonce of a bill behind them."""
    first = octets(data, 1)
    second = octets(data, first[1]) if first else None
    if first is None or second is None:
        return None
    at = second[1]
    count = data[at] - 0x80 if at < len(data) else -1
    if not 1 <= count <= 23:
        return None
    lines, at = lines_at(data, at + 1, count)
    value = [first[0], second[0], lines]
    if data[0] == 0x84 and data[at : at + 1] == b"\x50":
        value.append(data[at + 1 : at + 17])
        at += 17
    return value if at == len(data) and len(value) == data[0] & 31 else None


def lines_at(data: bytes, at: int, count: int) -> tuple[list[list[int]], int]:
    """`count` lines from `at` on, fewer where there are fewer; where they end, -1 then."""
    lines: list[list[int]] = []
    for _ in range(count):
        found = _LINE(data, at)
        if found is None:
            return lines, -1
        sku, quantity, price = found.groups()
        lines.append([whole(sku), whole(quantity), whole(price)])
        at = found.end()
    return lines, at


_BY_HEAD: dict[int, Callable[[bytes], Any]] = {
    0xAA: _sale,
    0x83: _evidence,
    0x84: lambda data: _sign1(data) or _evidence(data),
    0xA2: _payment,
    0xA3: _payment,
    0xA4: _payment,
}


def read(data: bytes) -> Any:
    """The value that `data` encodes, where it has one of these shapes; else None."""
    reader = _BY_HEAD.get(data[0]) if data else None
    return reader(data) if reader else None


def write(value: Any) -> bytes | None:
    """Deterministic encoding of an array of byte strings, texts, integers and such arrays; None for anything else."""
    parts: list[bytes] = []
    return b"".join(parts) if type(value) is list and _write(value, parts, 0) else None


# What is hashed and signed is at most lines in a list
_DEEP = 2


def _write(items: list[Any], parts: list[bytes], depth: int) -> bool:
    parts.append(_head(0x80, len(items)))
    for item in items:
        kind = type(item)
        if kind is bytes:
            size = len(item)
            parts += (_OCTETS_HEADS[size] if size < _USUAL else _head(0x40, size)), item
        elif kind is int and -(1 << 32) <= item < 1 << 32:
            parts.append(_head(0, item) if item >= 0 else _head(0x20, -1 - item))
        elif kind is str and item.isascii():
            parts.append(_head(0x60, len(item)) + item.encode())
        elif kind is not list or depth == _DEEP or not _write(item, parts, depth + 1):
            return False
    return True


def _head(major: int, n: int) -> bytes:
    if n < 24:
        return bytes((major | n,))
    if n < 256:
        return bytes((major | 24, n))
    size = 2 if n < 1 << 16 else 4
    return bytes((major | (25 if size == 2 else 26),)) + n.to_bytes(size, "big")


# No pass, payment or receipt is longer
_USUAL = 512
_OCTETS_HEADS = [_head(0x40, size) for size in range(_USUAL)]
