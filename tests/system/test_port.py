"""The port of a board in production: a link and nothing else, until maintenance is granted; and an agent that fails."""

import subprocess
import sys
from pathlib import Path

import pytest
import serial

import rig
from cabinpay.wire import cose
from cabinpay.wire.receipts import CRASH, MAINTENANCE, Note, Receipt, read_receipt
from cabinpay_host import codec
from cabinpay_host.errors import HostError
from cabinpay_host.ledger.archive import RECEIPT
from cabinpay_host.link import Link
from cabinpay_host.transport import SerialStream
from gate import Gate, key_in

pytestmark = pytest.mark.needs("prompt")
KEYS = b"\x03\x03\x01\x04\x02\r\n\x05print(6*7)\r\x04"


def mpremote(terminal: rig.Terminal, *arguments: str) -> str:
    """What it prints; empty where it gets no prompt."""
    command = [sys.executable, "-m", "mpremote", "connect", terminal.port, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.stdout.strip() if done.returncode == 0 else ""


def cabinpay(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "cabinpay_host.cli", *arguments], capture_output=True, text=True)


def state(terminal: rig.Terminal) -> str:
    with SerialStream(terminal.port) as stream:
        return Link(stream).hello().state


def notes(gate: Gate, event: int) -> list[str]:
    """Details of such notes in the ledger."""
    receipts = [receipt for record, _ in gate.ledger.archive.records() if record.kind == RECEIPT
                for receipt in [read(record.fields[2])]]  # fmt: skip
    return [r.detail for r in receipts if isinstance(r, Note) and r.event == event]


def read(signed: bytes) -> Receipt:
    return read_receipt(cose.parse(signed, codec).payload, codec)


def test_no_prompt_in_production(gate: Gate, blank: rig.Terminal) -> None:
    gate.provision(blank)
    with serial.Serial(blank.port, timeout=0.2, write_timeout=30) as port:
        seen = b""
        for _ in range(40):
            port.write(KEYS * 4)
            seen += port.read(4096)
    assert b">>>" not in seen and b"raw REPL" not in seen and b"42" not in seen
    assert mpremote(blank, "exec", "print(6*7)") == ""
    assert state(blank) == "ready" and blank.alive


@pytest.mark.needs("power")
def test_no_prompt_while_it_starts_either(gate: Gate, blank: rig.Terminal, tmp_path: Path) -> None:
    """Ctrl-C without pause from the moment that the port is there, over several starts."""
    gate.provision(blank)
    blank.cut_power()
    with rig.Terminal(tmp_path / "flash.img") as terminal:
        seen = b""
        with serial.Serial(terminal.port, timeout=0, write_timeout=30) as port:
            while not terminal.screens:
                port.write(b"\x03" * 16)
                seen += port.read(4096)
                terminal.pico.run(20)
        assert b">>>" not in seen
        terminal.wait("sign_on")
        assert state(terminal) == "ready"


def test_maintenance_opens_the_prompt_until_it_is_switched_off(gate: Gate, terminal: rig.Terminal) -> None:
    key_in(terminal, (1001, 1, 1500))
    assert terminal.pay(gate.passenger("anna").quick())["code"] == "approved"
    keeper = str(gate.folder / "keeper.key")
    for key, more, code in (("laptop", ["--unsynced"], "signature"), ("keeper", [], "not_synced")):
        ground = ["--ground", str(gate.folder / f"{key}.key")]
        refused = cabinpay("maintenance", "--port", terminal.port, *ground, *more)
        assert refused.returncode == 4 and refused.stderr.startswith(f"cabinpay: {code}: "), refused.stderr
    assert mpremote(terminal, "exec", "print(6*7)") == ""

    granted = cabinpay("maintenance", "--port", terminal.port, "--ground", keeper, "--unsynced")
    assert granted.returncode == 0, granted.stderr
    terminal.wait("notice")
    for _ in range(2):
        assert mpremote(terminal, "exec", "print(6*7)") == "42"
        assert mpremote(terminal, "soft-reset") == ""
    assert terminal.pico.stat().resets == 1, "no watchdog, and a soft reset is none"
    terminal.pico.run(20_000)
    assert mpremote(terminal, "exec", "print(6*7)") == "42"

    since = len(terminal.screens)
    terminal.pico.power_off()
    terminal.pico.power_on()
    terminal.pico.wait_usb()
    terminal.wait("confirm_last", since=since)
    assert mpremote(terminal, "exec", "print(6*7)") == ""
    gate.sync(terminal)
    assert notes(gate, MAINTENANCE) == [f"granted by {gate.keeper.kid.hex()}"]


