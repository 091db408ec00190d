"""The two inner loops of arithmetic modulo L in viper. Limbs of 12 bits in words; what a word holds may be negative."""
# mypy: ignore-errors
# ruff: noqa: F821


@micropython.viper
def multiply(x: ptr32, a: ptr32, b: ptr32):
    """x, 43 limbs, += a times b, 22 limbs each."""
    for i in range(22):
        v = a[i]
        for j in range(22):
            x[i + j] += v * b[j]


@micropython.viper
def eliminate(x: ptr32, c: ptr32):
    """x, 43 limbs, to a number congruent modulo L, of 21 limbs, the highest with a sign; c: 11 limbs of C."""
    one = 1
    sign = one << 31
    for base in range(21, -1, -1):
        # q * 2^252 is q * -C modulo L; what 64 bits load is not negative, what 32 bits load is
        q = x[base + 21]
        q -= (q & sign) << 1
        x[base + 21] = 0
        for i in range(11):
            x[base + i] -= q * c[i]
        carry = 0
        for i in range(base, base + 20):
            v = x[i]
            v += carry - ((v & sign) << 1)
            x[i] = v & 0xFFF
            carry = v >> 12
        x[base + 20] += carry
