"""_umaal.py: the field engine for Cortex-M33, M4 and M7: 8 words of 32 bits, values below 2^256 modulo 2^255 - 19.

UMAAL multiplies two words and adds two more in one instruction. A product is two halves of eight rows, a row being
four words of one factor times one of the other; a window of four registers moves up by one word a row.
No branch and no address depends on a value.
"""

from __future__ import annotations

from . import program
from .thumb import LR, field_module, function
from .thumb2 import SP, TOP_BIT, Wide

# The frame, in words; before these is the product
SLOTS, BASE, KEY, BACK, START, TIMES, FIXED, LEFT, FRAME = range(16, 25)
# Registers: r0 to r3 are half of the first factor, five of these the window and a carry, then a word of the second,
# then what the operation's slots are at
WINDOW, B, A_AT, B_AT, D_AT, AT = (4, 5, 6, 7, 8), 9, 10, 11, 12, LR
COPIED = (3, 4, 5, 6, 7, 8, 9, 11)  # leaves what `call` needs
N0 = 32 * program.SLOTS.index("N0")
NAMES = ("end", "mul", "sqr", "add", "sub", "call", "base", "key", "slot", "keep")


def row(asm: Wide, window: list[int], carry: int, out: int) -> tuple[list[int], int]:
    """Adds r0 to r3 times word j; the lowest word is finished, its register the next carry."""
    for i, register in enumerate(window):
        asm.umaal(register, carry, i, B)
    asm.write(window[0], SP, 4 * out)
    return [*window[1:], carry], window[0]


def lower_half(asm: Wide) -> None:
    """r0 to r3 times the second factor, to twelve words of the frame."""
    window, carry = list(WINDOW[:4]), WINDOW[4]
    asm.many("read", A_AT, 0, 1, 2, 3, on=True)
    for register in window:
        asm.set(register, 0)
    for j in range(8):
        asm.read(B, B_AT, 4 * j)
        asm.set(carry, 0)
        window, carry = row(asm, window, carry, j)
    for i, register in enumerate(window):
        asm.write(register, SP, 32 + 4 * i)


def upper_half(asm: Wide) -> tuple[list[int], int]:
    """The other half, four words higher; its highest four words are in the registers that are returned."""
    window, carry = list(WINDOW[:4]), WINDOW[4]
    asm.many("read", A_AT, 0, 1, 2, 3)
    for i, register in enumerate(window):
        asm.read(register, SP, 16 + 4 * i)
    for j in range(8):
        asm.read(B, B_AT, 4 * j)
        if j < 4:
            asm.set(carry, 0)
        else:
            asm.read(carry, SP, 16 + 4 * j)
        window, carry = row(asm, window, carry, 4 + j)
    return window, carry


def multiply(asm: Wide) -> None:
    """Then adds 38 times the upper 256 bits to the lower."""
    lower_half(asm)
    top, carry = upper_half(asm)
    times = B_AT
    asm.set(times, 38)
    asm.set(carry, 0)
    asm.many("read", SP, 0, 1, 2, 3)
    for i in range(4):
        asm.read(B, SP, 32 + 4 * i)
        asm.umaal(i, carry, B, times)
    upper = [B, *top[:3]]
    for i in range(4):
        asm.read(upper[i], SP, 16 + 4 * i)
        asm.umaal(upper[i], carry, top[i], times)
    wrap(asm, [0, 1, 2, 3, *upper], carry, A_AT)
    asm.many("write", D_AT, 0, 1, 2, 3)
    for i, register in enumerate(upper):
        asm.write(register, D_AT, 16 + 4 * i)


def ripple(asm: Wide, name: str, words: list[int], first: int) -> None:
    """Adds or subtracts a word, and what is carried."""
    asm.calculate(f"{name}s", words[0], words[0], first)
    for register in words[1:]:
        asm.constant({"add": "adcs", "sub": "sbcs"}[name], register, register, 0)


def wrap(asm: Wide, words: list[int], carry: int, spare: int) -> None:
    """Brings what is above 2^255 down."""
    asm.calculate("adds", spare, words[7], words[7])
    asm.calculate("adc", carry, carry, carry)
    asm.constant("bic", words[7], words[7], TOP_BIT)
    asm.set(spare, 19)
    asm.mul(carry, carry, spare)
    ripple(asm, "add", words, carry)


def wrap_difference(asm: Wide, words: list[int], borrow: int, spare: int) -> None:
    """The same where borrow is 0 or -1; P is added, so that nothing negative comes out."""
    asm.lsr(spare, words[7], 31)
    asm.calculate("add", borrow, spare, borrow, 1)
    asm.constant("rsb", borrow, borrow, 1)
    asm.constant("orr", words[7], words[7], TOP_BIT)
    asm.set(spare, 19)
    asm.mul(borrow, borrow, spare)
    ripple(asm, "sub", words, borrow)


