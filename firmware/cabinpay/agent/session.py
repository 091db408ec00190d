"""The terminal's side of the link: one request in, replies out. Holds nothing that a dropped link could lose."""

import hashlib

from cabinpay.wire import cose, messages
from cabinpay.wire.schema import key, octets, row, text, u32
from cabinpay.wire.trust import ACK, PULL, TIME

from . import AGENT
from .door import NOTHING, STATEMENT, Door
from .errors import Refused

# What a bundle of 16 issuers and 32 ground keys takes, with room; it is gathered in RAM
MAX_BUNDLE = 6144
MAX_CREDIT = 64

_provision = row(octets(32), key, key, text(1, 24), text(0, 10))
_bundle = row(u32, lambda v: v == 0 or u32(v), octets(1, 200))
_file = row(text(1, 16), lambda v: v == 0 or u32(v), octets(1, 200))
_statement = row(STATEMENT)
_pull = row(u32, u32)


class Session(Door):
    def __init__(self, terminal, channel=b""):
        super().__init__(terminal, channel)
        self._ops["provision"] = (_provision, self._provision)
        self._ops["bundle"] = (_bundle, self._bundle)
        self._ops["file"] = (_file, self._file)
        self._ops["pull"] = (_pull, None)
        self._ops["ack"] = (_statement, self._ack)
        self._ops["time"] = (_statement, self._time)
        self._ops["status"] = (NOTHING, self._status)

    def _reset(self):
        super()._reset()
        self._timed = False
        self._staged = bytearray()

    def _results(self, op, args):
        if op != "pull":
            yield messages.OK, self._ops[op][1](*args)
            return
        digest = hashlib.sha256()
        for result in self._pull(*args):
            digest.update(self._codec.encode(result))
            yield messages.MORE, result
        yield messages.OK, self._pulled(args[0], digest.digest())

    def _ways_in(self):
        # a bundle carries its own proof and names its files by hash; it is what lets a ground key in where those listed
        # have run out
        return super()._ways_in() + (("bundle", "file") if self._terminal.chain else ())

    def _provision(self, entropy, current, following, label, aircraft):
        return self._terminal.provision(entropy, [current, following], label, aircraft)

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
        journal, kid = self._terminal.journal, self._terminal.keys.kid
        payload = messages.pulled(kid, self._session_nonce, first, journal.number, journal.head, digest, self._codec)
        return self._signed(payload, cose.AAD_STATUS)

    def _ack(self, signed):
        _, payload = self._open_ground(signed, cose.AAD_ACK, ACK)
        kid, number, head, _ = messages.read_ack(payload, self._codec)
        journal = self._terminal.journal
        if kid != self._terminal.keys.kid:
            raise Refused("other_terminal", "This ack is for another terminal.")
        if number > journal.number:
            self._terminal.roll_back(number, signed)
            raise Refused("rolled_back", "The ledger holds receipts that this terminal has lost. Take it out of use.")
        if number > journal.acked and journal.head_at(number) != head:
            raise Refused("other_branch", "The ledger holds another receipt under this number.")
        # one given again, too, frees what has come due since
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

    def _status(self):
        """[kid, session nonce, state, agent, bundle version or 0, last number, acknowledged, percent full, time,
        its quality]; its reader is the ground's alone."""
        t = self._terminal
        now, quality, _ = t.clock.read()
        version = t.trust.bundle.version if t.trust.bundle else 0
        full = 100 - max(0, t.journal.room()) * 100 // t.capacity()
        report = [t.keys.kid, self._session_nonce, t.state, AGENT, version, t.journal.number, t.journal.acked]
        return self._signed(self._codec.encode(report + [full, now, quality]), cose.AAD_STATUS)
