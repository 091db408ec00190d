"""Cases that are judged by libsodium (PyNaCl), made from a written seed; every engine must judge them alike."""

import functools
import hashlib
import json
import random
from pathlib import Path

from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_sign,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError
from nacl.exceptions import ValueError as WrongLength
from nacl.signing import VerifyKey

ROOT = Path(__file__).resolve().parents[1]
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
SIGN = 1 << 255
NEUTRAL = (1).to_bytes(32, "little")

Case = tuple[bytes, bytes, bytes]


def encode(number: int) -> bytes:
    return number.to_bytes(32, "little")


def oracle(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(key).verify(message, signature)
    except (BadSignatureError, WrongLength):
        return False
    return True


def seed_of(index: int) -> bytes:
    return hashlib.sha256(b"cabinpay test key %d" % index).digest()


def scalar_of(seed: bytes) -> int:
    return int.from_bytes(hashlib.sha512(seed).digest()[:32], "little") & (2**254 - 8) | 2**254


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L


def message_of(source: random.Random) -> bytes:
    return source.randbytes(source.choice((0, 1, 31, 32, 63, 64, 65, 128, 200, 300)))


def signed(index: int, source: random.Random) -> Case:
    key, secret = crypto_sign_seed_keypair(seed_of(index))
    message = message_of(source)
    return key, message, crypto_sign(message, secret)[:64]


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit >> 3] ^= 1 << (bit & 7)
    return bytes(changed)


def honest() -> list[Case]:
    source = random.Random("honest")
    return [signed(index, source) for index in range(300)]


def single_bit_flips() -> list[Case]:
    key, _, signature = signed(1, random.Random("flips"))
    message = b"window seat"
    signature = crypto_sign(message, crypto_sign_seed_keypair(seed_of(1))[1])[:64]
    cases = [(flipped(key, bit), message, signature) for bit in range(256)]
    cases += [(key, message, flipped(signature, bit)) for bit in range(512)]
    return cases + [(key, flipped(message, bit), signature) for bit in range(8 * len(message))]


def random_damage() -> list[Case]:
    source = random.Random("damage")
    cases = []
    for index in range(60):
        key, message, signature = signed(index, source)
        message += b"."
        cases.append((flipped(key, source.randrange(256)), message, signature))
        cases.append((key, flipped(message, source.randrange(8 * len(message))), signature))
        cases.append((key, message, source.randbytes(64)))
        cases.append((source.randbytes(32), message, signature))
    return cases


def large_s() -> list[Case]:
    cases = []
    source = random.Random("large s")
    for index in range(20):
        key, message, signature = signed(index, source)
        s = int.from_bytes(signature[32:], "little")
        forms = [s + times * L for times in range(1, 16)] + [s | 1 << bit for bit in range(253, 256)]
        forms += [L, L - 1, L + 1, 2**252, 2**253 - 1, 2**256 - 1, 0]
        cases += [(key, message, signature[:32] + encode(form)) for form in forms if form < 2**256]
    return cases


def wrong_r() -> list[Case]:
    """S is right for the R that is shown, but R is one bit off the nonce's point."""
    key, message, _ = signed(1, random.Random("wrong r"))
    a, nonce = scalar_of(seed_of(1)), scalar_of(seed_of(2))
    shown = [flipped(point(nonce, 0), bit) for bit in range(256)]
    return [(key, message, r + encode((nonce + challenge(r, key, message) * a) % L)) for r in shown]


def wrong_lengths() -> list[Case]:
    key, message, signature = signed(1, random.Random("lengths"))
    cases = [((key * 3)[:length], message, signature) for length in (0, 1, 16, 31, 33, 64, 96)]
    cases += [(key, message, (signature * 2)[:length]) for length in (0, 1, 32, 63, 65, 96, 128)]
    return [*cases, (key, message, signature + b"\0"), (key + b"\0", message, signature)]


@functools.cache
def torsion() -> list[bytes]:
    """The eight points of small order, j times the published one of order 8."""
    vectors = json.loads((ROOT / "tests/vectors/speccheck.json").read_text())
    points = [NEUTRAL]
    for _ in range(7):
        points.append(crypto_core_ed25519_add(points[-1], bytes.fromhex(vectors["cases"][0]["public_key"])))
    assert len(set(points)) == 8
    return points


