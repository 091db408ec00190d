"""_scalar_thumb.py: the two inner loops of arithmetic modulo L for Cortex-M0+; `_scalar_viper` says what they do."""

from __future__ import annotations

from .thumb import Assembler, function, module


def multiply() -> list[int]:
    asm = Assembler()
    asm.op("movs", 7, 22)
    asm.label("row")
    asm.ldm(1, 3)
    asm.op("movs", 6, 22)
    asm.label("column")
    asm.ldm(2, 4)
    asm.op("muls", 4, 3)
    asm.at("ldr", 5, 0, 0)
    asm.op("adds", 5, 5, 4)
    asm.stm(0, 5)
    asm.op("subs_i", 6, 1)
    asm.jump("column", "ne")
    asm.op("subs_i", 2, 88)
    asm.op("subs_i", 0, 84)
    asm.op("subs_i", 7, 1)
    asm.jump("row", "ne")
    asm.op("movs", 0, 0)
    return asm.finish()


def eliminate() -> list[int]:
    asm = Assembler()
    asm.op("movs", 7, 22)
    asm.op("adds_i", 0, 84)
    asm.label("limb")
    # r0: the limb at `base`, r2: what is above its 21
    asm.at("ldr", 2, 0, 84)
    asm.op("movs", 6, 0)
    asm.at("str", 6, 0, 84)
    asm.op("movs", 6, 11)
    asm.label("subtract")
    asm.ldm(1, 4)
    asm.op("muls", 4, 2)
    asm.at("ldr", 5, 0, 0)
    asm.op("subs", 5, 5, 4)
    asm.stm(0, 5)
    asm.op("subs_i", 6, 1)
    asm.jump("subtract", "ne")
    asm.op("subs_i", 1, 44)
    asm.op("subs_i", 0, 44)
    asm.op("movs", 6, 20)
    asm.op("movs", 3, 0)
    asm.label("carry")
    asm.at("ldr", 5, 0, 0)
    asm.op("adds", 5, 5, 3)
    asm.op("asrs", 3, 5, 12)
    asm.op("lsls", 5, 5, 20)
    asm.op("lsrs", 5, 5, 20)
    asm.stm(0, 5)
    asm.op("subs_i", 6, 1)
    asm.jump("carry", "ne")
    asm.at("ldr", 5, 0, 0)
    asm.op("adds", 5, 5, 3)
    asm.at("str", 5, 0, 0)
    asm.op("subs_i", 0, 84)
    asm.op("subs_i", 7, 1)
    asm.jump("limb", "ne")
    asm.op("movs", 0, 0)
    return asm.finish()


def source() -> str:
    doc = "x (r0), 43 limbs, += a (r1) times b (r2), 22 limbs each."
    text = module("thumb_scalar", "Arithmetic modulo L for Cortex-M0+.") + function("multiply", 3, doc, multiply())
    doc = "x (r0), 43 limbs, to a number congruent modulo L, of 21 limbs; r1 is C in 11 limbs."
    return text + "\n\n" + function("eliminate", 2, doc, eliminate())
