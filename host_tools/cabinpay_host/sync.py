"""Brings a terminal's receipts into the ledger, and bundle and time to the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from cabinpay.wire import cose, messages

from . import codec
from .errors import Exit, HostError
from .keys import Key
from .ledger.store import Ledger
from .link import Hello, Link

# A branch that begins lower than the ledger thought is pulled again from its beginning: more often than this would
# be a terminal that changes its story while it tells it
ROUNDS = 4


@dataclass(frozen=True)
class Report:
    """What a sync did. pulled: receipts new to the ledger; acked: up to which number the terminal knows them held;
    number: its last receipt; exceptions: (number, code) that stand open on what was pulled."""

    label: str
    terminal_kid: bytes
    pulled: int
    acked: int
    number: int
    exceptions: tuple[tuple[int, str], ...]
    bundle_sent: bool
    bundle: int


def synchronise(
    link: Link,
    ledger: Ledger,
    ground: Key,
    ledger_key: Key,
    bundle: tuple[int, bytes] | None,
    now: int,
    contents: dict[str, bytes] | None = None,
) -> Report:
    """Login, receipts, ack, then bundle (version, COSE bytes; its files by name in `contents`) and time. The host
    commits first and acks after, so a link cut anywhere costs nothing: run it again."""
    hello = link.hello()
    _refuse_strangers(hello, ledger)
    link.login(hello, ground)
    pulled = _Pull(link, ledger, hello.kid)
    pulled.run()
    acked = _ack(link, ledger, hello, ledger_key)
    send = bundle if bundle is not None and bundle[0] > hello.bundle else None
    if send:
        link.send_bundle(send[1], contents)
    link.set_time(hello, ground, now)
    version = send[0] if send else hello.bundle
    found = tuple(pulled.exceptions)
    return Report(hello.label, hello.kid, pulled.new, acked, pulled.number, found, send is not None, version)


def _refuse_strangers(hello: Hello, ledger: Ledger) -> None:
    if hello.state in ("blank", "no-bundle"):
        line = f"This terminal is {hello.state}: run cabinpay provision first."
        raise HostError("not_provisioned", line, Exit.REFUSED)
    if not ledger.knows_terminal(hello.public_key):
        line = f"The ledger does not know terminal {hello.label} ({hello.kid.hex()}). Is this the right ledger?"
        raise HostError("unknown_terminal", line, Exit.REFUSED)


class _Pull:
    """Receipts into the ledger, batch by batch. number: the terminal's last; new: how many the ledger did not have."""

    def __init__(self, link: Link, ledger: Ledger, kid: bytes) -> None:
        self._link = link
        self._ledger = ledger
        self._kid = kid
        self.number = 0
        self.new = 0
        self.exceptions: list[tuple[int, str]] = []

    def run(self) -> None:
        first = self._ledger.next_number(self._kid)
        for _ in range(ROUNDS):
            past = self._from(first)
            if self.number < first - 1:
                first = 1  # the terminal has lost receipts: what it holds instead is another branch
                self._from(first)
                return
            first = self._ledger.next_number(self._kid)
            if first >= past:
                return

    def _from(self, first: int) -> int:
        """Pulls from `first` to the terminal's end; the number after the last one it gave."""
        while True:
            items, self.number, _ = self._link.pull(first)
            if not items:
                return first
            taken = self._ledger.take(self._kid, items, source="sync")
            self.new += taken.new
            self.exceptions += taken.exceptions
            first = items[-1][0] + 1


def _ack(link: Link, ledger: Ledger, hello: Hello, ledger_key: Key) -> int:
    held = ledger.custody(hello.kid)
    if held is None:
        return 0
    payload = messages.ack(hello.kid, held[0], held[1], ledger.id, codec)
    return link.ack(ledger_key.sign(payload, cose.AAD_ACK))
