"""Products, squares, sums and differences modulo 2^255 - 19 on a Cortex-M0+: 8 words of 32 bits, below 2^256.

A product of 256 bits is three of 128 (Karatsuba), see thumb_product. No branch and no address depends on a value.
"""

from __future__ import annotations

from .thumb_product import HALVES, Q_AT, Field, product_128, square_128

# The frame, in words; thumb_product has its own between these, and the engine's are above
LOW, HIGH, MIDDLE, DA, DB = 0, 8, 16, 32, 36
SIGN, A_AT, B_AT, D_AT, TIMES_LEFT, CARRY = 42, 43, 44, 45, 46, 47

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
