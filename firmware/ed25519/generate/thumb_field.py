"""_thumb.py: the field engine for Cortex-M0+, 8 words of 32 bits, values below 2^256 modulo 2^255 - 19.

A product of 256 bits is three of 128 (Karatsuba), see thumb_product. No branch and no address depends on a value.
"""

from __future__ import annotations

from . import program
from .thumb import PC, field_module, function
from .thumb_product import HALVES, ODD, Q_AT, Field, product_128, square_128

# The frame, in words
LOW, HIGH, MIDDLE, DA, DB = 0, 8, 16, 32, 36
SIGN, A_AT, B_AT, D_AT, TIMES_LEFT, CARRY = 42, 43, 44, 45, 46, 47
AT, SLOTS, BASE, KEY, BACK, START, TIMES, FIXED, TOP = 48, 49, 50, 51, 52, 53, 54, 55, 56
FRAME = 57

_EIGHT = range(8)


def difference(asm: Field, pointer: int, to: int) -> None:
    """The absolute difference of the two halves of what a pointer in the frame points to; r4: 0, or -1 if negative."""
    asm.load(7, pointer)
    asm.ldm(7, 0, 1, 2, 3)
    asm.ldm(7, 4, 5, 6, 7)
    asm.op("subs", 0, 0, 4)
    for i in (1, 2, 3):
        asm.op("sbcs", i, i + 4)
    asm.op("sbcs", 4, 4)
    for i in range(4):
        asm.op("eors", i, 4)
    asm.op("subs", 0, 0, 4)
    for i in (1, 2, 3):
        asm.op("sbcs", i, 4)
    asm.frame(7, to)
    asm.stm(7, 0, 1, 2, 3)


def load_p(asm: Field, pointer: int, offset: int) -> None:
    asm.load(7, pointer)
    if offset:
        asm.op("adds_i", 7, offset)
    asm.ldm(7, 0, 1, 2, 3)
    asm.split()


def load_difference(asm: Field) -> None:
    asm.frame(7, DA)
    asm.ldm(7, 0, 1, 2, 3)
    asm.split()


def four(asm: Field, operation: str, to: int, what: int, carry: bool) -> None:
    """Four words: registers from `to` on += or -= those from `what` on."""
    for i in range(4):
        if i or carry:
            asm.op({"adds": "adcs", "subs": "sbcs"}[operation], to + i, what + i)
        else:
            asm.op(operation, to, to, what)


def store_four(asm: Field, first: int, place: int) -> None:
    for i in range(4):
        asm.store(first + i, place + i)


def combine(asm: Field, signed: bool) -> None:
    """LOW + 2^128 (LOW + HIGH - MIDDLE) + 2^256 HIGH, in place; with MIDDLE's sign from SIGN if it has one."""
    asm.frame(7, LOW + 4)
    asm.ldm(7, 0, 1, 2, 3)
    asm.ldm(7, 4, 5, 6, 7)
    four(asm, "adds", 0, 4, False)  # in both middle parts: LOW's upper half + HIGH's lower
    asm.op("movs", 4, 0)
    asm.op("adcs", 4, 4)
    asm.store(4, CARRY)
    asm.frame(7, LOW)
    asm.ldm(7, 4, 5, 6, 7)
    four(asm, "adds", 4, 0, False)
    store_four(asm, 4, LOW + 4)
    asm.frame(7, HIGH + 4)
    asm.ldm(7, 4, 5, 6, 7)
    four(asm, "adds", 0, 4, True)
    store_four(asm, 0, HIGH)
    asm.op("movs", 2, 0)
    asm.op("adcs", 2, 2)
    asm.load(1, CARRY)
    asm.op("adds", 2, 2, 1)  # to be added four words on
    if signed:
        asm.load(0, SIGN)
        asm.op("lsrs", 1, 0, 1)
    for i in _EIGHT:
        asm.load(1, MIDDLE + i)
        asm.load(3, LOW + 4 + i)
        if signed:
            asm.op("eors", 1, 0)
            asm.op("adcs", 3, 1)
        else:
            asm.op("sbcs", 3, 1) if i else asm.op("subs", 3, 3, 1)
        asm.store(3, LOW + 4 + i)
    if signed:
        asm.op("movs", 1, 0)
        asm.op("adcs", 1, 1)
        asm.op("adds", 1, 1, 0)
    else:
        asm.op("sbcs", 1, 1)
    asm.op("adds", 1, 1, 2)
    # 0 or more, but for a moment -1
    asm.op("asrs", 2, 1, 31)
    asm.op("adds", 4, 4, 1)
    for i in (5, 6, 7):
        asm.op("adcs", i, 2)
    store_four(asm, 4, HIGH + 4)


