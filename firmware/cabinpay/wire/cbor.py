"""Deterministic CBOR, RFC 8949 section 4.2.1, and nothing else: what a terminal reads and writes.

Types: integers of 64 bits, byte strings, UTF-8 text, arrays, maps (keys: integers, byte strings, text), false, true,
null. Refused with WireError("cbor"): floats, tags, other simple values, indefinite lengths, non-minimal heads, keys
out of order or twice, bad UTF-8, trailing bytes, and whatever passes the bounds below.
"""

from .errors import WireError

MYPY = False
if MYPY:
    from typing import Any

# A trust bundle, the largest object, is far below these; a terminal's heap is 190 KB and its C stack is shallow.
MAX_SIZE = 16384
MAX_DEPTH = 8
MAX_ITEMS = 2048

_U64 = 1 << 64


def encode(value: object) -> bytes:
    """Deterministic encoding of `value`; TypeError or ValueError for what cannot be written: a fault of the caller."""
    out = bytearray()
    _write(value, out, 0)
    return bytes(out)


def decode(data: bytes) -> object:
    """The one value that `data` encodes, arrays as lists, byte strings as bytes."""
    if len(data) > MAX_SIZE:
        raise WireError("cbor", "more than %d bytes" % MAX_SIZE)
    reader = _Reader(data)
    value = reader.value()
    if reader.at != len(data):
        raise WireError("cbor", "trailing bytes")
    return value


def _write(value: object, out: bytearray, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if value is None or value is True or value is False:
        out.append(0xF6 if value is None else 0xF5 if value else 0xF4)
    elif isinstance(value, int):
        _write_int(value, out)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _head(2, len(value), out)
        out.extend(value)
    elif isinstance(value, str):
        text = value.encode()
        _head(3, len(text), out)
        out.extend(text)
    elif isinstance(value, (list, tuple)):
        _head(4, len(value), out)
        for item in value:
            _write(item, out, depth + 1)
    elif isinstance(value, dict):
        _write_map(value, out, depth)
    else:
        raise TypeError("cannot encode this type")


def _write_int(value: int, out: bytearray) -> None:
    if not -_U64 <= value < _U64:
        raise ValueError("integer of more than 64 bits")
    if value < 0:
        _head(1, -1 - value, out)
    else:
        _head(0, value, out)


def _write_map(value: "dict[object, object]", out: bytearray, depth: int) -> None:
    _head(5, len(value), out)
    pairs: "list[Any]" = []
    for key in value:
        if not _can_be_key(key):
            raise TypeError("key of a type that cannot be one")
        # most keys are labels of one byte
        pairs.append((bytes((key,)) if isinstance(key, int) and 0 <= key < 24 else encode(key), value[key]))
    pairs.sort()  # no two begin alike
    for encoded, item in pairs:
        out.extend(encoded)
        _write(item, out, depth + 1)


def _can_be_key(key: object) -> bool:
    return key is not True and key is not False and isinstance(key, (int, bytes, str))


def _head(major: int, n: int, out: bytearray) -> None:
    major <<= 5
    if n < 24:
        out.append(major | n)
        return
    size = 0 if n < 0x100 else 1 if n < 0x10000 else 2 if n < 0x100000000 else 3
    out.append(major | 24 + size)
    out.extend(n.to_bytes(1 << size, "big"))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.items = 0
        self.inside = 0

    def take(self, n: int) -> bytes:
        start = self.at
        if n > len(self.data) - start:
            raise WireError("cbor", "cut off")
        self.at = start + n
        return bytes(self.data[start : self.at])

    def argument(self, info: int) -> int:
        if info > 27:
            raise WireError("cbor", "indefinite or reserved length")
        size = 1 << (info - 24)
        n = int.from_bytes(self.take(size), "big")
        if n < (24 if size == 1 else 1 << (size * 4)):
            raise WireError("cbor", "integer not minimal")
        return n

    def value(self) -> object:
        # by a loop: each level of a recursion takes half a kilobyte of a C stack that has eight
        around: "list[Any]" = []
        # what is being filled, how many items or pairs it still takes, the key that waits for its value, the last one
        out: "Any" = None
        left, key, last = 0, None, b""
        while True:
            start = self.at
            item = self.item(len(around))
            if self.inside:
                if isinstance(out, dict) and key is None:
                    raise WireError("cbor", "key of a type that cannot be one")
                around.append((out, left, key, last))
                out, left, key, last = item, self.inside, None, b""
                continue
            while out is not None:
                if isinstance(out, list):
                    out.append(item)
                elif key is None:
                    last, key = self.key(item, start, last), item
                    break
                else:
                    out[key] = item
                    key = None
                left -= 1
                if left:
                    break
                item = out
                out, left, key, last = around.pop()
            else:
                return item

    def key(self, key: object, start: int, last: bytes) -> bytes:
        """The encoding of a map's key, which has to come after `last`."""
        if not _can_be_key(key):
            raise WireError("cbor", "key of a type that cannot be one")
        encoded = bytes(self.data[start : self.at])
        if encoded <= last:
            raise WireError("cbor", "keys out of order or twice")
        return encoded

    def item(self, depth: int) -> "Any":
        """The next one; of an array or map, which is empty yet, the items or pairs that follow are `inside`."""
        self.inside = 0
        self.items += 1
        if depth > MAX_DEPTH or self.items > MAX_ITEMS:
            raise WireError("cbor", "too deep or too many items")
        if self.at == len(self.data):
            raise WireError("cbor", "cut off")
        first = self.data[self.at]
        self.at += 1
        major, n = first >> 5, first & 31
        if major == 7:
            return self.simple(first)
        if n > 23:
            n = self.argument(n)
        if major < 2:
            return -1 - n if major else n
        if major < 4:
            return self.take(n) if major == 2 else _text(self.take(n))
        if major == 6:
            raise WireError("cbor", "tag")
        # each item takes a byte at least: a claim beyond that is refused before anything is allocated for it
        if n > len(self.data) - self.at:
            raise WireError("cbor", "cut off")
        self.inside = n
        return [] if major == 4 else {}

    def simple(self, first: int) -> object:
        if first == 0xF6:
            return None
        if first in (0xF4, 0xF5):
            return first == 0xF5
        raise WireError("cbor", "float or simple value")


def _text(data: bytes) -> str:
    if not data or max(data) < 0x80:
        return data.decode()
    # MicroPython's own check lets overlong forms and surrogates pass
    i = 0
    while i < len(data):
        i += _sequence(data, i)
    return data.decode()


def _sequence(data: bytes, i: int) -> int:
    """Length of the UTF-8 sequence at `i`, by RFC 3629 section 4."""
    lead = data[i]
    if lead < 0x80:
        return 1
    size = 2 if 0xC2 <= lead <= 0xDF else 3 if 0xE0 <= lead <= 0xEF else 4 if 0xF0 <= lead <= 0xF4 else 0
    tail = data[i + 1 : i + size]
    if not size or len(tail) != size - 1:
        raise WireError("cbor", "text is not UTF-8")
    low = {0xE0: 0xA0, 0xF0: 0x90}.get(lead, 0x80)
    high = {0xED: 0x9F, 0xF4: 0x8F}.get(lead, 0xBF)
    if not low <= tail[0] <= high or any(not 0x80 <= b <= 0xBF for b in tail):
        raise WireError("cbor", "text is not UTF-8")
    return size
