"""Edwards25519 in plain big integers: slow, short, the same on every interpreter.

A point is `(X, Y, Z, T)` in the extended coordinates of RFC 8032 section 5.1.4 (x = X/Z, y = Y/Z, T = XY/Z);
a *cached* point is `(Y + X, Y - X, 2dT, 2Z)`, what an addition wants of its second operand.
The formulas are complete: any two points add correctly, the neutral one and those of small order included.

Not constant time: a big-integer operation takes as long as its values are wide, and reading a table shows the index
to whoever watches memory. What is fixed is the sequence of operations in `base_mul`, where the secret scalars go.
"""

from array import array

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493

_D = -121665 * pow(121666, P - 2, P) % P
_SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
_SIGN = 1 << 255

# RFC 8032 section 5.1
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960

_NEUTRAL: tuple[int, ...] = (0, 1, 1, 0)
_TEETH = 4
_SPACING = 64
_WINDOW = 5


def _add(point: tuple[int, ...], cached: tuple[int, ...]) -> tuple[int, ...]:
    x, y, z, t = point
    plus, minus, t2d, z2 = cached
    a = (y - x) * minus
    b = (y + x) * plus
    c = t * t2d
    d = z * z2
    e = (b - a) % P
    f = (d - c) % P
    g = (d + c) % P
    h = (b + a) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(point: tuple[int, ...]) -> tuple[int, ...]:
    x, y, z, _ = point
    xx = x * x
    yy = y * y
    e = -2 * x * y % P
    g = (xx - yy) % P
    f = (2 * z * z + g) % P
    h = (xx + yy) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def _cached(point: tuple[int, ...]) -> tuple[int, ...]:
    x, y, z, t = point
    return (y + x) % P, (y - x) % P, 2 * _D * t % P, 2 * z % P


def _minus(cached: tuple[int, ...]) -> tuple[int, ...]:
    plus, minus, t2d, z2 = cached
    return minus, plus, P - t2d, z2


def encode(point: tuple[int, ...]) -> bytes:
    """The 32 bytes of a point (RFC 8032 section 5.1.2)."""
    x, y, z, _ = point
    inverse = pow(z, P - 2, P)
    sign = _SIGN if x * inverse % P & 1 else 0
    return (y * inverse % P | sign).to_bytes(32, "little")


def decode(encoded: bytes) -> tuple[int, ...] | None:
    """The point of 32 bytes (RFC 8032 section 5.1.3), or None: y not below p, or no such point.

    x = 0 with the sign bit set is let through, as libsodium does; its two points are of small order.
    """
    y = int.from_bytes(encoded, "little")
    sign = y >> 255
    y &= _SIGN - 1
    if y >= P:
        return None
    u = (y * y - 1) % P
    v = (_D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P) % P, (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * _SQRT_MINUS_1 % P
        if v * x * x % P != u:
            return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def negate(point: tuple[int, ...]) -> tuple[int, ...]:
    """The point's opposite."""
    x, y, z, t = point
    return P - x, y, z, P - t


def _comb_table() -> list[tuple[int, ...]]:
    """Entry i is the sum of 2^(64 j) B over the bits j of i, cached: 16 entries, about 4 KB on a 32-bit port."""
    tooth: tuple[int, ...] = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % P)
    points = [_NEUTRAL]
    for _ in range(_TEETH):
        cached = _cached(tooth)
        points += [_add(point, cached) for point in points]
        for _ in range(_SPACING):
            tooth = _double(tooth)
    return [_cached(point) for point in points]


_COMB = _comb_table()


def _comb_entry(scalar: int, column: int) -> tuple[int, ...]:
    # Bit `column + 64 j` of the scalar is bit j of the index.
    bits = scalar >> column
    return _COMB[bits & 1 | bits >> 63 & 2 | bits >> 126 & 4 | bits >> 189 & 8]


def base_mul(scalar: int) -> bytes:
    """The encoding of scalar * B, 0 <= scalar < 2^256: always 64 doublings and 64 additions, the neutral one too."""
    point = _NEUTRAL
    for column in range(_SPACING - 1, -1, -1):
        point = _add(_double(point), _comb_entry(scalar, column))
    return encode(point)


def _odd_multiples(point: tuple[int, ...]) -> list[tuple[int, ...]]:
    """1, 3, 5, ... 15 times the point, cached."""
    twice = _cached(_double(point))
    table = [_cached(point)]
    for _ in range(2 ** (_WINDOW - 2) - 1):
        point = _add(point, twice)
        table.append(_cached(point))
    return table


def _signed_digits(scalar: int) -> "array[int]":
    """The scalar's non-adjacent form of width 5, lowest digit first: zeros and odd digits from -15 to 15."""
    digits = array("b", bytes(256))
    i = 0
    while scalar:
        if scalar & 1:
            digit = scalar & (2**_WINDOW - 1)
            if digit >= 2 ** (_WINDOW - 1):
                digit -= 2**_WINDOW
            digits[i] = digit
            scalar -= digit
        scalar >>= 1
        i += 1
    return digits


def double_mul(s: int, k: int, point: tuple[int, ...]) -> bytes:
    """The encoding of s * B + k * point, for public values only; s and k below L.

    The doublings are shared (Straus): k's digits are spread over all of them, s's comb over the last 64.
    """
    multiples = _odd_multiples(point)
    digits = _signed_digits(k)
    total = _NEUTRAL
    for i in range(255, -1, -1):
        total = _double(total)
        digit = digits[i]
        if digit > 0:
            total = _add(total, multiples[digit >> 1])
        elif digit:
            total = _add(total, _minus(multiples[-digit >> 1]))
        if i < _SPACING:
            total = _add(total, _comb_entry(s, i))
    return encode(total)
