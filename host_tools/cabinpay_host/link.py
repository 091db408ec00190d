"""The host's side of the link: requests with their replies, login, and the operations that sync is made of."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, NoReturn, Protocol, TypeVar

from cabinpay.wire import cose, frames, messages
from cabinpay.wire.errors import WireError
from cabinpay.wire.keys import kid
from cabinpay.wire.schema import MAX_TIME, U32, array, integer, octets, row, text, u32, when
from cabinpay.wire.trust import by_keys

from . import codec, crypto
from .errors import Exit, HostError
from .keys import Key

# A flash erase takes 400 ms at worst, two signatures in plain Python a few seconds on the slowest board
ANSWER_SECONDS = 15.0
# A Pico reads what a session needs first: a second, and more where its flash is full
HELLO_SECONDS = 5.0
HELLO_TRIES = 3
CHUNK = 160
# Receipts that a terminal sends for one request: four seconds at 115200 baud, and what a cut link costs at most
CREDIT = 64
# A login with a channel, the longest that a terminal signs on the link, has about 220
MAX_STATEMENT = 240
# (number, receipt, evidence) as stored on the terminal
Item = tuple[int, bytes, bytes]
_ON_SERIAL = b""

_item = row(u32, octets(1, 1200), lambda v: isinstance(v, bytes) and len(v) <= 1200)
# What a ground key signs for a terminal to join a network: kid, session nonce, SHA-256 of what it was given
JOIN = row(octets(8), octets(16), octets(32))
_waiting = row(text(1, 16), integer(0, U32))
_number = integer(0, U32)
_status = row(
    octets(8), octets(16), text(1, 16), text(1, 16), integer(0, MAX_TIME), _number, _number, integer(0, 100), when,
    integer(1, 3),
)  # fmt: skip


_T = TypeVar("_T")


class Stream(Protocol):
    def read(self) -> bytes: ...
    def write(self, data: bytes) -> None: ...


class Hello:
    """What a terminal says of itself before login; nothing of it is believed until login proves the key."""

    def __init__(self, items: list[Any]) -> None:
        self.version, self.state, self.agent, self.label, self.public_key, self.nonce, self.bundle = items
        self.kid = kid(self.public_key) if self.public_key else b""


class Status(NamedTuple):
    """A terminal's signed word on itself. bundle: 0 for none; number: of its last receipt; acked: up to which it may
    free them; full: percent; time, quality: of its clock."""

    state: str
    agent: str
    bundle: int
    number: int
    acked: int
    full: int
    time: int
    quality: int


def read_status(payload: bytes) -> tuple[bytes, bytes, Status]:
    """(terminal kid, session nonce, the rest); WireError("cbor") or ("schema")."""
    kid, nonce, *rest = array(payload, _status, codec)
    return kid, nonce, Status(*rest)


class Link:
    """One terminal on one stream; wait: seconds for an answer before it counts as none; channel: SHA-256 of the
    gateway's certificate on TLS."""

    def __init__(self, stream: Stream, wait: float = ANSWER_SECONDS, channel: bytes = _ON_SERIAL) -> None:
        self._stream = stream
        self._wait = wait
        self._channel = channel
        self._decoder = frames.Decoder(frames.MAX_REPLY)
        self._bodies: list[bytes] = []
        self._peer: Hello | None = None
        self._ident = int.from_bytes(os.urandom(2), "big")

    def hello(self, wait: float = HELLO_SECONDS) -> Hello:
        """A fresh session; asked again when line noise from before ate the question."""
        for attempt in range(HELLO_TRIES):
            try:
                result = self.call("hello", wait=wait)
                break
            except HostError as e:
                if e.code != "no_answer" or attempt == HELLO_TRIES - 1:
                    raise
        _expect(messages.hello_form(result))
        if result[0] != messages.VERSION:
            raise HostError(
                "link_version", f"The terminal speaks link version {result[0]}: update this tool.", Exit.TERMINAL
            )
        return Hello(result)

    def login(self, hello: Hello, ground: Key) -> None:
        """Proves `ground` to the terminal, and has the terminal prove the key that hello named."""
        nonce = os.urandom(16)
        names = (ground.kid, hello.kid, nonce, hello.nonce, self._channel)
        payload = messages.login(messages.HOST, *names, codec)
        answer = self.call("login", ground.sign(payload, cose.AAD_LOGIN))
        if self._opened(hello, answer, cose.AAD_LOGIN) != messages.login(messages.TERMINAL, *names, codec):
            raise HostError("not_this_terminal", "The terminal could not prove its key. Do not trust it.", Exit.REFUSED)
        self._peer = hello

    def send_bundle(self, bundle: bytes, contents: dict[str, bytes] | None = None) -> None:
        """Sends a bundle and of its files what the terminal does not hold yet; the last of them puts it in force."""
        for offset in range(0, len(bundle), CHUNK):
            missing = self.call("bundle", len(bundle), offset, bundle[offset : offset + CHUNK])
        if isinstance(missing, list):
            _expect(all(_waiting(item) for item in missing))
            for name, held in missing:
                self.send_file(name, (contents or {}).get(name, b""), held)

    def send_file(self, name: str, data: bytes, held: int) -> None:
        """Sends the rest of a file of which the terminal holds `held` bytes."""
        if held >= len(data):
            line = f"The terminal waits for the bundle's file {name}: bring the folder beside the bundle too."
            raise HostError("bundle_files", line, Exit.INPUT)
        for offset in range(held, len(data), CHUNK):
            self.call("file", name, offset, data[offset : offset + CHUNK])

    def provision(self, entropy: bytes, roots: tuple[bytes, bytes], label: str, aircraft: str) -> bytes:
        """The new terminal's public key, 32 bytes."""
        public = self.call("provision", entropy, *roots, label, aircraft)
        _expect(octets(32)(public))
        return bytes(public)

    def set_time(self, hello: Hello, ground: Key, now: int) -> None:
        payload = messages.time(hello.kid, hello.nonce, now, codec)
        self.call("time", ground.sign(payload, cose.AAD_TIME))

    def maintenance(self, hello: Hello, ground: Key, not_after: int, anyway: bool) -> None:
        """The terminal resets itself after its answer and comes up with its prompt open. anyway: even if it holds
        receipts that no ledger has."""
        payload = messages.maintenance(hello.kid, hello.nonce, not_after, codec)
        self.call("maintenance", ground.sign(payload, cose.AAD_MAINTENANCE), int(anyway))

    def set_network(self, hello: Hello, keeper: Key, network: bytes) -> None:
        """Gives a terminal with Wi-Fi the network to join (what network.read made)."""
        for offset in range(0, len(network), CHUNK):
            self.call("network", offset, network[offset : offset + CHUNK])
        payload = codec.encode([hello.kid, hello.nonce, hashlib.sha256(network).digest()])
        self.call("join", keeper.sign(payload, cose.AAD_MAINTENANCE))

    def open_blank(self) -> None:
        """As maintenance, of a terminal that has no keys to ask with and none to lose."""
        self.call("maintenance", b"", 0)

    def log(self) -> str:
        """The terminal's word on the last crash of its agent, after login; empty where there was none."""
        kid, nonce, line = self._said("log", lambda payload: messages.read_log(payload, codec))
        self._expect_session(kid, nonce)
        return str(line)

    def status(self) -> Status:
        """After login."""
        kid, nonce, status = self._said("status", read_status)
        self._expect_session(kid, nonce)
        return status

    def _said(self, op: str, read: Callable[[bytes], _T]) -> _T:
        """What the terminal of this session says, signed."""
        assert self._peer is not None
        try:
            return read(self._opened(self._peer, self.call(op), cose.AAD_STATUS) or b"")
        except WireError:
            _refuse_reply()

    def _expect_session(self, kid: bytes, nonce: bytes) -> None:
        assert self._peer is not None
        _expect([kid, nonce] == [self._peer.kid, self._peer.nonce])

    def ack(self, signed: bytes) -> int:
        """The number up to which the terminal now holds everything acknowledged."""
        number = self.call("ack", signed)
        _expect(type(number) is int)
        return int(number)

    def pull(self, first: int, items: list[Item]) -> tuple[int, bytes]:
        """Adds up to CREDIT receipts from `first` on (number, receipt, evidence) to `items` as they come, after login;
        the terminal's number and head. It has signed for all of it: what a line garbled, dropped or added is never
        believed. Where HostError is raised, nobody has signed for what is in `items`."""
        digest, signed = hashlib.sha256(), None
        last = first - 1
        for status, result in self._replies("pull", first, CREDIT):
            if status == messages.OK:
                signed = result
                break
            _expect(_item(result) and result[0] > last)
            last = result[0]
            digest.update(codec.encode(result))
            items.append((last, result[1], result[2]))
        return self._attested(first, digest.digest(), signed)

    def _attested(self, first: int, digest: bytes, signed: Any) -> tuple[int, bytes]:
        """The terminal's number and head, where it has signed that it sent just this to this session."""
        assert self._peer is not None
        try:
            kid, nonce, asked, number, head, sent = messages.read_pulled(
                self._opened(self._peer, signed, cose.AAD_STATUS) or b"", codec
            )
        except WireError:
            _refuse_reply()
        _expect([kid, nonce, asked, sent] == [self._peer.kid, self._peer.nonce, first, digest])
        return number, head

    def _opened(self, peer: Hello, signed: Any, aad: bytes) -> bytes | None:
        """Payload of what the terminal itself has signed, else None."""
        if not isinstance(signed, bytes) or len(signed) > MAX_STATEMENT:
            return None
        try:
            return cose.open(signed, by_keys([peer.public_key], crypto.verify), aad, codec)
        except WireError:
            return None

    def call(self, op: str, *args: Any, wait: float | None = None) -> Any:
        """The result of one request; HostError with the terminal's own code where it refuses."""
        status, result = next(self._replies(op, *args, wait=wait))
        _expect(status == messages.OK)
        return result

    def _replies(self, op: str, *args: Any, wait: float | None = None) -> Iterator[tuple[str, Any]]:
        """(status, result) of the replies to a request as they come, up to the OK."""
        self._ident = (self._ident + 1) & 0xFFFF
        self._stream.write(frames.encode(messages.request(self._ident, op, list(args), codec)))
        for _ in range(CREDIT + 1):
            status, result = self._reply(op, time.monotonic() + (wait or self._wait))
            if status not in (messages.OK, messages.MORE):
                _expect(isinstance(result, str))  # a port that only echoes answers with our own arguments
                raise HostError(status, f"The terminal refuses {op}: {result}", Exit.REFUSED)
            yield status, result
        _refuse_reply()

    def _reply(self, op: str, deadline: float) -> tuple[str, Any]:
        """Next reply to the latest request. Frames of earlier ones (a session cut before this one) are passed over."""
        while time.monotonic() < deadline:
            if not self._bodies:
                self._bodies = self._decoder.feed(self._stream.read())
                continue
            try:
                ident, status, result = messages.read_reply(self._bodies.pop(0), codec)
            except WireError:
                continue
            if ident == self._ident:
                return status, result
        line = f"No answer to {op}. Is this a Cabinpay terminal, and is it switched on? Try again: it is safe."
        raise HostError("no_answer", line, Exit.TERMINAL)


def _expect(good: bool) -> None:
    if not good:
        _refuse_reply()


def _refuse_reply() -> NoReturn:
    line = "The terminal's answer is not what it should be: a bad line, or no Cabinpay terminal. Try again."
    raise HostError("bad_reply", line, Exit.TERMINAL)
