"""What a terminal answers whatever state it is in: hello, login, maintenance, log. Serves the rescue link alone, and is
the ground floor of a Session."""

from cabinpay.wire import cose, messages
from cabinpay.wire.errors import WireError
from cabinpay.wire.schema import integer, octets, row
from cabinpay.wire.trust import ACK, MAINTAIN, PULL, TIME

from . import AGENT
from .errors import Refused, StorageError

STATEMENT = octets(1, 240)
NOTHING = row()
# a blank terminal takes an empty statement
_maintenance = row(octets(0, 240), integer(0, 1))
_ANY_RIGHT = PULL | ACK | TIME | MAINTAIN
# After a failed login none is looked at for 2 seconds, then 4, 8, ... 64
_SLOWEST = 6


class Door:
    """`channel`: SHA-256 of the gateway's certificate, 32 bytes, or empty on a serial line. `leaving`: the last reply
    is sent, and the board is to be reset."""

    def __init__(self, terminal, channel=b""):
        self._terminal = terminal
        self._codec = terminal.codec
        self._channel = channel
        self.leaving = False
        self._failed = 0
        self._closed_until = 0
        self._reset()
        self._ops = {
            "hello": (NOTHING, self._hello),
            "login": (row(STATEMENT), self._login),
            "maintenance": (_maintenance, self._maintenance),
            "log": (NOTHING, self._log),
        }

    def _reset(self):
        self._nonce = b""
        self._session_nonce = b""
        self._ground_kid = None

    def may_end(self):
        """Is there nothing to remember beyond it? Failed logins slow down those that follow."""
        return not self._failed

    def answer(self, body):
        """Yields the replies to one request, as bytes; never raises for what a request contains."""
        ident = 0
        try:
            ident, op, args = messages.read_request(body, self._codec)
            self._check(op, args)
            for status, result in self._results(op, args):
                yield messages.reply(ident, status, result, self._codec)
        except (WireError, Refused, StorageError) as e:
            line = e.detail if isinstance(e, WireError) else e.line
            yield messages.reply(ident, e.code, line, self._codec)
        except OSError:
            yield messages.reply(ident, StorageError.code, StorageError.line, self._codec)
        except MemoryError:
            # only for requests that append no receipt: those end in a StorageError
            yield messages.reply(ident, "memory", "The terminal has no memory for this now. Try again.", self._codec)

    def _results(self, op, args):
        yield messages.OK, self._ops[op][1](*args)

    def _check(self, op, args):
        if op not in self._ops:
            raise Refused("unknown_op", "This agent does not know that request.")
        if not self._ops[op][0](args):
            raise Refused("bad_args", "The request's arguments are not of their form.")
        if self._ground_kid is None and op != "hello" and op not in self._ways_in():
            raise Refused("login_first", "Log in first.")

    def _ways_in(self):
        # there is nothing on a blank terminal to keep from anybody, and no key that could open it
        if self._terminal.keys is None:
            return ("provision", "maintenance")
        return ("login",) if self._terminal.trust.bundle else ()

    def _hello(self):
        t = self._terminal
        self._reset()
        self._nonce = t.drbg.nonce()
        bundle = t.trust.bundle.version if t.trust.bundle else 0
        label, public = (t.keys.label, t.keys.public) if t.keys else ("", b"")
        return [messages.VERSION, t.state, AGENT, label, public, self._nonce, bundle]

    def _login(self, signed):
        nonce, self._nonce = self._nonce, b""
        items = self._admitted(signed, nonce)
        payload = messages.login(messages.TERMINAL, *(items[1:] + [self._codec]))
        answer = self._signed(payload, cose.AAD_LOGIN)
        self._ground_kid = items[1]
        self._session_nonce = nonce
        return answer

    def _admitted(self, signed, nonce):
        """What _host_login gives; whoever fails makes everybody wait, for longer each time."""
        ticks = self._terminal.ticks
        if ticks() < self._closed_until:
            raise Refused("login_wait", "A login failed just now. Try again in a minute.")
        try:
            items = self._host_login(signed, nonce)
        except Refused:
            self._failed = min(self._failed + 1, _SLOWEST)
            self._closed_until = ticks() + (1 << self._failed)
            raise
        self._failed = 0
        return items

    def _host_login(self, signed, nonce):
        """[role, kids, nonces, channel] of a host that proved itself; one refusal for every way to fail."""
        try:
            kid, payload = self._open_ground(signed, cose.AAD_LOGIN, _ANY_RIGHT)
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

    def _signed(self, payload, aad):
        keys = self._terminal.keys
        return cose.sign(payload, keys.kid, keys.sign, aad, self._codec)

    def _maintenance(self, signed, anyway):
        self._terminal.open_prompt(self._granted(signed), anyway)
        self.leaving = True
        return 0

    def _granted(self, signed):
        """Kid of the ground key that grants maintenance to this terminal in this session; empty on a blank one."""
        if self._terminal.state == "blank":
            return b""
        if self._terminal.keys is None:
            raise Refused("not_blank", "This terminal has lost its keys: take a dump of its flash over BOOTSEL.")
        by, payload = self._open_ground(signed, cose.AAD_MAINTENANCE, MAINTAIN)
        kid, nonce, not_after = messages.read_maintenance(payload, self._codec)
        if kid != self._terminal.keys.kid or nonce != self._session_nonce:
            raise Refused("grant_session", "Maintenance was granted to another terminal or session.")
        if self._terminal.clock.read()[0] > not_after:
            raise Refused("grant_over", "This grant has run out. Check the computer's clock.")
        return by

    def _log(self):
        kid = self._terminal.keys.kid
        payload = messages.log(kid, self._session_nonce, self._terminal.log_line(), self._codec)
        return self._signed(payload, cose.AAD_STATUS)
