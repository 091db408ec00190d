"""The files that travel with a bundle explained row by row. Rows look like anything: a file is known by its name, which
`bundle make` gives it."""

import hashlib
import re
import struct

from cabinpay.wire.files import CATALOGUE, CREW, FORMS, REVOKED, Rows, read_crew, read_item

from . import money
from .inspect_things import Field, Thing

_NAME = re.compile(f"({'|'.join(FORMS)})-([0-9a-f]{{16}})")


def explain(file_name: str, data: bytes) -> Thing | None:
    """What `data` is by its file's name, KIND-HASH; None where that is another's."""
    named = _NAME.fullmatch(file_name)
    if not named:
        return None
    kind, digest = named.groups()
    rows = Rows(kind, len(data), lambda at, size: data[at : at + size])
    # a verifier of a few digits is soon tried: not even its hash is told
    thing = Thing(f"file, {kind}", b"" if kind == CREW else data)
    thing.fields = [_row(kind, i, rows.at(i)) for i in range(rows.count)]
    if len(data) % FORMS[kind][0]:
        thing.faults.append(f"length: {len(data)} bytes are no whole rows of {FORMS[kind][0]}")
    if not rows.ascending():
        thing.faults.append("order: rows ascend by their key and none comes twice")
    if hashlib.sha256(data).hexdigest()[:16] != digest:
        thing.faults.append("hash: not the content that its name says")
    return thing


def _row(kind: str, i: int, row: bytes) -> Field:
    try:
        name, shown = {REVOKED: _revoked, CATALOGUE: _item, CREW: _member}[kind](row)
    except (ValueError, struct.error):
        name, shown = "?", row.hex()
    return Field(str(i), name, shown, shown)


def _revoked(row: bytes) -> tuple[str, str]:
    return "pass", f"issuer {row[:8].hex()}, cti {row[8:].hex()}"


def _item(row: bytes) -> tuple[str, str]:
    sku, english, chinese, price, currency = read_item(row)
    names = f"{english} / {chinese}" if chinese else english
    return "item", f"sku {sku}: {names}, {price} {money.name(currency)} (minor units)"


def _member(row: bytes) -> tuple[str, str]:
    number, count, _, _ = read_crew(row)
    return "crew", f"{number}: a PIN stretched {count} times (salt and verifier are not shown)"
