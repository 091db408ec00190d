"""Edwards25519 over whichever engine runs: every calculation is one program, written here and run there.

One workspace serves all calls: not for interrupt handlers, nor for two threads at once.
"""

from . import _data as _d
from ._engine import comb, get, naf, new, odd, put, run, weave

_SQRT_MINUS_1 = 0x2B8324804FC1DF0B2B4D00993DFBD7A72F431806AD2FE478C4EE1B274A0EA0B0
_D = 0x52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3
_D2 = 0x2406D9DC56DFFCE7198E80F2EEF3D13000E0149A8283B156EBD69B9426B2F159
_SIGN = 1 << 255
# First lane: a key's table of points in slots, or a Verifier's of bytes; second lane: the base point's
_BY_SLOTS = bytes((_d.SLOT, _d.PLUS, _d.MINUS, _d.TABLE, 4, _d.BASE, _d.AFFINE_PLUS, _d.AFFINE_MINUS, 0, 1))
_BY_BYTES = bytes((_d.KEY, _d.AFFINE_PLUS, _d.AFFINE_MINUS, 0, 1, _d.BASE, _d.AFFINE_PLUS, _d.AFFINE_MINUS, 0, 1))
_ENTRIES = 32
TABLE_SIZE = 96 * (_ENTRIES + 1)

_program = bytearray(_d.FIXED) + _d.PROGRAM
# A copy, so that it is in RAM even where the module's constants are in flash, whose cache shows what was read
_base = bytearray(_d.BASE_TABLE)
_slots = new()
_lanes = bytearray(512)
_odd = bytearray(33)

for _slot, _value in ((_d.ONE, 1), (_d.D, _D), (_d.D2, _D2)):
    put(_slots, _slot, _value)


def _write(at: int, *operations: tuple[int, ...]) -> int:
    for operation in operations:
        _program[at : at + 4] = bytes((operation + (0, 0, 0))[:4])
        at += 4
    return at


def _call(name: int, times: int = 1) -> tuple[int, ...]:
    return _d.CALL, name, times


def _go(at: int, key: bytearray | None = None) -> None:
    _write(at, (_d.END,))
    run(_program, _slots, _base, key or _base)


def _start(x: int, y: int) -> None:
    """The point that the next program begins with, affine; (0, 1) is the neutral one."""
    for slot, value in ((_d.X, x), (_d.Y, y), (_d.Z, 1), (_d.E, x), (_d.H, y)):
        put(_slots, slot, value)


def _finish(at: int, key: bytearray | None = None) -> tuple[int, int]:
    """Runs what is written and an inversion; the point's x and y."""
    _go(_write(at, _call(_d.AFFINE_BEGIN), _call(_d.POWER), _call(_d.AFFINE_END)), key)
    return get(_slots, _d.X), get(_slots, _d.Y)


def encode(x: int, y: int) -> bytes:
    """The 32 bytes of a point (RFC 8032 section 5.1.2)."""
    return (y | (_SIGN if x & 1 else 0)).to_bytes(32, "little")


def decode(encoded: bytes) -> tuple[int, int] | None:
    """The x and y of 32 bytes (RFC 8032 section 5.1.3), or None: y not below p, or no such point.

    x = 0 with the sign bit set is let through, as libsodium does; its two points are of small order.
    """
    y = int.from_bytes(encoded, "little")
    sign = y >> 255
    y &= _SIGN - 1
    if y >= _d.P:
        return None
    put(_slots, _d.Y, y)
    _go(_write(0, _call(_d.ROOT_BEGIN), _call(_d.POWER), _call(_d.ROOT_END)))
    x, u, square = get(_slots, _d.X), get(_slots, _d.F), get(_slots, _d.H)
    if square != u:
        if square != (_d.P - u) % _d.P:
            return None
        x = x * _SQRT_MINUS_1 % _d.P
    return (x if x & 1 == sign else (_d.P - x) % _d.P), y


def base_mul(scalar: bytes | bytearray) -> bytes:
    """The encoding of scalar * B, scalar below 2^255: the same operations whatever it is."""
    _lanes[:256] = bytes(256)
    odd(_odd, scalar)
    comb(_lanes, 256, _odd)
    _start(0, 1)
    return encode(*_finish(weave(_program, _lanes, 0, _BY_SLOTS)))


def double_mul(s: bytes, k: bytearray, x: int, y: int) -> bytes:
    """The encoding of s * B - k * (x, y); s and k below L, for public values only."""
    odd(_odd, s)
    comb(_lanes, 256, _odd)
    naf(_lanes, k)
    _start((_d.P - x) % _d.P, y)
    at = weave(_program, _lanes, _neutral(_odd_multiples()), _BY_SLOTS)
    return encode(*_finish(at))


