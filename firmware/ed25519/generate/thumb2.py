"""What an assembler for Cortex-M33 has beside M0+'s: wide instructions, which reach every register.

Named as in the ARMv8-M manual; an M4 and an M7 have them too.
"""

from __future__ import annotations

from .thumb import LR, Assembler

SP = 13
_SAVED = (8, 9, 10, 11, LR)
_OPERATIONS = {"bic": 1, "orr": 2, "add": 8, "adc": 10, "sbc": 11, "sub": 13, "rsb": 14}
_LSL, _LSR = 0, 1
TOP_BIT = 0x4000  # of a modified immediate: 0x80000000


class Wide(Assembler):
    def _two(self, first: int, second: int) -> None:
        self._emit(first)
        self._emit(second, 0)

    def _shifted(self, operation: int, d: int, n: int, m: int, kind: int, bits: int) -> None:
        self._two(0xEA00 | operation | n, bits >> 2 << 12 | d << 8 | (bits & 3) << 6 | kind << 4 | m)

    def calculate(self, name: str, d: int, n: int, m: int, left: int = 0) -> None:
        """d = n and m, shifted left; `adds` and the like set flags."""
        base = name.removesuffix("s")
        self._shifted(_OPERATIONS[base] << 5 | (0x10 if base != name else 0), d, n, m, _LSL, left)

    def constant(self, name: str, d: int, n: int, value: int) -> None:
        """d = n and a constant below 256, or TOP_BIT."""
        base = name.removesuffix("s")
        self._two(0xF000 | _OPERATIONS[base] << 5 | (0x10 if base != name else 0) | n, d << 8 | value)

    def set(self, d: int, value: int) -> None:
        """No flags."""
        self._two(0xF04F, d << 8 | value)

    def lsr(self, d: int, m: int, bits: int) -> None:
        self._shifted(_OPERATIONS["orr"] << 5, d, 15, m, _LSR, bits)

    def field(self, d: int, n: int, first: int) -> None:
        """d = eight bits of n (UBFX)."""
        self._two(0xF3C0 | n, first >> 2 << 12 | d << 8 | (first & 3) << 6 | 7)

    def add_large(self, d: int, n: int, value: int) -> None:
        """ADDW, below 2048."""
        self._two(0xF200 | n, value >> 8 << 12 | d << 8 | value & 0xFF)

    def mul(self, d: int, n: int, m: int) -> None:
        self._two(0xFB00 | n, 0xF000 | d << 8 | m)

    def umull(self, low: int, high: int, n: int, m: int) -> None:
        self._two(0xFBA0 | n, low << 12 | high << 8 | m)

    def umaal(self, low: int, high: int, n: int, m: int) -> None:
        """high, low = n * m + high + low, which always fits."""
        self._two(0xFBE0 | n, low << 12 | high << 8 | 0x60 | m)

    def read(self, t: int, base: int, offset: int) -> None:
        self._two(0xF8D0 | base, t << 12 | offset)

    def write(self, t: int, base: int, offset: int) -> None:
        self._two(0xF8C0 | base, t << 12 | offset)

    def read_on(self, t: int, base: int) -> None:
        """Then base moves on by a word."""
        self._two(0xF850 | base, t << 12 | 0xB04)

    def many(self, name: str, base: int, *registers: int, on: bool = False) -> None:
        """`read` or `write`, ascending; on: base moves on."""
        code = {"read": 0xE890, "write": 0xE880}[name]
        self._two(code | (0x20 if on else 0) | base, sum(1 << r for r in registers))

    def save(self) -> None:
        """What a function must leave as it was, beside r4 to r7."""
        self._two(0xE92D, sum(1 << r for r in _SAVED))

    def restore(self) -> None:
        self._two(0xE8BD, sum(1 << r for r in _SAVED))

    def table(self, register: int, *targets: str) -> None:
        """Jumps to one of them, by number."""
        self._two(0xE8DF, 0xF010 | register)
        origin = len(self.words)
        for target in targets:
            self.offset(origin, target, 1)
