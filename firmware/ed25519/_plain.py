"""The engine of last resort, and the reference for the others: field elements are Python's integers.

What every engine has: `new`, `put` and `get` for its field slots; `run`, which interprets a program over them;
`reduce` and `muladd` modulo L; `odd`, `comb`, `naf` and `weave`, which turn scalars into a program; and `compress`,
one block of SHA-512. Scalars are little endian; what a function makes goes into its first argument.

Not constant time: an operation on integers takes as long as their values are wide.
"""

import struct

from ._data import COMB, COUNT, FIXED, N0, L, P

_MASK = 0xFFFFFFFFFFFFFFFF


def new() -> list[int]:
    """The field slots, all zero."""
    return [0] * COUNT


def put(slots: list[int], slot: int, value: int) -> None:
    """Sets a slot to 0 <= value < 2^255."""
    slots[slot] = value


def get(slots: list[int], slot: int) -> int:
    """A slot's value, from 0 to P - 1."""
    return slots[slot]


def run(program: bytearray, slots: list[int], base: bytearray, key: bytearray) -> None:
    """Interprets `program` from its first byte; base and key are tables of points."""
    at = back = times = start = 0
    while True:
        operation, d, a, b = program[at : at + 4]
        at += 4
        if operation == 0:
            if not back:
                return
            times -= 1
            at = start if times else back
            back = back if times else 0
        elif operation < 5:
            slots[d] = _calculate(slots, operation, a, b)
        elif operation == 9:
            slots[d : d + 4] = slots[N0 : N0 + 4]
        else:
            back, start, times = at, FIXED + 4 * d, 1
            if operation == 5:
                times = a
            elif operation == 8:
                slots[N0 : N0 + 4] = slots[a : a + 4]
            else:
                slots[N0 : N0 + 3] = _entry(base if operation == 6 else key, 96 * a)
            at = start


def _calculate(slots: list[int], operation: int, a: int, b: int) -> int:
    if operation == 1:
        return slots[a] * slots[b] % P
    if operation == 2:
        value = slots[a]
        for _ in range(b):
            value = value * value % P
        return value
    return (slots[a] + slots[b] if operation == 3 else slots[a] - slots[b]) % P


def _entry(table: bytearray, at: int) -> list[int]:
    return [int.from_bytes(bytes(table[i : i + 32]), "little") for i in (at, at + 32, at + 64)]


def _number(octets: bytes | bytearray) -> int:
    return int.from_bytes(bytes(octets), "little")


def reduce(out: bytearray, wide: bytes) -> None:
    """wide (64 bytes) modulo L."""
    out[:32] = (_number(wide) % L).to_bytes(32, "little")


def muladd(out: bytearray, k: bytearray, a: bytearray, r: bytearray) -> None:
    """k * a + r modulo L."""
    out[:32] = ((_number(k) * _number(a) + _number(r)) % L).to_bytes(32, "little")


def odd(out: bytearray, scalar: bytes | bytearray) -> None:
    """The scalar, plus L where it is even; with bit 258 set, in 33 bytes: what `comb` takes."""
    number = _number(scalar)
    out[:33] = (number + (0 if number & 1 else L) | 1 << 258).to_bytes(33, "little")


def comb(lanes: bytearray, at: int, scalar: bytearray) -> None:
    """An odd scalar as 43 columns of six digits that are 1 or -1: digit i is bit i + 1 of it, 0 being -1.

    A column's byte is 1 + 2 * entry + sign; the top digit is the sign, the others name the entry.
    """
    bits = _number(scalar) >> 1
    for column in range(COMB):
        digits = 0
        for tooth in range(6):
            digits |= (bits >> column + COMB * tooth & 1) << tooth
        lanes[at + column] = 2 * digits - 63 if digits >= 32 else 64 - 2 * digits


def naf(lanes: bytearray, scalar: bytes | bytearray) -> None:
    """The scalar's non-adjacent form of width 5: 256 bytes, 0 or 1 + 2 * (|digit| >> 1) + sign."""
    number, i = _number(scalar), 0
    lanes[:256] = bytes(256)
    while number:
        if number & 1:
            digit = number & 31
            digit -= 32 if digit > 15 else 0
            lanes[i] = digit if digit > 0 else 1 - digit
            number -= digit
        number >>= 1
        i += 1


def weave(program: bytearray, lanes: bytearray, at: int, kind: bytes) -> int:
    """Writes doublings and the additions of two lanes, the second from byte 256 on, to program[at:]; where it ends.

    kind: for the first lane the operation (0: there is none), programs to add and to subtract, first entry and step;
    then for the second; then the highest position.
    """
    doublings, begun = 0, False
    for i in range(kind[10], -1, -1):
        doublings += begun
        for lane, place in ((0, 0), (256, 5)) if i < COMB else ((0, 0),):
            operation, plus, minus, first, step = kind[place : place + 5]
            code = lanes[lane + i] if operation else 0
            if code:
                at = _double(program, at, doublings)
                code -= 1
                program[at : at + 4] = bytes((operation, minus if code & 1 else plus, first + step * (code >> 1), 0))
                at += 4
                doublings, begun = 0, True
    return _double(program, at, doublings)


def _double(program: bytearray, at: int, times: int) -> int:
    if times:
        program[at : at + 4] = bytes((5, 0, times, 0))
    return at + 4 if times else at


def _schedule(block: bytearray) -> list[int]:
    """The 80 message words of one block (FIPS 180-4 section 6.4.2, step 1)."""
    words = list(struct.unpack(">16Q", block))
    for i in range(16, 80):
        # A word written twice in a row turns each rotation into one shift; what lies above 64 bits falls to the mask.
        x = words[i - 15]
        y = words[i - 2]
        xx = x | x << 64
        yy = y | y << 64
        small = (xx >> 1 ^ xx >> 8 ^ x >> 7) + (yy >> 19 ^ yy >> 61 ^ y >> 6)
        words.append(words[i - 16] + words[i - 7] + small & _MASK)
    return words


def compress(state: bytearray, block: bytearray, constants: bytearray, _: bytearray) -> None:
    """Folds one block of 128 bytes into the state, eight little-endian words (steps 2 to 4)."""
    words = _schedule(block)
    rounds = struct.unpack("<80Q", constants)
    before = struct.unpack("<8Q", state)
    a, b, c, d, e, f, g, h = before
    for i in range(80):
        ee = e | e << 64
        aa = a | a << 64
        t1 = h + (ee >> 14 ^ ee >> 18 ^ ee >> 41) + (g ^ e & (f ^ g)) + rounds[i] + words[i]
        t2 = (aa >> 28 ^ aa >> 34 ^ aa >> 39) + (a & b | c & (a | b))
        h, g, f, e, d, c, b, a = g, f, e, d + t1 & _MASK, c, b, a, t1 + t2 & _MASK
    after = (a, b, c, d, e, f, g, h)
    struct.pack_into("<8Q", state, 0, *[x + y & _MASK for x, y in zip(before, after)])


def swap(out: bytearray, state: bytearray) -> None:
    """The state's words, most significant byte first."""
    for i in range(64):
        out[i] = state[i ^ 7]
