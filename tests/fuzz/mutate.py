"""Valid objects made invalid with knowledge of their structure: characters, bytes, CBOR, COSE fields, claims."""

from __future__ import annotations

import random
from typing import Any

import cbor2

from cabinpay.wire import base45
from cabinpay.wire.errors import WireError
from cabinpay_host import codec
from host.codec_inputs import PIECES, WRITABLE, loose, mutated

ORDER_L = 2**252 + 27742317777372353535851937790883648493
EDGES = (
    *WRITABLE, None, True, False, "", "a", "XC", "x" * 9, b"", bytes(7), bytes(8), bytes(9), bytes(32), bytes(33),
    bytes(64), [], {}, [1], [978, 1, 1, 1], {1: {1: 1, -1: 6, -2: bytes(32)}}, [1234, 20679], [1, 978],
    [1, 978, bytes(8)],
)  # fmt: skip
LABELS = (1, 2, 3, 4, 5, 6, 7, 8, 10, -65537, -65538, -65539, -65540, "1", b"1")
# {1: -19}, {1: -8}, {}, with kids of wrong lengths, other orders and types, crit
HEADERS = [
    bytes.fromhex(text)
    for text in (
        "a10132", "a10127", "a0", "a201320448", "a2013204480000000000000000", "a20132044700000000000000", "80", "40",
        "a2044800000000000000000132", "a201320440", "00", "a2013202810c", "a101381200", "b80101320448", "bf0132ff",
        "a30132044800000000000000000500", "a1013812",
    )
]  # fmt: skip
ALPHABET = base45.ALPHABET
STRANGE = b"abz\x00\r\n\t\x7f\x80\xff_#!,;"


def characters(chance: random.Random, text: bytes) -> bytes:
    """What scanners and people do to a text."""
    for _ in range(chance.choice((1, 1, 2, 3, 5))):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(9)
        one = bytes([chance.choice(ALPHABET if chance.random() < 0.7 else STRANGE)])
        if kind < 3:
            text = text[:at] + one + text[at + 1 :]
        elif kind == 3:
            text = text[:at] + text[at + chance.randrange(4) :]
        elif kind == 4:
            text = text[:at] + one * chance.choice((1, 2, 3, 90)) + text[at:]
        elif kind == 5:
            text = text[:at]
        elif kind == 6:
            text = text[:at] + text[at:].lower()
        elif kind == 7:
            text = chance.choice((b"CP1:", b"CP1B:", b"CP1R:", b"cp1:", b"CP2:", b"", b" CP1:", b"CP1")) + text[4:]
        else:
            text = text + text[:at]
    return text


def octets(chance: random.Random, data: bytes) -> bytes:
    """Bytes changed without regard to what they mean."""
    steps = chance.choice((1, 1, 2, 3, 5))
    return mutated(data, [(chance.randrange(7), chance.randrange(4096), chance.randbytes(2)) for _ in range(steps)])


def value(chance: random.Random) -> Any:
    kind = chance.randrange(4)
    if kind < 3:
        return chance.choice(EDGES)
    return chance.choice((chance.randbytes(chance.randrange(40)), chance.getrandbits(chance.randrange(1, 41))))


def inside(chance: random.Random, tree: Any) -> Any:
    """`tree` with one of its parts, wherever it is, replaced, dropped, doubled or renamed."""
    if isinstance(tree, dict) and tree and chance.random() < 0.8:
        return _in_map(chance, dict(tree))
    if isinstance(tree, list) and tree and chance.random() < 0.8:
        at, kind = chance.randrange(len(tree)), chance.randrange(6)
        if kind == 0:
            return tree[:at] + tree[at + 1 :]
        if kind == 1:
            return [*tree[:at], value(chance), *tree[at:]]
        return [*tree[:at], inside(chance, tree[at]), *tree[at + 1 :]]
    if type(tree) is int and chance.random() < 0.5:
        return tree + chance.choice((-1, 1, 256, -256, 1 << 32))
    if isinstance(tree, bytes) and tree and chance.random() < 0.5:
        return octets(chance, tree)
    return value(chance)


def _in_map(chance: random.Random, tree: dict[Any, Any]) -> dict[Any, Any]:
    key, kind = chance.choice(list(tree)), chance.randrange(8)
    if kind == 0:
        del tree[key]
    elif kind == 1:
        tree[chance.choice(LABELS)] = value(chance)
    elif kind == 2:
        tree[chance.choice(LABELS)] = tree.pop(key)
    else:
        tree[key] = inside(chance, tree[key])
    return tree


