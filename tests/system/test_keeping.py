"""Receipts freed, damaged and lost on the real process, and what the ledger makes of it."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import simulator
from cabinpay.wire import receipts
from cabinpay_host import flash_image, inspect
from cabinpay_host.inspect_keys import Ring
from cabinpay_host.ledger import audit, cashup, views
from cabinpay_host.ledger.store import Ledger
from gate import CNY, DAY, SPEC, Gate, key_in, sign_on
from test_flight import archived

pytestmark = pytest.mark.needs("unix")

LONG = SPEC.replace("valid_days = 7", "valid_days = 30")
WEEK = 8 * DAY


def sell(gate: Gate, terminal: simulator.Terminal, name: str, amount: int = 1500, later: int = 0) -> str:
    now = int(time.time()) + later
    code = gate.passenger(name, now=now).quick(now)
    key_in(terminal, (1001, 1, amount))
    assert terminal.pay(code)["code"] == "approved"
    terminal.show("D", "items")
    return code


def held(flash: Path) -> list[int]:
    """Numbers of the receipts in a flash image's journal."""
    files = flash_image.read(flash.read_bytes()).files
    segments = sorted(name for name in files if name.startswith(flash_image.JOURNAL))
    every = [record for name in segments for record in flash_image.records(files[name])]
    return [record.number for record in every if record.type == flash_image.RECEIPT]


def flags(gate: Gate) -> dict[int, list[str]]:
    with gate.ledger.reading() as session:
        assert audit.verify(session, gate.ledger.archive) == []
        found: dict[int, list[str]] = {}
        for e in views.exceptions(session):
            found.setdefault(e.number, []).append(e.code)
        return found


@contextmanager
def freed(gate: Gate, terminal: simulator.Terminal) -> Iterator[simulator.Terminal]:
    """What was sold is acknowledged, and more than a week later it goes. The terminal was switched off in between."""
    gate.new_bundle(2, LONG)
    gate.sync(terminal)
    terminal.cut_power()
    with simulator.Terminal(gate.folder / "flash.img") as again:
        again.wait("confirm_last")
        again.show("A", "items")
        gate.sync(again, int(time.time()) + WEEK)
        yield again


def backup(gate: Gate) -> Path:
    """The ledger as it is, copied."""
    folder = gate.folder / "backup"
    folder.mkdir()
    for name in ("ledger.db", "archive"):
        shutil.copy(gate.folder / name, folder / name)
    return folder


def restore(gate: Gate, folder: Path) -> None:
    gate.ledger.close()
    gate.ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", folder / "archive")
    # what came after the backup is told to it again, but for receipts
    gate.ledger.add_bundle(gate.bundle[1], gate.contents)


def test_freed_receipts_and_a_ledger_restored_from_a_backup(
    gate: Gate, terminal: simulator.Terminal, tmp_path: Path
) -> None:
    sell(gate, terminal, "anna")
    gate.sync(terminal)
    yesterday = backup(gate)
    codes = [sell(gate, terminal, name) for name in ("bo", "chen")]
    with freed(gate, terminal) as again:
        first = held(tmp_path / "flash.img")[0]
        assert first > 5
        for code in codes:
            key_in(again, (1001, 1, 1500))
            assert again.pay(code)["code"] == "pass_expired"
            again.show("D", "items")
        sell(gate, again, "dora", later=WEEK)
        assert gate.sync(again, int(time.time()) + WEEK).exceptions == () and flags(gate) == {}
        restore(gate, yesterday)
        sell(gate, again, "eva", later=WEEK)
        report = gate.sync(again, int(time.time()) + WEEK)
        assert report.acked == report.number > first and flags(gate) == {first: ["gap"]}
        assert gate.sync(again, int(time.time()) + WEEK).pulled == 0
        again.cut_power()
    with simulator.Terminal(tmp_path / "flash.img") as last:
        last.wait("confirm_last")
        assert gate.sync(last).acked >= report.number


def test_an_image_shows_what_was_freed(gate: Gate, terminal: simulator.Terminal, tmp_path: Path) -> None:
    sell(gate, terminal, "anna")
    with freed(gate, terminal) as again:
        sell(gate, again, "bo", later=WEEK)
    image = (tmp_path / "flash.img").read_bytes()
    thing = inspect.inspect_flash.explain(image, Ring())
    parts = {part.kind.split(",")[0]: part for part in thing.parts}
    snapshot = {field.name: field.value for field in parts["file snapshot"].fields}
    assert 2 < snapshot["freed"] <= snapshot["acked"]
    assert "pass" not in snapshot and snapshot["floor"] > time.time() + 7 * DAY, "it had expired by then"
    high = {field.name: field.value for field in parts["file high"].fields}["high-water"]
    assert high[0] > high[2] > 2 and thing.faults == []


def test_damage_is_told_to_the_ledger(gate: Gate, terminal: simulator.Terminal, tmp_path: Path) -> None:
    code = sell(gate, terminal, "anna")
    sell(gate, terminal, "bo")
    sell(gate, terminal, "chen")
    terminal.cut_power()
    image = bytearray((tmp_path / "flash.img").read_bytes())
    files = flash_image.read(bytes(image)).files
    second = next(r for r in flash_image.records(files["journal/00000001"]) if r.number == 4)
    # the record in force is one of several copies that the file system has left behind
    at = image.find(second.signed)
    while at >= 0:
        image[at + 100] ^= 1
        at = image.find(second.signed, at + 1)
    (tmp_path / "flash.img").write_bytes(image)
    with simulator.Terminal(tmp_path / "flash.img") as again:
        again.wait("sign_on")
        sign_on(again)
        key_in(again, (1001, 1, 1500))
        assert again.pay(code)["code"] == "already_paid"
        again.show("D", "items")
        report = gate.sync(again)
        assert report.acked == report.number > 128
    kinds = [receipt.kind for receipt in archived(gate)]
    assert receipts.BREAK in kinds
    assert sorted(code for codes in flags(gate).values() for code in codes) == ["break", "gap"]
    thing = inspect.inspect_flash.explain((tmp_path / "flash.img").read_bytes(), Ring())
    assert any("quarantine" in note for note in thing.notes) and any("checksum" in fault for fault in thing.faults)


def test_shifts_that_follow_one_another_unsynced(gate: Gate, terminal: simulator.Terminal, tmp_path: Path) -> None:
    """Three flights; the crew of the second never signed off, and its terminal lost power in between."""
    sell(gate, terminal, "anna", 1000)
    terminal.show("#", "cash_up")
    terminal.show("#", "sign_on")
    sign_on(terminal, crew=8, flight=8889)
    sell(gate, terminal, "bo", 2000)
    terminal.cut_power()
    with simulator.Terminal(tmp_path / "flash.img") as again:
        again.wait("confirm_last")
        again.show("A", "items")
        sell(gate, again, "chen", 3000)
        again.show("#", "cash_up")
        again.show("#", "sign_on")
        sign_on(again, crew=9, flight=8890)
        sell(gate, again, "dora", 4000)
        gate.sync(again)
    with gate.ledger.reading() as session:
        found = cashup.cash_ups(session)
        assert [shift.sold for shift in found] == [((CNY, 1, 1, 1000),), ((CNY, 1, 2, 5000),), ((CNY, 1, 1, 4000),)]
        assert [shift.closed == shift.sold for shift in found] == [True, True, False]
    flights = [r.flight for r in archived(gate) if isinstance(r, receipts.Open)]
    assert [flight[1] for flight in flights] == [8888, 8889, 8890]
    assert flags(gate) == {}
