"""The terminal's side of the link: one request in, replies out. Holds nothing that a dropped link could lose."""

import hashlib

from cabinpay.wire import cose, messages
from cabinpay.wire.errors import WireError
from cabinpay.wire.schema import key, octets, row, text, u32
from cabinpay.wire.trust import ACK, PULL, TIME

from .errors import Refused, StorageError
from .terminal import AGENT

# What a bundle of 16 issuers and 32 ground keys takes, with room; it is gathered in RAM
MAX_BUNDLE = 6144
MAX_CREDIT = 64

_provision = row(octets(32), key, key, text(1, 24), text(0, 10))
_bundle = row(u32, lambda v: v == 0 or u32(v), octets(1, 200))
_file = row(text(1, 16), lambda v: v == 0 or u32(v), octets(1, 200))
_statement = row(octets(1, 240))
_pull = row(u32, u32)
_nothing = row()


class Session:
    """`channel`: SHA-256 of the gateway's certificate, 32 bytes, or empty on a serial line."""

    def __init__(self, terminal, channel=b""):
        self._terminal = terminal
        self._codec = terminal.codec
        self._channel = channel
        self._reset()
        self._ops = {
            "hello": (_nothing, self._hello),
            "provision": (_provision, self._provision),
            "login": (_statement, self._login),
            "bundle": (_bundle, self._bundle),
            "file": (_file, self._file),
            "pull": (_pull, None),
            "ack": (_statement, self._ack),
            "time": (_statement, self._time),
        }

    def _reset(self):
        self._nonce = b""
        self._ground_kid = None
        self._timed = False
        self._staged = bytearray()

    def answer(self, body):
        """Yields the replies to one request, as bytes; never raises for what a request contains."""
        ident = 0
        try:
            ident, op, args = messages.read_request(body, self._codec)
            self._check(op, args)
            if op == "pull":
                digest = hashlib.sha256()
                for result in self._pull(*args):
                    digest.update(self._codec.encode(result))
                    yield messages.reply(ident, messages.MORE, result, self._codec)
                result = self._pulled(args[0], digest.digest())
            else:
                result = self._ops[op][1](*args)
            yield messages.reply(ident, messages.OK, result, self._codec)
        except (WireError, Refused, StorageError) as e:
            line = e.detail if isinstance(e, WireError) else e.line
            yield messages.reply(ident, e.code, line, self._codec)
        except OSError:
            yield messages.reply(ident, StorageError.code, StorageError.line, self._codec)
        except MemoryError:
            # only for requests that append no receipt: those end in a StorageError
            yield messages.reply(ident, "memory", "The terminal has no memory for this now. Try again.", self._codec)

    def _check(self, op, args):
        if op not in self._ops:
            raise Refused("unknown_op", "This agent does not know that request.")
        if not self._ops[op][0](args):
            raise Refused("bad_args", "The request's arguments are not of their form.")
        if self._ground_kid is None and op != "hello" and op not in self._ways_in():
            raise Refused("login_first", "Log in first.")

    def _ways_in(self):
        # a bundle carries its own proof and names its files by hash; it is what lets a ground key in where those listed
        # have run out
        if self._terminal.keys is None:
            return ("provision",)
        return ("login", "bundle", "file") if self._terminal.trust.bundle else ("bundle", "file")

    def _hello(self):
        t = self._terminal
        self._reset()
        self._nonce = t.drbg.nonce()
        bundle = t.trust.bundle.version if t.trust.bundle else 0
        label, public = (t.keys.label, t.keys.public) if t.keys else ("", b"")
        return [messages.VERSION, t.state, AGENT, label, public, self._nonce, bundle]

    def _provision(self, entropy, current, following, label, aircraft):
        return self._terminal.provision(entropy, [current, following], label, aircraft)

    def _login(self, signed):
        nonce, self._nonce = self._nonce, b""
        items = self._host_login(signed, nonce)
        payload = messages.login(messages.TERMINAL, *(items[1:] + [self._codec]))
        keys = self._terminal.keys
        answer = cose.sign(payload, keys.kid, keys.sign, cose.AAD_LOGIN, self._codec)
        self._ground_kid = items[1]
        self._session_nonce = nonce
        return answer

    def _host_login(self, signed, nonce):
        """[role, kids, nonces, channel] of a host that proved itself; one refusal for every way to fail."""
        try:
            kid, payload = self._open_ground(signed, cose.AAD_LOGIN, PULL | ACK | TIME)
            items = messages.read_login(payload, self._codec)
        except (WireError, Refused):
            items = None
        if not nonce or items is None or items[:3] != [messages.HOST, kid, self._terminal.keys.kid]:
            raise Refused("login", "Login failed. Is this laptop's key in the bundle?")
        if items[4:] != [nonce, self._channel]:
            raise Refused("login", "Login failed. Is this laptop's key in the bundle?")
        return items

    def _open_ground(self, signed, aad, right):
        """(kid, payload) of what a ground key with `right` signed."""
        reading = self._terminal.clock.read()

        def verify(kid, message, signature):
            public = self._terminal.trust.ground(kid, right, reading)
            return public is not None and self._terminal.crypto.verify(public, message, signature)

        payload = cose.open(signed, verify, aad, self._codec)
        return cose.parse(signed, self._codec).kid, payload

    def _bundle(self, total, offset, chunk):
        if total > MAX_BUNDLE or offset != len(self._staged) or offset + len(chunk) > total:
            self._staged = bytearray()
            raise Refused("bundle_chunk", "A bundle comes in order and has at most %d bytes." % MAX_BUNDLE)
        self._staged.extend(chunk)
        if len(self._staged) < total:
            return len(self._staged)
        data, self._staged = bytes(self._staged), bytearray()
        # where it waits for files: which, and how much of each is here from an earlier try
        return self._terminal.install(data) or total

    def _file(self, name, offset, chunk):
        self._terminal.add_file(name, offset, chunk)
        return offset + len(chunk)

    def _pull(self, first, credit):
        """Receipts from `first` on, at most `credit` of them."""
        # asked every time: a new bundle ends a key's rights in the middle of a session too
        if self._terminal.trust.ground(self._ground_kid, PULL, self._terminal.clock.read()) is None:
            raise Refused("right", "This key may not pull receipts.")
        for i, item in enumerate(self._terminal.journal.records_from(first)):
            if i >= min(credit, MAX_CREDIT):
                return
            yield list(item)

    def _pulled(self, first, digest):
        """The terminal's word on what it has just sent: a line that garbles or drops items must not pass for it."""
        journal, keys = self._terminal.journal, self._terminal.keys
        payload = messages.pulled(
            keys.kid, self._session_nonce, first, journal.number, journal.head, digest, self._codec
        )
        return cose.sign(payload, keys.kid, keys.sign, cose.AAD_STATUS, self._codec)

    def _ack(self, signed):
        _, payload = self._open_ground(signed, cose.AAD_ACK, ACK)
        kid, number, head, _ = messages.read_ack(payload, self._codec)
        journal = self._terminal.journal
        if kid != self._terminal.keys.kid:
            raise Refused("other_terminal", "This ack is for another terminal.")
        if number > journal.number:
            self._terminal.roll_back(number, signed)
            raise Refused("rolled_back", "The ledger holds receipts that this terminal has lost. Take it out of use.")
        if number > journal.acked:
            if journal.head_at(number) != head:
                raise Refused("other_branch", "The ledger holds another receipt under this number.")
            self._terminal.acknowledge(number, signed)
        return journal.acked

    def _time(self, signed):
        _, payload = self._open_ground(signed, cose.AAD_TIME, TIME)
        kid, nonce, now = messages.read_time(payload, self._codec)
        if kid != self._terminal.keys.kid or nonce != self._session_nonce or self._timed:
            raise Refused("time_session", "This time was stated for another terminal or session.")
        self._terminal.set_time(now, signed)
        self._timed = True
        return now
