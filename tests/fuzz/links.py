"""The link from both ends: what a bad line, a hostile host and a hostile terminal can send."""

from __future__ import annotations

import random
from typing import Any

import world
from cabinpay.agent.session import MAX_BUNDLE, MAX_CREDIT, Session
from cabinpay.wire import cbor, cose, frames, messages
from cabinpay_host import codec, keys
from cabinpay_host.errors import Exit, HostError
from cabinpay_host.link import Hello, Link
from fuzz import mutate
from support import seed


class Frames:
    """The same bytes in one piece and in many give the same bodies; what was sent whole arrives; memory is bounded."""

    def __init__(self, sodium: Any) -> None:
        self.limit = frames.MAX_REQUEST

    def make(self, chance: random.Random) -> list[bytes]:
        bodies = [chance.randbytes(chance.choice((1, 9, 60, 239, 240, 241))) for _ in range(chance.randrange(1, 5))]
        stream = mutate.frame(chance, b"".join(frames.encode(body) for body in bodies))
        size = chance.choice((1, 2, 7, 64, 700))
        return [stream[at : at + size] for at in range(0, len(stream), size)]

    def check(self, chunks: list[bytes]) -> str:
        whole, pieces = frames.Decoder(self.limit), frames.Decoder(self.limit)
        bodies = whole.feed(b"".join(chunks))
        found = []
        for chunk in chunks:
            found += pieces.feed(chunk)
            assert len(pieces._rest) <= 2 * (self.limit + 4)
        assert found == bodies and pieces.bad == whole.bad
        assert all(0 < len(body) <= self.limit for body in bodies)
        return f"{len(bodies)} bodies"


class Requests:
    """Mutated requests to a session, before and after login: it answers in bounds, never raises, changes nothing."""

    def __init__(self, sodium: Any) -> None:
        self.world = world.selling(crypto=sodium)
        for seq in range(1, 6):
            assert self.world.pay(world.quick(seq=seq), [[1, 1, 100]]) == "approved"
        self.terminal = self.world.terminal
        self.host = world.Host(Session(self.terminal))
        self.seen = self._state()
        # one that is in force, and one that waits for a file whose bytes no case has
        self.bundles = world.bundle(), world.bundle(version=9, files=[["revoked", 480, bytes(32)]])

    def make(self, chance: random.Random) -> tuple[int, list[bytes]]:
        """(0: first of a session, 1: after hello, 2: after login; bodies)."""
        return chance.choice((0, 1, 2, 2, 2)), [self._body(chance) for _ in range(chance.randrange(1, 7))]

    def _body(self, chance: random.Random) -> bytes:
        # statements of a thief, and of the ledger for another terminal, another branch or another session
        number, kid = chance.choice((1, 3, 6)), chance.choice((bytes(8), self.terminal.keys.kid))
        signer = chance.choice(("ledger", "thief"))
        ack = world.signed(signer, messages.ack(kid, number, bytes(32), bytes(16), cbor), cose.AAD_ACK)
        time = world.signed(signer, messages.time(kid, bytes(16), world.NOW, cbor), cose.AAD_TIME)
        at = chance.choice((0, 0, 100, 150, 300, 6000))
        bundle = chance.choice(self.bundles)
        name = chance.choice(("revoked", "revoked", "crew", "../keys"))
        op, args = chance.choice(
            (
                ("hello", []), ("pull", [1, 32]), ("pull", [number, 0xFFFFFFFF]), ("ack", [ack]), ("time", [time]),
                ("status", []),
                ("login", [chance.choice((ack, time))]), ("provision", [bytes(32)] * 3 + ["label", "plane"]),
                ("bundle", [len(bundle), at, bundle[at : at + 150] or b"\x00"]),
                ("file", [name, chance.choice((0, at, 16 * at)), chance.randbytes(chance.choice((1, 16, 160, 200)))]),
            )
        )  # fmt: skip
        if args and isinstance(args[0], bytes) and chance.random() < 0.5:
            args = [mutate.octets(chance, args[0]), *args[1:]]
        tree = [chance.randrange(65536), op, args]
        if chance.random() < 0.3:
            return mutate.octets(chance, codec.encode(tree))
        return mutate.encoded(chance, mutate.inside(chance, tree) if chance.random() < 0.8 else tree)

    def check(self, item: tuple[int, list[bytes]]) -> str:
        before, bodies = item
        self.session = self.host.session = Session(self.terminal)
        if before == 2:
            assert self.host.login()[0] == "ok"
        elif before == 1:
            self.host.hello()
        return [self._answered(body) for body in bodies][-1]

    def _answered(self, body: bytes) -> str:
        status = ""
        for count, reply in enumerate(self.session.answer(body)):
            assert len(reply) <= frames.MAX_REPLY and count <= MAX_CREDIT
            _, status, _ = messages.read_reply(reply, codec)
        assert status not in ("", messages.MORE)
        assert len(self.session._staged) <= MAX_BUNDLE
        assert self._state() == self.seen, "an unsigned request changed the terminal"
        return status

    def _state(self) -> Any:
        t = self.terminal
        journal = t.journal.number, t.journal.head, t.journal.acked, t.journal.fault
        return journal, t.trust.digest, t.clock.floor(), t.store.since_ground[0], t.state


