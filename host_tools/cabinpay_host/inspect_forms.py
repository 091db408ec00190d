"""What CBOR of the wire looks like from outside: which kind it is, and what is wrong with its header and its claims."""

from typing import Any

from cabinpay.wire import claims, cose, messages, receipts, trust
from cabinpay.wire.errors import WireError
from cabinpay.wire.schema import array

from . import codec, loose
from .link import JOIN, read_status

_READERS: dict[str, Any] = {
    "pass": claims.Pass.unpack,
    "payment": claims.Payment.unpack,
    "receipt": receipts.read_receipt,
    "delegation": trust.Delegation.unpack,
    "bundle": trust.Bundle.unpack,
    "login": messages.read_login,
    "ack": messages.read_ack,
    "time": messages.read_time,
    "maintenance": messages.read_maintenance,
    "time or maintenance": messages.read_time,
    "pulled": messages.read_pulled,
    "status": lambda data, _: read_status(data),
    "network": lambda data, c: array(data, JOIN, c),
    "log": messages.read_log,
    "evidence": receipts.Evidence.unpack,
    "request": messages.read_request,
    "reply": messages.read_reply,
    "bill": lambda data, c: array(data, claims.Bill.FORM, c),
    "lines": lambda data, c: array(data, claims.lines_form, c),
}


def looks_signed(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 4:
        return False
    protected, unprotected, payload, signature = value
    return all(isinstance(v, bytes) for v in (protected, payload, signature)) and isinstance(unprotected, dict)


def kind_of_claims(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    if -65537 in value or (8 in value and 7 in value and isinstance(value[7], bytes)):
        return "pass"
    if -65538 in value or -65539 in value:
        return "payment"
    if 9 in value and all(isinstance(value.get(label), list) for label in (6, 7, 8)):
        return "bundle"
    if 3 in value and isinstance(value.get(2), bytes) and 5 in value and type(value.get(1)) is int:
        return "receipt"
    if isinstance(value.get(1), bytes) and type(value.get(2)) is int and len(value) <= 3:
        return "delegation"
    return ""


_SHAPES: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("customer", (bytes, bytes)),
    ("evidence", (bytes, bytes, list)),
    ("evidence", (bytes, bytes, list, bytes)),
    ("bill", (bytes, bytes, int, int, bytes)),
    ("login", (str, bytes, bytes, bytes, bytes, bytes)),
    ("ack", (bytes, int, bytes, bytes)),
    ("time or maintenance", (bytes, bytes, int)),
    ("pulled", (bytes, bytes, int, int, bytes, bytes)),
    ("status", (bytes, bytes, str, str, int, int, int, int, int, int)),
    ("network", (bytes, bytes, bytes)),
    ("log", (bytes, bytes, str)),
)


def kind_of_array(value: list[Any]) -> str:
    types = tuple(type(item) for item in value)
    for kind, shape in _SHAPES:
        if types == shape:
            return kind
    if len(value) == 3 and types[:2] == (int, str):
        return "request" if types[2] is list and value[1] not in (messages.OK, messages.MORE) else "reply"
    return "lines" if value and all(_is_line(item) for item in value) else ""


def _is_line(item: Any) -> bool:
    return isinstance(item, list) and [type(part) for part in item] == [int, int, int]


def loosely(data: bytes, name: str) -> tuple[Any, list[str]]:
    try:
        value, remarks = loose.read(data)
    except loose.NotCbor as e:
        return None, [f"{name}: no CBOR, {e}"]
    return value, [f"{name}: {remark}" for remark in remarks]


def schema_faults(kind: str, data: bytes) -> list[str]:
    reader = _READERS.get(kind)
    try:
        if reader:
            reader(data, codec)
    except WireError as e:
        return [f"{e.code}: {e.detail}"]
    return []


def header_faults(header: Any, unprotected: dict[Any, Any], kind: str) -> list[str]:
    if not isinstance(header, dict):
        return ["protected header: no map"]
    faults = []
    alg, named = header.get(1), header.get(4)
    if type(alg) is int and alg == -8:
        faults.append("alg -8 (EdDSA), which RFC 9864 deprecates: -19 (Ed25519) is wanted")
    elif type(alg) is not int or alg != -19:
        faults.append(f"alg {alg}: -19 (Ed25519) is wanted")
    if 4 in header and (not isinstance(named, bytes) or len(named) != 8):
        faults.append("kid is not a byte string of 8 bytes")
    if 4 not in header and kind not in ("payment", ""):
        faults.append(f"the header names no key (kid): a {kind} does")
    if set(header) - {1, 4}:
        faults.append("protected header: more than alg and kid")
    if unprotected:
        faults.append("unprotected header is not empty: nothing in it is signed")
    return faults


def device(signed_pass: bytes | None) -> bytes | None:
    """The phone's public key in a pass, read as loosely as the pass is explained."""
    try:
        content = loose.read(loose.read(signed_pass or b"")[0][2])[0]
    except (loose.NotCbor, TypeError, LookupError):
        return None
    public = dig(content, 8, 1, -2)
    return public if isinstance(public, bytes) else None


def parses(data: bytes) -> bool:
    try:
        cose.parse(data, codec)
    except WireError:
        return False
    return True


def byte_strings(value: Any) -> list[bytes]:
    if isinstance(value, bytes):
        return [value]
    return [data for item in value for data in byte_strings(item)] if isinstance(value, list) else []


def dig(value: Any, *labels: int) -> Any:
    for label in labels:
        value = value.get(label) if isinstance(value, dict) else None
    return value if not isinstance(value, (list, dict)) else None
