"""Whatever comes in on any line: a stable code, nothing approved, nothing lost, and the next sale works."""

import os
import random
from pathlib import Path

import pytest

import rig
from cabinpay.wire import frames, messages
from cabinpay_host import codec
from cabinpay_host.errors import HostError
from cabinpay_host.link import Link
from cabinpay_host.sync import Report, synchronise
from cabinpay_host.transport import SerialStream
from gate import Gate, key_in

CODES = {"length", "prefix", "base45", "cbor", "cose", "schema"}


def next_sale_works(gate: Gate, terminal: rig.Terminal, name: str = "last") -> None:
    assert terminal.alive
    terminal.press("DD")
    key_in(terminal, (1001, 1, 1500))
    assert terminal.pay(gate.passenger(name).quick())["code"] == "approved"


def spoiled(code: str) -> list[bytes]:
    """A good code truncated, oversized, garbled, re-ordered, doubled, and lines that were never codes."""
    good = code.encode()
    chance = random.Random(1)
    flips = [good[:i] + bytes([chance.randrange(33, 127)]) + good[i + 1 :] for i in range(4, len(good), 29)]
    cuts = [good[:i] for i in (1, 3, 4, 5, 60, len(good) - 1)]
    strange = [b"\x00", b"\xff" * 40, b"CP1:", b"CP1B:" + good[4:], b"cp1:" + good[4:], good.lower(), good * 3]
    return [*flips, *cuts, *strange, b"A" * 5000, good[:4] + good[:3:-1], good[4:], b"\\000026" + good]


def test_scanner(gate: Gate, terminal: rig.Terminal) -> None:
    anna = gate.passenger("anna")
    key_in(terminal, (1001, 1, 1500))
    good = anna.quick()
    for line in spoiled(good):
        if line == good.encode():
            continue  # a random character may be the one that was there
        code = terminal.pay(line)["code"]
        assert code in CODES | {"pass_signature", "payment_signature", "issuer", "stale"}, (code, line)
    next_sale_works(gate, terminal)


def test_random_keys(gate: Gate, terminal: rig.Terminal) -> None:
    """Whatever shift ten thousand presses leave (by a finger, a few hundred), the terminal lives and its books hold."""
    chance = random.Random(2)
    terminal.press("".join(chance.choice("0123456789ABCD*#") for _ in range(10000 if "quick" in rig.CAN else 300)))
    # three times back lead from anywhere to the screen that is due
    terminal.press("DD")
    terminal.show("D", "sign_on|items")
    report = gate.sync(terminal)
    assert report.exceptions == () and report.acked == report.number
    assert terminal.alive


def test_garbage_on_the_link(gate: Gate, terminal: rig.Terminal) -> None:
    chance = random.Random(3)
    with SerialStream(terminal.port) as stream:
        stream.write(chance.randbytes(20000) + frames.END * 100 + b"\x03\x04" * 50)
        for body in (b"", b"\xff", codec.encode([1, "hello"]), codec.encode([1, "hello", {}]), b"\x9f" * 50):
            stream.write(frames.encode(body))
        for op in ("login", "pull", "ack", "time", "bundle", "provision", "no such op"):
            stream.write(frames.encode(messages.request(7, op, [b"x" * 20, 2, 3], codec)))
        assert Link(stream).hello().state == "ready"
    assert gate.sync(terminal).acked == 2
    next_sale_works(gate, terminal)


def test_what_is_nested_deeply_is_answered(gate: Gate, terminal: rig.Terminal) -> None:
    """A chip's C stack has 8 KB, and whoever has the cable sends without a login."""
    with SerialStream(terminal.port) as stream:
        for depth in range(1, 70):
            for nested in (b"\x81", b"\xa1\x01"):
                stream.write(frames.encode(b"\x83\x01\x65hello\x81" + nested * depth + b"\x41x"))
        assert Link(stream).hello().state == "ready"
    next_sale_works(gate, terminal)


def test_nothing_but_hello_before_login(gate: Gate, terminal: rig.Terminal) -> None:
    with gate.link(terminal) as link:
        hello = link.hello()
        for attempt in (
            lambda: link.pull(1, []),
            lambda: link.provision(os.urandom(32), gate.roots, "x", ""),
            lambda: link.set_time(hello, gate.laptop, rig.now()),
            lambda: link.ack(b"x"),
        ):
            with pytest.raises(HostError) as refused:
                attempt()
            assert refused.value.code == "login_first"


def test_a_port_that_vanishes(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    key_in(terminal, (1001, 1, 1500))
    assert terminal.pay(gate.passenger("anna").quick())["code"] == "approved"
    with gate.link(terminal) as link:
        hello = link.hello()
        terminal.cut_power()
        with pytest.raises(HostError) as lost:
            link.login(hello, gate.laptop)
        assert lost.value.code in ("port_lost", "no_answer")
    with rig.Terminal(tmp_path / "flash.img") as again:
        again.wait("confirm_last")
        assert gate.sync(again).pulled == 3


def test_a_sync_cut_after_every_request(gate: Gate, terminal: rig.Terminal) -> None:
    """The host dies after its n-th write; the sync after that completes, and nothing is lost or doubled."""
    key_in(terminal, (1001, 1, 1500))
    assert terminal.pay(gate.passenger("anna").quick())["code"] == "approved"
    for writes in range(1, 20):
        with SerialStream(terminal.port) as stream:
            dying = Dying(stream, writes)
            try:
                report = synchronised(gate, dying)
            except ConnectionAbortedError:
                continue
            break
    assert report.acked == report.number == 3 and writes > 5
    again = gate.sync(terminal)
    assert (again.pulled, again.exceptions) == (0, ())


class Dying:
    """A stream whose owner dies at the n-th write."""

    def __init__(self, stream: SerialStream, writes: int) -> None:
        self.stream = stream
        self.left = writes
        self.read = stream.read

    def write(self, data: bytes) -> None:
        self.left -= 1
        self.stream.write(data if self.left else data[: len(data) // 2])
        if not self.left:
            raise ConnectionAbortedError


def synchronised(gate: Gate, stream: Dying) -> Report:
    return synchronise(Link(stream), gate.ground(rig.now))
