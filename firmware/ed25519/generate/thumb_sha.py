"""_sha_thumb.py: one block of SHA-512 for Cortex-M0+.

The schedule lies in memory backwards, and above it the eight words of state. A round takes the schedule's last word
and puts the new `a` in its place, and `d` becomes `e` where it is: so a step of one word down renames all eight.
No branch and no address depends on what is hashed.
"""

from __future__ import annotations

from .thumb import Assembler, function, module

_ROUNDS, _END, _STATE = 8, 9, 10  # high registers: the next constant, the lowest address of the buffer, the state
_SCHEDULE = 640  # bytes; the state above it
_BASE = 7
Rotations = tuple[int, int, int]


def _shifted(asm: Assembler, to: int, what: int, name: str, bits: int, first: bool) -> None:
    asm.op(name, to if first else 6, what, bits)
    if not first:
        asm.op("eors", to, 6)


def sigma(asm: Assembler, amounts: Rotations, shift: bool) -> None:
    """r4, r5: three rotations (or two and a shift) of r0, r1 to the right, low word first, combined; r6 is lost."""
    for to, low, high in ((4, 0, 1), (5, 1, 0)):
        for i, amount in enumerate(amounts):
            near, far = (low, high) if amount < 32 else (high, low)
            _shifted(asm, to, near, "lsrs", amount % 32, i == 0)
            if not (shift and i == 2 and to == 5):
                _shifted(asm, to, far, "lsls", 32 - amount % 32, False)


def load(asm: Assembler, low: int, offset: int) -> None:
    asm.at("ldr", low, _BASE, offset)
    asm.at("ldr", low + 1, _BASE, offset + 4)


def add(asm: Assembler) -> None:
    """r2, r3 += r4, r5."""
    asm.op("adds", 2, 2, 4)
    asm.op("adcs", 3, 5)


def add_loaded(asm: Assembler, offset: int) -> None:
    load(asm, 4, offset)
    add(asm)


def step_down(asm: Assembler) -> None:
    """The sum becomes the next word down."""
    asm.op("subs_i", _BASE, 8)
    asm.at("str", 2, _BASE, 0)
    asm.at("str", 3, _BASE, 4)


def take_block(asm: Assembler) -> None:
    """The 16 words of the block (r1) down from r7, most significant byte first there."""
    asm.op("movs", 2, 16)
    asm.label("block")
    asm.ldm(1, 4, 5)
    asm.op("rev", 4, 4)
    asm.op("rev", 5, 5)
    asm.op("subs_i", _BASE, 8)
    asm.at("str", 5, _BASE, 0)
    asm.at("str", 4, _BASE, 4)
    asm.op("subs_i", 2, 1)
    asm.jump("block", "ne")


def expand(asm: Assembler) -> None:
    asm.label("expand")
    load(asm, 2, 120)
    load(asm, 0, 112)
    sigma(asm, (1, 8, 7), True)
    add(asm)
    add_loaded(asm, 48)
    load(asm, 0, 8)
    sigma(asm, (19, 61, 6), True)
    add(asm)
    step_down(asm)
    asm.compare(_BASE, _END)
    asm.jump("expand", "ne")


def choose(asm: Assembler) -> None:
    """r4, r5: bits of f where r0, r1 (e) have ones, else of g."""
    for i in range(2):
        asm.at("ldr", 4 + i, _BASE, 40 + 4 * i)
        asm.at("ldr", 6, _BASE, 48 + 4 * i)
        asm.op("eors", 4 + i, 6)
        asm.op("ands", 4 + i, i)
        asm.op("eors", 4 + i, 6)


def majority(asm: Assembler) -> None:
    """r4, r5: of r0, r1 (a), b and c; r0 is lost."""
    for i, spare in enumerate((5, 0)):
        asm.at("ldr", 4 + i, _BASE, 8 + 4 * i)
        asm.at("ldr", 6, _BASE, 16 + 4 * i)
        asm.mov(spare, 4 + i)
        asm.op("ands", spare, 6)
        asm.op("eors", 4 + i, 6)
        asm.op("ands", 4 + i, i)
        asm.op("eors", 4 + i, spare)


def rounds(asm: Assembler) -> None:
    asm.label("round")
    asm.mov(6, _ROUNDS)
    asm.ldm(6, 2, 3)
    asm.mov(_ROUNDS, 6)
    asm.op("subs_i", _BASE, 8)
    add_loaded(asm, 0)
    asm.op("adds_i", _BASE, 8)
    add_loaded(asm, 56)
    load(asm, 0, 32)
    sigma(asm, (14, 18, 41), False)
    add(asm)
    choose(asm)
    add(asm)
    load(asm, 4, 24)
    asm.op("adds", 4, 4, 2)
    asm.op("adcs", 5, 3)
    asm.at("str", 4, _BASE, 24)
    asm.at("str", 5, _BASE, 28)
    load(asm, 0, 0)
    sigma(asm, (28, 34, 39), False)
    add(asm)
    majority(asm)
    add(asm)
    step_down(asm)
    asm.compare(_BASE, _END)
    asm.jump("again", "ne")
    asm.jump("rounds done")
    asm.label("again")
    asm.jump("round")
    asm.label("rounds done")


def copy_state(asm: Assembler, d: int, m: int) -> None:
    for _ in range(4):
        asm.ldm(m, 2, 4, 5, 6)
        asm.stm(d, 2, 4, 5, 6)


def add_to_state(asm: Assembler) -> None:
    asm.mov(6, _STATE)
    asm.op("movs", 1, 8)
    asm.label("sum")
    asm.at("ldr", 2, 6, 0)
    asm.at("ldr", 3, 6, 4)
    asm.ldm(_BASE, 4, 5)
    add(asm)
    asm.stm(6, 2, 3)
    asm.op("subs_i", 1, 1)
    asm.jump("sum", "ne")


def to_top(asm: Assembler, d: int) -> None:
    """The address of the state above the schedule."""
    asm.op("movs", d, _SCHEDULE // 4)
    asm.op("lsls", d, d, 2)
    asm.add(d, _END)


def block() -> Assembler:
    asm = Assembler()
    for i in range(3):
        asm.mov(4 + i, 8 + i)
    asm.push(4, 5, 6)
    asm.mov(_STATE, 0)
    asm.mov(_ROUNDS, 2)
    asm.mov(_END, 3)
    to_top(asm, 3)
    copy_state(asm, 3, 0)
    to_top(asm, _BASE)
    take_block(asm)
    expand(asm)
    to_top(asm, _BASE)
    rounds(asm)
    add_to_state(asm)
    asm.pop(4, 5, 6)
    for i in range(3):
        asm.mov(8 + i, 4 + i)
    asm.op("movs", 0, 0)
    asm.finish()
    return asm


def source() -> str:
    doc = "Folds a block of 128 bytes (r1) into the state (r0), eight little-endian words; r3 is room for 704 bytes."
    return module("thumb_sha", "One block of SHA-512 for Cortex-M0+.") + function("compress", 4, doc, block().words)
