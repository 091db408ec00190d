"""The point formulas as programs for the field engines: four bytes an operation, `[operation, d, a, b]`.

Each engine interprets the same bytes over its own kind of field slots. A dynamic program (recoded scalars) lies
before these; an operation that calls names one of these by its place, counted in operations.
"""

from __future__ import annotations

COMB = 43  # columns of six digits
# Where the programs begin, in bytes; before that is room for 224 operations, and the longest program has at most 218:
# 28 to begin, 51 and 43 additions with a doubling before each, 2 to end
FIXED = 7 << 7
Operation = tuple[int, ...]
END, MUL, SQR, ADD, SUB, CALL, BASE, KEY, SLOT, STORE = range(10)

# Slots. X Y Z are a point; its T = E * H is only multiplied out where an addition needs it.
# N0..N3 is a point to be added: y + x, y - x, 2dt, 2z (an affine one: without 2z, z being 1).
SLOTS = ("ZERO", "ONE", "D", "D2", "X", "Y", "Z", "E", "F", "G", "H", "A", "B", "C", "T", "N0", "N1", "N2", "N3",
         "P", "Q", "R")  # fmt: skip
TWICE = len(SLOTS)  # the four of a doubled point
TABLE = TWICE + 4  # eight odd multiples, four slots each; or what a Verifier's table of 33 entries is made with
COUNT = TABLE + 33

_DOUBLE = """
A = X^2 1; B = Y^2 1; H = A + B; E = X + Y; E = E^2 1; E = H - E; G = A - B; F = Z^2 1; F = F + F; F = F + G
X = E * F; Y = G * H; Z = F * G
"""

_ADD = """
T = E * H; A = Y - X; A = A * N{minus}; B = Y + X; B = B * N{plus}; C = T * N2; {twice_z}
E = B - A; H = B + A; F = T {forward} C; G = T {backward} C; X = E * F; Y = G * H; Z = F * G
"""

# A point to what can be added: N0..N3
_NIELS = "T = E * H; N0 = Y + X; N1 = Y - X; N2 = T * D2; N3 = Z + Z"

# P to the power 2^250 - 1 in Q; R = P^11
_POWER = """
Q = P^2 1; R = Q^2 2; R = R * P; T = R; R = R * Q; Q = R^2 1; Q = Q * T
A = Q^2 5; Q = Q * A; A = Q^2 10; A = A * Q; B = A^2 20; A = A * B; A = A^2 10; Q = Q * A
A = Q^2 50; A = A * Q; B = A^2 100; A = A * B; A = A^2 50; Q = Q * A
"""

_START = "Z = ONE; E = X; H = Y"
_NEUTRAL = "X = ZERO; Y = ONE; Z = ONE; E = ZERO; H = ONE"

# X and Y of the affine point; 1 / Z, which is Z^(2^255 - 21), in Q
_TO_AFFINE = f"P = Z; {_POWER}; Q = Q^2 5; Q = Q * R; X = X * Q; Y = Y * Q"

# RFC 8032 section 5.1.3: u = y^2 - 1 in F, v = d y^2 + 1 in G, x = u v^3 (u v^7)^((p - 5) / 8) in X, v x^2 in H
_ROOT = f"""
A = Y^2 1; F = A - ONE; G = A * D; G = G + ONE; B = G^2 1; B = B * G; C = B * F; B = B^2 1; B = B * G; P = B * F
{_POWER}
Q = Q^2 2; Q = Q * P; X = C * Q; H = X^2 1; H = H * G
"""

# Many points to affine ones (Montgomery's trick), each being X, Y, Z in N0..N2: Z is the product of all Z so far; then,
# in Q, its inverse is brought down again, and C is 1 / N2
_PRODUCT = "Z = Z * N2"
_ENTRY = "Q = Q * N2; X = N0 * C; Y = N1 * C; N0 = Y + X; N1 = Y - X; N2 = X * Y; N2 = N2 * D2"

_AFFINE = {"twice_z": "T = Z + Z"}
_PROJECTIVE = {"twice_z": "T = Z * N3"}
_PLUS = {"plus": 0, "minus": 1, "forward": "-", "backward": "+"}
_MINUS = {"plus": 1, "minus": 0, "forward": "+", "backward": "-"}