def aliases(index: int) -> list[int]:
    """Every encoding of `torsion()[index]`: y + p where it fits, either sign bit where x is 0."""
    number = int.from_bytes(torsion()[index], "little")
    forms = [number, number + P] if number & (SIGN - 1) < 19 else [number]
    return forms + [form ^ SIGN for form in forms] if index in (0, 4) else forms


def point(scalar: int, index: int) -> bytes:
    """scalar * B + index * T of order 8."""
    base = crypto_scalarmult_ed25519_base_noclamp(encode(scalar % L)) if scalar % L else NEUTRAL
    return crypto_core_ed25519_add(base, torsion()[index])


def crafted(a: int, t: int, key: bytes, nonce: int, j: int, r: bytes, holds: bool) -> Case:
    """A signature by the key a * B + t * T with R = nonce * B + j * T.

    With `holds`, over a message for which S * B = R + k * A, if there is one; without, over one for which it is not so.
    """
    for counter in range(200):
        message = b"crafted %d" % counter
        k = challenge(r, key, message)
        if ((k * t + j) % 8 == 0) == holds:
            break
    return key, message, r + encode((nonce + k * a) % L)


def mixed_order() -> list[Case]:
    """Every torsion part in A and in R, each of them also without any other part."""
    cases = []
    for t in range(8):
        for j in range(8):
            for a in (0, scalar_of(seed_of(100 + t))):
                for nonce in (0, scalar_of(seed_of(200 + j))):
                    key, r = point(a, t), point(nonce, j)
                    cases += [crafted(a, t, key, nonce, j, r, holds) for holds in (True, False)]
    return cases


def small_order_encodings() -> list[Case]:
    """Every encoding, canonical or not, of a point of small order: as R, as A and as both."""
    a, nonce = scalar_of(seed_of(1)), scalar_of(seed_of(2))
    cases = []
    for index in range(8):
        for form in map(encode, aliases(index)):
            cases += [crafted(a, t, point(a, t), 0, index, form, True) for t in range(8)]
            cases += [crafted(0, index, form, nonce, j, point(nonce, j), True) for j in range(8)]
            for other in range(8):
                cases += [crafted(0, index, form, 0, other, encode(r), True) for r in aliases(other)]
    return cases


def odd_encodings() -> list[Case]:
    """y from p to p + 18 and the smallest y's, both signs, and other extremes: as A and as R."""
    key, message, signature = signed(1, random.Random("odd"))
    a, nonce = scalar_of(seed_of(1)), scalar_of(seed_of(2))
    numbers = [P + i for i in range(-4, 19)] + list(range(19))
    cases = []
    for form in [encode(number | sign) for number in numbers for sign in (0, SIGN)]:
        cases.append((form, message, signature))
        cases.append((form, message, form + signature[32:]))
        cases.append((form, message, form + bytes(32)))
        cases.append((form, message, point(nonce, 0) + encode(nonce % L)))
        cases.append((key, message, form + bytes(32)))
        cases.append((key, message, form + encode(challenge(form, key, message) * a % L)))
    return cases


def published() -> list[Case]:
    vectors = json.loads((ROOT / "tests/vectors/speccheck.json").read_text())
    fields = ("public_key", "message", "signature")
    cases = []
    for case in vectors["cases"]:
        key, message, signature = (bytes.fromhex(case[field]) for field in fields)
        cases.append((key, message, signature))
    zeros = [(bytes(32), b"", bytes(64)), (bytes(32), bytes(32), bytes(64)), (b"\xff" * 32, b"", b"\xff" * 64)]
    return cases + zeros


@functools.cache
def corpus() -> dict[str, list[Case]]:
    parts = (
        honest,
        single_bit_flips,
        random_damage,
        large_s,
        wrong_r,
        wrong_lengths,
        mixed_order,
        small_order_encodings,
        odd_encodings,
        published,
    )
    return {part.__name__: part() for part in parts}


@functools.cache
def judged() -> list[tuple[str, Case, bool]]:
    return [(name, case, oracle(*case)) for name, cases in corpus().items() for case in cases]


def seeds_and_messages(count: int) -> list[tuple[bytes, bytes]]:
    source = random.Random("sign")
    extremes = [(bytes(32), b""), (b"\xff" * 32, bytes(1000))]
    return extremes + [(source.randbytes(32), message_of(source)) for _ in range(count)]


def signed_by_libsodium(seed: bytes, message: bytes) -> tuple[bytes, bytes]:
    key, secret = crypto_sign_seed_keypair(seed)
    return key, crypto_sign(message, secret)[:64]
