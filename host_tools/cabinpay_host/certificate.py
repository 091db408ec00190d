"""The gateway's certificate, which terminals pin: NAME.crt to give away and NAME.pem with its secret.

As stock MicroPython takes it: ECDSA over P-256, signed by itself, valid from 2020 on because a terminal without a clock
wakes years ago. Nobody renews it by date: a bundle pins the next one beside it, and then that one alone.
Codes: certificate_bad and those of `files`.
"""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cabinpay.wire.network import SERVER_NAME

from . import files
from .errors import Exit, HostError

MAX_FILE = 8192
# As a terminal stores it
MAX_DER = 600
_FROM = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_UNTIL = datetime.datetime(2099, 12, 31, tzinfo=datetime.UTC)


def create(folder: Path, name: str) -> bytes:
    """A new certificate as folder/NAME.crt and its key as folder/NAME.pem (mode 0600); its pin, 32 bytes."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = folder / f"{name}.crt"
    files.create(public, certificate.public_bytes(serialization.Encoding.PEM))
    try:
        files.create(folder / f"{name}.pem", secret, 0o600)
    except BaseException:
        public.unlink(missing_ok=True)
        raise
    return pin(certificate.public_bytes(serialization.Encoding.DER))


def load(path: Path) -> bytes:
    """The certificate in a .crt file as DER."""
    try:
        certificate = x509.load_pem_x509_certificate(files.read(path, MAX_FILE))
        fits = isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    except ValueError:
        fits = False
    der = certificate.public_bytes(serialization.Encoding.DER) if fits else b""
    if not 0 < len(der) <= MAX_DER:
        line = f"{path} is no certificate that terminals take: make one with cabinpay keys gateway"
        raise HostError("certificate_bad", line, Exit.INPUT)
    return der


def pin(der: bytes) -> bytes:
    """What a bundle lists and a login names as its channel: SHA-256, 32 bytes."""
    return hashlib.sha256(der).digest()


def _signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SERVER_NAME)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]), critical=False)
        # it vouches for itself and for no other: what a terminal has verified is this certificate and none that it made
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    return builder.sign(key, hashes.SHA256())
