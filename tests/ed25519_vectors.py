"""The 1024 vectors of Ed25519's authors, as `cryptography_vectors` packs them."""

from __future__ import annotations

from pathlib import Path

import cryptography_vectors

Vector = tuple[bytes, bytes, bytes, bytes]


def authors_vectors() -> list[Vector]:
    """Seed, public key, message, signature."""
    path = Path(cryptography_vectors.__file__).parent / "asymmetric" / "Ed25519" / "sign.input"
    vectors = []
    for line in path.read_text().splitlines():
        secret, public, message, signed = (bytes.fromhex(field) for field in line.split(":")[:4])
        assert signed[64:] == message and secret[32:] == public
        vectors.append((secret[:32], public, message, signed[:64]))
    return vectors
