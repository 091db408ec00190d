"""What lies in the agent's heap on a Pico's own firmware, as io/screen_log.py tells it."""

import shutil
from pathlib import Path
from typing import Any

import pytest

import gate as gates
import rig
from bench import pico_budget
from cabinpay.agent.journal import BLOCK, RESERVE
from cabinpay.agent.store import snapshot_size
from cabinpay_host import qr
from cabinpay_host.flash import boards
from emulated.test_journal import on_storage
from pico_emulated import flash_file, terminal

PASSES = boards.load("pico").data["max_passes"]
# What a first sale keeps, which needs no room to be made: names, and a place in each table
FIRST_SALE = 2000
# Bytes that must be left for what comes: free, and of these in one block
FREE, BLOCK_FREE = 60_000, 24_576


def test_a_sale_that_makes_room_keeps_nothing_of_how(formatted: Path, tmp_path: Path) -> None:
    flash = Path(shutil.copy(formatted, tmp_path / "flash.img"))
    rig.install_emulated(flash)
    ground = gates.Gate(tmp_path)
    with terminal.Terminal(flash) as board:
        board.wait("stopped")
        ground.provision(board)
        gates.sign_on(board)
        board.cut_power()
    for _ in range(3):  # each in a segment of its own
        with terminal.Terminal(flash) as board:
            ready(board)
            sell(ground, board, tmp_path)
            board.cut_power()
    with terminal.Terminal(flash) as board:
        board.wait("items|confirm_last")
        assert ground.sync(board).acked
        board.cut_power()
    on_storage(flash, "take_room.py", -(-(RESERVE + snapshot_size(PASSES)) // BLOCK))
    with terminal.Terminal(flash) as board:
        ready(board)
        gates.key_in(board, (3, 1, 9), by="C")
        board.show("D", "items")
        board.show("D", "items")
        (_, before), _ = pico_budget.heap("before", board)
        sell(ground, board, tmp_path)
        (_, after), _ = pico_budget.heap("after", board)
        board.cut_power()
    ground.ledger.close()
    print(f"{before} bytes free before, {after} after")
    assert b"CPN1" in flash_file.get(flash, "snapshot")
    assert before - after < FIRST_SALE


def test_the_budget_is_kept(formatted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `make budget` measures it, over so few sales: what a flight adds is in boards/pico/README.md."""
    for name in ("CAN", "WAIT", "Terminal", "put_file", "get_file"):
        monkeypatch.setattr(rig, name, getattr(rig, name))
    monkeypatch.setattr(terminal.Terminal, "installed", formatted, raising=False)
    rig.use("pico_emulated", tmp_path)
    found = dict(pico_budget.measured(tmp_path, 3))
    print(found)
    for when in ("after boot", "once the host has been gone for half a minute"):
        assert found[f"free {when}"] >= FREE and found[f"largest block {when}"] >= BLOCK_FREE


def ready(board: Any) -> None:
    if board.wait("items|confirm_last")["screen"] == "confirm_last":
        board.show("A", "items")


def sell(ground: gates.Gate, board: Any, folder: Path) -> None:
    bill = qr.read_picture(rig.picture(gates.key_in(board, (3, 1, 9), by="C"), folder / "bill.png"))
    screen = board.pay(ground.passenger(f"p{board.now()}").challenged(bill))
    assert screen["code"] == "approved", screen["lines"]
    board.show("D", "items")
