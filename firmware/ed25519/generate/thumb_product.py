"""Products of 128 bits on a Cortex-M0+.

They work on halves of 16 bits, p of one factor and q of the other. Products whose halves are an even number apart are
whole words of the result (even pass); the others lie 16 bits higher (odd pass). Within a pass the products p0 q, p2 q,
... of one q are one chain of additions with carry, since neither loads nor multiplications touch the carry: three
cycles a product, p waiting in high registers.
"""

from __future__ import annotations

from .thumb import LR, Assembler

ODD, P6, P7 = 24, 40, 41  # words of the frame: the odd pass's result; the halves that no register is left for
HALVES = (8, 9, 10, 11, 12, LR)  # where p0 to p5 wait
T, Q, Q_AT = 5, 6, 7
_EIGHT = range(8)


class Field(Assembler):
    def half(self, d: int, i: int) -> None:
        """p_i to a low register."""
        if i < 6:
            self.mov(d, HALVES[i])
        else:
            self.load(d, P6 + i - 6)

    def split(self) -> None:
        """The halves of r0 to r3 are p."""
        for i in range(3):
            self.op("uxth", 4, i)
            self.mov(HALVES[2 * i], 4)
            self.op("lsrs", i, i, 16)
            self.mov(HALVES[2 * i + 1], i)
        self.op("uxth", 4, 3)
        self.store(4, P6)
        self.op("lsrs", 3, 3, 16)
        self.store(3, P7)

    def product(self, q: int, i: int, d: int) -> None:
        self.half(d, i)
        self.op("muls", d, q)


class Window:
    """Which of r0 to r4 holds which word of a running sum; a word that none holds is zero."""

    def __init__(self, asm: Field) -> None:
        self.asm = asm
        self.place: dict[int, int] = {}
        self.free = [0, 1, 2, 3, 4]
        self.small: set[int] = set()  # words that hold no more than a carry: a product and another fit

    def take(self, word: int) -> int:
        self.place[word] = self.free.pop(0)
        return self.place[word]

    def drop(self, word: int) -> int:
        register = self.place.pop(word)
        self.free.append(register)
        return register

    def accumulate(self, word: int, carry: bool) -> None:
        register = self.place[word]
        self.asm.op("adcs", register, T) if carry else self.asm.op("adds", register, register, T)

    def chain(self, halves: list[tuple[int, int]], q: int, carry: bool) -> None:
        """Adds p_i * q at each word, from low to high; `carry`: with the carry, at the first."""
        for word, i in halves:
            if word not in self.place and not carry:
                self.asm.product(q, i, self.take(word))
                continue
            room = word not in self.place or word in self.small
            if word not in self.place:
                self.asm.op("movs", self.take(word), 0)
            self.asm.product(q, i, T)
            self.accumulate(word, carry)
            self.small.discard(word)
            carry = not room
        self.carry_out(halves[-1][0] + 1, carry)

    def carry_out(self, word: int, carry: bool) -> None:
        while carry:
            carry = word in self.place and word not in self.small
            if word in self.place:
                self.asm.op("movs", T, 0)
                self.accumulate(word, True)
            else:
                register = self.take(word)
                self.asm.op("movs", register, 0)
                self.asm.op("adcs", register, register)
                self.small.add(word)
            word += 1


def store_odd(asm: Field, word: int, register: int) -> None:
    """A word of the odd pass, 16 bits higher than its place says."""
    asm.frame(T, ODD)
    asm.at("strh", register, T, 4 * word + 2)
    if word < 7:
        asm.op("lsrs", register, register, 16)
        asm.store(register, ODD + word + 1)


def finish_word(asm: Field, even: Window, word: int, carry: bool, out: int) -> bool:
    """Adds the word of the odd pass to one that will not change any more; the carry waits for the next word."""
    if word not in even.place:
        asm.op("movs", even.take(word), 0)
    asm.load(T, ODD + word)
    even.accumulate(word, carry)
    asm.store(even.drop(word), out + word)
    return True


def product_128(asm: Field, q_offset: int, out: int) -> None:
    """p (128 bits) times the 16 bytes at [r7, #q_offset], to eight words of the frame."""
    odd, even = Window(asm), Window(asm)
    for j in _EIGHT:
        asm.at("ldrh", Q, Q_AT, q_offset + 2 * j)
        odd.chain([((i + j) // 2, i) for i in _EIGHT if (i + j) % 2], Q, False)
        for word in () if j % 2 == 0 else (j // 2,) if j < 7 else range(3, 8):
            store_odd(asm, word, odd.drop(word))
    carry = False
    for j in _EIGHT:
        asm.at("ldrh", Q, Q_AT, q_offset + 2 * j)
        even.chain([((i + j) // 2, i) for i in _EIGHT if (i + j) % 2 == 0], Q, carry)
        carry = False
        for word in (j // 2,) if j % 2 == 0 else () if j < 7 else range(4, 8):
            carry = finish_word(asm, even, word, carry, out)


def square_128(asm: Field, out: int) -> None:
    """p squared: each product of two different halves once, doubled at the end."""
    odd, even = Window(asm), Window(asm)
    for j in range(1, 8):
        asm.half(Q, j)
        odd.chain([((i + j) // 2, i) for i in range(j) if (i + j) % 2], Q, False)
        for word in () if j % 2 == 0 else (j // 2,) if j < 7 else range(3, 7):
            store_odd(asm, word, odd.drop(word))
    carry = finish_word(asm, even, 0, False, out)
    for j in range(2, 8):
        asm.half(Q, j)
        even.chain([((i + j) // 2, i) for i in range(j) if (i + j) % 2 == 0], Q, carry)
        carry = False
        for word in (j // 2,) if j % 2 == 0 else () if j < 7 else range(4, 8):
            carry = finish_word(asm, even, word, carry, out)
    double_and_add_squares(asm, out)


def double_and_add_squares(asm: Field, out: int) -> None:
    doubled, added = 4, 6  # the two carries between the groups of four words
    for group in range(2):
        asm.frame(7, out + 4 * group)
        asm.ldm(7, 0, 1, 2, 3)
        if group:
            asm.op("lsrs", doubled, doubled, 1)
        for i in range(4):
            asm.op("adcs", i, i) if i or group else asm.op("adds", i, i, i)
        if group == 0:
            asm.op("movs", doubled, 0)
            asm.op("adcs", doubled, doubled)
        else:
            asm.op("lsrs", added, added, 1)
        for i in range(4):
            asm.half(T, 4 * group + i)
            asm.op("muls", T, T)
            asm.op("adcs", i, T) if i or group else asm.op("adds", i, i, T)
        if group == 0:
            asm.op("movs", added, 0)
            asm.op("adcs", added, added)
        asm.frame(7, out + 4 * group)
        asm.stm(7, 0, 1, 2, 3)
