"""What codecs are fed to make them differ: values, their encodings in forms that are not deterministic, mutations."""

import random
from typing import Any

from hypothesis import strategies as st

from cabinpay_host import codec

POWERS = (0, 5, 8, 16, 32, 40, 63, 64)
EDGES = sorted({sign * (1 << bits) + step for bits in POWERS for sign in (1, -1) for step in (-1, 0, 1)})
WRITABLE = [n for n in (*EDGES, 23, 24, -24, -25) if -(1 << 64) <= n < 1 << 64]
TEXTS = ("", "a", "é", "水", "\U00010151", "x" * 23, "x" * 24, "\x00", "\ud7ff\ue000", "ÄÖ" * 70)

# Heads and tails where CBOR readers disagree: every length form, tags that cbor2 acts upon, simple values, floats
PIECES = [
    bytes.fromhex(piece)
    for line in (
        "00 17 18 1817 1818 19 1900ff 190100 1a 1b 1bffffffffffffffff 1c 1f 20 37 3818 3f 40 41 4161 58 5801",
        "5f ff 60 61 6161 62c3 c3bc eda080 f4908080 78 7f 80 81 82 98 9801 9f a0 a1 a2 a3 b8 bf c0 c1 c2 c240 c3",
        "c4 c482 c5 c582 d6 d7 d81c d81d d81e d823 d824 d825 d864 d903ec d90100 d90102 d90104 d9d9f7 e0 f3 f4 f5 f6 f7",
        "3bffffffffffffffff f8 f818 f820 f8ff f9 f97c00 f97e00 f93c00 fa fa47c35000 fb fb3ff199999999999a fc fe",
    )
    for piece in line.split()
]

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(WRITABLE),
    st.integers(-(1 << 64), (1 << 64) - 1),
    st.binary(max_size=40),
    st.text(max_size=12),
    st.sampled_from(TEXTS),
    st.sampled_from([23, 24, 255, 256]).map(bytes),
)
keys = st.one_of(st.sampled_from(WRITABLE), st.integers(-300, 300), st.binary(max_size=3), st.text(max_size=3))
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(keys, inner, max_size=6), max_leaves=24
)
chains = st.builds(lambda value, wraps: nest(value, wraps), values, st.lists(st.booleans(), max_size=10))
pieces = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=24).map(b"".join)
mutations = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 1 << 12), st.binary(min_size=1, max_size=3)), min_size=1, max_size=4
)


def nest(value: Any, wraps: list[bool]) -> Any:
    for as_map in wraps:
        value = {0: value} if as_map else [value]
    return value


def mutated(data: bytes, steps: list[tuple[int, int, bytes]]) -> bytes:
    for kind, place, piece in steps:
        at = place % (len(data) + 1)
        before, after = data[:at], data[at:]
        data = (
            before + bytes([after[0] ^ (1 << (piece[0] & 7))]) + after[1:] if kind == 0 and after
            else before + after[1:] if kind == 1
            else before + piece + after if kind == 2
            else before + piece + after[len(piece) :] if kind == 3
            else before + data[place % 7 :][: piece[0] % 9] + after if kind == 4
            else before if kind == 5
            else before + PIECES[piece[0] % len(PIECES)] + after[1:]
        )  # fmt: skip
    return data


def loose(value: Any, chance: random.Random) -> bytes:
    """An encoding of `value` that is now and then not the deterministic one."""
    odd = chance.random() < 0.12
    if isinstance(value, bool) or value is None:
        return codec.encode(value)
    if isinstance(value, int):
        return head(0 if value >= 0 else 1, value if value >= 0 else -1 - value, odd, chance)
    if isinstance(value, (bytes, str)):
        data = value if isinstance(value, bytes) else value.encode()
        return head(2 if isinstance(value, bytes) else 3, len(data), odd, chance) + data
    if isinstance(value, list):
        return opened(4, len(value), b"".join(loose(item, chance) for item in value), odd, chance)
    pairs = sorted((loose(key, chance), loose(item, chance)) for key, item in value.items())
    if odd:
        chance.shuffle(pairs)
    if pairs and chance.random() < 0.08:
        pairs.insert(0, pairs[0])
    return opened(5, len(pairs), b"".join(key + item for key, item in pairs), odd and chance.random() < 0.5, chance)


def head(major: int, n: int, odd: bool, chance: random.Random) -> bytes:
    shortest = 0 if n < 24 else 1 if n < 1 << 8 else 2 if n < 1 << 16 else 3 if n < 1 << 32 else 4
    size = min(4, shortest + (chance.randrange(1, 4) if odd else 0))
    first = major << 5 | (n if size == 0 else 23 + size)
    return bytes([first]) + (n.to_bytes(1 << (size - 1), "big") if size else b"")


def opened(major: int, n: int, body: bytes, odd: bool, chance: random.Random) -> bytes:
    if odd and chance.random() < 0.3:
        return bytes([major << 5 | 31]) + body + b"\xff"
    return head(major, n, odd, chance) + body


def random_value(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(9 if depth < 8 else 6)
    if kind < 2:
        return chance.choice(WRITABLE)
    if kind < 6:
        return (chance.randbytes(chance.randrange(30)), chance.choice(TEXTS), None, chance.random() < 0.5)[kind - 2]
    if kind < 8:
        return [random_value(chance, depth + 1) for _ in range(chance.randrange(6))]
    made = [chance.choice((chance.randrange(-300, 300), chance.randbytes(2), chance.choice(TEXTS))) for _ in range(4)]
    return {key: random_value(chance, depth + 1) for key in made[: chance.randrange(5)]}


def corpus(size: int) -> list[bytes]:
    """The same inputs every time: plain encodings, loose ones, mutated ones, pieces put together."""
    chance = random.Random("cabinpay codec corpus")
    out = []
    while len(out) < size:
        value = random_value(chance)
        data = codec.encode(value)
        steps = [(chance.randrange(7), chance.randrange(4096), chance.randbytes(2)) for _ in range(1 + len(out) % 3)]
        out += [data, loose(value, chance), mutated(data, steps)]
        out.append(b"".join(chance.choice(PIECES) for _ in range(1 + len(out) % 9)))
        out.append(nested(chance))
    return out[:size]


def nested(chance: random.Random) -> bytes:
    return b"".join(chance.choice((b"\x81", b"\xa1\x00")) for _ in range(chance.randrange(12))) + b"\x00"