class Deaf:
    """A terminal that answers each request with what a test made of its answer, then hangs up."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._out = b""

    def write(self, data: bytes) -> None:
        body = frames.Decoder(frames.MAX_REQUEST).feed(data)[0]
        self._out = self._answer(*messages.read_request(body, codec))

    def read(self) -> bytes:
        if not self._out:
            raise HostError("port_lost", "hung up", Exit.TERMINAL)
        out, self._out = self._out, b""
        return out


class Replies:
    """Mutated answers of a terminal: the host tool ends in its own error or has something of the right form."""

    def __init__(self, sodium: Any) -> None:
        session = Session(world.selling(crypto=sodium).terminal)
        host = world.Host(session)
        self.hello = host.hello()
        self.answers = {
            "hello": [("ok", self.hello)],
            "login": [("ok", host.ask("login", host.login_text())[1])],
            "pull": [("more", [1, bytes(180), b""]), ("more", [2, bytes(180), bytes(400)]), ("ok", [2, bytes(32)])],
            "ack": [("ok", 2)],
            "provision": [("ok", bytes(32))],
        }
        self.ground = keys.Key("ground", world.public("ledger"), seed("ledger"))

    def make(self, chance: random.Random) -> tuple[str, int]:
        return chance.choice(list(self.answers)), chance.getrandbits(48)

    def check(self, item: tuple[str, int]) -> str:
        op, number = item
        chance = random.Random(number)
        link = Link(Deaf(lambda ident, *_: self._stream(chance, op, ident)))
        try:
            self._ask(link, op)
        except HostError as e:
            return e.code if e.code in ("port_lost", "bad_reply", "not_this_terminal", "link_version") else "refused"
        return "taken"

    def _stream(self, chance: random.Random, op: str, ident: int) -> bytes:
        out = b""
        for status, result in self.answers[op]:
            tree = [ident, status, result]
            if chance.random() < 0.6:
                tree = mutate.inside(chance, tree)
            out += frames.encode(mutate.encoded(chance, tree)[: frames.MAX_REPLY])
        return mutate.frame(chance, out) if chance.random() < 0.2 else out

    def plain(self, op: str, ident: int) -> bytes:
        """The answer as it is, unchanged."""
        return b"".join(frames.encode(codec.encode([ident, *answer])) for answer in self.answers[op])

    def _ask(self, link: Link, op: str) -> None:
        if op == "hello":
            hello = link.hello()
            assert isinstance(hello.label, str) and len(hello.nonce) == 16 and len(hello.kid) in (0, 8)
        elif op == "login":
            link.login(Hello(self.hello), self.ground)
            raise AssertionError("a terminal that signed another login is believed")
        elif op == "pull":
            link._peer, items = Hello(self.hello), list[Any]()
            _, head = link.pull(1, items)
            assert len(head) == 32 and all(type(n) is int and len(r) + len(e) <= 2400 for n, r, e in items)
        elif op == "ack":
            assert type(link.ack(b"")) is int
        else:
            assert len(link.provision(bytes(32), (bytes(32), bytes(32)), "label", "")) == 32
