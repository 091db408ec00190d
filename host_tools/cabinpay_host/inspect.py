"""`cabinpay inspect`: finds out what a file or a text is and explains it, with why its signatures hold or do not.

Code: unknown_thing, and those of `files`, `qr` and `keys`.
"""

import json
from pathlib import Path

from cabinpay.wire import base45, frames, qrtext
from cabinpay.wire.errors import WireError

from . import files, inspect_flash, inspect_rows, keys, qr
from .errors import HostError
from .inspect_keys import Ring
from .inspect_objects import MAX_BYTES, Objects, unknown
from .inspect_things import Field, Thing

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"BM", b"GIF8")
_QR = {
    qrtext.CUSTOMER: ("customer QR", qrtext.MAX_TEXT),
    qrtext.BILL: ("bill QR", qrtext.MAX_TEXT),
    qrtext.RECEIPT: ("receipt QR", qrtext.MAX_RECEIPT_TEXT),
}
# What a file of a terminal begins with; four bytes of CRC-32 follow
_TERMINAL_FILE = b"CPF1"


def inspect(thing: str, ring: Ring, as_hex: bool) -> Thing:
    """Explains a file, a QR text, or with `as_hex` the bytes behind hex digits."""
    if as_hex:
        return of_bytes(_unhex(thing), ring)
    if thing.startswith("CP1"):
        return of_text(thing, ring)
    path = Path(thing)
    try:
        return _of_file(path, files.read(path, qr.MAX_FILE), ring)
    except HostError as e:
        if e.code == "file_missing":
            raise unknown(f"{thing[:60]} is no file, and no QR text (hex needs --hex)") from None
        raise


def of_text(text: str, ring: Ring) -> Thing:
    """A QR code's text."""
    text = text.strip("\r\n")
    for prefix, (kind, most) in _QR.items():
        if text.startswith(prefix):
            return _of_code(text, prefix, kind, most, ring)
    raise unknown("a text that begins with none of " + ", ".join(_QR))


def of_bytes(data: bytes, ring: Ring) -> Thing:
    """Frames of the link, a file of a terminal, or CBOR."""
    if data.startswith(frames.END) and data.endswith(frames.END) and len(data) > 2:
        return _frames(data, ring)
    if data.startswith(_TERMINAL_FILE):
        return inspect_flash.small_file("", data, Objects(ring))
    return Objects(ring).of_bytes(data)


def _of_file(path: Path, data: bytes, ring: Ring) -> Thing:
    rows = inspect_rows.explain(path.name, data)
    if rows:
        return rows
    if data.startswith(_PICTURES):
        return of_text(qr.read_picture(path), ring)
    if inspect_flash.start(data) is not None:
        return inspect_flash.explain(data, ring)
    if data.lstrip()[:1] == b"{" and _is_key_file(data):
        return _key_file(path, data)
    if data.startswith(b"CP1"):
        return of_text(data.decode("ascii", "replace"), ring)
    return of_bytes(data, ring)


def _of_code(text: str, prefix: str, kind: str, most: int, ring: Ring) -> Thing:
    thing = Thing(kind, b"", [Field("", "characters", len(text), f"{len(text)} of at most {most}")])
    if len(text) > most:
        thing.faults.append(f"length: {len(text)} characters, at most {most}")
        return thing
    try:
        thing.data = base45.decode(text[len(prefix) :].encode("ascii", "replace"))
    except WireError as e:
        thing.faults.append(f"base45: {e.detail}")
        return thing
    try:
        part = Objects(ring).of_bytes(thing.data)
    except HostError as e:
        thing.faults.append(e.line)
        return thing
    wanted = {qrtext.CUSTOMER: "customer", qrtext.BILL: "bill", qrtext.RECEIPT: "receipt"}[prefix]
    if part.kind.split(":")[0] != wanted:
        thing.faults.append(f"schema: {prefix} carries a {wanted}, and this is a {part.kind}")
    thing.parts.append(part)
    return thing


def _frames(data: bytes, ring: Ring) -> Thing:
    thing = Thing("frames of the link", data)
    decoder = frames.Decoder(MAX_BYTES)
    for body in decoder.feed(data):
        thing.fields.append(Field("", "body", body, f"{len(body)} bytes, checksum right"))
        try:
            thing.parts.append(Objects(ring).of_bytes(body))
        except HostError as e:
            thing.faults.append(e.line)
    if not thing.fields and not decoder.bad:
        raise unknown("ends of frames with nothing between them")
    if decoder.bad:
        thing.faults.append(f"frame: {decoder.bad} dropped, by its escapes, length or checksum (CRC-32)")
    return thing


def _is_key_file(data: bytes) -> bool:
    try:
        fields = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and fields.get("format") == "cabinpay-key"


def _key_file(path: Path, data: bytes) -> Thing:
    """Names only what keys.load has checked: a secret is never among the fields, nor a hash of its file."""
    key = keys.load(path)
    secret = isinstance(key, keys.Key)
    rows = {"role": key.role, "kid": key.kid.hex(), "public": key.public.hex()}
    thing = Thing("key file", b"" if secret else data, [Field("", name, value, value) for name, value in rows.items()])
    thing.notes.append("with its secret, which is not shown" if secret else "the public half only")
    return thing


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise unknown("these are no hex digits") from None
