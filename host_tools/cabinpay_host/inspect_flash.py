"""A terminal's flash explained: keys without their secrets, bundle, journal, chain, acks, fullness."""

import binascii
import hashlib
from collections.abc import Iterator
from contextlib import suppress

from cabinpay.wire import cose, receipts
from cabinpay.wire.errors import WireError

from . import codec, crypto, flash_image, inspect_snapshot, loose, money
from .bundle_text import moment
from .errors import HostError
from .flash_image import ACK, JOURNAL, PURGE, QUARANTINE, RECEIPT, TIME, Record
from .inspect_fields import KINDS, public_key
from .inspect_keys import Ring
from .inspect_objects import Objects, sound
from .inspect_things import Field, Thing

_TYPES = {RECEIPT: "receipt", ACK: "ack", TIME: "time", PURGE: "purge"}
# Each refused record is a part with its reasons, up to here; the rows show the others
_MAX_PARTS = 20
start = flash_image.start


def explain(data: bytes, ring: Ring) -> Thing:
    """The image of a terminal's flash, or a dump of its whole chip."""
    flash = flash_image.read(data)
    objects = Objects(ring)
    thing = Thing("flash of a terminal", data)
    used = f"{flash.used} of {flash.blocks} blocks of 4 KB used ({100 * flash.used // (flash.blocks or 1)} %)"
    thing.fields.append(Field("", "fullness", [flash.used, flash.blocks], used))
    if flash.fault:
        thing.faults.append(flash.fault)
    for name in sorted(flash.files, key=lambda name: (name != "keys", name)):
        if name.startswith("snapshot"):
            thing.parts.append(inspect_snapshot.explain(name, flash.files[name]))
        elif not name.startswith((JOURNAL, QUARANTINE)):
            thing.parts.append(small_file(name, flash.files[name], objects))
    _high_water(thing, flash.files)
    _Journal(thing, objects).explain(_records(thing, flash.files, data))
    return thing


def small_file(name: str, data: bytes, objects: Objects) -> Thing:
    """A file that a terminal replaces whole. Its keystore's secrets are used to name the public key, never shown."""
    thing = Thing(f"file {name or 'of a terminal'}, {len(data)} bytes", b"")
    body = data[8:]
    if data[:4] != b"CPF1" or binascii.crc32(body) != int.from_bytes(data[4:8], "big"):
        thing.notes.append("of no form known here")
        return thing
    if name == "boots":
        boots = int.from_bytes(body, "big")
        thing.fields.append(Field("", "boots", boots, str(boots)))
    elif name == "high":
        numbers = [int.from_bytes(body[at : at + 4], "big") for at in (0, 4, 8, 12)]
        shown = f"{numbers[0]}; the last receipt is {numbers[2]}, in segment {numbers[1]} of {numbers[3]} bytes"
        thing.fields.append(Field("", "high-water", numbers, shown))
    elif not _keystore(thing, body, objects.ring):
        objects.part(thing, body)
        with suppress(HostError):
            objects.ring.add_bundle(body, f"the terminal's {name}")
    return thing


def _keystore(thing: Thing, body: bytes, ring: Ring) -> bool:
    """Is it a keystore? Then its public side becomes fields, and its keys are known for what follows."""
    try:
        value, _ = loose.read(body)
        seed, roots, label, aircraft = (value[i] for i in (1, 3, 4, 5))
        public = crypto.public_key(seed)
        rows = [("terminal", public), *((f"root {i}", root) for i, root in enumerate(roots, 1))]
        thing.fields += [Field("", name, key, public_key(key)) for name, key in rows]
    except (loose.NotCbor, LookupError, TypeError, ValueError, AttributeError):
        return False
    thing.fields += [Field("", "label", str(label), str(label)), Field("", "aircraft", str(aircraft), str(aircraft))]
    thing.notes.append("a keystore: its secrets are there and are not shown; this image is a secret file")
    ring.add(public, "the terminal's own, in its keystore", "terminal")
    for _, root in rows[1:]:
        ring.add(root, "root pinned in the terminal", "root")
    return True


def _records(thing: Thing, files: dict[str, bytes], data: bytes) -> Iterator[Record]:
    segments = sorted((name for name in files if _ordinal(name)), key=_ordinal)
    for name in segments:
        try:
            yield from flash_image.records(files[name])
        except ValueError as e:
            torn = "torn" in str(e) and name.startswith(JOURNAL)
            (thing.notes if torn else thing.faults).append(f"segment {name[-8:]}: {e}")
            if not torn:
                yield from _rest(files[name])
        if name.startswith(QUARANTINE):
            thing.notes.append(f"segment {name[-8:]} is in quarantine: the terminal found damage in it and kept it")
    if not segments and not any(name.startswith("snapshot") for name in files):
        carved = flash_image.carve(data)
        if carved:
            thing.faults.append(f"no journal, but {len(carved)} records lie in the raw flash (needs recovery)")
        yield from sorted(carved, key=lambda record: record.number)


def _rest(segment: bytes) -> Iterator[Record]:
    """What is whole behind the damage in a segment."""
    whole = flash_image.carve(segment)
    before = 0
    with suppress(ValueError):
        for _ in flash_image.records(segment):
            before += 1
    yield from whole[before:]


def _ordinal(name: str) -> int:
    digits = name.rpartition("/")[2]
    return int(digits) if name.startswith((JOURNAL, QUARANTINE)) and digits.isdigit() else 0


def _high_water(thing: Thing, files: dict[str, bytes]) -> None:
    """The highest that any segment says; file `high` and the snapshot say it too, each in its part."""
    headers = [flash_image.header(files[name]) for name in files if _ordinal(name)]
    known = [header[2] for header in headers if header]
    if known:
        shown = f"{max(known)}, by the headers of {len(known)} segments: no receipt has a higher number"
        thing.fields.append(Field("", "high-water", max(known), shown))


