"""Why a signature holds, or why it does not: other keys, other external_aads and usual mistakes are tried in turn."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from cabinpay.wire import cose

from . import codec, crypto
from .inspect_keys import Known, Ring
from .inspect_things import HOLDS, INVALID, UNCHECKED, Signature

_GROUND = ("ground", "ledger")
# By kind: external_aad and the roles that sign it; a payment's external_aad is its pass
RULES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "pass": (cose.AAD_PASS, ("issuer",)),
    "receipt": (cose.AAD_RECEIPT, ("terminal",)),
    "delegation": (cose.AAD_DELEGATION, ("root",)),
    "bundle": (cose.AAD_BUNDLE, ("bundle",)),
    "login": (cose.AAD_LOGIN, (*_GROUND, "terminal")),
    "ack": (cose.AAD_ACK, _GROUND),
    "time": (cose.AAD_TIME, _GROUND),
    "maintenance": (cose.AAD_MAINTENANCE, _GROUND),
    "network": (cose.AAD_MAINTENANCE, _GROUND),
    "status": (cose.AAD_STATUS, ("terminal",)),
    "pulled": (cose.AAD_STATUS, ("terminal",)),
    "log": (cose.AAD_STATUS, ("terminal",)),
}
# Of a flash with a thousand passes
_LAST_PASSES = 50
_GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
_CANNOT_TELL = "or the payload, header or signature was altered: a signature cannot tell which"


@dataclass
class Signed:
    """A COSE_Sign1 taken apart loosely. sound: does the wire take its form? over: the pass that a payment travels with;
    device: the public key in that pass."""

    protected: bytes
    payload: bytes
    signature: bytes
    kid: bytes | None
    sound: bool
    over: bytes | None = None
    device: bytes | None = None

    def message(self, aad: bytes, protected: bytes | None = None) -> bytes:
        header = self.protected if protected is None else protected
        return codec.encode(["Signature1", header, aad, self.payload])


def judge(kind: str, signed: Signed, ring: Ring) -> tuple[Signature, str]:
    """What is to be said about the signature, and the kind that its external_aad makes it ("" where none fits)."""
    kid = signed.kid.hex() if signed.kid else ""
    if len(signed.signature) != 64:
        return Signature(INVALID, kid, [f"{len(signed.signature)} bytes are no Ed25519 signature: it has 64"]), ""
    wanted = _wanted(kind, signed)
    for known in _candidates(kind, signed, ring):
        for name, aad in wanted:
            if crypto.verify(known.public, signed.message(aad), signed.signature):
                return _fits(name, signed, known), name
    return Signature(*_failed(kind, signed, ring, kid)), ""


def _wanted(kind: str, signed: Signed) -> list[tuple[str, bytes]]:
    if kind == "payment":
        return [("payment", signed.over)] if signed.over is not None else []
    if kind in RULES:
        return [(kind, RULES[kind][0])]
    names = ("time", "maintenance") if kind == "time or maintenance" else tuple(RULES)
    return [(name, RULES[name][0]) for name in names]


def _candidates(kind: str, signed: Signed, ring: Ring) -> list[Known]:
    """The key in the pass; for other objects those that the header names; where it names none, those that may."""
    if kind == "payment":
        return [known for known in ring.keys if known.public == signed.device]
    if signed.kid:
        return [known for known in ring.keys if known.kid == signed.kid]
    roles = RULES.get(kind, (b"", ()))[1]
    return [known for known in ring.keys if not known.role or known.role in roles]


def _fits(kind: str, signed: Signed, known: Known) -> Signature:
    kid = known.kid.hex()
    by = f"made by {_who(known)}"
    # a pass names its device key itself, whatever else that key may be
    roles = RULES[kind][1] if kind in RULES else ()
    if roles and known.role and known.role not in roles:
        return Signature(INVALID, kid, [f"{by}: wrong role, a {kind} is signed by a key of role {' or '.join(roles)}"])
    if not signed.sound:
        return Signature(INVALID, kid, [f"{by}: the Ed25519 part holds, but the form is refused (above)"])
    return Signature(HOLDS, kid, [f"{by}, with {_aad_name(kind)}"])


def _failed(kind: str, signed: Signed, ring: Ring, kid: str) -> tuple[str, str, list[str]]:
    malleable = int.from_bytes(signed.signature[32:], "little") >= _GROUP_ORDER
    if malleable:
        return INVALID, kid, ["S is not below the group order (RFC 8032 section 5.1.7): refused whatever the key"]
    found = next(_explanations(kind, signed, ring), None)
    if found:
        return INVALID, kid, [found]
    if kind == "payment":
        return _failed_payment(signed, kid)
    known = [k for k in ring.keys if k.kid == signed.kid]
    if not known:
        given = ", ".join(k.kid.hex() for k in ring.keys if k.role != "device") or "none"
        named = f"no key with kid {kid} is given" if kid else "the header names no key"
        return UNCHECKED, kid, [f"{named} (kids given: {given}); none of them made it; give it with --key or --bundle"]
    line = f"{_who(known[0])} has this kid and did not make it, with any external_aad: another key of this kid did"
    return INVALID, kid, [f"{line}, {_CANNOT_TELL}"]


def _failed_payment(signed: Signed, kid: str) -> tuple[str, str, list[str]]:
    if signed.over is None:
        reason = "a payment is signed over its pass by the key in it: inspect both together, as the customer QR"
        return UNCHECKED, kid, [reason]
    reason = "the key in the pass did not make it over this pass: it was made over another pass, by another phone"
    return INVALID, kid, [f"{reason}, {_CANNOT_TELL}"]


def _explanations(kind: str, signed: Signed, ring: Ring) -> Iterator[str]:
    """What the signer did instead of what the wire asks for."""
    if not ring.patience:
        return
    ring.patience -= 1
    aads = [(_aad_name(name), aad) for name, (aad, _) in RULES.items()]
    if kind == "payment":
        aads += [(f"the pass {hashlib.sha256(p).hexdigest()[:16]}...", p) for p in ring.passes[-_LAST_PASSES:]]
    wanted = [aad for _, aad in _wanted(kind, signed)]
    for known in ring.keys:
        for name, aad in aads:
            if crypto.verify(known.public, signed.message(aad), signed.signature):
                yield _other(kind, signed, known, name, aad in wanted)
        yield from _mistakes(signed, known, [*aads, *(("", aad) for aad in wanted)])


def _other(kind: str, signed: Signed, known: Known, aad_name: str, aad_fits: bool) -> str:
    faults = []
    if signed.kid and signed.kid != known.kid:
        faults.append(f"wrong key: the header names kid {signed.kid.hex()}, but {_who(known)} made it")
    elif kind == "payment" and known.public != signed.device:
        faults.append(f"wrong key: not the key in the pass but {_who(known)} made it")
    if not aad_fits:
        over = "over another pass" if aad_name.startswith("the pass") and kind == "payment" else "wrong external_aad"
        wanted = "the pass beside it" if kind == "payment" else _aad_name(kind)
        faults.append(f"{over}: made by {_who(known)} with {aad_name}, where {wanted} is wanted")
    return "; ".join(faults) or f"made by {_who(known)} with {aad_name}, which is not one for this"


def _mistakes(signed: Signed, known: Known, aads: list[tuple[str, bytes]]) -> Iterator[str]:
    if crypto.verify(known.public, signed.payload, signed.signature):
        yield f"{_who(known)} signed the payload itself; the Sig_structure of RFC 9052 section 4.4 is wanted"
    headers = [b"", codec.encode({1: -19}), codec.encode({1: -8}), codec.encode({1: -19, 4: known.kid})]
    headers.append(codec.encode({1: -8, 4: known.kid}))
    for header in headers:
        for _, aad in aads:
            if header != signed.protected and crypto.verify(
                known.public, signed.message(aad, header), signed.signature
            ):
                yield f"header altered: {_who(known)} signed it with protected header {header.hex() or '(empty)'}"


def _aad_name(kind: str) -> str:
    if kind == "payment":
        return "its pass as external_aad"
    aad = RULES[kind][0].decode() if kind in RULES else kind
    return f"external_aad {aad!r}" if aad else "empty external_aad (a pass)"


def _who(known: Known) -> str:
    role = f"{known.role} key " if known.role and known.role not in known.name else ""
    return f"{role}{known.kid.hex()} ({known.name})"
