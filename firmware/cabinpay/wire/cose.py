"""COSE_Sign1 (RFC 9052 section 4.2), untagged, algorithm -19 (Ed25519, RFC 9864 section 2.2), one header form.

The protected header is exactly {1: -19, 4: kid}, or {1: -19} where the signed object is inside another that names
the key (a payment); the unprotected header is empty. Any other header is refused, so that one object has one encoding.
"""

from .errors import WireError

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Any

_ALG_ONLY = b"\xa1\x01\x32"
_ALG_KID = b"\xa2\x01\x32\x04\x48"

# external_aad by object: keeps one kind from passing as another. A pass has none (it is a plain CWT); a payment's is
# the exact bytes of its pass.
AAD_PASS = b""
AAD_RECEIPT = b"cabinpay-receipt"
AAD_DELEGATION = b"cabinpay-delegation"
AAD_BUNDLE = b"cabinpay-bundle"
AAD_LOGIN = b"cabinpay-login"
AAD_ACK = b"cabinpay-ack"
AAD_TIME = b"cabinpay-time"
AAD_MAINTENANCE = b"cabinpay-maintenance"
AAD_STATUS = b"cabinpay-status"


class Sign1:
    """kid: 8 bytes or None; payload: bytes; signature: 64 bytes, not yet checked."""

    def __init__(self, protected: bytes, payload: bytes, signature: bytes) -> None:
        self.protected = protected
        self.kid = protected[len(_ALG_KID) :] or None
        self.payload = payload
        self.signature = signature


def parse(data: bytes, codec: "Any") -> Sign1:
    """COSE_Sign1 taken apart, its signature unchecked; WireError("cbor") or ("cose")."""
    value = codec.decode(data)
    if not isinstance(value, list) or len(value) != 4:
        raise WireError("cose", "not an array of four")
    protected, unprotected, payload, signature = value
    if not isinstance(protected, bytes) or not _header_fits(protected):
        raise WireError("cose", "protected header is neither {1: -19} nor {1: -19, 4: kid}")
    if not isinstance(unprotected, dict) or unprotected:
        raise WireError("cose", "unprotected header is not empty")
    if not isinstance(payload, bytes) or not isinstance(signature, bytes) or len(signature) != 64:
        raise WireError("cose", "payload or signature is not a byte string of its length")
    return Sign1(protected, payload, signature)


def _header_fits(protected: bytes) -> bool:
    if protected == _ALG_ONLY:
        return True
    return protected[: len(_ALG_KID)] == _ALG_KID and len(protected) == len(_ALG_KID) + 8


def signed_bytes(sign1: Sign1, aad: bytes, codec: "Any") -> bytes:
    """What the signature covers: Sig_structure of RFC 9052 section 4.4."""
    encoded: bytes = codec.encode(["Signature1", sign1.protected, aad, sign1.payload])
    return encoded


def open(data: bytes, verify: "Callable[[bytes | None, bytes, bytes], bool]", aad: bytes, codec: "Any") -> bytes:
    """Payload of a COSE_Sign1 whose signature `verify(kid, signed bytes, signature)` accepts; else WireError."""
    sign1 = parse(data, codec)
    if not verify(sign1.kid, signed_bytes(sign1, aad, codec), sign1.signature):
        raise WireError("signature", "does not verify, or its key is unknown")
    return sign1.payload


def sign(payload: bytes, kid: "bytes | None", signer: "Callable[[bytes], bytes]", aad: bytes, codec: "Any") -> bytes:
    """Untagged COSE_Sign1 over `payload`; kid: 8 bytes, or None for the form without; signer: message -> 64 bytes."""
    if kid is not None and len(kid) != 8:
        raise ValueError("kid takes 8 bytes")
    sign1 = Sign1(_ALG_ONLY if kid is None else _ALG_KID + kid, payload, b"")
    signature = signer(signed_bytes(sign1, aad, codec))
    encoded: bytes = codec.encode([sign1.protected, {}, payload, signature])
    return encoded
