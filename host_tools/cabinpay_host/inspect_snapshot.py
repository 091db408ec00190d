"""A terminal's snapshot explained: what it says of receipts that were freed."""

from cabinpay.wire.schema import MAX_TIME

from . import flash_image, loose
from .bundle_text import moment
from .inspect_things import Field, Thing


def explain(name: str, data: bytes) -> Thing:
    thing = Thing(f"file {name}, {len(data)} bytes", b"")
    try:
        head, passes = flash_image.snapshot(data)
        value, _ = loose.read(head)
        journal, chain, terminal = value
        _fields(thing, journal, chain, terminal)
    except (loose.NotCbor, LookupError, TypeError, ValueError) as e:
        thing.faults.append(f"{name} is damaged: {e}")
        return thing
    thing.fields += [_row(entry) for entry in passes]
    return thing


def _fields(thing: Thing, journal: list[int], chain: list[int], terminal: list[int]) -> None:
    covered, freed, number, _, last, acked, high = journal
    floor = terminal[0]
    broken = "" if not chain[5] else "; sales before a break may be lost" + _until(chain[5])
    rows = [
        ("freed", number, f"receipts 1 to {number}, segments 1 to {freed}"),
        ("covers", last, f"everything up to receipt {last}, segment {covered}"),
        ("acked", acked, f"up to {acked}"),
        ("high-water", high, str(high)),
        ("floor", floor, f"{moment(floor)} has passed{broken}"),
    ]
    thing.fields += [Field("", label, value, shown) for label, value, shown in rows]


def _until(time: int) -> str:
    return "" if time == MAX_TIME else f", made until {moment(time)}"


def _row(entry: flash_image.Pass) -> Field:
    shown = f"{entry.count} sales, {entry.total} minor units, seq {entry.seq}, until {moment(entry.expiry)}"
    return Field(entry.cti.hex(), "pass", entry.total, shown)
