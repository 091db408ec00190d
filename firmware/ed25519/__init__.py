"""Ed25519 (RFC 8032) and SHA-512 (FIPS 180-4) for stock MicroPython, and for CPython alike.

Verification answers exactly as libsodium's `crypto_sign_verify_detached` in PyNaCl 1.6.2 does: cofactorless.
Bytes-like arguments are bytes, bytearray or memoryview of bytes. README.md says what signing keeps from a clock.
"""

import sys

from . import _curve
from ._curve import TABLE_SIZE
from ._data import L, P
from ._engine import NAME as ENGINE
from ._engine import muladd, reduce
from ._sha512 import Sha512

__all__ = ["ENGINE", "TABLE_SIZE", "Sha512", "Verifier", "public_key", "sha512", "sign", "verify"]

# 4 KB that every part has copied to where it works
for _place in (sys.modules, globals()):
    for _name in (__name__ + "._tables", "_tables"):
        if _name in _place:
            del _place[_name]

# y of the points of order 1, 2, 4 and (two) 8. Only canonical forms: the others are refused as such.
_SMALL_ORDER_Y = (
    0,
    1,
    P - 1,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
)


def _has_small_order(encoded: bytes) -> bool:
    return int.from_bytes(encoded, "little") & (2**255 - 1) in _SMALL_ORDER_Y


def _hash(*pieces: bytes | bytearray | memoryview) -> bytes:
    state = Sha512()
    for piece in pieces:
        state.update(piece)
    return state.digest()


def _hash_to_scalar(*pieces: bytes | bytearray | memoryview) -> bytearray:
    scalar = bytearray(32)
    reduce(scalar, _hash(*pieces))
    return scalar


def _decode_key(key: bytes) -> tuple[int, int] | None:
    return None if len(key) != 32 or _has_small_order(key) else _curve.decode(key)


def _well_formed(signature: bytes) -> bool:
    if len(signature) != 64 or _has_small_order(signature[:32]):
        return False
    return int.from_bytes(signature[32:], "little") < L


def verify(
    public_key: bytes | bytearray | memoryview,
    message: bytes | bytearray | memoryview,
    signature: bytes | bytearray | memoryview,
) -> bool:
    """Whether `signature` (64 bytes) is `public_key`'s (32 bytes) over `message` (any length).

    RFC 8032 section 5.1.7, with libsodium's stricter rules: S below L; the key canonical, on the curve and not of
    small order; R not of small order, and byte for byte the encoding of S * B - k * A.
    False for bytes-like arguments of any other length; never raises for bytes-like arguments.
    """
    key, signature = bytes(public_key), bytes(signature)
    point = _decode_key(key) if _well_formed(signature) else None
    if point is None:
        return False
    r = signature[:32]
    return _curve.double_mul(signature[32:], _hash_to_scalar(r, key, message), *point) == r


class Verifier:
    """A key that signs often: `verify` answers as the function does, twice as fast, and holds a table of 3168 bytes.

    `table`: a bytearray of TABLE_SIZE bytes to make it in, for who has set memory aside; else there is a new one. It is
    None where the bytes are no key that `verify` would take: then every answer is False.
    """

    def __init__(self, public_key: bytes | bytearray | memoryview, table: bytearray | None = None) -> None:
        self.public_key = bytes(public_key)
        self.table = None
        point = _decode_key(self.public_key)
        if point is not None:
            self.table = bytearray(TABLE_SIZE) if table is None else table
            _curve.comb_table(self.table, P - point[0], point[1])

    def verify(self, message: bytes | bytearray | memoryview, signature: bytes | bytearray | memoryview) -> bool:
        """Whether `signature` (64 bytes) is this key's over `message` (any length)."""
        signature = bytes(signature)
        if self.table is None or not _well_formed(signature):
            return False
        r = signature[:32]
        return _curve.table_mul(signature[32:], _hash_to_scalar(r, self.public_key, message), self.table) == r


class _Secret:
    """What signing makes of a seed (RFC 8032 section 5.1.5)."""

    def __init__(self, seed: bytes) -> None:
        digest = _hash(seed)
        scalar = bytearray(digest[:32])
        scalar[0] &= 0xF8
        scalar[31] = scalar[31] & 0x7F | 0x40
        self.seed, self.scalar, self.prefix = seed, scalar, digest[32:]
        self.public_key = _curve.base_mul(scalar)


# A terminal signs with one key: the last one's is kept, it takes as long to make as a signature
_last: _Secret | None = None


def _secret(seed: bytes | bytearray | memoryview) -> _Secret:
    global _last
    if not isinstance(seed, (bytes, bytearray, memoryview)):
        raise ValueError("seed must be bytes-like")
    if len(seed) != 32:
        raise ValueError("seed must be 32 bytes")
    secret = _last
    if secret is None or secret.seed != seed:
        secret = _last = _Secret(bytes(seed))
    return secret


def public_key(seed: bytes | bytearray | memoryview) -> bytes:
    """The public key (32 bytes) of a seed (32 bytes), RFC 8032 section 5.1.5.

    ValueError if the seed is not bytes-like or not 32 bytes long.
    """
    return _secret(seed).public_key


def sign(
    seed: bytes | bytearray | memoryview,
    message: bytes | bytearray | memoryview,
    entropy: bytes | bytearray | memoryview = b"",
) -> bytes:
    """The signature (64 bytes) of a seed (32 bytes) over `message` (any length).

    Without `entropy` deterministic, RFC 8032 section 5.1.6. With it (at most 64 bytes; 32 fresh ones are right) the
    nonce is hedged: it depends on them too, so that a fault in one of two signatures does not give the key away.
    ValueError if the seed is not bytes-like or not 32 bytes long, or the entropy longer.
    """
    secret = _secret(seed)
    if len(entropy) > 64:
        raise ValueError("entropy must be at most 64 bytes")
    # As draft-irtf-cfrg-det-sigs-with-noise: the message begins with a block of its own
    hedge = (entropy, secret.prefix, bytes(96 - len(entropy))) if entropy else (secret.prefix,)
    nonce = _hash_to_scalar(*hedge, message)
    r = _curve.base_mul(nonce)
    k = _hash_to_scalar(r, secret.public_key, message)
    s = bytearray(32)
    muladd(s, k, secret.scalar, nonce)
    return r + bytes(s)


def sha512(data: bytes | bytearray | memoryview) -> bytes:
    """The SHA-512 digest (64 bytes) of `data` (any length), FIPS 180-4 section 6.4."""
    return _hash(data)
