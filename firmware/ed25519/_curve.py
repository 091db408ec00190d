"""Edwards25519 over whichever engine runs: every calculation is one program, written here and run there.

One workspace serves all calls: not for interrupt handlers, nor for two threads at once.
"""

from . import _data as _d
from . import _tables as _t
from ._engine import comb, get, naf, new, odd, put, run, weave

_SQRT_MINUS_1 = 0x2B8324804FC1DF0B2B4D00993DFBD7A72F431806AD2FE478C4EE1B274A0EA0B0
_D = 0x52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3
_D2 = 0x2406D9DC56DFFCE7198E80F2EEF3D13000E0149A8283B156EBD69B9426B2F159
_SIGN = 1 << 255
# First lane: a key's table of points in slots, or a Verifier's of bytes; second lane: the base point's
_BY_SLOTS = bytes((_d.SLOT, _d.PLUS, _d.MINUS, _d.TABLE, 4, _d.BASE, _d.AFFINE_PLUS, _d.AFFINE_MINUS, 0, 1))
_BY_BYTES = bytes((_d.KEY, _d.AFFINE_PLUS, _d.AFFINE_MINUS, 0, 1, _d.BASE, _d.AFFINE_PLUS, _d.AFFINE_MINUS, 0, 1))
_ENTRIES = 32  # of a comb; the next one is the point itself

_program = bytearray(_d.FIXED) + _t.PROGRAM
# A copy, so that it is in RAM even where the module's constants are in flash, whose cache shows what was read
_base = bytearray(_t.BASE_TABLE)
_slots = new()
_lanes = bytearray(512)
_odd = bytearray(33)

for _slot, _value in ((_d.ONE, 1), (_d.D, _D), (_d.D2, _D2)):
    put(_slots, _slot, _value)


def _operations(*operations: tuple[int, ...]) -> bytes:
    return b"".join([bytes((operation + (0, 0, 0))[:4]) for operation in operations])


def _call(name: int, times: int = 1) -> tuple[int, ...]:
    return _d.CALL, name, times


def _odd_multiples() -> bytes:
    """1, 3, ... 15 times the point X, Y into slots; then all is set for a sum."""
    store_twice = (_call(_d.DOUBLE), _call(_d.NIELS), (_d.STORE, _d.TWICE))
    code = _operations(_call(_d.START), _call(_d.NIELS), (_d.STORE, _d.TABLE), *store_twice)
    step = _d.TABLE
    for slot in range(_d.TABLE + 4, _d.TABLE + 32, 4):
        code += _operations((_d.SLOT, _d.PLUS, step), _call(_d.NIELS), (_d.STORE, slot))
        step = _d.TWICE
    return code + _NEUTRAL


# What does not depend on a scalar is written once: Python is slow next to what it starts
_NO_LANE = bytes(256)
_END = _operations((_d.END,))
_NEUTRAL = _operations(_call(_d.NEUTRAL))
_ODD_MULTIPLES = _odd_multiples()
_ROOT = _operations(_call(_d.ROOT), (_d.END,))
_TO_AFFINE = _operations(_call(_d.TO_AFFINE), (_d.END,))
_ONE_LESS = _operations((_d.KEY, _d.AFFINE_MINUS, _ENTRIES))


def _go(code: bytes, at: int = 0, key: bytearray = _base) -> None:
    """Runs what is written, and this after it."""
    _program[at : at + len(code)] = code
    run(_program, _slots, _base, key)


def _sum(begin: bytes, kind: bytes) -> int:
    """Writes the sum of what is in the lanes."""
    _program[: len(begin)] = begin
    return weave(_program, _lanes, len(begin), kind)


def _encoded(at: int, key: bytearray = _base) -> bytes:
    """Runs what is written; the encoding of the sum."""
    _go(_TO_AFFINE, at, key)
    return encode(get(_slots, _d.X), get(_slots, _d.Y))


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
    _go(_ROOT)
    x, u, square = get(_slots, _d.X), get(_slots, _d.F), get(_slots, _d.H)
    if square != u:
        if square != (_d.P - u) % _d.P:
            return None
        x = x * _SQRT_MINUS_1 % _d.P
    return (x if x & 1 == sign else (_d.P - x) % _d.P), y


