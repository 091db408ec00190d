"""Key files of the ground: NAME.key holds a secret seed (RFC 8032, 32 bytes), NAME.pub only the public half.

Both are small JSON. One key has one role, and signs only what that role signs: the wrong key file is refused where
it is read. Codes: key_garbled, key_role, key_mismatch, key_secret, key_public, key_name and those of `files`.
"""

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cabinpay.wire import cose
from cabinpay.wire.keys import kid

from . import codec, crypto, files
from .errors import Exit, HostError

_GROUND = (cose.AAD_LOGIN, cose.AAD_ACK, cose.AAD_TIME, cose.AAD_MAINTENANCE)
# What each role may sign, by external_aad. What a ground key may do on a terminal is a right in the trust bundle.
ROLES = {
    "root": (cose.AAD_DELEGATION,),
    "bundle": (cose.AAD_BUNDLE,),
    "issuer": (cose.AAD_PASS,),
    "ground": _GROUND,
    "ledger": _GROUND,
}
MAX_FILE = 4096
_FORMAT = "cabinpay-key"


@dataclass(frozen=True)
class PublicKey:
    """role: one of ROLES; public: 32 bytes."""

    role: str
    public: bytes

    @property
    def kid(self) -> bytes:
        """8 bytes that name the key: a look-up hint, no proof."""
        return kid(self.public)


@dataclass(frozen=True)
class Key(PublicKey):
    """A public key with its seed (32 bytes), which no repr and no message shows."""

    seed: bytes = field(repr=False)

    def sign(self, payload: bytes, aad: bytes) -> bytes:
        """Untagged COSE_Sign1 (RFC 9052) that names this key; ValueError for an `aad` that is another role's."""
        if aad not in ROLES[self.role]:
            raise ValueError(f"a {self.role} key does not sign this kind of object")
        return cose.sign(payload, self.kid, crypto.signer(self.seed), aad, codec)


def create(folder: Path, role: str, name: str) -> Key:
    """A new key as folder/NAME.key (mode 0600) and folder/NAME.pub; HostError where either is there already."""
    if role not in ROLES:
        raise HostError("key_role", f"there is no role {role!r}; choose one of {', '.join(ROLES)}", Exit.USAGE)
    check_name(name)
    seed = os.urandom(32)
    key = Key(role, crypto.public_key(seed), seed)
    shared = {"format": _FORMAT, "role": role, "kid": key.kid.hex(), "public": key.public.hex()}
    public = folder / f"{name}.pub"
    files.create(public, _text(shared))
    try:
        files.create(folder / f"{name}.key", _text({**shared, "seed": seed.hex()}), 0o600)
    except BaseException:
        public.unlink(missing_ok=True)
        raise
    return key


def check_name(name: str) -> None:
    """HostError unless files can be called so."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", name):
        raise HostError(
            "key_name", "a key's name takes up to 64 of letters, digits and _ . -, and no dot first", Exit.USAGE
        )


def load_secret(path: Path, role: str) -> Key:
    """The key of `role` with its secret; HostError where the file is not that, or others could read it."""
    key = load(path)
    if not isinstance(key, Key):
        raise HostError("key_public", f"{path} holds no secret; give the .key file that belongs to it", Exit.INPUT)
    _refuse_role(path, key, (role,))
    return key


def load_public(path: Path, *roles: str) -> PublicKey:
    """The public key of one of `roles`; a secret file is refused, so that none travels by mistake."""
    if "seed" in files.read_json(path, MAX_FILE):
        raise HostError("key_secret", f"{path} holds a secret; give the .pub file that belongs to it", Exit.INPUT)
    key = load(path)
    _refuse_role(path, key, roles)
    return key


def load(path: Path) -> PublicKey:
    """The Key or PublicKey in a file, whatever its role, with its two halves checked against each other."""
    fields = files.read_json(path, MAX_FILE)
    public, seed = _octets(fields, "public"), _octets(fields, "seed")
    expected = {"format", "role", "kid", "public"} | ({"seed"} if "seed" in fields else set())
    if set(fields) != expected or fields["format"] != _FORMAT or fields["role"] not in list(ROLES) or not public:
        raise HostError(
            "key_garbled", f"{path} is no key file of Cabinpay, or damaged; take it from a backup", Exit.INPUT
        )
    if "seed" in fields:
        files.refuse_shared(path)
    if fields["kid"] != kid(public).hex() or ("seed" in fields and (not seed or crypto.public_key(seed) != public)):
        raise HostError("key_mismatch", f"{path}: its parts do not belong together; take it from a backup", Exit.INPUT)
    return Key(fields["role"], public, seed) if seed else PublicKey(fields["role"], public)


def _refuse_role(path: Path, key: PublicKey, roles: tuple[str, ...]) -> None:
    if key.role not in roles:
        raise HostError(
            "key_role", f"{path} is a {key.role} key; a key of role {' or '.join(roles)} is needed", Exit.INPUT
        )


def _octets(fields: dict[str, Any], name: str) -> bytes:
    """The 32 bytes behind a field of 64 lower-case hex digits, else none."""
    value = fields.get(name)
    fits = isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)
    return bytes.fromhex(value) if isinstance(value, str) and fits else b""


def _text(fields: dict[str, str]) -> bytes:
    return json.dumps(fields, indent=1).encode() + b"\n"
