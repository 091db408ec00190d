"""CBOR objects of the wire explained: recognised loosely, judged by `cabinpay.wire`, their parts explained in turn."""

from typing import Any

from cabinpay.wire import claims
from cabinpay.wire.keys import kid

from . import inspect_forms as forms
from . import loose
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
        if forms.looks_signed(value):
            return self._signed(value, data, over, strict)
        kind = forms.kind_of_array(value) if isinstance(value, list) else forms.kind_of_claims(value)
        if not kind:
            raise unknown("CBOR of another form")
        thing = self._plain(kind, value, data)
        if kind in RULES or kind in ("payment", "time or maintenance"):
            thing.notes.append("the payload alone: a signature belongs around it")
        return thing

    def _plain(self, kind: str, value: Any, data: bytes) -> Thing:
        thing = Thing(kind, data, self._fields(kind, value))
        thing.faults += forms.schema_faults(kind, data)
        if kind in ("customer", "evidence"):
            self._pair(thing, value[0], value[1])
        elif kind in ("request", "reply"):
            for item in forms.byte_strings(value[2]):
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
        content, faults = forms.loosely(payload, "payload")
        kind = forms.kind_of_array(content) if isinstance(content, list) else forms.kind_of_claims(content)
        kind = kind if kind in RULES or kind in ("payment", "time or maintenance") else ""
        header, header_faults = forms.loosely(protected, "protected header")
        header_faults += forms.header_faults(header, unprotected, kind)
        named = header.get(4) if isinstance(header, dict) else None
        sound = strict and not header_faults and forms.parses(data)
        signed = Signed(
            protected, payload, signature, named if isinstance(named, bytes) else None, sound, over, forms.device(over)
        )
        thing = Thing(kind or "signed object", data, self._fields(kind, content) if kind else [])
        thing.faults += header_faults + faults + (forms.schema_faults(kind, payload) if kind and not faults else [])
        self._learn(thing, kind, content)
        thing.signature, shown = judge(kind, signed, self.ring)
        self._name(thing, kind or shown, content, shown)
        return thing

    def _learn(self, thing: Thing, kind: str, content: Any) -> None:
        """Keys that an object names for others: the phone's in a pass, the bundle key in a bundle's delegation."""
        if kind == "pass":
            public = forms.dig(content, 8, 1, -2)
            if isinstance(public, bytes) and len(public) == 32:
                self.ring.add(public, "phone's key in the pass", "device")
        elif kind == "bundle":
            self.part(thing, content.get(1))
        elif kind == "delegation" and isinstance(content.get(1), bytes):
            self.ring.add(content[1], "bundle key in its delegation", "bundle")

    def _name(self, thing: Thing, kind: str, content: Any, shown: str) -> None:
        if kind == "receipt":
            thing.kind = f"receipt: {KINDS.get(forms.dig(content, 3), 'unknown kind')}"
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
