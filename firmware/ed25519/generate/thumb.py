"""An assembler for what a Cortex-M0+ can do: each method appends one instruction, named as in the ARMv6-M manual.

Output is MicroPython's `data(2, ...)`: its own inline assembler lacks multiple loads and additions to high registers.
Registers are numbers; 8 to 12 and 14 (`LR`) are the high ones.
"""

from __future__ import annotations

LR, PC = 14, 15

_TWO_LOW = {
    "ands": 0x4000, "eors": 0x4040, "lsls_r": 0x4080, "lsrs_r": 0x40C0, "adcs": 0x4140, "sbcs": 0x4180, "rors": 0x41C0,
    "tst": 0x4200, "negs": 0x4240, "cmp": 0x4280, "orrs": 0x4300, "muls": 0x4340, "bics": 0x4380, "mvns": 0x43C0,
    "uxth": 0xB280, "uxtb": 0xB2C0, "rev": 0xBA00,
}  # fmt: skip
_LOW_AND_8_BITS = {"movs": 0x2000, "cmp_i": 0x2800, "adds_i": 0x3000, "subs_i": 0x3800}
_THREE_LOW = {"adds": 0x1800, "subs": 0x1A00, "ldrh_r": 0x5A00}
_SHIFTS = {"lsls": 0x0000, "lsrs": 0x0800, "asrs": 0x1000}
_MEMORY = {"ldr": (0x6800, 4), "str": (0x6000, 4), "ldrh": (0x8800, 2), "strh": (0x8000, 2), "ldrb": (0x7800, 1),
           "strb": (0x7000, 1)}  # fmt: skip
_CONDITIONS = {"eq": 0, "ne": 1, "cs": 2, "cc": 3}


