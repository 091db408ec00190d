"""CBOR objects of the wire explained: recognised loosely, judged by `cabinpay.wire`, their parts explained in turn."""

from typing import Any

from cabinpay.wire import claims, cose, messages, receipts, trust
from cabinpay.wire.errors import WireError
from cabinpay.wire.keys import kid
from cabinpay.wire.schema import array

from . import codec, loose
from .errors import Exit, HostError
from .inspect_fields import KINDS, Fields
from .inspect_keys import Ring
from .inspect_signature import RULES, Signed, judge
from .inspect_things import HOLDS, INVALID, Thing

# An object inside an object inside an object; a hostile file could go on
MAX_NESTED = 5
MAX_BYTES = 1 << 17
# Below this nothing signed fits
_SMALLEST_PART = 40

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
    "evidence": receipts.Evidence.unpack,
    "request": messages.read_request,
    "reply": messages.read_reply,
    "bill": lambda data, c: array(data, claims.Bill.FORM, c),
    "lines": lambda data, c: array(data, claims.lines_form, c),
}


def unknown(line: str) -> HostError:
    return HostError("unknown_thing", f"{line}: nothing of Cabinpay's is recognised", Exit.INPUT)


class Objects:
    """Explains bytes with the keys of `ring`, and adds to it what they name (the phone's key, passes, bundle keys)."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self._nested = 0

    def of_bytes(self, data: bytes, over: bytes | None = None) -> Thing:
        """What `data` (CBOR) is; HostError("unknown_thing") otherwise. over: the pass that a payment goes with."""
        if len(data) > MAX_BYTES:
            raise unknown(f"{len(data)} bytes")
        try:
            value, remarks = loose.read(data)
        except loose.NotCbor as e:
            raise unknown(f"no CBOR, {e}") from None
        thing = self._of_value(value, data, over, not remarks)
        thing.faults[:0] = remarks
        return thing

    def part(self, thing: Thing, data: Any, over: bytes | None = None) -> None:
        """Explains `data` as a part of `thing`, where it is something."""
        if not isinstance(data, bytes) or len(data) < _SMALLEST_PART or self._nested >= MAX_NESTED:
            return
        self._nested += 1
        try:
            thing.parts.append(self.of_bytes(data, over))
        except HostError as e:
            thing.notes.append(e.line)
        self._nested -= 1

    def _of_value(self, value: Any, data: bytes, over: bytes | None, strict: bool) -> Thing:
        if _looks_signed(value):
            return self._signed(value, data, over, strict)
        kind = _kind_of_array(value) if isinstance(value, list) else _kind_of_claims(value)
        if not kind:
            raise unknown("CBOR of another form")
        thing = self._plain(kind, value, data)
        if kind in RULES or kind in ("payment", "time or maintenance"):
            thing.notes.append("the payload alone: a signature belongs around it")
        return thing

    def _plain(self, kind: str, value: Any, data: bytes) -> Thing:
        thing = Thing(kind, data, self._fields(kind, value))
        thing.faults += _schema_faults(kind, data)
        if kind in ("customer", "evidence"):
            self._pair(thing, value[0], value[1])
        elif kind in ("request", "reply"):
            for item in _byte_strings(value[2]):
                self.part(thing, item)
        return thing

    def _fields(self, kind: str, value: Any) -> Any:
        fields = Fields(self.ring.exponents).of(kind, value)
        for field in fields:
            if kind == "lines":
                field.name = "[sku, quantity, unit price]"
        return fields

    def _pair(self, thing: Thing, signed_pass: Any, payment: Any) -> None:
        self.ring.add_pass(signed_pass)
        for name, data, over in (("pass", signed_pass, None), ("payment", payment, signed_pass)):
            before = len(thing.parts)
            self.part(thing, data, over)
            if not any(part.kind.split(":")[0] == name for part in thing.parts[before:]):
                thing.faults.append(f"where the {name} belongs there is none")

    def _signed(self, value: list[Any], data: bytes, over: bytes | None, strict: bool) -> Thing:
        protected, unprotected, payload, signature = value
        content, faults = _loosely(payload, "payload")
        kind = _kind_of_array(content) if isinstance(content, list) else _kind_of_claims(content)
        kind = kind if kind in RULES or kind in ("payment", "time or maintenance") else ""
        header, header_faults = _loosely(protected, "protected header")
        header_faults += _header_faults(header, unprotected, kind)
        named = header.get(4) if isinstance(header, dict) else None
        sound = strict and not header_faults and _parses(data)
        signed = Signed(
            protected, payload, signature, named if isinstance(named, bytes) else None, sound, over, _device(over)
        )
        thing = Thing(kind or "signed object", data, self._fields(kind, content) if kind else [])
        thing.faults += header_faults + faults + (_schema_faults(kind, payload) if kind and not faults else [])
        self._learn(thing, kind, content)
        thing.signature, shown = judge(kind, signed, self.ring)
        self._name(thing, kind or shown, content, shown)
        return thing

    def _learn(self, thing: Thing, kind: str, content: Any) -> None:
        """Keys that an object names for others: the phone's in a pass, the bundle key in a bundle's delegation."""
        if kind == "pass":
            public = _dig(content, 8, 1, -2)
            if isinstance(public, bytes) and len(public) == 32:
                self.ring.add(public, "phone's key in the pass", "device")
        elif kind == "bundle":
            self.part(thing, content.get(1))
        elif kind == "delegation" and isinstance(content.get(1), bytes):
            self.ring.add(content[1], "bundle key in its delegation", "bundle")

    def _name(self, thing: Thing, kind: str, content: Any, shown: str) -> None:
        if kind == "receipt":
            thing.kind = f"receipt: {KINDS.get(_dig(content, 3), 'unknown kind')}"
        elif shown:
            thing.kind = shown
        if kind == "bundle":
            self._bundle(thing, content)
        if kind == "payment" and not thing.faults:
            mode = claims.Payment(**{f[1]: content.get(f[0]) for f in claims.Payment.FIELDS}).mode()
            names = {claims.CHALLENGED: "challenged", claims.BOUND: "bound", claims.QUICK: "quick"}
            thing.kind = f"payment: {names[mode]}" if mode else "payment"
            if not mode:
                thing.faults.append("schema: terms and challenge do not go together, it is of no mode")

    def _bundle(self, thing: Thing, content: Any) -> None:
        """Whoever can write a delegation can sign a bundle under it: the bundle is worth what its delegation is."""
        delegation = thing.parts[0] if thing.parts and thing.parts[0].kind == "delegation" else None
        if not delegation or not delegation.signature or not thing.signature:
            thing.faults.append("where the delegation belongs there is none")
            return
        named = [kid(field.value).hex() for field in delegation.fields if field.name == "bundle_key"]
        if thing.signature.state == HOLDS and named != [thing.signature.kid]:
            thing.signature.state = INVALID
            thing.signature.reasons.append("but its delegation names another bundle key")
        elif thing.signature.state == HOLDS and delegation.signature.state != HOLDS:
            thing.signature.state = delegation.signature.state
            thing.signature.reasons.append(f"but its delegation's signature is: {delegation.signature.state}")
        if not thing.faults:
            publics = [entry[0] for entry in content[7] + content[8]]
            if len({kid(public) for public in publics}) != len(publics):
                thing.faults.append("schema: two keys share a kid, or one key has two roles")


def sound(thing: Thing) -> bool:
    """Is nothing in a thing and its parts refused?"""
    bad = thing.faults or (thing.signature and thing.signature.state == INVALID)
    return not bad and all(sound(part) for part in thing.parts)


def _looks_signed(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 4:
        return False
    protected, unprotected, payload, signature = value
    return all(isinstance(v, bytes) for v in (protected, payload, signature)) and isinstance(unprotected, dict)


def _kind_of_claims(value: Any) -> str:
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
)


def _kind_of_array(value: list[Any]) -> str:
    types = tuple(type(item) for item in value)
    for kind, shape in _SHAPES:
        if types == shape:
            return kind
    if len(value) == 3 and types[:2] == (int, str):
        return "request" if types[2] is list and value[1] not in (messages.OK, messages.MORE) else "reply"
    return "lines" if value and all(_is_line(item) for item in value) else ""


def _is_line(item: Any) -> bool:
    return isinstance(item, list) and [type(part) for part in item] == [int, int, int]


def _loosely(data: bytes, name: str) -> tuple[Any, list[str]]:
    try:
        value, remarks = loose.read(data)
    except loose.NotCbor as e:
        return None, [f"{name}: no CBOR, {e}"]
    return value, [f"{name}: {remark}" for remark in remarks]


def _schema_faults(kind: str, data: bytes) -> list[str]:
    reader = _READERS.get(kind)
    try:
        if reader:
            reader(data, codec)
    except WireError as e:
        return [f"{e.code}: {e.detail}"]
    return []


def _header_faults(header: Any, unprotected: dict[Any, Any], kind: str) -> list[str]:
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


def _device(signed_pass: bytes | None) -> bytes | None:
    """The phone's public key in a pass, read as loosely as the pass is explained."""
    try:
        content = loose.read(loose.read(signed_pass or b"")[0][2])[0]
    except (loose.NotCbor, TypeError, LookupError):
        return None
    public = _dig(content, 8, 1, -2)
    return public if isinstance(public, bytes) else None


def _parses(data: bytes) -> bool:
    try:
        cose.parse(data, codec)
    except WireError:
        return False
    return True


def _byte_strings(value: Any) -> list[bytes]:
    if isinstance(value, bytes):
        return [value]
    return [data for item in value for data in _byte_strings(item)] if isinstance(value, list) else []


def _dig(value: Any, *labels: int) -> Any:
    for label in labels:
        value = value.get(label) if isinstance(value, dict) else None
    return value if not isinstance(value, (list, dict)) else None