SOURCES = {
    "DOUBLE": _DOUBLE,
    "AFFINE_PLUS": _ADD.format(**_AFFINE, **_PLUS),
    "AFFINE_MINUS": _ADD.format(**_AFFINE, **_MINUS),
    "PLUS": _ADD.format(**_PROJECTIVE, **_PLUS),
    "MINUS": _ADD.format(**_PROJECTIVE, **_MINUS),
    "NIELS": _NIELS,
    "START": _START,
    "NEUTRAL": _NEUTRAL,
    "TO_AFFINE": _TO_AFFINE,
    "ROOT": _ROOT,
    "PRODUCT": _PRODUCT,
    "ENTRY": _ENTRY,
}


def _operation(text: str) -> bytes:
    target, _, right = text.split(maxsplit=2)
    d = SLOTS.index(target)
    words = right.replace("^2", " ^").split()
    a = SLOTS.index(words[0])
    if len(words) == 1:
        return bytes((ADD, d, a, SLOTS.index("ZERO")))
    if words[1] == "^":
        return bytes((SQR, d, a, int(words[2])))
    return bytes(({"*": MUL, "+": ADD, "-": SUB}[words[1]], d, a, SLOTS.index(words[2])))


def assemble() -> tuple[bytes, dict[str, int]]:
    """All programs, one after the other, and where each begins, counted in operations."""
    code, places = b"", {}
    for name, source in SOURCES.items():
        places[name] = len(code) // 4
        operations = [text for line in source.split("\n") for text in line.split(";") if text.strip()]
        code += b"".join(_operation(text) for text in operations) + bytes(4)
    return code, places





def _code(*operations: Operation) -> bytes:
    return b"".join(bytes((operation + (0, 0, 0))[:4]) for operation in operations)


def sequences() -> dict[str, bytes]:
    """What is written before, between and after what a scalar becomes, and for `weave` the kinds of its lanes."""
    places = assemble()[1]

    def call(name: str, times: int = 1) -> Operation:
        return CALL, places[name], times

    def keep(slot: int) -> tuple[Operation, ...]:
        return call("NIELS"), (STORE, slot)

    z, q, c, zero = (SLOTS.index(name) for name in ("Z", "Q", "C", "ZERO"))
    affine = bytes((places["AFFINE_PLUS"], places["AFFINE_MINUS"], 0, 1))
    by_base, end, neutral = bytes((BASE,)) + affine, (END,), call("NEUTRAL")
    odd = [call("START"), *keep(TABLE), call("DOUBLE"), *keep(TWICE), (SLOT, places["PLUS"], TABLE), *keep(TABLE + 4)]
    for i in range(2, 8):
        odd += [(SLOT, places["PLUS"], TWICE), *keep(TABLE + 4 * i)]
    teeth = [operation for i in range(5) for operation in (*keep(TABLE + 4 * i), call("DOUBLE", COMB))]
    return {
        # operation, programs to add and to subtract, first entry and step, for two lanes; the highest position
        "BY_SLOTS": bytes((SLOT, places["PLUS"], places["MINUS"], TABLE, 4)) + by_base + bytes((255,)),
        "BY_KEY": bytes((KEY,)) + affine + by_base + bytes((COMB - 1,)),
        "BY_BASE": bytes(5) + by_base + bytes((COMB - 1,)),
        "BEGIN": _code(neutral),
        "BEGIN_ODD": _code(*odd, neutral),  # 1, 3, ... 15 times the point X, Y
        "END_AFFINE": _code(call("TO_AFFINE"), end),
        "END_MINUS_KEY": _code((KEY, places["AFFINE_MINUS"], 32), call("TO_AFFINE"), end),
        "FIND_ROOT": _code(call("ROOT"), end),
        # a Verifier's table; what varies by entry or tooth is added to bytes of it
        "ONLY_START": _code(call("START"), end),
        "TEETH": _code(*teeth, *((SLOT, places["MINUS"], TABLE + 4 * i) for i in range(5)), end),
        "GRAY_PLUS": _code(*2 * [(SLOT, places["PLUS"], TABLE)], end),
        "GRAY_MINUS": _code(*2 * [(SLOT, places["MINUS"], TABLE)], end),
        "FORWARD": _code((ADD, TABLE, z, zero), (KEY, places["PRODUCT"], 0), end),
        "BACKWARD": _code((MUL, c, q, TABLE), (KEY, places["ENTRY"], 0), end),
    }