def base_mul(scalar: bytes | bytearray) -> bytes:
    """The encoding of scalar * B, scalar below 2^255: the same operations whatever it is."""
    _lanes[:256] = _NO_LANE
    _base_lane(scalar)
    return _encoded(_sum(_NEUTRAL, _BY_SLOTS))


def _base_lane(scalar: bytes | bytearray) -> None:
    odd(_odd, scalar)
    comb(_lanes, 256, _odd)


def double_mul(s: bytes, k: bytearray, x: int, y: int) -> bytes:
    """The encoding of s * B - k * (x, y); s and k below L, for public values only."""
    naf(_lanes, k)
    _base_lane(s)
    put(_slots, _d.X, (_d.P - x) % _d.P)
    put(_slots, _d.Y, y)
    return _encoded(_sum(_ODD_MULTIPLES, _BY_SLOTS))


def table_mul(s: bytes, k: bytearray, table: bytearray) -> bytes:
    """The encoding of s * B - k * A, `table` being that of -A; s and k below L, for public values only."""
    _lanes[:256] = _NO_LANE
    _base_lane(s)
    _odd[:32] = k
    _odd[0] |= 1
    comb(_lanes, 0, _odd)
    at = _sum(_NEUTRAL, _BY_BYTES)
    if not k[0] & 1:
        # L times a key is not neutral where the key has a part of small order: so an even k is made odd by one
        _program[at : at + 4] = _ONE_LESS
        at += 4
    return _encoded(at, table)


def comb_table(x: int, y: int) -> bytearray:
    """Of a point Q: entry i is 2^215 Q and the sum of 2^(43 j) Q, j < 5, added where bit j of i is set, else
    subtracted; then Q itself. An entry is y + x, y - x and 2dxy of an affine point, 32 bytes each.
    """
    table = bytearray(96 * (_ENTRIES + 1))
    put(_slots, _d.X, x)
    put(_slots, _d.Y, y)
    _go(_operations(_call(_d.START), (_d.END,)))
    _keep(table, _ENTRIES, _d.X)
    teeth = range(_d.TABLE, _d.TABLE + 20, 4)
    code = b""
    for slot in teeth:
        code += _operations(_call(_d.NIELS), (_d.STORE, slot), _call(_d.DOUBLE, _d.COMB))
    code += _operations(*[(_d.SLOT, _d.MINUS, slot) for slot in teeth])
    entry = 0
    for step in range(1, _ENTRIES + 1):
        _go(code + _END)
        _keep(table, entry, _d.X)
        # Gray code: from one entry to another, one sign changes
        tooth = 0
        while tooth < 4 and not step >> tooth & 1:
            tooth += 1
        entry ^= 1 << tooth
        addition = (_d.SLOT, _d.PLUS if entry >> tooth & 1 else _d.MINUS, teeth[tooth])
        code = _operations(addition, addition)
    _make_affine(table)
    return table


def _keep(table: bytearray, entry: int, slot: int) -> None:
    """Three slots to an entry."""
    for at in range(96 * entry, 96 * entry + 96, 32):
        table[at : at + 32] = get(_slots, slot).to_bytes(32, "little")
        slot += 1


def _make_affine(table: bytearray) -> None:
    """Entries of X, Y, Z become what can be added."""
    code = _NEUTRAL
    for entry in range(_ENTRIES + 1):
        code += _operations((_d.ADD, _d.TABLE + entry, _d.Z, _d.ZERO), (_d.KEY, _d.PRODUCT, entry))
    _go(code + _TO_AFFINE, 0, table)
    for entry in range(_ENTRIES, -1, -1):
        _go(_operations((_d.MUL, _d.C, _d.Q, _d.TABLE + entry), (_d.KEY, _d.ENTRY, entry), (_d.END,)), 0, table)
        _keep(table, entry, _d.N0)