def test_a_blank_terminal_is_opened_without_a_key(blank: rig.Terminal) -> None:
    assert cabinpay("maintenance", "--port", blank.port).returncode == 0
    blank.wait("notice")
    assert mpremote(blank, "exec", "print(6*7)") == "42"


HANGING = """
from cabinpay.agent.terminal import Terminal
_real = Terminal.scan

def scan(self, text, sale):
    while text == b"HANG":
        pass
    return _real(self, text, sale)

Terminal.scan = scan
"""


@pytest.mark.needs("watchdog", "flash")
def test_a_hang_ends_in_a_reset(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    terminal.cut_power()
    rig.break_agent(tmp_path / "flash.img", HANGING)
    with rig.Terminal(tmp_path / "flash.img") as hanging:
        hanging.wait("items")
        key_in(hanging, (1001, 1, 1500))
        begin = hanging.pico.stat().us
        hanging.scan("HANG")
        reset = hanging.pico.wait_event("reset", 20_000)
        assert reset["us"] - begin < 12_000_000
        hanging.wait("items", since=len(hanging.screens))


@pytest.mark.needs("flash")
def test_three_failed_boots_open_a_rescue_link(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    gate.sync(terminal)
    terminal.cut_power()
    flash = tmp_path / "flash.img"
    rig.break_agent(flash, "import board\ndef rtc(): raise RuntimeError('secret')\nboard.rtc = rtc\n")
    with rig.Terminal(flash) as broken:
        broken.pico.wait(lambda: broken.pico.stat().resets == 3, 60_000, "the third reset", 50_000)
        notice = broken.wait("notice", timeout=40)
        assert notice["lines"][0] == "RESCUE"
        with SerialStream(broken.port) as stream:
            link = Link(stream, wait=rig.WAIT)
            hello = link.hello()
            assert (hello.state, hello.label) == ("rescue", "9C-001")
            with pytest.raises(HostError, match="unknown_op"):
                link.pull(1, [])
            link.login(hello, gate.keeper)
            assert link.log().startswith("RuntimeError < rtc < read") and "secret" not in link.log()
            with pytest.raises(HostError, match="not_synced"):
                link.maintenance(hello, gate.keeper, rig.now() + 600, False)
            link.maintenance(hello, gate.keeper, rig.now() + 600, True)
        broken.wait("notice", since=len(broken.screens))
        assert mpremote(broken, "exec", "print(6*7)") == "42"
    rig.mend_agent(flash)
    with rig.Terminal(flash) as again:
        again.wait("items")
        gate.sync(again)
    assert notes(gate, CRASH) == ["maintenance after RuntimeError"]


def test_a_power_cut_forgives_failed_boots(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    """Who switches off and on wants another try: a rescue link is for boots that fail by themselves."""
    terminal.cut_power()
    flash = tmp_path / "flash.img"
    rig.break_agent(flash, "import board\ndef rtc(): raise RuntimeError()\nboard.rtc = rtc\n")
    for _ in range(3):
        with rig.Terminal(flash) as broken:
            broken.pico.wait_event("reset", 20_000)
    rig.mend_agent(flash)
    with rig.Terminal(flash) as again:
        assert again.wait("items", timeout=30)
        assert state(again) == "ready"
