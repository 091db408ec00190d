"""The plug is pulled in a sale, at every flash operation of it, on the real process: nothing shown is ever lost."""

import shutil
from pathlib import Path

import pytest

import rig
from cabinpay_host import qr
from cabinpay_host.wallet import Wallet
from gate import Gate, key_in

# done bytes of the operation in which power fails: before it, in the middle, after it
VARIANTS = (0, 100, 4096)
LINE = (1001, 1, 1500)


def code_for(terminal: rig.Terminal, phone: Wallet, folder: Path) -> str:
    """What `phone` shows for a sale that this keys in: over a bill where a boot leaves no clock."""
    if "rtc" in rig.CAN:
        key_in(terminal, LINE)
        return phone.quick()
    screen = key_in(terminal, LINE, by="C")
    return phone.challenged(qr.read_picture(rig.picture(screen, folder / "bill.png")))


def sale_operations(flash: Path, phone: Wallet) -> int:
    """Flash operations of a sale, tried on a copy."""
    with rebooted(flash, "rehearsal") as terminal:
        code = code_for(terminal, phone, flash.parent)
        before = terminal.screens[-1]["operations"]
        verdict = terminal.pay(code)
        assert verdict["code"] == "approved"
        return int(verdict["operations"]) - int(before)


def rebooted(flash: Path, name: str) -> rig.Terminal:
    """A terminal on a copy of `flash`, past its first screen."""
    copy = flash.with_name(f"{name}.img")
    shutil.copy(flash, copy)
    return at_items(copy)


def at_items(flash: Path) -> rig.Terminal:
    terminal = rig.Terminal(flash)
    if terminal.first()["screen"] == "confirm_last":
        terminal.show("A", "items")
    return terminal


@pytest.fixture
def switched_off(terminal: rig.Terminal, tmp_path: Path) -> Path:
    """Flash of a terminal with an open shift, switched off."""
    terminal.cut_power()
    return tmp_path / "flash.img"


def test_every_flash_operation_of_a_sale(gate: Gate, switched_off: Path) -> None:
    anna = gate.passenger("anna")
    operations = sale_operations(switched_off, anna)
    variants = VARIANTS if "quick" in rig.CAN else VARIANTS[1:2]
    outcomes = [cut(switched_off, anna, n, done) for n in range(1, operations + 1) for done in variants]
    print(
        f"{len(outcomes)} cuts in {operations} operations: {outcomes.count('already_paid')} after the sale was durable"
    )
    assert {"approved", "already_paid"} == set(outcomes)
    # once durable it stays so: no later cut brings back an earlier state
    assert outcomes == sorted(outcomes, key=("approved", "already_paid").index)


def cut(flash: Path, anna: Wallet, operation: int, done: int) -> str:
    """Cuts the power there; answers what the code says when it is scanned again: approved also where a bill of before
    counts no more, and the next one does."""
    with rebooted(flash, "cut") as terminal:
        code = code_for(terminal, anna, flash.parent)
        terminal.cut_in(operation, done)
        terminal.scan(code)
        assert terminal.power_failed(), f"no cut at {operation}:{done}"
        shown = [s["code"] for s in terminal.screens if s["screen"] == "verdict"]
    assert shown == [], f"shown before it was durable at {operation}:{done}"
    with at_items(flash.with_name("cut.img")) as terminal:
        key_in(terminal, LINE)
        outcome = str(terminal.pay(code)["code"])
        if "rtc" not in rig.CAN and outcome == "no_bill":
            code = code_for(terminal, anna, flash.parent)
            outcome = str(terminal.pay(code)["code"])
        assert terminal.pay(code)["code"] == "already_paid", f"{operation}:{done}"
        code = code_for(terminal, anna, flash.parent)
        assert terminal.pay(code)["code"] == "approved", f"no next sale after {operation}:{done}"
    return outcome


def test_a_cut_while_it_is_provisioned(gate: Gate, tmp_path: Path) -> None:
    """Whatever became durable, running the command again completes it."""
    flash = tmp_path / "flash.img"
    for operation in (1, 4, 9):
        with rig.Terminal(flash) as terminal:
            terminal.wait("stopped")
            terminal.cut_in(operation, 50)
            with pytest.raises(Exception, match=r"port_lost|no_answer"):
                gate.provision(terminal)
            assert terminal.power_failed()
        with rig.Terminal(flash) as terminal:
            terminal.wait("stopped")
            gate.provision(terminal)
            terminal.wait("sign_on")
        flash.unlink()
