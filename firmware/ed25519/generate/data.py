"""_data.py and _tables.py: numbers, programs and tables that every engine shares."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

from . import program

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
# RFC 8032 section 5.1
BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)
Point = tuple[int, int]
EXPORTED_SLOTS = ("ONE", "D", "D2", "X", "Y", "F", "H", "N0")


def _primes() -> Iterator[int]:
    return (n for n in count(2) if all(n % i for i in range(2, n)))


def _root_fraction(n: int, degree: int) -> int:
    """The first 64 bits of the fraction of a root of n."""
    low, high = 0, n << 64
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= n << 64 * degree else (low, middle)
    return low % 2**64


def sha512_constants(degree: int, number: int) -> bytes:
    """FIPS 180-4 sections 4.2.3 and 5.3.5."""
    return b"".join(_root_fraction(n, degree).to_bytes(8, "little") for n in islice(_primes(), number))


def add(p: Point, q: Point) -> Point:
    (x1, y1), (x2, y2) = p, q
    t = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P)
    return x % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P


def times(k: int, p: Point) -> Point:
    total = (0, 1)
    for bit in bin(k)[2:]:
        total = add(total, total)
        total = add(total, p) if bit == "1" else total
    return total


def base_table() -> bytes:
    """What `_curve.comb_table` makes of the base point, without its last entry, from the definition."""
    table = b""
    for entry in range(32):
        signs = [1 if entry >> tooth & 1 else -1 for tooth in range(5)] + [1]
        scalar = sum(sign << tooth * program.COMB for tooth, sign in enumerate(signs))
        x, y = times(scalar, BASE)
        fields: tuple[int, ...] = (y + x, y - x, 2 * D * x * y)
        table += b"".join((field % P).to_bytes(32, "little") for field in fields)
    return table


def _literal(name: str, data: bytes) -> str:
    lines = ('    b"' + "".join(f"\\x{byte:02x}" for byte in data[i : i + 24]) + '"\n' for i in range(0, len(data), 24))
    return f"{name} = (\n{''.join(lines)})\n"


def numbers() -> str:
    values = {"P": P, "L": L, "COMB": program.COMB, "FIXED": program.FIXED, "COUNT": program.COUNT}
    values |= {name: program.SLOTS.index(name) for name in EXPORTED_SLOTS}
    text = '"""Made by generate/: do not edit. Moduli, sizes, and slots by name."""\n\n'
    return text + "".join(f"{name} = {value}\n" for name, value in values.items())


def tables() -> str:
    text = '"""Made by generate/: do not edit. The engines\' programs, the base point\'s table, SHA-512."""\n\n'
    values = {"PROGRAM": program.assemble()[0], "BASE_TABLE": base_table()} | program.sequences()
    values |= {"INITIAL": sha512_constants(2, 8), "ROUNDS": sha512_constants(3, 80)}
    return text + "".join(_literal(name, data) for name, data in values.items())
