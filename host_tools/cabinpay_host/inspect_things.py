"""What `cabinpay inspect` found out: things with fields, a signature and parts, for people and for programs."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

HOLDS, INVALID, UNCHECKED = "holds", "invalid", "not checked"


@dataclass
class Field:
    """label: as on the wire (number, place in an array) or ""; shown: value with its unit."""

    label: str
    name: str
    value: Any
    shown: str


@dataclass
class Signature:
    """state: HOLDS, INVALID or UNCHECKED; reasons: one line each, why it does or does not."""

    state: str
    kid: str
    reasons: list[str]


@dataclass
class Thing:
    """kind: what it is; data: its bytes, none where a secret is among them; faults: what the wire refuses in it;
    notes: what is good to know."""

    kind: str
    data: bytes
    fields: list[Field] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    signature: Signature | None = None
    parts: list["Thing"] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """Everything, ready for JSON: byte strings in hex, times in Unix seconds, amounts in minor units."""
        out: dict[str, Any] = {"kind": self.kind}
        if self.data:
            out |= {"bytes": len(self.data), "sha256": _sha(self.data)}
        names = ("label", "name", "value", "shown")
        out["fields"] = [dict(zip(names, (f.label, f.name, plain(f.value), f.shown), strict=True)) for f in self.fields]
        if self.signature:
            out["signature"] = vars(self.signature)
        return out | {"faults": self.faults, "notes": self.notes, "parts": [part.record() for part in self.parts]}

    def lines(self, indent: str = "") -> list[str]:
        """The same for people."""
        size = f" ({len(self.data)} bytes, SHA-256 {_sha(self.data)})" if self.data else ""
        out = [f"{indent}{self.kind}{size}"]
        inner = indent + "  "
        width = max((len(f.name) for f in self.fields), default=0)
        out += [f"{inner}{f.label:>6}  {f.name:<{width}}  {f.shown}" for f in self.fields]
        out += [f"{inner}REFUSED: {fault}" for fault in self.faults]
        if self.signature:
            kid = f" (kid {self.signature.kid})" if self.signature.kid else ""
            out.append(f"{inner}signature {self.signature.state.upper()}{kid}")
            out += [f"{inner}  {reason}" for reason in self.signature.reasons]
        out += [f"{inner}note: {note}" for note in self.notes]
        for part in self.parts:
            out += part.lines(inner)
        return out


def plain(value: Any) -> Any:
    """A CBOR value as JSON: byte strings in hex, keys of maps as text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key.hex() if isinstance(key, bytes) else str(key): plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