def _odd_multiples() -> int:
    """Writes the making of 1, 3, ... 15 times the point at the start, in slots."""
    at = _write(0, _call(_d.NIELS), (_d.STORE, _d.TABLE), _call(_d.DOUBLE), _call(_d.NIELS), (_d.STORE, _d.TWICE))
    step = _d.TABLE
    for slot in range(_d.TABLE + 4, _d.TABLE + 32, 4):
        at = _write(at, (_d.SLOT, _d.PLUS, step), _call(_d.NIELS), (_d.STORE, slot))
        step = _d.TWICE
    return at


def _neutral(at: int) -> int:
    zero, one = _d.ZERO, _d.ONE
    return _write(at, *[(_d.ADD, slot, zero, zero) for slot in (_d.X, _d.E)],
                  *[(_d.ADD, slot, one, zero) for slot in (_d.Y, _d.Z, _d.H)])  # fmt: skip


def table_mul(s: bytes, k: bytearray, table: bytearray) -> bytes:
    """The encoding of s * B - k * A, `table` being that of -A; s and k below L, for public values only."""
    odd(_odd, s)
    comb(_lanes, 256, _odd)
    _lanes[:256] = bytes(256)
    _odd[:32] = k
    _odd[0] |= 1
    comb(_lanes, 0, _odd)
    _start(0, 1)
    at = weave(_program, _lanes, 0, _BY_BYTES)
    if not k[0] & 1:
        # L times a key is not neutral where the key has a part of small order: so an even k is made odd by one
        at = _write(at, (_d.KEY, _d.AFFINE_MINUS, _ENTRIES))
    return encode(*_finish(at, table))


def comb_table(x: int, y: int) -> bytearray:
    """Of a point Q: entry i is 2^215 Q and the sum of 2^(43 j) Q, j < 5, added where bit j of i is set, else
    subtracted; then Q itself. An entry is y + x, y - x and 2dxy of an affine point, 32 bytes each.
    """
    table = bytearray(TABLE_SIZE)
    _start(x, y)
    at = 0
    for tooth in range(5):
        at = _write(at, _call(_d.NIELS), (_d.STORE, _d.TABLE + 4 * tooth), _call(_d.DOUBLE, _d.COMB))
    at = _write(at, *[(_d.SLOT, _d.MINUS, _d.TABLE + 4 * tooth) for tooth in range(5)])
    entry = 0
    for step in range(1, _ENTRIES + 1):
        _go(at)
        _set_entry(table, entry, [get(_slots, slot) for slot in (_d.X, _d.Y, _d.Z)])
        # Gray code: from one entry to another, one sign changes
        tooth = 0
        while tooth < 4 and not step >> tooth & 1:
            tooth += 1
        entry ^= 1 << tooth
        addition = (_d.SLOT, _d.PLUS if entry >> tooth & 1 else _d.MINUS, _d.TABLE + 4 * tooth)
        at = _write(0, addition, addition)
    _make_affine(table)
    _set_entry(table, _ENTRIES, _addend(x, y))
    return table


def _addend(x: int, y: int) -> list[int]:
    return [(y + x) % _d.P, (y - x) % _d.P, x * y % _d.P * _D2 % _d.P]


def _set_entry(table: bytearray, entry: int, values: list[int]) -> None:
    for i, value in enumerate(values):
        at = 96 * entry + 32 * i
        table[at : at + 32] = value.to_bytes(32, "little")


def _field(table: bytearray, entry: int, i: int) -> int:
    at = 96 * entry + 32 * i
    return int.from_bytes(table[at : at + 32], "little")


def _make_affine(table: bytearray) -> None:
    """Entries of X, Y, Z become what can be added, by one inversion for all (Montgomery's trick)."""
    products = [1]
    for entry in range(_ENTRIES):
        products.append(products[-1] * _field(table, entry, 2) % _d.P)
    inverse = _inverse(products.pop())
    for entry in range(_ENTRIES - 1, -1, -1):
        one = products.pop() * inverse % _d.P
        inverse = inverse * _field(table, entry, 2) % _d.P
        _set_entry(table, entry, _addend(_field(table, entry, 0) * one % _d.P, _field(table, entry, 1) * one % _d.P))


def _inverse(value: int) -> int:
    put(_slots, _d.X, 1)
    put(_slots, _d.Z, value)
    return _finish(0)[0]