class _Journal:
    """number, head: of the last receipt seen; acked: the highest number that a ledger holds."""

    def __init__(self, thing: Thing, objects: Objects) -> None:
        self._thing = thing
        self._objects = objects
        self._breaks: list[str] = []
        self._unchecked = self._count = self._hidden = 0
        self._first = self._number = self._acked = 0
        self._head = receipts.FIRST_PREVIOUS

    def explain(self, records: Iterator[Record]) -> None:
        rows = [self._row(record) for record in records]
        self._summary(len(rows))
        self._thing.fields += rows
        self._thing.faults += self._breaks
        if self._unchecked:
            self._thing.notes.append(f"{self._unchecked} signatures not checked: give keys with --key or --bundle")
        if self._hidden:
            self._thing.notes.append(f"{self._hidden} more records are refused; the first {_MAX_PARTS} are explained")

    def _summary(self, count: int) -> None:
        held = f"{self._count} receipts, {self._first} to {self._number}" if self._count else "no receipt"
        freed = f"; 1 to {self._first - 1} are no longer held here" if self._first > 1 else ""
        chain = f"breaks in {len(self._breaks)} places" if self._breaks else "whole"
        waiting = max(0, self._number - max(self._acked, self._first - 1))
        acked = f"up to {self._acked}; {waiting} not yet acknowledged"
        if self._acked > self._number:
            acked += "; BEYOND the last receipt: this flash was rolled back"
        self._thing.fields += [
            Field("", "journal", [self._first, self._number], f"{held}, in {count} records{freed}"),
            Field("", "chain", not self._breaks, chain),
            Field("", "acked", self._acked, acked),
        ]

    def _row(self, record: Record) -> Field:
        word = self._judge(record.signed)
        if record.type == RECEIPT:
            shown = self._receipt(record)
        elif record.type == ACK:
            self._acked = max(self._acked, record.number)
            shown = f"up to {record.number}"
        elif record.type == PURGE:
            return Field("", "purge", record.floor, f"passes that had expired at {moment(record.floor)} were dropped")
        else:
            shown = f"{len(record.signed)} bytes"
        if record.evidence:
            word += ", evidence " + self._judge(record.evidence)
        name = _TYPES.get(record.type, f"type {record.type}")
        return Field(str(record.number), name, [record.signed, record.evidence], f"{shown}; signature {word}")

    def _judge(self, data: bytes) -> str:
        try:
            thing = self._objects.of_bytes(data)
        except HostError as e:
            self._thing.faults.append(e.line)
            return "not readable"
        if not sound(thing):
            if len(self._thing.parts) < _MAX_PARTS:
                self._thing.parts.append(thing)
            else:
                self._hidden += 1
            return "REFUSED"
        waiting = _unchecked(thing)
        self._unchecked += waiting
        return "not checked" if waiting else "holds"

    def _receipt(self, record: Record) -> str:
        try:
            receipt = receipts.read_receipt(cose.parse(record.signed, codec).payload, codec)
        except WireError as e:
            self._breaks.append(f"chain: record {record.number} is no receipt ({e.code}: {e.detail})")
            return "no receipt"
        self._follow(receipt)
        self._number, self._head = receipt.number, hashlib.sha256(record.signed).digest()
        self._count += 1
        shown = f"{KINDS[receipt.kind]} at {moment(receipt.time)}"
        if isinstance(receipt, receipts.Sale):
            amount, currency = receipt.amount
            shown += f", {money.show(amount, currency, self._objects.ring.exponents.get(currency))}"
            shown += self._bound(receipt, record.evidence)
        return shown

    def _follow(self, receipt: receipts.Receipt) -> None:
        """Does this receipt follow the last one? The first that is held may follow any that was freed."""
        if not self._count:
            self._first = receipt.number
            if isinstance(receipt, receipts.Break):
                self._breaks_told(receipt)
            if receipt.number == 1 and receipt.previous != receipts.FIRST_PREVIOUS:
                self._breaks.append("chain: receipt 1 has something before it")
            return
        if isinstance(receipt, receipts.Break):
            self._breaks_told(receipt)
            if receipt.good < self._number or (receipt.good == self._number and receipt.previous == self._head):
                return
        elif receipt.number == self._number + 1 and receipt.previous == self._head:
            return
        self._does_not_follow(receipt)

    def _does_not_follow(self, receipt: receipts.Receipt) -> None:
        due = receipt.good + 1 if isinstance(receipt, receipts.Break) else self._number + 1
        if receipt.number != due:
            self._breaks.append(f"chain: receipt {receipt.number} stands where {due} belongs")
        else:
            self._breaks.append(
                f"chain: receipt {receipt.number} does not name the SHA-256 of {self._number} before it"
            )

    def _breaks_told(self, receipt: receipts.Break) -> None:
        first, last = receipt.lost
        self._thing.notes.append(f"break: numbers {first} to {last} may have been used and were lost")

    def _bound(self, sale: receipts.Sale, evidence: bytes) -> str:
        if not evidence:
            return ", no evidence"
        try:
            kept = receipts.Evidence.unpack(evidence, codec)
        except WireError:
            return ", evidence not readable"
        if (kept.payment_hash(codec), kept.lines_hash(codec)) == (sale.payment_hash, sale.lines_hash):
            return ""
        self._thing.faults.append(f"evidence of receipt {sale.number} is not what the receipt names by its hashes")
        return ", ANOTHER's evidence"


def _unchecked(thing: Thing) -> int:
    own = thing.signature is not None and thing.signature.state == "not checked"
    return own + sum(_unchecked(part) for part in thing.parts)
