"""What travels with a bundle, on the real thing: revoked passes, PINs, a sync that is cut in the middle."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import rig
from cabinpay_host import crew_file
from cabinpay_host.errors import HostError
from cabinpay_host.link import Link
from cabinpay_host.wallet import Wallet
from gate import SPEC, Gate, key_in

FILES = """
[files]
revoked = "revoked.txt"
catalogue = "catalogue.csv"
crew = "crew.json"
"""


def stock(gate: Gate, *revoked: Wallet, version: int = 2, many: int = 0) -> None:
    """Makes a bundle with files that revoke these passengers' passes, and `many` others."""
    lines = [f"{gate.issuer.kid.hex()}:{wallet.passes()[0].claims.cti.hex()}" for wallet in revoked]
    lines += [f"{n:016x}:{n:016x}" for n in range(many)]
    (gate.folder / "revoked.txt").write_text("\n".join(lines))
    (gate.folder / "catalogue.csv").write_text("sku,english,chinese,price,currency\n1001,Noodles,方便面,1500,156\n")
    crew_file.add(gate.folder / "crew.json", 7, "0815")
    gate.new_bundle(version, SPEC + FILES)


def sign_on_with_pin(terminal: rig.Terminal, pin: str, screen: str) -> dict[str, object]:
    terminal.show(f"D7*8888*{time.strftime('%d%m', time.gmtime())}#", "pin")
    asked = terminal.show(pin, "pin")
    shown = terminal.show("#", screen)
    # nothing else is done meanwhile, and the watchdog waits for 8 seconds: where a chip's time can be told, it is
    assert shown.get("us", 0) - asked.get("us", 0) < 3_000_000
    return shown


@contextmanager
def powered(flash: Path, screen: str) -> Iterator[rig.Terminal]:
    with rig.Terminal(flash) as terminal:
        terminal.wait(screen)
        yield terminal


def test_revoked_passes_and_pins(gate: Gate, terminal: rig.Terminal) -> None:
    anna, bo = gate.passenger("anna"), gate.passenger("bo")
    key_in(terminal, (1001, 1, 1500))
    assert terminal.pay(anna.quick())["code"] == "approved"
    stock(gate, anna)
    report = gate.sync(terminal)
    assert (report.bundle_sent, report.bundle) == (True, 2)
    terminal.press("D")
    key_in(terminal, (1002, 1, 1500))
    assert terminal.pay(anna.quick())["code"] == "revoked"
    assert terminal.pay(bo.quick())["code"] == "approved"

    terminal.show("D#", "cash_up")
    terminal.show("#", "sign_on")
    assert sign_on_with_pin(terminal, "0816", "verdict")["lines"] == ["Wrong crew number or PIN."]
    assert sign_on_with_pin(terminal, "0815", "items")
    assert not [screen for screen in terminal.screens if any("0815" in line for line in screen["lines"])]
    assert gate.sync(terminal).bundle_sent is False


@pytest.mark.needs("crew")
def test_a_first_bundle_brings_its_files(gate: Gate, blank: rig.Terminal) -> None:
    stock(gate)
    gate.provision(blank)
    blank.wait("sign_on")
    gate.sync(blank)
    assert sign_on_with_pin(blank, "0815", "items")


class Cutting:
    """A stream that dies after so many writes."""

    def __init__(self, stream: object, writes: int) -> None:
        self._stream = stream
        self._left = writes

    def read(self) -> bytes:
        return self._stream.read()

    def write(self, data: bytes) -> None:
        self._left -= 1
        if self._left < 0:
            raise HostError("port_lost", "cut", 5)
        self._stream.write(data)


def test_a_link_cut_in_the_middle_is_resumed(gate: Gate, terminal: rig.Terminal) -> None:
    anna = gate.passenger("anna")
    stock(gate, anna, many=1000)
    sent = []
    for writes in (8, 12, 45, 60):
        with gate.link(terminal) as link:
            whole = link._stream
            link._stream = Cutting(whole, writes)
            with pytest.raises(HostError) as cut:
                hello = link.hello()
                link.login(hello, gate.laptop)
                link.send_bundle(gate.bundle[1], gate.contents)
            assert cut.value.code == "port_lost"
        with gate.link(terminal) as link:
            assert link.hello().bundle == 1, "the old one is whole"
            sent.append(held(link, gate))
    assert sent == sorted(sent) and sent[-1] > 0, "what came before is not sent again"
    assert gate.sync(terminal).bundle == 2
    key_in(terminal, (1002, 1, 1500))
    assert terminal.pay(anna.quick())["code"] == "revoked"


def held(link: Link, gate: Gate) -> int:
    """Bytes of the list of revoked passes that the terminal holds, by its own word."""
    link.login(link.hello(), gate.laptop)
    data = gate.bundle[1]
    for at in range(0, len(data), 160):
        missing = link.call("bundle", len(data), at, data[at : at + 160])
    return dict(missing)["revoked"]


def test_power_cut_in_the_middle(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    anna = gate.passenger("anna")
    stock(gate, anna, many=600)
    terminal.cut_power()
    flash = tmp_path / "flash.img"
    for operation in (2, 9, 20):
        with powered(flash, "items") as again:
            again.cut_in(operation, 100)
            with pytest.raises(HostError):
                gate.sync(again)
            assert again.power_failed()
    with powered(flash, "items") as again:
        with gate.link(again) as link:
            assert link.hello().bundle == 1
        assert gate.sync(again).bundle == 2
        key_in(again, (1002, 1, 1500))
        assert again.pay(anna.quick())["code"] == "revoked"


def test_files_left_at_home(gate: Gate, terminal: rig.Terminal) -> None:
    stock(gate)
    gate.contents = {}
    with pytest.raises(HostError) as refused:
        gate.sync(terminal)
    assert refused.value.code == "bundle_files" and "folder beside the bundle" in refused.value.line
    key_in(terminal, (1001, 1, 1500))
    assert terminal.pay(gate.passenger("bo").quick())["code"] == "approved"
