"""Deterministic CBOR (RFC 8949 section 4.2.1) by way of cbor2: strict by encoding again and comparing the bytes.

The host's own witness of `cabinpay.wire.cbor`: same types, same bounds, same refusals, other code.
"""

from typing import Any

import cbor2

from cabinpay.wire.cbor import MAX_DEPTH, MAX_ITEMS, MAX_SIZE
from cabinpay.wire.errors import WireError

from . import shapes

_WHOLE = range(-(1 << 64), 1 << 64)


def encode(value: Any) -> bytes:
    """Deterministic encoding; TypeError or ValueError for what cannot be written."""
    flat = shapes.write(value)
    return cbor2.dumps(_ordered(value, 0)) if flat is None else flat


def decode(data: bytes) -> Any:
    """The one value that `data` encodes; WireError("cbor") for anything else."""
    data = bytes(data)
    if len(data) > MAX_SIZE:
        raise WireError("cbor", f"more than {MAX_SIZE} bytes")
    value = shapes.read(data)
    return _decode(data) if value is None else value


def _decode(data: bytes) -> Any:
    _look_over(data)
    try:
        value = cbor2.loads(data)
        again = encode(value)
    except (cbor2.CBORDecodeError, cbor2.CBOREncodeError, ValueError, TypeError, RecursionError, OverflowError) as e:
        raise WireError("cbor", str(e) or type(e).__name__) from None
    if again != data:
        raise WireError("cbor", "not in deterministic form")
    return value


def _look_over(data: bytes) -> None:
    """Refuses tags and too many items head by head: cbor2 would act on a tag (big decimals, regular expressions, shared
    references that a few bytes make grow without end) long before the bytes are compared."""
    at = items = 0
    while at < len(data):
        major, n = data[at] >> 5, data[at] & 31
        at += 1
        items += 1
        if major == 6 or n > 27 or items > MAX_ITEMS:
            raise WireError("cbor", "tag, indefinite or reserved length, or too many items")
        if n > 23:
            size = 1 << (n - 24)
            n = int.from_bytes(data[at : at + size], "big")
            at += size
        if major in (2, 3):
            at += n


def _ordered(value: Any, depth: int) -> Any:
    """`value` with its map keys in bytewise order of their encodings."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if type(value) is bytes:  # nearly everything is
        return value
    if isinstance(value, dict):
        return _ordered_map(value, depth)
    if isinstance(value, (list, tuple)):
        return [_ordered(item, depth + 1) for item in value]
    if value is None or isinstance(value, (str, bytes, bool, bytearray, memoryview)):
        return bytes(value) if isinstance(value, memoryview) else value
    if isinstance(value, int):
        if value not in _WHOLE:
            raise ValueError("integer of more than 64 bits")
        return value
    raise TypeError(f"{type(value).__name__} has no place here")


def _ordered_map(value: dict[Any, Any], depth: int) -> dict[Any, Any]:
    return {key: _ordered(value[key], depth + 1) for key in sorted(value, key=_place)}


def _place(key: Any) -> tuple[Any, ...]:
    """Sorts as the key's encoding does, bytewise: its major type, then its head's argument, then what follows."""
    if type(key) is int:
        if key not in _WHOLE:
            raise ValueError("integer of more than 64 bits")
        return (0, key) if key >= 0 else (1, -1 - key)
    if type(key) is bytes:
        return 2, len(key), key
    if type(key) is str:
        octets = key.encode()
        return 3, len(octets), octets
    raise TypeError("key of a type that cannot be one")
