"""Scalars modulo L and the programs they become, in viper, for every engine that has it; `_plain` says what each does.

Fixed time: no branch, loop or address depends on a scalar, but in `naf`, which is for public ones.
Limbs have 12 bits, for L = 2^252 + C and 252 = 21 * 12. Right where a word has 32 bits and where it has 64.
"""
# mypy: ignore-errors
# ruff: noqa: F821

from array import array

from ._data import L

try:
    from ._scalar_thumb import eliminate, multiply
except (ImportError, SyntaxError, ValueError):
    from ._scalar_viper import eliminate, multiply

_C = array("i", [L >> 12 * i & 0xFFF for i in range(11)])
_L = L.to_bytes(32, "little")
_wide = array("i", [0] * 43)
_left = array("i", [0] * 22)
_right = array("i", [0] * 22)


@micropython.viper
def _unpack(x: ptr32, octets: ptr8, count: int):
    pairs = count // 3
    for i in range(pairs):
        middle = octets[3 * i + 1]
        x[2 * i] = octets[3 * i] | (middle & 15) << 8
        x[2 * i + 1] = middle >> 4 | octets[3 * i + 2] << 4
    last = octets[count - 1]
    if count - 3 * pairs == 1:
        x[2 * pairs] = last
    else:
        x[2 * pairs] = octets[count - 2] | (last & 15) << 8
        x[2 * pairs + 1] = last >> 4


@micropython.viper
def _pack(out: ptr8, x: ptr32, c: ptr32):
    """21 limbs, the highest with a sign, to 32 bytes; plus L where it is negative."""
    negative = 0 - ((x[20] >> 31) & 1)
    x[20] += 4096 & negative
    one = 1
    sign = one << 31
    carry = 0
    for i in range(20):
        # What 64 bits load is not negative, what 32 bits load is
        v = x[i]
        v += carry - ((v & sign) << 1)
        if i < 11:
            v += c[i] & negative
        x[i] = v & 0xFFF
        carry = v >> 12
    # Up to 4096, for L is above 2^252
    x[20] += carry
    for i in range(10):
        middle = x[2 * i + 1]
        out[3 * i] = x[2 * i]
        out[3 * i + 1] = x[2 * i] >> 8 | middle << 4
        out[3 * i + 2] = middle >> 4
    out[30] = x[20]
    out[31] = x[20] >> 8


def reduce(out, wide):
    _unpack(_wide, wide, 64)
    eliminate(_wide, _C)
    _pack(out, _wide, _C)


@micropython.viper
def _carry(x: ptr32):
    carry = 0
    for i in range(42):
        carry += x[i]
        x[i] = carry & 0xFFF
        carry >>= 12
    x[42] += carry


def muladd(out, k, a, r):
    for i in range(43):
        _wide[i] = 0
    _unpack(_wide, r, 32)
    _unpack(_left, k, 32)
    _unpack(_right, a, 32)
    multiply(_wide, _left, _right)
    _carry(_wide)
    eliminate(_wide, _C)
    _pack(out, _wide, _C)


@micropython.viper
def _add_if_even(out: ptr8, scalar: ptr8, order: ptr8):
    even = (scalar[0] & 1) - 1
    carry = 0
    for i in range(32):
        carry += scalar[i] + (order[i] & even)
        out[i] = carry & 255
        carry >>= 8
    out[32] = 4


def odd(out, scalar):
    _add_if_even(out, scalar, _L)


@micropython.viper
def comb(lanes: ptr8, at: int, scalar: ptr8):
    for column in range(43):
        digits = 0
        for tooth in range(6):
            bit = column + 43 * tooth + 1
            digits |= ((scalar[bit >> 3] >> (bit & 7)) & 1) << tooth
        negative = 1 - (digits >> 5)
        lanes[at + column] = 1 + negative + 2 * ((digits & 31) ^ (31 * negative))


@micropython.viper
def naf(lanes: ptr8, scalar: ptr8):
    for i in range(256):
        lanes[i] = 0
    carry = i = 0
    while i < 253:
        at = i >> 3
        bits = scalar[at]
        if at < 31:
            bits |= scalar[at + 1] << 8
        digit = ((bits >> (i & 7)) & 31) + carry
        if digit & 1:
            carry = 0
            if digit > 15:
                digit = 33 - digit
                carry = 1
            lanes[i] = digit
            i += 5
        else:
            i += 1
    if carry:
        lanes[i] = 1


@micropython.viper
def weave(program: ptr8, lanes: ptr8, at: int, kind: ptr8) -> int:
    doublings = begun = 0
    i = int(kind[10])
    while i >= 0:
        doublings += begun
        lane = place = 0
        end = 256
        if i < 43:
            end = 512
        while lane < end:
            code = lanes[lane + i] - 1
            if kind[place] == 0:
                code = -1
            if code >= 0:
                if doublings:
                    program[at] = 5
                    program[at + 1] = 0
                    program[at + 2] = doublings
                    at += 4
                plus = kind[place + 1]
                program[at] = kind[place]
                program[at + 1] = plus + (code & 1) * (kind[place + 2] - plus)
                program[at + 2] = kind[place + 3] + kind[place + 4] * (code >> 1)
                at += 4
                doublings = 0
                begun = 1
            lane += 256
            place += 5
        i -= 1
    if doublings:
        program[at] = 5
        program[at + 1] = 0
        program[at + 2] = doublings
        at += 4
    return at


@micropython.viper
def swap(out: ptr8, state: ptr8):
    for i in range(64):
        out[i] = state[i ^ 7]
