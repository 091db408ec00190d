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
# ruff: noqa: B007, E501, F821

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

# The arguments are named after what they are used for next: viper keeps the first three variables in registers
_RUN = '''@micropython.viper
def run(a: ptr16, b: ptr16, d: ptr16, key: ptr8):
    """Interprets a program (a) over slots (b) from its first byte; d (base) and key are tables of points."""
    code = ptr8(a)
    slots = int(b)
    base = ptr8(d)
    t = ptr16(slots + {TEMP})
    at = back = times = start = c = 0
    while True:
        operation = code[at]
        d = ptr16(slots + {SLOT} * code[at + 1])
        a = ptr16(slots + {SLOT} * code[at + 2])
        times_or_b = code[at + 3]
        b = ptr16(slots + {SLOT} * times_or_b)
        at += 4
        if operation == {MUL}:
{MUL_BODY}
        elif operation == {SQR}:
            while times_or_b:
{SQR_BODY}
                a = d
                times_or_b -= 1
        elif operation == {ADD}:
{ADD_BODY}
        elif operation == {SUB}:
{SUB_BODY}
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
            a = ptr16(slots + {N0})
            for c in range({FOUR}):
                d[c] = a[c]
        else:
            start = {FIXED} + 4 * code[at - 3]
            back = at
            at = start
            times = 1
            if operation == {CALL}:
                times = code[back - 2]
            elif operation == {SLOT_OPERATION}:
                d = ptr16(slots + {N0})
                for c in range({FOUR}):
                    d[c] = a[c]
            else:
                p = ptr8(int(base) + 96 * code[back - 2])
                if operation == {KEY}:
                    p = ptr8(int(key) + 96 * code[back - 2])
                d = ptr16(slots + {N0})
                for c in range(3):
{UNPACK_BODY}
                    p = ptr8(int(p) + 32)
                    d = ptr16(int(d) + {SLOT})
'''


def _indent(lines: list[str], depth: int) -> str:
    return "\n".join(" " * 4 * depth + line for line in lines)


def _fold() -> list[str]:
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
    return [*lines, f"t[{2 * LIMBS - 1}] = c", *_fold()]


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
        "SLOT": slot, "COLUMNS": 2 * slot, "MASK": MASK, "BITS": BITS, "FIXED": 1024, "TEMP": slot * program.COUNT,
        "MUL": program.MUL, "SQR": program.SQR, "ADD": program.ADD, "SUB": program.SUB, "CALL": program.CALL,
        "STORE": program.STORE, "SLOT_OPERATION": program.SLOT, "KEY": program.KEY,
        "N0": slot * program.SLOTS.index("N0"), "FOUR": 4 * LIMBS,
        "MUL_BODY": _indent(multiply(), 3), "SQR_BODY": _indent(square(), 4), "ADD_BODY": _indent(add("+"), 3),
        "SUB_BODY": _indent(add("-"), 3), "UNPACK_BODY": _indent(unpack(), 5),
    }  # fmt: skip
    return _HEAD.format(**values) + _RUN.format(**values)
