"""Sync against terminals that are copies of themselves, and over lines that alter what goes through."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rig
from cabinpay.wire import frames, messages
from cabinpay_host import codec, qr
from cabinpay_host.errors import HostError
from cabinpay_host.ledger import audit, views
from cabinpay_host.link import Link
from cabinpay_host.sync import synchronise
from cabinpay_host.transport import SerialStream
from gate import Gate, key_in

Alter = Callable[[list[Any]], list[Any] | None]


def sell(gate: Gate, terminal: rig.Terminal, name: str, amount: int) -> None:
    """Over a bill, which needs no clock: some boards have none after a boot."""
    screen = key_in(terminal, (1001, 1, amount), by="C")
    bill = qr.read_picture(rig.picture(screen, gate.folder / "bill.png"))
    assert terminal.pay(gate.passenger(name).challenged(bill))["code"] == "approved"


def books(gate: Gate) -> tuple[int, list[str]]:
    """What passengers were debited in all, and the exceptions that stand open; the ledger's checks hold."""
    with gate.ledger.reading() as session:
        assert audit.verify(session, gate.ledger.archive) == []
        debits = sum(b.amount for b in views.balances(session) if b.account.startswith("passenger:"))
        return debits, sorted(e.code for e in views.exceptions(session))


def test_a_copy_with_as_many_other_receipts_is_pulled(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    terminal.cut_power()
    copy = Path(shutil.copy(tmp_path / "flash.img", tmp_path / "copy.img"))
    # the sync of the first leaves a note of the clock: with two sales the copy is as long
    for flash, amounts, acked in ((tmp_path / "flash.img", {"anna": 1500}, 4), (copy, {"bo": 300, "chen": 400}, 5)):
        with rig.Terminal(flash) as each:
            each.wait("items")
            for name, amount in amounts.items():
                sell(gate, each, name, amount)
                each.show("D", "items")
            assert gate.sync(each).acked == acked
    assert books(gate) == (2200, ["fork"] * 4)


def test_a_flash_rolled_back_stops_selling_and_its_other_branch_is_kept(
    gate: Gate, terminal: rig.Terminal, tmp_path: Path
) -> None:
    terminal.cut_power()
    old = Path(shutil.copy(tmp_path / "flash.img", tmp_path / "old.img"))
    with rig.Terminal(tmp_path / "flash.img") as first:
        first.wait("items")
        sell(gate, first, "anna", 1500)
        sell(gate, first, "bo", 100)
        gate.sync(first)
    with rig.Terminal(old) as rolled:
        rolled.wait("items")
        sell(gate, rolled, "chen", 700)
        with pytest.raises(HostError) as refused:
            gate.sync(rolled)
        assert refused.value.code == "rolled_back"
        assert "Receipts are missing." in rolled.wait("stopped")["lines"]
    assert books(gate) == (2300, ["fork", "fork"])
    with rig.Terminal(old) as again:
        again.wait("stopped")


def test_a_bundle_that_is_refused_keeps_no_receipt_back(gate: Gate, terminal: rig.Terminal) -> None:
    gate.new_bundle(2, serial=2)
    assert gate.sync(terminal).bundle == 2
    sell(gate, terminal, "anna", 1500)
    gate.new_bundle(3, serial=1)
    report = gate.sync(terminal)
    assert report.refused.startswith("bundle_older: ") and not report.bundle_sent
    assert report.bundle == 2 and report.pulled >= 1 and report.acked == report.number
    assert books(gate) == (1500, [])


class Altered:
    """A serial line on which somebody alters replies and puts a right CRC around them."""

    def __init__(self, stream: SerialStream, alter: Alter) -> None:
        self.stream = stream
        self.alter = alter
        self.decoder = frames.Decoder(frames.MAX_REPLY)
        self.write = stream.write

    def read(self) -> bytes:
        return b"".join(self.changed(body) for body in self.decoder.feed(self.stream.read()))

    def changed(self, body: bytes) -> bytes:
        ident, status, result = messages.read_reply(body, codec)
        if status == messages.MORE:
            result = self.alter(result)
        return b"" if result is None else frames.encode(messages.reply(ident, status, result, codec))


ALTERED: dict[str, Alter] = {
    "receipt swapped": lambda item: [item[0], b"\xff", item[2]] if item[0] == 2 else item,
    "evidence stripped": lambda item: [item[0], item[1], b""],
    "item dropped": lambda item: None if item[0] == 2 else item,
    "number changed": lambda item: [item[0] + 1, item[1], item[2]],
}

# What comes next after that: 2 opened the shift, 3 is the sale
PROVEN = {"receipt swapped": 2, "evidence stripped": 3, "item dropped": 2, "number changed": 2}


@pytest.mark.parametrize("how", ALTERED)
def test_of_an_altered_pull_only_what_proves_itself_is_taken(gate: Gate, terminal: rig.Terminal, how: str) -> None:
    sell(gate, terminal, "anna", 1500)
    with SerialStream(terminal.port) as stream:
        link = Link(Altered(stream, ALTERED[how]), wait=5)
        with pytest.raises(HostError) as refused:
            synchronise(link, gate.ground(lambda: 0))
        assert refused.value.code == "bad_reply"
    assert gate.ledger.next_number(terminal_kid(gate)) == PROVEN[how]
    assert gate.sync(terminal).acked == 3
    assert books(gate) == (1500, [])


def terminal_kid(gate: Gate) -> bytes:
    with gate.ledger.reading() as session:
        (holding,) = views.holdings(session)
        return holding.kid
