"""Brings a terminal's receipts into the ledger, and bundle and time to the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cabinpay.wire.receipts import FLOOR

from .acks import Acks, Signed
from .errors import Exit, HostError
from .keys import Key
from .ledger.store import Ledger
from .link import Hello, Link, Status
from .pull import Progress, Pull


@dataclass(frozen=True)
class Report:
    """What a sync did. pulled: receipts new to the ledger, sums: their sales by currency; acked: up to which number
    the terminal knows them held; number: its last receipt; exceptions: (number, code) that stand open on what was
    pulled; refused: why the terminal did not take the bundle, or ""; time: "set" or why not; full: percent; drift:
    seconds that its clock was ahead, None where it had none that could be; signed: was the ledger's key here, or did
    somebody carry its acks from before?"""

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
    agent: str
    full: int
    drift: int | None
    sums: dict[int, int]
    signed: bool


@dataclass(frozen=True)
class Ground:
    """What a sync works with. bundle: (version, COSE bytes) to bring, if newer, with its files by name; clock() is
    asked for Unix seconds at the moment they are sent: a pull can take a minute."""

    ledger: Ledger
    key: Key
    acks: Acks
    bundle: tuple[int, bytes] | None
    clock: Callable[[], int]
    contents: dict[str, bytes] = field(default_factory=dict)


def _silent(_done: int, _total: int) -> None:
    pass


def synchronise(link: Link, ground: Ground, progress: Progress = _silent) -> Report:
    """A newer bundle, login, receipts, ack, time. The host commits first and acks after, so a link cut anywhere costs
    nothing: run it again.

    The bundle goes first, for it may be what makes this laptop's or the ledger's key known to the terminal. One that
    the terminal does not take is told in the report: the receipts come in all the same.
    """
    hello = link.hello()
    _refuse_strangers(hello, ground.ledger)
    before, refused = hello.bundle, ""
    if ground.bundle is not None and ground.bundle[0] > before:
        refused = _send_bundle(link, ground.bundle[1], ground.contents)
        hello = link.hello()
    link.login(hello, ground.key)
    status = link.status()
    drift = _drift(status, ground.clock())
    pulled = Pull(link, ground.ledger, hello, progress)
    pulled.expect(status.number)
    pulled.run()
    _ack(link, hello, ground.acks)
    time = _set_time(link, hello, ground)
    # the terminal notes on its chain that its clock was set
    pulled.run()
    _ack(link, hello, ground.acks)
    after = link.status()
    return Report(
        hello.label, hello.kid, pulled.new, after.acked, after.number, tuple(pulled.exceptions),
        after.bundle > before, after.bundle, refused, time, after.agent, after.full, drift, pulled.sums,
        isinstance(ground.acks, Signed),
    )  # fmt: skip


def _drift(status: Status, now: int) -> int | None:
    return None if status.quality == FLOOR else status.time - now


def _send_bundle(link: Link, data: bytes, contents: dict[str, bytes]) -> str:
    """Why the terminal refuses it, or nothing."""
    try:
        link.send_bundle(data, contents)
    except HostError as e:
        if e.exit_code != Exit.REFUSED:
            raise
        return f"{e.code}: {e.line}"
    return ""


def _set_time(link: Link, hello: Hello, ground: Ground) -> str:
    try:
        link.set_time(hello, ground.key, ground.clock())
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


def _ack(link: Link, hello: Hello, acks: Acks) -> None:
    signed = acks.of(hello.kid)
    if signed is None:
        return
    try:
        link.ack(signed)
    except HostError as e:
        if e.code != "signature":
            raise
        line = "The terminal does not know the ledger's key. List it in a new bundle with right ack, and sync that."
        raise HostError("ack_key", line, Exit.REFUSED) from None
