"""The host's end of the link against ports that are no terminal, or a hostile one: one line, in bounded time."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from cabinpay.wire import frames, messages
from cabinpay_host import codec, crypto
from cabinpay_host.errors import HostError
from cabinpay_host.keys import Key
from cabinpay_host.link import CREDIT, Hello, Link

SEED = bytes(range(32))
GROUND = Key("ground", crypto.public_key(SEED), SEED)
HELLO = [1, "ready", "agent", "label", GROUND.public, bytes(16), 1]

# (op, args) -> [(status, result), ...]
Answers = Callable[[str, list[Any]], list[tuple[str, Any]]]


class Port:
    """A port whose other end answers each request by `answers`."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.decoder = frames.Decoder(frames.MAX_REQUEST)
        self.waiting = b""

    def write(self, data: bytes) -> None:
        for body in self.decoder.feed(data):
            ident, op, args = messages.read_request(body, codec)
            for status, result in self.answers(op, args):
                self.waiting += frames.encode(messages.reply(ident, status, result, codec))

    def read(self) -> bytes:
        data, self.waiting = self.waiting, b""
        return data


class Echo:
    def __init__(self) -> None:
        self.waiting = b""

    def write(self, data: bytes) -> None:
        self.waiting += data

    def read(self) -> bytes:
        data, self.waiting = self.waiting, b""
        return data


def code_of(action: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(HostError) as refused:
        action()
    return refused.value.code, refused.value.exit_code


def test_an_echo_is_no_terminal() -> None:
    assert code_of(Link(Echo()).hello) == ("bad_reply", 5)


def test_noise_and_silence() -> None:
    class Noise(Echo):
        def read(self) -> bytes:
            return os.urandom(64)

    assert code_of(lambda: Link(Noise(), wait=0.2).call("pull", wait=0.2)) == ("no_answer", 5)


def test_more_without_end() -> None:
    endless = Port(lambda _op, _args: [("more", [])] * 5000)
    assert code_of(Link(endless).hello) == ("bad_reply", 5)


@pytest.mark.parametrize(
    "hello",
    [None, 7, [], HELLO[:-1], [2, *HELLO[1:]], [*HELLO[:4], b"short", *HELLO[5:]], [*HELLO[:6], -1], {1: 2}],
)
def test_a_hello_of_another_form(hello: Any) -> None:
    code, status = code_of(Link(Port(lambda _op, _args: [("ok", hello)])).hello)
    assert code in ("bad_reply", "link_version") and status == 5


@pytest.mark.parametrize("answer", [0, -1, 1 << 34, 1 << 63, None, "", [], {}, b"", b"\x80", bytes(5000)[:1000]])
def test_a_login_that_proves_nothing(answer: Any) -> None:
    link = Link(Port(lambda op, _args: [("ok", HELLO if op == "hello" else answer)]))
    assert code_of(lambda: link.login(link.hello(), GROUND)) == ("not_this_terminal", 4)


def test_a_pull_that_is_not_what_was_asked_for() -> None:
    item = [1, b"receipt", b""]
    for items in ([item] * 2, [[2, b"r", b""], item], [[0, b"r", b""]], [item] * (CREDIT + 1), [["1", b"r", b""]]):
        link = Link(Port(lambda _op, _args, items=items: [("more", i) for i in items] + [("ok", b"")]))  # type: ignore[misc]
        link._peer = Hello(HELLO)
        assert code_of(lambda link=link: link.pull(1, [])) == ("bad_reply", 5)  # type: ignore[misc]