class Assembler:
    """`words` are the halfwords so far; `cycles` those of the straight line, by the TRM and without wait states."""

    def __init__(self) -> None:
        self.words: list[int] = []
        self.cycles = 0
        self._labels: dict[str, int] = {}
        self._jumps: list[tuple[int, str, str]] = []

    def _emit(self, word: int, cycles: int = 1) -> None:
        assert 0 <= word < 0x10000
        self.words.append(word)
        self.cycles += cycles

    def op(self, name: str, *registers: int) -> None:
        """A data operation: `op("adds", d, n, m)`, `op("muls", d, m)`, `op("lsls", d, m, bits)`, `op("movs", d, n)`."""
        if name in _TWO_LOW:
            d, m = registers
            assert d < 8 and m < 8
            self._emit(_TWO_LOW[name] | m << 3 | d)
        elif name in _THREE_LOW:
            d, n, m = registers
            assert max(registers) < 8
            self._emit(_THREE_LOW[name] | m << 6 | n << 3 | d, 2 if name == "ldrh_r" else 1)
        elif name in _SHIFTS:
            d, m, bits = registers
            assert 0 < bits < 32 and d < 8 and m < 8
            self._emit(_SHIFTS[name] | bits << 6 | m << 3 | d)
        else:
            d, number = registers
            assert d < 8 and 0 <= number < 256
            self._emit(_LOW_AND_8_BITS[name] | d << 8 | number)

    def mov(self, d: int, m: int) -> None:
        """Between any registers; no flags."""
        self._emit(0x4600 | (d & 8) << 4 | m << 3 | d & 7, 2 if d == PC else 1)

    def add(self, d: int, m: int) -> None:
        """d += m, any registers; no flags."""
        self._emit(0x4400 | (d & 8) << 4 | m << 3 | d & 7, 2 if d == PC else 1)

    def compare(self, n: int, m: int) -> None:
        """Of any registers."""
        self._emit(0x4500 | (n & 8) << 4 | m << 3 | n & 7)

    def at(self, name: str, t: int, base: int, offset: int) -> None:
        """Loads or stores t at [base, #offset], in bytes."""
        code, size = _MEMORY[name]
        assert offset % size == 0 and 0 <= offset // size < 32 and t < 8 and base < 8
        self._emit(code | offset // size << 6 | base << 3 | t, 2)

    def load(self, t: int, place: int) -> None:
        """From a word of the frame."""
        self._emit(0x9800 | t << 8 | place, 2)

    def store(self, t: int, place: int) -> None:
        self._emit(0x9000 | t << 8 | place, 2)

    def frame(self, d: int, place: int) -> None:
        """The address of a word of the frame; no flags."""
        self._emit(0xA800 | d << 8 | place)

    def grow(self, words: int) -> None:
        """Makes a frame, or gives it back where negative."""
        self._emit(0xB080 | words if words > 0 else 0xB000 | -words)

    def ldm(self, base: int, *registers: int) -> None:
        """Ascending; base moves on, unless it is loaded itself."""
        self._emit(0xC800 | base << 8 | sum(1 << r for r in registers), 1 + len(registers))

    def stm(self, base: int, *registers: int) -> None:
        assert base not in registers
        self._emit(0xC000 | base << 8 | sum(1 << r for r in registers), 1 + len(registers))

    def push(self, *registers: int) -> None:
        self._emit(0xB400 | sum(1 << r for r in registers), 1 + len(registers))

    def pop(self, *registers: int) -> None:
        self._emit(0xBC00 | sum(1 << r for r in registers), 1 + len(registers))

    def label(self, name: str) -> None:
        self._labels[name] = len(self.words)

    def jump(self, target: str, when: str = "") -> None:
        """Near; `far` is a branch with link that is not meant to come back, so LR is lost."""
        self._jumps.append((len(self.words), when, target))
        self._emit(0, 2)
        if when == "far":
            self._emit(0)

    def offset(self, origin: int, target: str, unit: int = 2) -> None:
        """A halfword: how far the target is from the halfword `origin`, in bytes or (1) in halfwords."""
        self._jumps.append((len(self.words), f"{unit}+{origin}", target))
        self._emit(0, 0)

    def finish(self) -> list[int]:
        for at, when, target in self._jumps:
            away = self._labels[target] - at - 2
            if when == "far":
                self.words[at] = 0xF000 | away >> 11 & 0x3FF | (0x400 if away < 0 else 0)
                # J1 and J2 are 1 where the offset is short: bits 22 and 23 equal the sign
                self.words[at + 1] = 0xF800 | away & 0x7FF
                assert -(1 << 20) < away < 1 << 20
            elif "+" in when:
                unit, origin = map(int, when.split("+"))
                self.words[at] = unit * (self._labels[target] - origin)
            elif when:
                assert -128 <= away < 128, (when, target, away)
                self.words[at] = 0xD000 | _CONDITIONS[when] << 8 | away & 0xFF
            else:
                assert -1024 <= away < 1024, (target, away)
                self.words[at] = 0xE000 | away & 0x7FF
        return self.words


def module(maker: str, doc: str) -> str:
    text = f'"""Made by generate/: do not edit (generate/{maker}.py explains it). {doc}"""\n'
    return text + "# mypy: ignore-errors\n# ruff: noqa: ARG001, F821\n\n\n"


_SLOTS = '''from ._data import COUNT, P


def new():
    """The field slots, all zero."""
    return bytearray(32 * COUNT)


def put(slots, slot, value):
    """Sets a slot to 0 <= value < 2^255."""
    slots[32 * slot : 32 * slot + 32] = value.to_bytes(32, "little")


def get(slots, slot):
    """A slot's value, from 0 to P - 1."""
    return int.from_bytes(slots[32 * slot : 32 * slot + 32], "little") % P


'''


def field_module(maker: str, doc: str) -> str:
    """Of a field engine whose slots are 32 bytes."""
    return module(maker, doc).rstrip("\n") + "\n\n" + _SLOTS


def function(name: str, arguments: int, doc: str, words: list[int]) -> str:
    """The source of a function that is these instructions."""
    names = ", ".join(f"r{i}" for i in range(arguments))
    lines = [f'@micropython.asm_thumb\ndef {name}({names}):\n    """{doc}"""\n']
    for i in range(0, len(words), 12):
        lines.append(f"    data(2, {', '.join(f'0x{word:04X}' for word in words[i : i + 12])})\n")
    return "".join(lines)
