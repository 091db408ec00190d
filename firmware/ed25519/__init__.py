"""Ed25519 (RFC 8032) and SHA-512 (FIPS 180-4) for stock MicroPython, and for CPython alike.

Verification answers exactly as libsodium's `crypto_sign_verify_detached` in PyNaCl 1.6.2 does: cofactorless.
Bytes-like arguments are bytes, bytearray or memoryview of bytes.

Signing is not constant time: the secret scalars pass through big integers, whose operations take as long as their
values are wide, and pick table entries. The sequence of operations is the same for every key and message.
"""

from . import _plain, _sha512

__all__ = ["public_key", "sha512", "sign", "verify"]

# y of the points of order 1, 2, 4 and (two) 8. Only canonical forms: the others are refused as such.
_SMALL_ORDER_Y = (
    0,
    1,
    _plain.P - 1,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
)


def _has_small_order(encoded: bytes) -> bool:
    return int.from_bytes(encoded, "little") & (2**255 - 1) in _SMALL_ORDER_Y


def _hash_to_scalar(*pieces: bytes | bytearray | memoryview) -> int:
    state = _sha512.Sha512()
    for piece in pieces:
        state.update(piece)
    return int.from_bytes(state.digest(), "little") % _plain.L


def _expand(seed: bytes | bytearray | memoryview) -> tuple[int, bytes]:
    """The secret scalar and the nonce prefix of a seed (RFC 8032 section 5.1.5)."""
    if not isinstance(seed, (bytes, bytearray, memoryview)):
        raise ValueError("seed must be bytes-like")
    if len(seed) != 32:
        raise ValueError("seed must be 32 bytes")
    digest = sha512(seed)
    scalar = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
    return scalar, digest[32:]


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
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key = bytes(public_key)
    r = bytes(signature)[:32]
    s = int.from_bytes(bytes(signature)[32:], "little")
    if s >= _plain.L or _has_small_order(r) or _has_small_order(key):
        return False
    point = _plain.decode(key)
    if point is None:
        return False
    k = _hash_to_scalar(r, key, message)
    return _plain.double_mul(s, k, _plain.negate(point)) == r


def public_key(seed: bytes | bytearray | memoryview) -> bytes:
    """The public key (32 bytes) of a seed (32 bytes), RFC 8032 section 5.1.5.

    ValueError if the seed is not bytes-like or not 32 bytes long.
    """
    scalar, _ = _expand(seed)
    return _plain.base_mul(scalar)


def sign(seed: bytes | bytearray | memoryview, message: bytes | bytearray | memoryview) -> bytes:
    """The signature (64 bytes) of a seed (32 bytes) over `message` (any length): deterministic, RFC 8032 section 5.1.6.

    ValueError if the seed is not bytes-like or not 32 bytes long. Not constant time, see the module.
    """
    scalar, prefix = _expand(seed)
    nonce = _hash_to_scalar(prefix, message)
    r = _plain.base_mul(nonce)
    k = _hash_to_scalar(r, _plain.base_mul(scalar), message)
    s = (nonce + k * scalar) % _plain.L
    return r + s.to_bytes(32, "little")


def sha512(data: bytes | bytearray | memoryview) -> bytes:
    """The SHA-512 digest (64 bytes) of `data` (any length), FIPS 180-4 section 6.4."""
    state = _sha512.Sha512()
    state.update(data)
    return state.digest()
