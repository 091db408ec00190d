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
# ruff: noqa: E501, F821

from ._data import COUNT, P


def new():
    """The field slots, all zero; then room for the columns of a product."""
    return bytearray({SLOT} * COUNT + {COLUMNS})


def put(slots, slot, value):
    """Sets a slot to 0 <= value < 2^255."""
    for at in range({SLOT} * slot, {SLOT} * slot + {SLOT}, 2):
        limb = value & {MASK}
        slots[at], slots[at + 1] = limb & 255, limb >> 8
        value >>= {BITS}


def get(slots, slot):
    """A slot's value, from 0 to P - 1."""
    value = 0
    for at in range({SLOT} * slot + {SLOT} - 2, {SLOT} * slot - 2, -2):
        value = (value << {BITS}) + (slots[at] | slots[at + 1] << 8)
    return value % P


'''

# No loop around long code and no long branch: a Cortex-M0+ has none. Viper keeps a function's first three variables in
# registers, so they are what it reads and writes most.
_FUNCTIONS = '''@micropython.viper
def _multiply(a: ptr16, b: ptr16, t: ptr16):
{MUL_BODY}


@micropython.viper
def _square(a: ptr16, t: ptr16):
{SQR_BODY}


@micropython.viper
def _fold(d: ptr16, t: ptr16):
{FOLD_BODY}


@micropython.viper
def _add(d: ptr16, a: ptr16, b: ptr16):
{ADD_BODY}


@micropython.viper
def _subtract(d: ptr16, a: ptr16, b: ptr16):
{SUB_BODY}


@micropython.viper
def _unpack(d: ptr16, p: ptr8):
{UNPACK_BODY}


@micropython.viper
def _copy(d: ptr16, a: ptr16):
    for i in range({FOUR}):
        d[i] = a[i]


@micropython.viper
def run(code: ptr8, slots: ptr8, base: ptr8, key: ptr8):
    """Interprets a program from its first byte; base and key are tables of points."""
    at = back = times = start = 0
    t = int(slots) + {TEMP}
    addend = int(slots) + {N0}
    while True:
        operation = code[at]
        d = int(slots) + {SLOT} * code[at + 1]
        number = code[at + 2]
        a = int(slots) + {SLOT} * number
        b = code[at + 3]
        at += 4
        if operation == {MUL}:
            _multiply(a, int(slots) + {SLOT} * b, t)
            _fold(d, t)
        elif operation == {SQR}:
            while b:
                _square(a, t)
                _fold(d, t)
                a = d
                b -= 1
        elif operation == {ADD}:
            _add(d, a, int(slots) + {SLOT} * b)
        elif operation == {SUB}:
            _subtract(d, a, int(slots) + {SLOT} * b)
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
            _copy(d, addend)
        else:
            back = at
            start = {FIXED} + 4 * code[at - 3]
            at = start
            times = 1
            if operation == {CALL}:
                times = number
            elif operation == {SLOT_OPERATION}:
                _copy(addend, a)
            else:
                a = int(base) + 96 * number
                if operation == {KEY}:
                    a = int(key) + 96 * number
                for i in range(3):
                    _unpack(addend + {SLOT} * i, a + 32 * i)
'''


def _indent(lines: list[str]) -> str:
    return "\n".join("    " + line for line in lines)


def fold() -> list[str]:
    """The 40 columns in t, each below 2^13, to the 20 limbs of d."""
    lines = []
    for i in range(LIMBS):
        lines.append(f"c {'' if i == 0 else '+'}= t[{i}] + {WRAP} * t[{i + LIMBS}]")
        lines += [f"d[{i}] = c & {MASK}", f"c >>= {BITS}"]
    return lines + _wrap()


def _wrap() -> list[str]:
    """What is carried out of the highest limb goes to the two lowest."""
    return [f"c = d[0] + {WRAP} * c", f"d[0] = c & {MASK}", f"d[1] = d[1] + (c >> {BITS})"]


def _columns(column: list[str]) -> list[str]:
    lines = ["c = 0"]
    for k, products in enumerate(column):
        lines += [f"c += {products}", f"t[{k}] = c & {MASK}", f"c >>= {BITS}"]
    return [*lines, f"t[{2 * LIMBS - 1}] = c"]


def multiply() -> list[str]:
    pairs = [[(i, k - i) for i in range(LIMBS) if 0 <= k - i < LIMBS] for k in range(2 * LIMBS - 1)]
    return _columns([" + ".join(f"a[{i}] * b[{j}]" for i, j in column) for column in pairs])


def square() -> list[str]:
    columns = []
    for k in range(2 * LIMBS - 1):
        twice = " + ".join(f"a[{i}] * a[{k - i}]" for i in range(LIMBS) if i < k - i < LIMBS)
        once = [f"a[{k // 2}] * a[{k // 2}]"] if k % 2 == 0 else []
        columns.append(" + ".join(([f"(({twice}) << 1)"] if twice else []) + once))
    return _columns(columns)


def add(sign: str) -> list[str]:
    """64 p, in limbs that none can make negative, is added before a subtraction."""
    lines = ["c = 0"]
    for i in range(LIMBS):
        more = "" if sign == "+" else f" + {2 * MASK + (2 - 2 * WRAP if i == 0 else 0)}"
        lines += [f"c += a[{i}] {sign} b[{i}]{more}", f"d[{i}] = c & {MASK}", f"c >>= {BITS}"]
    return lines + _wrap()


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
        "SLOT": slot, "COLUMNS": 2 * slot, "MASK": MASK, "BITS": BITS, "FIXED": program.FIXED,
        "TEMP": slot * program.COUNT,
        "MUL": program.MUL, "SQR": program.SQR, "ADD": program.ADD, "SUB": program.SUB, "CALL": program.CALL,
        "STORE": program.STORE, "SLOT_OPERATION": program.SLOT, "KEY": program.KEY,
        "N0": slot * program.SLOTS.index("N0"), "FOUR": 4 * LIMBS,
        "MUL_BODY": _indent(multiply()), "SQR_BODY": _indent(square()), "FOLD_BODY": _indent(fold()),
        "ADD_BODY": _indent(add("+")), "SUB_BODY": _indent(add("-")), "UNPACK_BODY": _indent(unpack()),
    }  # fmt: skip
    return _HEAD.format(**values) + _FUNCTIONS.format(**values)
