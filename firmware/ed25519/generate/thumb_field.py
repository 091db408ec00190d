"""_thumb.py: the field engine for Cortex-M0+: what interprets a program. thumb_arithmetic is what it calculates by."""

from __future__ import annotations

from . import program
from .thumb import PC, field_module, function
from .thumb_arithmetic import A_AT, B_AT, D_AT, TIMES_LEFT, add_or_subtract, multiply, square
from .thumb_product import ODD, Field

# The frame, in words, above thumb_arithmetic's
AT, SLOTS, BASE, KEY, BACK, START, TIMES, FIXED = 48, 49, 50, 51, 52, 53, 54, 55
FRAME = 57


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
