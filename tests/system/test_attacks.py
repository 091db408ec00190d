"""What somebody on the cable tries against a terminal that is selling; tests/ATTACKS.md has the whole table."""

import threading
import time

import pytest

import rig
from cabinpay.wire import frames, messages
from cabinpay_host import codec, keys
from cabinpay_host.errors import HostError
from cabinpay_host.link import Link
from cabinpay_host.transport import SerialStream
from gate import Gate, key_in

DEEP = 200


def sell(gate: Gate, terminal: rig.Terminal, name: str) -> None:
    key_in(terminal, (1001, 1, 1500))
    assert terminal.pay(gate.passenger(name).quick())["code"] == "approved"
    terminal.show("D", "items")


def drain(terminal: rig.Terminal) -> None:
    """Reads what is still to come for whoever asked before, as long as there is any: a chip answers 20 a second."""
    end = time.monotonic() + 3 * rig.WAIT
    with SerialStream(terminal.port) as stream:
        while True:
            heard = time.monotonic()
            while not stream.read():
                if time.monotonic() > heard + 3:
                    return
            assert time.monotonic() < end


def test_a_flood_keeps_no_sale_back(gate: Gate, terminal: rig.Terminal) -> None:
    """Requests without pause, from somebody who reads no answer."""
    stop = threading.Event()
    request = frames.encode(messages.request(1, "hello", [], codec))

    def flood() -> None:
        with SerialStream(terminal.port) as stream:
            while not stop.is_set():
                try:
                    stream._port.write(request * 50 + b"\xdb" * 500)
                except OSError:
                    time.sleep(0.01)

    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        sell(gate, terminal, "anna")
    finally:
        stop.set()
        flooding.join(60)
    if "quick" not in rig.CAN:
        drain(terminal)
    report = gate.sync(terminal)
    assert report.acked == report.number == 3 and terminal.alive


def test_a_request_that_comes_byte_by_byte(gate: Gate, terminal: rig.Terminal) -> None:
    request = frames.encode(messages.request(9, "hello", [], codec))
    with SerialStream(terminal.port) as stream:
        for at in range(len(request) - 1):
            stream.write(request[at : at + 1])
            time.sleep(0.02)
        sell(gate, terminal, "anna")
        stream.write(request[-1:])
        answered, until = b"", time.monotonic() + 10
        while answered.count(frames.END) < 2 and time.monotonic() < until:
            answered += stream.read()
        (body,) = frames.Decoder(frames.MAX_REPLY).feed(answered)
        assert messages.read_reply(body, codec)[:2] == (9, "ok")


def replies_within(stream: SerialStream, seconds: float, enough: int) -> list[tuple[int, str, object]]:
    """Replies that come in so many seconds, and no longer than until there are enough."""
    decoder, until = frames.Decoder(frames.MAX_REPLY), time.monotonic() + seconds
    bodies: list[bytes] = []
    while len(bodies) < enough and time.monotonic() < until:
        bodies += decoder.feed(stream.read())
    return [messages.read_reply(body, codec) for body in bodies]


def test_nested_and_oversized_requests_are_answered_in_one_line(gate: Gate, terminal: rig.Terminal) -> None:
    nested = b"\x83\x07\x65hello" + b"\x81" * DEEP + b"\x80"
    with gate.link(terminal) as link:
        stream = link._stream
        stream.write(frames.encode(nested))
        stream.write(frames.encode(b"\x00" * 5000) + frames.encode(b"\xbb" + b"\xff" * 8 + b"x" * 200))
        told = replies_within(stream, rig.WAIT, 2) + replies_within(stream, 1, 1)
        assert [status for _, status, _ in told] == ["cbor", "cbor"], "what is too long is dropped, the rest refused"
        assert link.hello().state == "ready"
    sell(gate, terminal, "anna")


def test_a_second_host_on_the_line_ends_the_first_ones_session(gate: Gate, terminal: rig.Terminal) -> None:
    with gate.link(terminal) as link:
        hello = link.hello()
        link.login(hello, gate.laptop)
        other = Link(link._stream, wait=rig.WAIT)
        other.login(other.hello(), gate.keeper)
        with pytest.raises(HostError, match="right"):
            link.pull(1, [])
        with pytest.raises(HostError, match="port_busy"), SerialStream(terminal.port):
            pass
    assert gate.sync(terminal).acked == 2


def let_in(link: Link, key: keys.Key) -> None:
    """Logs in as soon as the terminal's time has come, which may pass more slowly than this machine's."""
    until = time.monotonic() + (6 if "pace" in rig.CAN else 6 * rig.WAIT)
    while True:
        time.sleep(0.5)
        try:
            link.login(link.hello(), key)
            return
        except HostError as e:
            if e.code != "login_wait" or time.monotonic() > until:
                raise


def test_guessing_logins_gets_slow(gate: Gate, terminal: rig.Terminal) -> None:
    """Whoever has a bundle knows every kid and public key; a login takes the secret, and tries get slow."""
    thief, codes = keys.Key("ground", gate.laptop.public, bytes(32)), []
    with gate.link(terminal) as link:
        begun = time.monotonic()
        while time.monotonic() < begun + 5:
            with pytest.raises(HostError) as refused:
                link.login(link.hello(), thief)
            codes.append(refused.value.code)
        # at 0 and after 2 seconds, then not before 6
        assert 1 <= codes.count("login") <= 2 and "login_wait" in codes
        let_in(link, gate.laptop)
