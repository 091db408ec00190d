"""_viper.py: the field engine in viper. 20 limbs of 13 bits, in 16, so that a column of products fits in 31 bits.

Limbs are at most 2^13 + 46 after every operation: 20 products of them and a carry stay below 2^31. Right where a word
has 32 bits and where it has 64: no step relies on wrapping.
"""

from __future__ import annotations

from . import program

LIMBS = 20
BITS = 13
MASK = (1 << BITS) - 1
WRAP = 19 << LIMBS * BITS - 255  # 2^260 modulo p

_HEAD = '''"""Made by generate/: do not edit (generate/viper.py explains it). The field engine in viper."""
# mypy: ignore-errors
# ruff: noqa: F821

from ._data import COUNT, P


def new():
    """The field slots, all zero; then room for the columns of a product."""
    return bytearray({SLOT} * COUNT + {COLUMNS})


def put(slots, slot, value):
    """Sets a slot to 0 <= value < 2^255."""
    _unpack(slots, value.to_bytes(32, "little"), slot, 0)


def get(slots, slot):
    """A slot's value, from 0 to P - 1."""
    _pack(_number, slots, slot)
    return int.from_bytes(_number, "little") % P


_number = bytearray(33)


'''

# No loop around long code and no long branch: a Cortex-M0+ has none. Viper keeps a function's first two variables in
# registers, so they are what it needs most. Calls are dear: functions get the buffer and, before a carry takes its
# place, the operation's three numbers in one (c), which no call has to box.
_FUNCTIONS = '''@micropython.viper
def _multiply(a: ptr16, c: int):
    d = ptr16(int(a) + {D})
    b = ptr16(int(a) + {B})
    t = ptr16(int(a) + {TEMP})
    a = ptr16(int(a) + {A})
{MUL_BODY}
    a = t
{FOLD_BODY}


@micropython.viper
def _square(a: ptr16, c: int):
    d = ptr16(int(a) + {D})
    t = ptr16(int(a) + {TEMP})
    a = ptr16(int(a) + {A})
{SQR_BODY}
    a = t
{FOLD_BODY}


@micropython.viper
def _add(a: ptr16, c: int):
    d = ptr16(int(a) + {D})
    b = ptr16(int(a) + {B})
    a = ptr16(int(a) + {A})
{ADD_BODY}


@micropython.viper
def _subtract(a: ptr16, c: int):
    d = ptr16(int(a) + {D})
    b = ptr16(int(a) + {B})
    a = ptr16(int(a) + {A})
{SUB_BODY}


@micropython.viper
def _unpack(d: ptr16, p: ptr8, slot: int, at: int):
    d = ptr16(int(d) + {SLOT} * slot)
    p = ptr8(int(p) + at)
{UNPACK_BODY}


@micropython.viper
def _pack(out: ptr8, a: ptr16, slot: int):
    a = ptr16(int(a) + {SLOT} * slot)
    c = bits = at = 0
    for i in range({LIMBS}):
        c += a[i] << bits
        bits += {BITS}
        while bits >= 8:
            out[at] = c
            at += 1
            c >>= 8
            bits -= 8
    out[at] = c


@micropython.viper
def _copy(d: ptr16, a: ptr16, to: int, slot: int):
    d = ptr16(int(d) + {SLOT} * to)
    a = ptr16(int(a) + {SLOT} * slot)
    for i in range({FOUR}):
        d[i] = a[i]


@micropython.viper
def run(code: ptr32, slots, base, key):
    """Interprets a program from its first byte; base and key are tables of points."""
    at = back = times = start = 0
    # one by one: together they would be a tuple, and where the heap puts it takes a time of its own
    multiply = _multiply
    square = _square
    add = _add
    subtract = _subtract
    while True:
        x = code[at]
        at += 1
        operation = x & 255
        x >>= 8
        if operation == {MUL}:
            multiply(slots, x)
        elif operation == {ADD}:
            add(slots, x)
        elif operation == {SUB}:
            subtract(slots, x)
        elif operation == {SQR}:
            times_left = x >> 16
            while times_left:
                square(slots, x)
                x = (x & 255) * 257
                times_left -= 1
        elif operation == 0:
            if back == 0:
                return
            times -= 1
            if times:
                at = start
            else:
                at = back
                back = 0
        elif operation == {STORE}:
            _copy(slots, slots, x & 255, {N0})
        else:
            back = at
            start = {FIXED} + (x & 255)
            at = start
            times = 1
            number = (x >> 8) & 255
            if operation == {CALL}:
                times = number
            elif operation == {SLOT_OPERATION}:
                _copy(slots, slots, {N0}, number)
            else:
                table = base
                if operation == {KEY}:
                    table = key
                for i in range(3):
                    _unpack(slots, table, {N0} + i, 96 * number + 32 * i)
'''


