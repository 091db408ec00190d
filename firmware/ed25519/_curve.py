"""Edwards25519 over whichever engine runs: every calculation is one program, written here and run there.

One workspace serves all calls: not for interrupt handlers, nor for two threads at once.
"""

from ._data import D2, FIXED, N0, ONE, D, F, H, P, X, Y
from ._engine import comb, get, naf, new, odd, put, run, weave
from ._tables import (
    BACKWARD,
    BASE_TABLE,
    BEGIN,
    BEGIN_ODD,
    BY_BASE,
    BY_KEY,
    BY_SLOTS,
    END_AFFINE,
    END_MINUS_KEY,
    FIND_ROOT,
    FORWARD,
    GRAY_MINUS,
    GRAY_PLUS,
    ONLY_START,
    PROGRAM,
    TEETH,
)  # fmt: skip

_SQRT_MINUS_1 = 0x2B8324804FC1DF0B2B4D00993DFBD7A72F431806AD2FE478C4EE1B274A0EA0B0
_SIGN = 1 << 255
TABLE_SIZE = 96 * 33

_program = bytearray(FIXED) + PROGRAM
# A copy, so that it is in RAM even where the module's constants are in flash, whose cache shows what was read
_base = bytearray(BASE_TABLE)
del BASE_TABLE, PROGRAM
_slots = new()
# The digits of a key's scalar, at most 256; from there on the columns of the base point's
_lanes = bytearray(256 + 43)
_odd = bytearray(33)

put(_slots, ONE, 1)
put(_slots, D, 0x52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3)
put(_slots, D2, 0x2406D9DC56DFFCE7198E80F2EEF3D13000E0149A8283B156EBD69B9426B2F159)


def _go(code: bytes | bytearray, at: int = 0, key: bytearray = _base) -> None:
    """Runs what is written, and this after it."""
    _program[at : at + len(code)] = code
    run(_program, _slots, _base, key)


def _sum(begin: bytes, kind: bytes) -> int:
    """Writes the sum of what is in the lanes."""
    _program[: len(begin)] = begin
    return weave(_program, _lanes, len(begin), kind)


def _encoded(end: bytes, at: int, key: bytearray = _base) -> bytes:
    """Runs what is written, and this after it; the encoding of the sum."""
    _go(end, at, key)
    return encode(get(_slots, X), get(_slots, Y))


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
    if y >= P:
        return None
    put(_slots, Y, y)
    _go(FIND_ROOT)
    x, u, square = get(_slots, X), get(_slots, F), get(_slots, H)
    if square != u:
        if square != (P - u) % P:
            return None
        x = x * _SQRT_MINUS_1 % P
    return (x if x & 1 == sign else (P - x) % P), y


def base_mul(scalar: bytes | bytearray) -> bytes:
    """The encoding of scalar * B, scalar below 2^255: the same operations whatever it is."""
    _base_columns(scalar)
    return _encoded(END_AFFINE, _sum(BEGIN, BY_BASE))


def _base_columns(scalar: bytes | bytearray) -> None:
    odd(_odd, scalar)
    comb(_lanes, 256, _odd)


def double_mul(s: bytes, k: bytearray, x: int, y: int) -> bytes:
    """The encoding of s * B - k * (x, y); s and k below L, for public values only."""
    naf(_lanes, k)
    _base_columns(s)
    put(_slots, X, (P - x) % P)
    put(_slots, Y, y)
    return _encoded(END_AFFINE, _sum(BEGIN_ODD, BY_SLOTS))


def table_mul(s: bytes, k: bytearray, table: bytearray) -> bytes:
    """The encoding of s * B - k * A, `table` being that of -A; s and k below L, for public values only.

    The comb takes odd scalars. L times a key is not neutral where the key has a part of small order, so an even k is
    made odd by adding 1.
    """
    _base_columns(s)
    _odd[:32] = k
    _odd[0] |= 1
    comb(_lanes, 0, _odd)
    return _encoded(END_AFFINE if k[0] & 1 else END_MINUS_KEY, _sum(BEGIN, BY_KEY), table)


def comb_table(table: bytearray, x: int, y: int) -> None:
    """Makes, in TABLE_SIZE bytes, that of a point Q: entry i is 2^215 Q and the sum of 2^(43 j) Q, j < 5, added where
    bit j of i is set, else subtracted; entry 32 is Q. An entry is y + x, y - x and 2dxy of an affine point, 32 bytes
    each.
    """
    put(_slots, X, x)
    put(_slots, Y, y)
    _go(ONLY_START)
    _keep(table, 32, X)
    _go(TEETH)
    entry = 0
    for step in range(1, 33):
        _keep(table, entry, X)
        # Gray code: from one entry to another, one sign changes
        tooth = 0
        while tooth < 4 and not step >> tooth & 1:
            tooth += 1
        entry ^= 1 << tooth
        code = bytearray(GRAY_PLUS if entry >> tooth & 1 else GRAY_MINUS)
        code[2] += 4 * tooth
        code[6] += 4 * tooth
        _go(code)
    _make_affine(table)


def _keep(table: bytearray, entry: int, slot: int) -> None:
    """Three slots to an entry."""
    for at in range(96 * entry, 96 * entry + 96, 32):
        table[at : at + 32] = get(_slots, slot).to_bytes(32, "little")
        slot += 1


def _make_affine(table: bytearray) -> None:
    """Entries of X, Y, Z become what can be added."""
    _go(BEGIN + bytes(4))
    for entry in range(33):
        code = bytearray(FORWARD)
        code[1] += entry
        code[6] = entry
        _go(code, 0, table)
    _go(END_AFFINE)
    for entry in range(32, -1, -1):
        code = bytearray(BACKWARD)
        code[3] += entry
        code[6] = entry
        _go(code, 0, table)
        _keep(table, entry, N0)
