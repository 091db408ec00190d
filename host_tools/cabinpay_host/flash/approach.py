"""From whatever is on a port to its open prompt: a prompt, a Cabinpay terminal, or nothing that answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from serial.tools import list_ports

from ..errors import Exit, HostError
from ..keys import Key
from ..link import Hello, Link
from ..transport import SerialStream
from . import agent
from .boards import Board
from .prompt import Prompt
from .write import recovery

# A board that starts its agent, on a slow emulation too
START_SECONDS = 120.0
# For a hello: asked often, a board that is starting answers all of them later, one after the other
HELLO_SECONDS = 6.0
GRANT_SECONDS = 3600
_AGAIN = ("port_missing", "port_lost", "port_busy", "no_answer", "bad_reply", "no_prompt", "prompt_lost")
_Found = TypeVar("_Found")


def prompt_or_hello(port: str) -> Prompt | Hello | None:
    """The board's prompt; else what its agent says of itself; None where nothing answers."""
    try:
        return Prompt(port)
    except HostError as e:
        if e.code != "no_prompt":
            raise
    try:
        with SerialStream(port) as stream:
            return Link(stream).hello(HELLO_SECONDS)
    except HostError as e:
        if e.code not in ("no_answer", "bad_reply"):
            raise
    return None


def open_prompt(port: str, board: Board | None, hello: Hello, ground: Key | None, unsynced: bool) -> Prompt | None:
    """Has the terminal open its prompt; None where this agent is there already and no key is named to look closer."""
    if hello.state == "needs-recovery":
        raise recovery(board, port) if board else _recovery()
    if hello.state != "blank" and ground is None:
        if hello.agent == agent.version():
            return None
        line = f"{hello.label} runs {hello.agent}: to bring {agent.version()} name a --ground key with right maintain"
        raise HostError("no_key", line, Exit.USAGE)
    with SerialStream(port) as stream:
        _ask(Link(stream), ground, unsynced)
    return again(lambda: Prompt(_same(port)), START_SECONDS)


def _ask(link: Link, ground: Key | None, unsynced: bool) -> None:
    found = link.hello(HELLO_SECONDS)  # a fresh session
    if found.state == "blank":
        link.open_blank()
        return
    assert ground is not None
    try:
        link.login(found, ground)
        link.maintenance(found, ground, int(time.time()) + GRANT_SECONDS, unsynced)
    except HostError as e:
        raise not_synced() if e.code == "not_synced" else e from None


def not_synced() -> HostError:
    line = "it holds receipts that no ledger has: sync it first; or --unsynced, a new agent keeps them all"
    return HostError("not_synced", line, Exit.REFUSED)


def _recovery() -> HostError:
    line = "this terminal has lost its keys and holds receipts: name it with --board to be told how to take a dump"
    return HostError("needs_recovery", line, Exit.REFUSED)


def hello(port: str) -> Hello:
    """What the agent says once the board has started."""

    def ask() -> Hello:
        with SerialStream(_same(port)) as stream:
            return Link(stream).hello(HELLO_SECONDS)

    return again(ask, START_SECONDS)


def again(work: Callable[[], _Found], seconds: float) -> _Found:
    """Tries until it works: a port goes away and comes back while a board starts."""
    end = time.monotonic() + seconds
    while True:
        try:
            return work()
        except HostError as e:
            if e.code not in _AGAIN or time.monotonic() > end:
                raise
        time.sleep(0.2)


_serials: dict[str, str] = {}


def remember(port: str) -> None:
    """A board that starts again may get another port: it is known by its USB serial number."""
    _serials.update({p.device: p.serial_number for p in list_ports.comports() if p.device == port and p.serial_number})


def _same(port: str) -> str:
    number = _serials.get(port)
    now = [p.device for p in list_ports.comports() if number and p.serial_number == number]
    return now[0] if now and port not in now else port
