"""Ed25519 by libsodium, in the shapes that `cabinpay.wire` asks for."""

from collections.abc import Callable

from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError
from nacl.signing import SigningKey


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Does `public_key` sign `message` so? False, and never an error, for keys or signatures that are none."""
    if {type(public_key), type(message), type(signature)} != {bytes}:
        return False
    if len(public_key) != 32 or len(signature) != 64:
        return False
    try:
        crypto_sign_open(signature + message, public_key)
    except CryptoError:
        return False
    return True


def signer(seed: bytes) -> Callable[[bytes], bytes]:
    """What signs with the 32-byte secret `seed`: message -> 64 bytes. ValueError for another length."""
    key = _key(seed)
    return lambda message: bytes(key.sign(message).signature)


def public_key(seed: bytes) -> bytes:
    """The 32-byte public key of the 32-byte secret `seed`. ValueError for another length."""
    return bytes(_key(seed).verify_key)


def _key(seed: bytes) -> SigningKey:
    if len(seed) != 32:
        raise ValueError("a seed takes 32 bytes")
    return SigningKey(seed)
