"""Brings a terminal's receipts into the ledger, and bundle and time to the terminal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cabinpay.wire import cose, messages

from . import codec
from .errors import Exit, HostError
from .keys import Key
from .ledger.custody import BEGINNING
from .ledger.store import Ledger
from .link import Hello, Link

# A branch that begins lower than the ledger thought is pulled again from its beginning: more often than this would
# be a terminal that changes its story while it tells it
ROUNDS = 4


@dataclass(frozen=True)
class Report:
    """What a sync did. pulled: receipts new to the ledger; acked: up to which number the terminal knows them held;
    number: its last receipt; exceptions: (number, code) that stand open on what was pulled; refused: why the terminal
    did not take the bundle, or ""; time: "set" or why not."""

    label: str
    terminal_kid: bytes
    pulled: int
    acked: int
    number: int
    exceptions: tuple[tuple[int, str], ...]
    bundle_sent: bool
    bundle: int
    refused: str
    time: str


def synchronise(
    link: Link,
    ledger: Ledger,
    ground: Key,
    ledger_key: Key,
    bundle: tuple[int, bytes] | None,
    clock: Callable[[], int],
    contents: dict[str, bytes] | None = None,
) -> Report:
    """A newer bundle (version, COSE bytes; its files by name in `contents`), login, receipts, ack, time. The host
    commits first and acks after, so a link cut anywhere costs nothing: run it again.

    The bundle goes first, for it may be what makes this laptop's or the ledger's key known to the terminal. clock() is
    asked for Unix seconds at the moment they are sent: a pull can take a minute. A bundle that the terminal does not
    take is told in the report: the receipts come in all the same.
    """
    hello = link.hello()
    _refuse_strangers(hello, ledger)
    before, refused = hello.bundle, ""
    if bundle is not None and bundle[0] > before:
        refused = _send_bundle(link, bundle[1], contents)
        hello = link.hello()
    link.login(hello, ground)
    pulled = _Pull(link, ledger, hello.kid)
    pulled.run()
    acked = _ack(link, ledger, hello, ledger_key)
    time = _set_time(link, hello, ground, clock)
    # the terminal notes on its chain that its clock was set
    pulled.run()
    acked = _ack(link, ledger, hello, ledger_key)
    found = tuple(pulled.exceptions)
    sent = hello.bundle > before
    return Report(hello.label, hello.kid, pulled.new, acked, pulled.number, found, sent, hello.bundle, refused, time)


def _send_bundle(link: Link, data: bytes, contents: dict[str, bytes] | None) -> str:
    """Why the terminal refuses it, or nothing."""
    try:
        link.send_bundle(data, contents)
    except HostError as e:
        if e.exit_code != Exit.REFUSED:
            raise
        return f"{e.code}: {e.line}"
    return ""


def _set_time(link: Link, hello: Hello, ground: Key, clock: Callable[[], int]) -> str:
    try:
        link.set_time(hello, ground, clock())
    except HostError as e:
        if e.code not in ("time_back", "time_ahead"):
            raise
        return f"NOT set ({e.code}): check this computer's clock"
    return "set"


def _refuse_strangers(hello: Hello, ledger: Ledger) -> None:
    if hello.state in ("blank", "no-bundle"):
        line = f"This terminal is {hello.state}: run cabinpay provision first."
        raise HostError("not_provisioned", line, Exit.REFUSED)
    if not ledger.knows_terminal(hello.public_key):
        line = f"The ledger does not know terminal {hello.label} ({hello.kid.hex()}). Is this the right ledger?"
        raise HostError("unknown_terminal", line, Exit.REFUSED)


class _Pull:
    """Receipts into the ledger, batch by batch. number, head: the terminal's last; new: not in the ledger before."""

    def __init__(self, link: Link, ledger: Ledger, kid: bytes) -> None:
        self._link = link
        self._ledger = ledger
        self._kid = kid
        self.number = 0
        self.head = b""
        self.new = 0
        self._lowest = 0

    @property
    def exceptions(self) -> list[tuple[int, str]]:
        """(number, code) of what stands open now on what was pulled: a later batch may have cleared some."""
        return self._ledger.standing(self._kid, self._lowest, self.number) if self._lowest else []

    def run(self) -> None:
        first = self._ledger.next_number(self._kid)
        for _ in range(ROUNDS):
            past = self._from(first)
            if self._on_another_branch(first):
                self._from(1)
                return
            following = self._ledger.next_number(self._kid)
            if following >= past:
                return
            # custody did not move: the terminal does not hold what comes next, and has to say so from its beginning
            first = 1 if following == first else following

    def _on_another_branch(self, first: int) -> bool:
        """Did the terminal give nothing new, and yet hold something else than the ledger does? It has lost receipts, or
        is a copy of itself; what it holds instead is pulled from its beginning."""
        held = self._ledger.custody(self._kid)
        return held is not None and self.number < first and (self.number, self.head) != held

    def _from(self, first: int) -> int:
        """Pulls from `first` to the terminal's end; the number after the last one it gave."""
        after = BEGINNING if first == 1 else None
        while True:
            items, self.number, self.head = self._link.pull(first)
            if not items:
                return first
            taken = self._ledger.take(self._kid, items, "sync", after)
            self.new += taken.new
            self._lowest = min(self._lowest or first, items[0][0])
            after = items[-1][0], hashlib.sha256(items[-1][1]).digest()
            first = items[-1][0] + 1


def _ack(link: Link, ledger: Ledger, hello: Hello, ledger_key: Key) -> int:
    held = ledger.custody(hello.kid)
    if held is None:
        return 0
    payload = messages.ack(hello.kid, held[0], held[1], ledger.id, codec)
    try:
        return link.ack(ledger_key.sign(payload, cose.AAD_ACK))
    except HostError as e:
        if e.code != "signature":
            raise
        line = "The terminal does not know the ledger's key. List it in a new bundle with right ack, and sync that."
        raise HostError("ack_key", line, Exit.REFUSED) from None
