"""cabinpay sync as ground crew use it: several terminals at once, acks carried by a laptop that cannot sign them, and
what it says in the end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

import rig
from cabinpay_host import acks, fleet, ports
from cabinpay_host.errors import HostError
from gate import Gate, key_in, sign_on

pytestmark = pytest.mark.needs("flash")


def cabinpay(gate: Gate, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cabinpay_host.cli", *arguments]
    return subprocess.run(command, cwd=gate.folder, capture_output=True, text=True, timeout=120)


def sync(gate: Gate, *arguments: str, ack: str = "--ack ledger.key") -> subprocess.CompletedProcess[str]:
    done = cabinpay(gate, "sync", "--ground", "laptop.key", *ack.split(), "--ledger", books(gate), *arguments)
    rig.told_time()
    return done


def books(gate: Gate) -> str:
    return f"sqlite:///{gate.folder}/ledger.db#{gate.folder}/archive"


@pytest.fixture
def second(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> Iterator[rig.Terminal]:
    """Another terminal beside the first, provisioned and signed on."""
    with rig.Terminal(tmp_path / "second.img") as other:
        other.wait("stopped")
        gate.provision(other, "9C-002")
        gate.sync(other)
        sign_on(other)
        yield other


def sell(gate: Gate, terminal: rig.Terminal, name: str, amount: int) -> None:
    key_in(terminal, (1001, 1, amount))
    assert terminal.pay(gate.passenger(name).quick())["code"] == "approved"
    terminal.show("D", "items")


def test_two_at_once_and_a_summary_to_read_aloud(gate: Gate, terminal: rig.Terminal, second: rig.Terminal) -> None:
    sell(gate, terminal, "anna", 1500)
    sell(gate, second, "bo", 250)
    gate.new_bundle(2)
    done = sync(gate, "--port", terminal.port, "--port", second.port, "--bundle", "2.bundle")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    # each: opening, sale, the note of the bundle
    each = 3 + rig.clock_notes()
    assert lines[0] == f"2 of 2 terminals synced; {2 * each} receipts taken in, sold: 17.50 CNY; exceptions: none."
    assert lines[1].startswith(f"9C-001: {each} receipts, {each + 1} of {each + 1} acknowledged, ")
    assert "bundle 2 (new)" in lines[1] and lines[2].startswith(f"9C-002: {each} receipts, ")
    # a clock that the new bundle outruns, where time passes otherwise than here, counts as none
    clock = "; its clock was " if "pace" in rig.CAN else "; its clock "
    assert clock in lines[1] and " and is set." in lines[1]
    # nor do its clock and this machine's agree
    nothing = "Next: nothing; the terminals can go back to their trolleys."
    far_off = [f"Next: 9C-00{n}: its clock was far off: have its battery looked at." for n in (1, 2)]
    assert lines[3] in [nothing] + far_off * rig.clock_notes()
    assert done.stderr == "", "no bars where nobody looks at them"


def test_one_that_is_missing_keeps_no_other_back(gate: Gate, terminal: rig.Terminal) -> None:
    sell(gate, terminal, "anna", 1500)
    done = sync(gate, "--port", "/dev/cabinpay-none", "--port", terminal.port, "--json")
    assert done.returncode == 5 and done.stderr.startswith("cabinpay: port_missing: /dev/cabinpay-none was not synced")
    told = json.loads(done.stdout)
    missing, synced = told["terminals"]
    receipts = 2 + rig.clock_notes()
    assert (missing["error"], synced["terminal"], synced["receipts"]) == ("port_missing", "9C-001", receipts)
    assert (told["receipts"], told["sums"]) == (receipts, {"CNY": "15.00 CNY"})
    assert told["next"][0].startswith("/dev/cabinpay-none: ")
    assert synced["acknowledged"] == synced["number"] == receipts + 1
    assert abs(synced["drift_seconds"]) < 10 or rig.clock_notes()


def test_a_sale_cancelled_after_it_was_synced_is_taken_off(gate: Gate, terminal: rig.Terminal) -> None:
    sell(gate, terminal, "anna", 1500)
    sell(gate, terminal, "bo", 200)
    assert gate.sync(terminal).sums == {156: 1700}
    terminal.show("*D", "void")
    terminal.show("1", "verdict")
    report = gate.sync(terminal)
    assert (report.pulled, report.sums) == (1, {156: -200})
    assert gate.sync(terminal).sums == {}


def test_a_laptop_without_the_ledgers_key_carries_acks(gate: Gate, terminal: rig.Terminal) -> None:
    sell(gate, terminal, "anna", 1500)
    (gate.folder / "acks").mkdir()
    first = sync(gate, "--port", terminal.port, ack="--acks acks")
    assert first.returncode == 0, first.stderr
    receipts = 3 + rig.clock_notes()
    assert f"1 of {receipts} acknowledged" in first.stdout and "Next: 9C-001: carry new acks" in first.stdout
    assert acks.write(gate.folder / "acks", gate.ledger, gate.ledger_key) == 1
    second = sync(gate, "--port", terminal.port, ack="--acks acks")
    notes = (0, rig.clock_notes())
    told = [f"{more} receipts, {receipts} of {receipts + more} acknowledged" for more in notes]
    assert any(text in second.stdout for text in told), second.stdout
    # an ack that the laptop signs itself is worth nothing
    forged = acks.Signed(gate.ledger, gate.laptop)
    sell(gate, terminal, "bo", 100)
    with gate.link(terminal) as link:
        hello = link.hello()
        link.login(hello, gate.laptop)
        with pytest.raises(HostError, match="signature"):
            link.ack(forged.of(hello.kid) or b"")
        assert link.status().acked == receipts


def test_the_command_that_signs_acks(gate: Gate, terminal: rig.Terminal) -> None:
    where = books(gate)
    done = cabinpay(gate, "ledger", "acks", "--ledger", where, "--ack", "ledger.key", "--out", "signed")
    assert done.returncode == 0 and done.stderr.startswith("1 acks are in signed")
    assert [path.suffix for path in (gate.folder / "signed").iterdir()] == [".ack"]
    refused = cabinpay(gate, "ledger", "acks", "--ledger", where, "--ack", "laptop.key", "--out", "signed")
    assert refused.returncode == 3 and "key_role" in refused.stderr


def test_usage(gate: Gate) -> None:
    for arguments, ack, code in (
        (["--port", "x"], "", "usage"),
        (["--port", "x"], "--ack ledger.key --acks .", "usage"),
        (["--port", "x", "--all"], "--ack ledger.key", "usage"),
        (["--port", "x"], "--acks nowhere", "file_missing"),
        (["--port", "x"], "--ack laptop.key", "key_role"),
    ):
        done = sync(gate, *arguments, ack=ack)
        assert done.returncode in (2, 3) and done.stderr.startswith(f"cabinpay: {code}: "), (arguments, done.stderr)


def test_a_bar_for_each_terminal_where_somebody_looks(gate: Gate, terminal: rig.Terminal, second: rig.Terminal) -> None:
    sell(gate, terminal, "anna", 1500)
    master, slave = os.openpty()
    ours = ["--ground", "laptop.key", "--ack", "ledger.key", "--ledger", books(gate)]
    ports = ["--port", terminal.port, "--port", second.port]
    command = [sys.executable, "-m", "cabinpay_host.cli", "sync", *ports, *ours]
    process = subprocess.Popen(
        command,
        cwd=gate.folder,
        stdout=subprocess.PIPE,
        stderr=slave,
        env={**os.environ, "COLUMNS": "120", "TERM": "xterm"},
    )
    os.close(slave)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a pty
        while data := os.read(master, 4096):
            shown += data
    os.close(master)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert all(port.encode() in shown for port in (terminal.port, second.port)) and b"2/2" in shown


def test_an_interrupted_sync_ends_at_once(gate: Gate) -> None:
    """Ctrl-C while it waits for a terminal that does not answer."""
    master, slave = os.openpty()
    tty.setraw(slave)
    ours = ["--ground", "laptop.key", "--ack", "ledger.key", "--ledger", books(gate)]
    command = [sys.executable, "-m", "cabinpay_host.cli", "sync", "--port", os.ttyname(slave), *ours]
    process = subprocess.Popen(command, cwd=gate.folder, stderr=subprocess.PIPE, text=True)
    try:
        assert os.read(master, 1), "it has asked"
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
        assert (process.returncode, told) == (130, "") and time.monotonic() - begun < 10
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def test_interrupted_while_it_begins_with_the_next_port(gate: Gate) -> None:
    """The first one is waiting for an answer by then: three times five seconds, if nobody tells it."""
    master, slave = os.openpty()
    tty.setraw(slave)

    def progress(port: str) -> None:
        if port == "next":
            assert os.read(master, 1), "the first has asked"
            raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        fleet.run([os.ttyname(slave), "next"], 115200, gate.ground(time.time), progress)
    assert time.monotonic() - begun < 10
    os.close(master)
    os.close(slave)


def test_a_port_that_does_not_answer_is_one_line(gate: Gate) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    done = sync(gate, "--port", os.ttyname(slave))
    os.close(master)
    os.close(slave)
    assert (done.returncode, done.stdout) == (5, "") and done.stderr.startswith("cabinpay: no_answer: ")
    assert len(done.stderr.splitlines()) == 1


def port(name: str, vid: int | None, pid: int | None) -> ListPortInfo:
    info = ListPortInfo(name, skip_link_detection=True)
    info.vid, info.pid = vid, pid
    return info


def test_terminals_are_found_by_usb_id() -> None:
    pico, bridge = port("/dev/ttyACM1", 0x2E8A, 5), port("/dev/ttyUSB0", 0x10C4, 0xEA60)
    others = [port("/dev/ttyS0", None, None), port("/dev/ttyACM0", 0x2E8A, 3)]
    found = ports.find([bridge, *others, pico])
    assert found == ["/dev/ttyACM1", "/dev/ttyUSB0"]
    assert ports.choose([], True, found) == found and ports.choose([], False, found[:1]) == found[:1]
    assert ports.choose(["b", "a", "b"], False, []) == ["b", "a"]
    for named, every, there, code in (([], False, [], "no_terminal"), ([], True, [], "no_terminal"),
                                      ([], False, found, "which_terminal")):  # fmt: skip
        with pytest.raises(HostError, match=code):
            ports.choose(named, every, there)
