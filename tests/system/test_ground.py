"""What the ground does to a terminal that nobody is at: on any board, with no more than its port."""

import random

import pytest

import rig
from cabinpay.wire import frames
from cabinpay_host import keys
from cabinpay_host.errors import HostError
from cabinpay_host.link import Link
from cabinpay_host.transport import SerialStream
from gate import Gate


def test_set_up_synced_and_synced_again(gate: Gate, blank: rig.Terminal) -> None:
    with gate.link(blank) as link:
        assert link.hello().state == "blank"
    known = gate.provision(blank)
    blank.wait("sign_on")
    first = gate.sync(blank)
    assert (first.label, first.terminal_kid, first.bundle, first.exceptions) == ("9C-001", known.kid, 1, ())
    assert first.time == "set" and first.acked == first.number == first.pulled
    again = gate.sync(blank)
    assert (again.pulled, again.acked, again.number) == (0, first.number, first.number)


def test_a_bundle_comes_with_a_sync_and_an_older_one_never(gate: Gate, blank: rig.Terminal) -> None:
    gate.provision(blank)
    gate.new_bundle(3)
    assert (gate.sync(blank).bundle, gate.sync(blank).bundle_sent) == (3, False)
    gate.new_bundle(2)
    report = gate.sync(blank)
    assert (report.bundle, report.bundle_sent) == (3, False)


def test_nobody_else_gets_in(gate: Gate, blank: rig.Terminal) -> None:
    gate.provision(blank)
    with gate.link(blank) as link:
        with pytest.raises(HostError, match=r"^login: "):
            link.login(link.hello(), keys.create(gate.folder, "ground", "stranger"))
        with pytest.raises(HostError, match="login_first"):
            link.pull(1, [])


def test_noise_on_the_port(gate: Gate, blank: rig.Terminal) -> None:
    """Garbage, Ctrl-C, and arrays nested as deeply as fits: it answers, and has not started anew."""
    gate.provision(blank)
    chance = random.Random(4)
    with SerialStream(blank.port) as stream:
        stream.write(chance.randbytes(5000) + frames.END * 50 + b"\x03\x04" * 200)
        for depth in range(1, 70):
            stream.write(frames.encode(b"\x83\x01\x65hello\x81" + b"\x81" * depth + b"\x01"))
        assert Link(stream, wait=rig.WAIT).hello(rig.WAIT).state == "ready"
    assert blank.alive and gate.sync(blank).exceptions == ()
