"""The ground's own reading of the flash agrees with its vectors."""

import json
from pathlib import Path

import pytest

from cabinpay_host import flash_image, inspect_flash, inspect_snapshot
from cabinpay_host.inspect_keys import Ring
from cabinpay_host.inspect_objects import Objects
from vectors import make_journal

FILE = Path(make_journal.__file__).with_name("journal.json")
ENTRIES = json.loads(FILE.read_text())["journal"]
HEADER = bytes.fromhex(next(e for e in ENTRIES if e["form"] == "segment")["encoded"])


def form(name):
    return [entry for entry in ENTRIES if entry["form"] == name]


def test_the_file_is_what_its_maker_makes():
    assert FILE.read_text() == make_journal.make()


def test_segments_and_records():
    for entry in form("segment"):
        expected = entry["ordinal"], entry["before"], entry["high"]
        assert flash_image.header(bytes.fromhex(entry["encoded"])) == expected
    data = HEADER + b"".join(bytes.fromhex(e["encoded"]) for e in form("record"))
    found = list(flash_image.records(data))
    for record, e in zip(found, form("record"), strict=True):
        assert (record.type, record.number, record.floor) == (e["type"], e["number"], e["floor"])
        assert (record.signed.hex(), record.evidence.hex()) == (e["signed"], e["evidence"])


@pytest.mark.parametrize("entry", form("damaged"), ids=lambda e: e["name"])
def test_damage(entry):
    with pytest.raises(ValueError, match="torn" if entry["reads"] == "end" else "damaged|checksum|no record"):
        list(flash_image.records(HEADER + bytes.fromhex(entry["encoded"])))


def test_small_files():
    (high,) = form("high")
    thing = inspect_flash.small_file("high", bytes.fromhex(high["encoded"]), Objects(Ring()))
    assert thing.fields[0].value == high["numbers"]
    (snapshot,) = form("snapshot")
    data = bytes.fromhex(snapshot["encoded"])
    thing = inspect_snapshot.explain("snapshot", data)
    fields = {field.name: field.value for field in thing.fields}
    assert fields == {"freed": 5, "covers": 9, "acked": 5, "high-water": 133, "floor": 1786694400, "pass": 4800}
    for at in range(len(data)):
        harmed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert inspect_snapshot.explain("snapshot", harmed).faults