def fold(asm: Field) -> None:
    """LOW + 38 HIGH, to where D_AT points; CARRY is still to be added to HIGH."""
    times, more = 7, 6
    asm.load(more, CARRY)
    asm.op("movs", times, 38)
    asm.op("muls", more, times)
    for group in range(2):
        asm.frame(times, HIGH + 4 * group)
        asm.ldm(times, 0, 1, 2, 3)
        asm.op("movs", times, 38)
        for i in range(4):
            asm.op("uxth", 4, i)
            asm.op("muls", 4, times)
            asm.op("lsrs", i, i, 16)
            asm.op("muls", i, times)
            asm.op("adds", 4, 4, more)
            asm.op("lsls", 5, i, 16)
            asm.op("lsrs", more, i, 16)
            asm.op("adds", i, 4, 5)
            asm.op("movs", 5, 0)
            asm.op("adcs", more, 5)
        for i in (0, 2):
            asm.frame(7, LOW + 4 * group + i)
            asm.ldm(7, 4, 5)
            asm.op("adcs", i, 4) if i else asm.op("adds", i, i, 4)
            asm.op("adcs", i + 1, 5)
        asm.op("movs", 4, 0)
        asm.op("adcs", more, 4)
        if group == 0:
            keep_low_words(asm)
    wrap(asm, "adds")


def keep_low_words(asm: Field) -> None:
    for i in range(4):
        asm.mov(HALVES[i], i)


def wrap(asm: Field, operation: str) -> None:
    """r6 * 2^256 + what is in r8 to r11 and r0 to r3, below 2^255 + 2^12, to where D_AT points.

    For "subs" r6 is 0 or -1, and P is added, so that nothing negative comes out.
    """
    asm.op("lsls", 6, 6, 1)
    asm.op("lsrs", 4, 3, 31)
    asm.op("lsls", 3, 3, 1)
    asm.op("lsrs", 3, 3, 1)
    if operation == "adds":
        asm.op("adds", 6, 6, 4)
    else:
        asm.op("adds", 4, 4, 6)
        asm.op("movs", 6, 1)
        asm.op("lsls", 5, 6, 31)
        asm.op("orrs", 3, 5)
        asm.op("subs", 6, 6, 4)
    asm.op("movs", 7, 19)
    asm.op("muls", 6, 7)
    carried = {"adds": "adcs", "subs": "sbcs"}[operation]
    asm.load(7, D_AT)
    asm.mov(4, 8)
    asm.mov(5, 9)
    asm.op(operation, 4, 4, 6)
    asm.op("movs", 6, 0)
    asm.op(carried, 5, 6)
    asm.stm(7, 4, 5)
    asm.mov(4, 10)
    asm.mov(5, 11)
    asm.op(carried, 4, 6)
    asm.op(carried, 5, 6)
    asm.stm(7, 4, 5)
    for i in range(4):
        asm.op(carried, i, 6)
    asm.stm(7, 0, 1, 2, 3)


def multiply(asm: Field) -> None:
    difference(asm, A_AT, DA)
    asm.store(4, SIGN)
    difference(asm, B_AT, DB)
    asm.load(5, SIGN)
    asm.op("eors", 4, 5)
    asm.op("mvns", 4, 4)  # -1: subtract the product of the differences
    asm.store(4, SIGN)
    for part, out in enumerate((LOW, HIGH)):
        load_p(asm, A_AT, 16 * part)
        asm.load(Q_AT, B_AT)
        product_128(asm, 16 * part, out)
    load_difference(asm)
    asm.frame(Q_AT, DB)
    product_128(asm, 0, MIDDLE)
    combine(asm, True)
    fold(asm)


def square(asm: Field) -> None:
    difference(asm, A_AT, DA)
    for part, out in enumerate((LOW, HIGH)):
        load_p(asm, A_AT, 16 * part)
        square_128(asm, out)
    load_difference(asm)
    square_128(asm, MIDDLE)
    combine(asm, False)
    fold(asm)


def add_or_subtract(asm: Field, operation: str) -> None:
    asm.load(6, A_AT)
    asm.load(7, B_AT)
    for group in range(2):
        asm.ldm(6, 0, 1, 2, 3)
        for i in (0, 2):
            asm.ldm(7, 4, 5)
            four_or_two = {"adds": "adcs", "subs": "sbcs"}[operation]
            asm.op(four_or_two, i, 4) if i or group else asm.op(operation, i, i, 4)
            asm.op(four_or_two, i + 1, 5)
        if group == 0:
            keep_low_words(asm)
    if operation == "adds":
        asm.op("movs", 6, 0)
        asm.op("adcs", 6, 6)
    else:
        asm.op("sbcs", 6, 6)
    wrap(asm, operation)


