"""The test vectors that ship with the tool, and how another implementer's output is compared with them.

vectors.json is tests/vectors/cabinpay.json itself: a link in the checkout, a copy in an installed package.
"""

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from cabinpay.wire import frames

from . import files, loose
from .errors import Exit, HostError
from .inspect_fields import Fields

OK, DIFFERENT, MISSING = "ok", "different", "missing"
MAX_FILE = 1 << 22
_COMPARED = (
    "encoded", "sig_structure", "text", "frame", "order", "lines_hash", "payment_hash", "challenge", "sha256",
)  # fmt: skip
_COSE = ("protected header", "unprotected header", "payload", "signature")
_STRUCTURE = ("context", "protected header", "external_aad", "payload")
_VERDICTS = ("code", "gives", "bad")


@dataclass
class Row:
    """state: OK, DIFFERENT or MISSING; detail: the first difference and what it means, else ""."""

    name: str
    state: str
    detail: str = ""


def text() -> str:
    """The vectors, JSON."""
    return resources.files(__package__).joinpath("vectors.json").read_text()


def check(path: Path) -> list[Row]:
    """Each object of the vectors against the one of its name in the file; refusals too where the file has any."""
    ours, theirs = json.loads(text()), files.read_json(path, MAX_FILE)
    objects = {
        entry["name"]: entry for entry in _entries(path, theirs, "objects") if isinstance(entry.get("name"), str)
    }
    rows = [_object(entry, objects.get(entry["name"], {})) for entry in ours["objects"]]
    refused = {_refusal_key(entry): entry for entry in _entries(path, theirs, "refusals")}
    if refused:
        rows += [_refusal(entry, refused.get(_refusal_key(entry), {})) for entry in ours["refusals"]]
    return rows


def _entries(path: Path, vectors: dict[str, Any], section: str) -> list[dict[str, Any]]:
    entries = vectors.get(section, [] if section == "refusals" else None)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        line = f'{path} has not the form of the vectors: {{"{section}": [{{"name": ..., "encoded": ...}}, ...]}}'
        raise HostError("vectors_form", line, Exit.INPUT)
    return entries


def _object(ours: dict[str, Any], theirs: dict[str, Any]) -> Row:
    if "encoded" not in theirs:
        return Row(ours["name"], MISSING)
    for field in _COMPARED:
        if field in ours and field in theirs and theirs[field] != ours[field]:
            return Row(ours["name"], DIFFERENT, f"{field}: {_difference(ours, field, theirs[field])}")
    return Row(ours["name"], OK)


def _refusal_key(entry: dict[str, Any]) -> str:
    return str([entry.get(field) for field in ("at", "name", "input", "text", "external_aad")])


def _refusal(ours: dict[str, Any], theirs: dict[str, Any]) -> Row:
    name = f"refusal, {ours['at']}, {ours['name']}, {str(ours.get('input', ours.get('text')))[:24]!r}"
    field = next(field for field in _VERDICTS if field in ours)
    if field not in theirs:
        return Row(name, MISSING)
    same = theirs[field] == ours[field] and type(theirs[field]) is type(ours[field])
    return Row(name, OK) if same else Row(name, DIFFERENT, f"{field}: {theirs[field]!r}, {ours[field]!r} is wanted")


def _difference(entry: dict[str, Any], field: str, theirs: Any) -> str:
    ours = entry[field]
    if not isinstance(theirs, str):
        return "no text"
    if field == "text":
        return _text_difference(ours, theirs)
    try:
        data = bytes.fromhex(theirs)
    except ValueError:
        return "no hex digits"
    wanted = bytes.fromhex(ours)
    at = _first(wanted, data)
    lengths = f"{len(data)} bytes, {len(wanted)} wanted" if len(data) != len(wanted) else f"{len(data)} bytes"
    return f"byte {at} is {_octet(data, at)}, {_octet(wanted, at)} is wanted ({lengths}): {_meaning(entry, field, at)}"


def _text_difference(ours: str, theirs: str) -> str:
    at = _first(ours.encode(), theirs.encode())
    part = "the prefix" if at < ours.index(":") + 1 else "the Base45 of encoded"
    return f"character {at} differs ({len(theirs)} characters, {len(ours)} wanted): in {part}"


def _first(ours: bytes, theirs: bytes) -> int:
    length = min(len(ours), len(theirs))
    return next((i for i in range(length) if ours[i] != theirs[i]), length)


def _octet(data: bytes, at: int) -> str:
    return data[at : at + 1].hex() or "the end"


def _meaning(entry: dict[str, Any], field: str, at: int) -> str:
    data = bytes.fromhex(entry[field])
    if field == "encoded":
        return _place(data, at, _COSE if "signer" in entry else (), entry["form"].lower())
    if field == "sig_structure":
        return _place(data, at, _STRUCTURE, entry["form"].lower())
    if field == "frame":
        body = frames.encode(bytes.fromhex(entry["encoded"]))
        crc = len(body) - 5 - sum(b in (0xC0, 0xDB) for b in body[-5:-1])
        return "in the CRC-32, big-endian, or the END after it" if at >= crc else "in the body or its escapes"
    return "another hash, or one over other bytes"


def _place(data: bytes, at: int, names: tuple[str, ...], kind: str) -> str:
    """Which item of the CBOR `data` byte `at` belongs to; names: of the places in the outer array."""
    if at >= len(data):
        return "after the end of the object"
    item, start = _item(data, at)
    if item < 0:
        return "in the head of the whole: type or number of items"
    name = names[item] if names else _claim(data, item, kind)
    if name == "signature":
        return "in the signature: Ed25519 has one, so the key, external_aad or Sig_structure is another"
    if name != "payload":
        return f"in the {name}"
    inside = data[start : loose.end(data, start)]
    size = len(loose.read(inside)[0])
    skip = len(inside) - size
    if at - start < skip:
        return "in the payload's length"
    payload = inside[skip:]
    number, _ = _item(payload, at - start - skip)
    return (
        f"in the payload, {_claim(payload, number, kind) if number >= 0 else 'in its head: type or number of claims'}"
    )


def _item(data: bytes, at: int) -> tuple[int, int]:
    """Which item of an array, or pair of a map, byte `at` is in, and where it begins; -1 for the head."""
    is_map = data[0] >> 5 == 5
    place = loose.head(data)
    if at < place:
        return -1, 0
    for number in range(len(loose.read(data)[0])):
        start = place
        place = loose.end(data, loose.end(data, place)) if is_map else loose.end(data, place)
        if at < place:
            return number, start
    return -1, 0


def _claim(data: bytes, number: int, kind: str) -> str:
    value, _ = loose.read(data)
    label = list(value)[number] if isinstance(value, dict) else number
    return f"{'claim' if isinstance(value, dict) else 'place'} {label} ({Fields({}).name(kind, label)})"
