"""cabinpay recover: a dead terminal's sales are in the ledger as after a sync, once, whatever is left of its files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import rig
from cabinpay_host import flash_image
from gate import Gate
from test_sync import books, sell

AMOUNTS = {"anna": 1500, "bo": 300, "chen": 400}

pytestmark = pytest.mark.needs("flash", "crew")


def recover(gate: Gate, image: Path, *more: str) -> subprocess.CompletedProcess[str]:
    where = f"sqlite:///{gate.folder}/ledger.db#{gate.folder}/archive"
    command = [sys.executable, "-m", "cabinpay_host.cli", "recover", str(image), "--ledger", where, *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture
def dead(terminal: rig.Terminal, gate: Gate, tmp_path: Path) -> Path:
    """Flash of a terminal that has sold to three, and was never synced since."""
    for name, amount in AMOUNTS.items():
        sell(gate, terminal, name, amount)
        terminal.show("D", "items")
    terminal.cut_power()
    return tmp_path / "flash.img"


def damaged(image: Path, number: int) -> Path:
    """One bit of this receipt's record flips, in every copy that flash has of it."""
    data = bytearray(image.read_bytes())
    signed = next(r.signed for r in flash_image.carve(bytes(data)) if r.number == number)
    at = data.find(signed)
    while at >= 0:
        data[at + 40] ^= 1
        at = data.find(signed)
    image.write_bytes(data)
    return image


def test_into_the_ledger_like_a_sync_and_once(gate: Gate, dead: Path) -> None:
    done = recover(gate, dead, "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["terminals"]
    assert (row["terminal"], row["refused"], row["exceptions"]) == ("9C-001", 0, "")
    assert row["new"] == 4, "the shift's opening and three sales"
    assert books(gate) == (2200, [])
    whole = gate.folder / "whole.img"  # its file system lies behind something else, as in a dump of the whole chip
    whole.write_bytes(bytes(range(256)) * 160 + dead.read_bytes())
    again = recover(gate, whole, "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["terminals"][0]["new"] == 0
    with rig.Terminal(dead) as alive:  # it was only its display
        alive.wait("confirm_last")
        gate.sync(alive)
    assert books(gate) == (2200, [])


def test_of_files_that_are_gone(gate: Gate, dead: Path) -> None:
    """The first blocks are erased, as by a format: nothing can be mounted, and every receipt is taken."""
    data = bytearray(dead.read_bytes())
    first = flash_image.start(bytes(data))
    assert first is not None
    data[first : first + 2 * flash_image.BLOCK] = b"\xff" * (2 * flash_image.BLOCK)
    dead.write_bytes(data)
    assert flash_image.read(bytes(data)).files == {}
    done = recover(gate, dead)
    assert done.returncode == 0 and "9C-001" in done.stdout, done.stderr
    assert books(gate) == (2200, [])


def test_a_damaged_receipt_is_missed_and_the_others_come(gate: Gate, dead: Path) -> None:
    last = max(r.number for r in flash_image.carve(dead.read_bytes()))
    done = recover(gate, damaged(dead, last - 1))
    assert done.returncode == 7 and "exceptions: everything readable is in the ledger" in done.stderr
    debits, flags = books(gate)
    assert debits == 2200 - AMOUNTS["bo"] and flags == ["gap"]


def test_what_is_refused(gate: Gate, dead: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    strange = recover(Gate(other), dead)
    assert strange.returncode == 4 and strange.stderr.startswith("cabinpay: unknown_terminal: ")
    empty = tmp_path / "empty.img"
    empty.write_bytes(bytes(100) + b"\xff" * 8192)
    nothing = recover(gate, empty)
    assert nothing.returncode == 3 and nothing.stderr.startswith("cabinpay: no_receipts: ")
    assert books(gate) == (0, [])


@pytest.mark.needs("prompt")
def test_from_a_chip_whose_firmware_has_formatted_it(gate: Gate, dead: Path, tmp_path: Path) -> None:
    rig.flip_superblocks(dead)
    saved = tmp_path / "saved.img"
    with rig.bare(dead) as board:
        command = [sys.executable, "-m", "cabinpay_host.cli", "dump", "--port", board.port, "--out", str(saved)]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
    done = recover(gate, saved)
    assert done.returncode == 0, done.stderr
    assert books(gate) == (2200, [])