def copy(asm: Field, words: int) -> None:
    """From where r0 points to where r1 does."""
    for _ in range(words // 4):
        asm.ldm(0, 2, 3, 4, 5)
        asm.stm(1, 2, 3, 4, 5)


def enter(asm: Field) -> None:
    for i in range(4):
        asm.mov(4 + i, 8 + i)
    asm.push(4, 5, 6, 7)
    asm.grow(FRAME)
    for register, place in enumerate((AT, SLOTS, BASE, KEY)):
        asm.store(register, place)
    asm.op("movs", 4, program.FIXED >> 7)
    asm.op("lsls", 4, 4, 7)
    asm.op("adds", 4, 4, 0)
    asm.store(4, FIXED)
    asm.op("movs", 4, 0)
    asm.store(4, BACK)
    asm.store(4, ODD)


def dispatch(asm: Field) -> None:
    """The next operation; the bodies find d, a and b as pointers in the frame, a and b as numbers in r2 and r3."""
    asm.label("next")
    asm.load(7, AT)
    for i in range(4):
        asm.at("ldrb", i, 7, i)
    asm.op("adds_i", 7, 4)
    asm.store(7, AT)
    asm.load(4, SLOTS)
    for i, place in ((1, D_AT), (2, A_AT), (3, B_AT)):
        asm.op("lsls", 5, i, 5)
        asm.op("adds", 5, 5, 4)
        asm.store(5, place)
    asm.op("lsls", 0, 0, 1)
    origin = len(asm.words)
    asm.mov(4, PC)
    asm.op("adds_i", 4, 4)
    asm.op("ldrh_r", 0, 4, 0)
    asm.add(PC, 0)
    for name in ("end", "mul", "sqr", "add", "sub", "call", "base", "key", "slot", "keep"):
        asm.offset(origin + 5, name)


def control(asm: Field) -> None:
    """The operations that calculate nothing."""
    asm.label("end")
    asm.load(0, BACK)
    asm.op("cmp_i", 0, 0)
    asm.jump("back", "ne")
    asm.jump("exit", "far")
    asm.label("back")
    asm.load(1, TIMES)
    asm.op("subs_i", 1, 1)
    asm.store(1, TIMES)
    asm.jump("again", "ne")
    asm.store(0, AT)
    asm.store(1, BACK)
    asm.jump("next")
    asm.label("again")
    asm.load(0, START)
    asm.store(0, AT)
    asm.jump("next")

    asm.label("keep")
    n0(asm, 0)
    asm.load(1, D_AT)
    copy(asm, 32)
    asm.jump("next")

    asm.label("slot")
    asm.load(0, A_AT)
    n0(asm, 1)
    copy(asm, 32)
    asm.jump("once")
    for name, place in (("key", KEY), ("base", BASE)):
        asm.label(name)
        asm.load(0, place)
        asm.op("movs", 1, 96)
        asm.op("muls", 1, 2)
        asm.op("adds", 0, 0, 1)
        asm.jump("entry")
    asm.label("entry")
    n0(asm, 1)
    copy(asm, 24)
    asm.label("once")
    asm.op("movs", 2, 1)
    asm.label("call")
    asm.store(2, TIMES)
    asm.load(7, AT)
    asm.store(7, BACK)
    asm.op("subs_i", 7, 4)
    asm.at("ldrb", 0, 7, 1)
    asm.op("lsls", 0, 0, 2)
    asm.load(1, FIXED)
    asm.op("adds", 0, 0, 1)
    asm.store(0, START)
    asm.store(0, AT)
    asm.jump("next")


def n0(asm: Field, d: int) -> None:
    """The address of what is to be added."""
    asm.op("movs", d, program.SLOTS.index("N0"))
    asm.op("lsls", d, d, 5)
    asm.load(6, SLOTS)
    asm.op("adds", d, d, 6)


def engine() -> Field:
    asm = Field()
    enter(asm)
    dispatch(asm)
    control(asm)
    for name, operation in (("add", "adds"), ("sub", "subs")):
        asm.label(name)
        add_or_subtract(asm, operation)
        asm.jump("next")
    asm.label("mul")
    multiply(asm)
    asm.jump("next", "far")
    asm.label("sqr")
    asm.store(3, TIMES_LEFT)
    asm.label("square")
    square(asm)
    asm.load(0, D_AT)
    asm.store(0, A_AT)
    asm.load(0, TIMES_LEFT)
    asm.op("subs_i", 0, 1)
    asm.store(0, TIMES_LEFT)
    asm.jump("squared", "eq")
    asm.jump("square", "far")
    asm.label("squared")
    asm.jump("next", "far")
    asm.label("exit")
    asm.grow(-FRAME)
    asm.pop(4, 5, 6, 7)
    for i in range(4):
        asm.mov(8 + i, 4 + i)
    asm.op("movs", 0, 0)
    asm.finish()
    return asm


def source() -> str:
    doc = "Interprets a program (r0) over slots (r1) from its first byte; r2 and r3 are tables of points."
    return field_module("thumb_field", "The field engine for Cortex-M0+.") + function("run", 4, doc, engine().words)
