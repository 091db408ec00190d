import hashlib


def kid(public_key: bytes) -> bytes:
    """8 bytes that help to look a 32-byte public key up: the first of its SHA-256. Never a proof."""
    return hashlib.sha256(public_key).digest()[:8]