def _indent(lines: list[str]) -> str:
    return "\n".join("    " + line for line in lines)


def fold() -> list[str]:
    """The limbs at a to d, with what is carried out of the highest (c, below 2^19) brought to the three lowest."""
    lines = [f"c = a[0] + {WRAP} * c", f"d[0] = c & {MASK}", f"c = (c >> {BITS}) + a[1]", f"d[1] = c & {MASK}"]
    return [*lines, f"d[2] = (c >> {BITS}) + a[2]", *(f"d[{i}] = a[{i}]" for i in range(3, LIMBS))]


def _columns(column: list[list[str]]) -> list[str]:
    """First what is above 2^260, to t's upper half; then what is below, with that times {WRAP}, to its lower half.

    A column's first line sets c to what is carried from the last, or to nothing.
    """
    lines = []
    for k in (*range(LIMBS, 2 * LIMBS - 1), *range(LIMBS)):
        first, *more = column[k]
        lines += [first.format(carry="0" if k in (0, LIMBS) else f"c >> {BITS}"), *more]
        if k < LIMBS:
            lines.append(f"c += {WRAP} * t[{k + LIMBS}]")
        lines.append(f"t[{k}] = c & {MASK}")
        if k == 2 * LIMBS - 2:
            lines.append(f"t[{k + 1}] = c >> {BITS}")
    return [*lines, f"c >>= {BITS}"]


def multiply() -> list[str]:
    pairs = [[(i, k - i) for i in range(LIMBS) if 0 <= k - i < LIMBS] for k in range(2 * LIMBS - 1)]
    return _columns([["c = {carry}", *(f"c = a[{i}] * b[{j}] + c" for i, j in column)] for column in pairs])


def square() -> list[str]:
    columns = []
    for k in range(2 * LIMBS - 1):
        lines = ["e = {carry}", "c = 0"]
        lines += [f"c = a[{i}] * a[{k - i}] + c" for i in range(LIMBS) if i < k - i < LIMBS]
        lines.append("c = (c << 1) + e")
        columns.append([*lines, *([f"c = a[{k // 2}] * a[{k // 2}] + c"] if k % 2 == 0 else [])])
    return _columns(columns)


def add(sign: str) -> list[str]:
    """64 p, in limbs that none can make negative, is added before a subtraction."""
    lines = []
    for i in range(LIMBS):
        more = "" if sign == "+" else f" + {2 * MASK + (2 - 2 * WRAP if i == 0 else 0)}"
        carry = f"(c >> {BITS}) + " if i else ""
        lines += [f"c = {carry}a[{i}]{more} {sign} b[{i}]", f"d[{i}] = c & {MASK}"]
    # what is carried out of the highest limb, at most 4
    lines.append(f"c = d[0] + {WRAP} * (c >> {BITS})")
    return [*lines, f"d[0] = c & {MASK}", f"d[1] = d[1] + (c >> {BITS})"]


def unpack() -> list[str]:
    lines = []
    for i in range(LIMBS):
        first, shift = divmod(BITS * i, 8)
        octets = [f"p[{first + j}]" + (f" << {8 * j}" if j else "") for j in range(3) if first + j < 32]
        octets = octets[: -(-(shift + BITS) // 8)]
        joined = f"({' | '.join(octets)})" + (f" >> {shift}" if shift else "")
        lines.append(f"d[{i}] = {joined} & {MASK}")
    return lines


def source() -> str:
    slot = 2 * LIMBS
    values = {
        "SLOT": slot, "COLUMNS": 2 * slot, "LIMBS": LIMBS, "BITS": BITS, "FIXED": program.FIXED // 4,
        "TEMP": slot * program.COUNT,
        "D": f"{slot} * (c & 255)", "A": f"{slot} * ((c >> 8) & 255)", "B": f"{slot} * (c >> 16)",
        "MUL": program.MUL, "SQR": program.SQR, "ADD": program.ADD, "SUB": program.SUB, "CALL": program.CALL,
        "STORE": program.STORE, "SLOT_OPERATION": program.SLOT, "KEY": program.KEY,
        "N0": program.SLOTS.index("N0"), "FOUR": 4 * LIMBS,
        "MUL_BODY": _indent(multiply()), "SQR_BODY": _indent(square()), "FOLD_BODY": _indent(fold()),
        "ADD_BODY": _indent(add("+")), "SUB_BODY": _indent(add("-")), "UNPACK_BODY": _indent(unpack()),
    }  # fmt: skip
    return _HEAD.format(**values) + _FUNCTIONS.format(**values)