def add_or_subtract(asm: Wide, name: str) -> None:
    carried = {"add": "adcs", "sub": "sbcs"}[name]
    words, carry = list(range(8)), 8
    asm.many("read", A_AT, *words)
    for first in (0, 3, 6):
        others = (8, 9, 10)[: 8 - first]
        asm.many("read", B_AT, *others, on=True)
        for i, other in enumerate(others, first):
            asm.calculate(carried if i else f"{name}s", i, i, other)
    if name == "add":
        asm.set(carry, 0)
        asm.calculate("adc", carry, carry, carry)
        wrap(asm, words, carry, 9)
    else:
        asm.calculate("sbc", carry, carry, carry)
        wrap_difference(asm, words, carry, 9)
    asm.many("write", D_AT, *words)


def enter(asm: Wide) -> None:
    asm.save()
    asm.grow(FRAME)
    asm.mov(AT, 0)
    for register, place in ((1, SLOTS), (2, BASE), (3, KEY)):
        asm.store(register, place)
    asm.add_large(4, 0, program.FIXED)
    asm.store(4, FIXED)
    asm.op("movs", 4, 0)
    asm.store(4, BACK)


def dispatch(asm: Wide) -> None:
    """The next operation; d, a and b are numbers in r1 to r3, and pointers."""
    asm.label("next")
    asm.read_on(0, AT)
    asm.field(1, 0, 8)
    asm.field(2, 0, 16)
    asm.lsr(3, 0, 24)
    asm.read(B, SP, 4 * SLOTS)
    for number, pointer in ((1, D_AT), (2, A_AT), (3, B_AT)):
        asm.calculate("add", pointer, B, number, 5)
    asm.op("uxtb", 0, 0)
    asm.table(0, *NAMES)


def end(asm: Wide) -> None:
    asm.label("end")
    asm.load(0, BACK)
    asm.op("cmp_i", 0, 0)
    asm.jump("exit", "eq")
    asm.load(1, TIMES)
    asm.op("subs_i", 1, 1)
    asm.store(1, TIMES)
    asm.jump("again", "ne")
    asm.mov(AT, 0)
    asm.store(1, BACK)
    asm.jump("next")
    asm.label("again")
    asm.load(0, START)
    asm.mov(AT, 0)
    asm.jump("next")
    asm.label("exit")
    asm.grow(-FRAME)
    asm.restore()
    asm.op("movs", 0, 0)
    asm.jump("over")


def copy(asm: Wide, words: int) -> None:
    """From where A_AT points to where D_AT does."""
    for _ in range(words // 8):
        asm.many("read", A_AT, *COPIED, on=True)
        asm.many("write", D_AT, *COPIED, on=True)


def call(asm: Wide) -> None:
    """What is to be added is fetched first; SLOT, KEY and BASE call once."""
    asm.label("keep")
    asm.add_large(A_AT, B, N0)
    copy(asm, 32)
    asm.jump("next")
    asm.label("slot")
    asm.add_large(D_AT, B, N0)
    copy(asm, 32)
    asm.jump("once")
    for name, place in (("key", KEY), ("base", BASE)):
        asm.label(name)
        asm.load(0, place)
        asm.jump("entry")
    asm.label("entry")
    asm.op("movs", 3, 96)
    asm.op("muls", 3, 2)
    asm.calculate("add", A_AT, 0, 3)
    asm.add_large(D_AT, B, N0)
    copy(asm, 24)
    asm.label("once")
    asm.op("movs", 2, 1)
    asm.label("call")
    asm.store(2, TIMES)
    asm.mov(0, AT)
    asm.store(0, BACK)
    asm.load(0, FIXED)
    asm.calculate("add", AT, 0, 1, 2)
    asm.mov(0, AT)
    asm.store(0, START)
    asm.jump("next")


def square(asm: Wide) -> None:
    """As often as b says."""
    asm.label("sqr")
    asm.store(3, LEFT)
    asm.label("square")
    asm.mov(B_AT, A_AT)
    multiply(asm)
    asm.mov(A_AT, D_AT)
    asm.load(0, LEFT)
    asm.op("subs_i", 0, 1)
    asm.store(0, LEFT)
    asm.jump("squared", "eq")
    asm.jump("square")
    asm.label("squared")
    asm.jump("next")


def engine() -> Wide:
    asm = Wide()
    enter(asm)
    dispatch(asm)
    end(asm)
    call(asm)
    for name in ("add", "sub"):
        asm.label(name)
        add_or_subtract(asm, name)
        asm.jump("next")
    asm.label("mul")
    multiply(asm)
    asm.jump("next")
    square(asm)
    asm.label("over")
    asm.finish()
    return asm


def source() -> str:
    doc = "Interprets a program (r0) over slots (r1) from its first byte; r2 and r3 are tables of points."
    return field_module("umaal", "The field engine for Cortex-M33.") + function("run", 4, doc, engine().words)