def encoded(chance: random.Random, tree: Any) -> bytes:
    """Mostly as the contract has it; now and then in another form of the same."""
    try:
        if chance.random() < 0.9:
            return codec.encode(tree)
        return loose(tree, chance) if chance.random() < 0.7 else cbor2.dumps(tree)
    except (TypeError, ValueError, OverflowError):
        return cbor2.dumps(None)


def signature(chance: random.Random, old: bytes) -> bytes:
    kind = chance.randrange(24)
    if kind == 0:  # the same point, the other scalar
        s = int.from_bytes(old[32:], "little") + ORDER_L
        return old[:32] + (s % (1 << 256)).to_bytes(32, "little")
    if kind == 1:
        return bytes(64)
    if kind == 2:  # the neutral element, a point of small order
        return b"\x01" + bytes(63)
    if kind == 3:
        return old[32:] + old[:32]
    flipped = int.from_bytes(old[:64], "big")
    for _ in range(chance.choice((1, 2, 3))):
        flipped ^= 1 << chance.randrange(512)
    return flipped.to_bytes(64, "big")


def sign1(chance: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """A COSE_Sign1 with fields changed or taken from another one."""
    fields = cbor2.loads(data)
    while chance.random() < 0.4:
        data = sign1_field(chance, fields, others)
        fields = claims(data)
        if not isinstance(fields, list) or [type(part) for part in fields] != [bytes, dict, bytes, bytes]:
            return data
    return sign1_field(chance, fields, others)


def sign1_field(chance: random.Random, fields: list[Any], others: list[bytes]) -> bytes:
    kind = chance.randrange(10)
    if kind < 4:
        fields[2] = encoded(chance, inside(chance, claims(fields[2])))
    elif kind < 6:
        fields[3] = signature(chance, fields[3])
    elif kind == 6:
        fields[0] = chance.choice(HEADERS) if chance.random() < 0.3 else octets(chance, fields[0])
    elif kind == 7:
        fields[1] = value(chance)
    elif kind == 8:
        at = chance.randrange(4)
        fields[at] = cbor2.loads(chance.choice(others))[at]
    else:
        return encoded(chance, inside(chance, fields))
    return encoded(chance, fields)


def claims(payload: bytes) -> Any:
    try:
        return codec.decode(payload)
    except WireError:
        return payload


def customer(chance: random.Random, pairs: list[tuple[bytes, bytes]]) -> bytes:
    """A customer's QR text made from valid (pass, payment) pairs; now and then it comes out valid again."""
    text = _customer(chance, pairs)
    return characters(chance, text) if chance.random() < 0.2 else text


def _customer(chance: random.Random, pairs: list[tuple[bytes, bytes]]) -> bytes:
    its, paid = chance.choice(pairs)
    kind = chance.randrange(20)
    if kind < 4:
        return characters(chance, shown(codec.encode([its, paid])))
    if kind < 7:
        return shown(octets(chance, codec.encode([its, paid])))
    if kind == 7:
        return shown(encoded(chance, inside(chance, [its, paid])))
    if kind == 8 and chance.random() < 0.2:
        return shown(encoded(chance, [chance.choice(pairs)[0], chance.choice(pairs)[1]][:: chance.choice((1, 1, -1))]))
    if kind == 9:
        return shown(b"".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 12))))
    others = [item for pair in pairs for item in pair]
    if kind < 16:
        its = octets(chance, its) if kind == 10 else sign1(chance, its, others)
    if kind > 13 or kind == 8:
        paid = octets(chance, paid) if kind == 16 else sign1(chance, paid, others)
    return shown(cbor2.dumps([its, paid]))


def shown(data: bytes, prefix: str = "CP1:") -> bytes:
    return (prefix + base45.encode(data)).encode()


def frame(chance: random.Random, stream: bytes) -> bytes:
    """A stream of SLIP frames as a bad line delivers it."""
    if chance.random() < 0.2:
        return stream
    if chance.random() < 0.3:
        at = chance.randrange(len(stream) + 1)
        noise = chance.choice((b"\xc0", b"\xdb", b"\xdb\xdb", b"\xdb\xc0", b"\xc0\xc0", b"\x00" * 3000, b"\xdb" * 3000))
        return stream[:at] + noise + stream[at:]
    return octets(chance, stream)
