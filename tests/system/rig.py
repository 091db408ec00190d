"""The board under test and what can be done to it. Tests ask for capabilities, never for a board's name:

rtc a clock that survives power · power it can be switched off and on · cuts and inside a flash operation · flash its
flash is a file that can be copied · crew keys, codes and screens · prompt a port that is closed in production ·
watchdog · quick signatures in milliseconds · pace its time passes as this machine's does · wifi ·
unix it runs as a process of this machine, from a flash of its own
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import simulator
from simulator import MAIN, picture

__all__ = [
    "CAN",
    "WAIT",
    "Terminal",
    "break_agent",
    "forget_time",
    "mend_agent",
    "need",
    "now",
    "picture",
    "put_file",
    "told_time",
    "use",
    "without_clock",
]

CAN = {"rtc", "power", "cuts", "flash", "crew", "quick", "pace", "wifi", "unix"}
# Seconds for an answer on the link: a machine that runs other tests beside these stands still for many
WAIT = 20.0
Terminal: Any = simulator.Terminal
FAULT = "    import fault\n"
put_file: Any = simulator.put_file
get_file: Any = simulator.get_file


def now() -> int:
    """Unix seconds at the terminal last begun."""
    latest = getattr(Terminal, "latest", None)
    return int(latest.now() if latest else time.time() - getattr(Terminal, "BEHIND", 0))


def told_time() -> None:
    """A program has just told the terminal last begun what this machine's time is."""
    if getattr(Terminal, "latest", None):
        Terminal.latest.told_time()


def forget_time() -> None:
    """The next terminal is another test's."""
    if getattr(Terminal, "latest", None):
        Terminal.latest = None


def use(board: str, folder: Path, port: str | None = None) -> None:
    """Chooses the board for this session; folder: for what it needs once; port: of one that is plugged in."""
    global CAN, WAIT, Terminal, put_file, get_file
    if port:
        import on_port

        on_port.Terminal.port, on_port.Terminal.board = port, board
        CAN, WAIT, Terminal = on_port.CAN, on_port.WAIT, on_port.Terminal
    if board == "pico_emulated":
        from pico_emulated import flash_file, terminal

        terminal.Terminal.installed = install_emulated(folder / "installed.img")
        CAN, WAIT = {"power", "cuts", "flash", "crew", "prompt", "watchdog"}, 120.0
        Terminal = terminal.Terminal
        put_file, get_file = flash_file.put, flash_file.get


def clock_notes() -> int:
    """Notes that a command's sync leaves because it has set the clock: where time does not pass as
    this machine's, a terminal is behind it."""
    return 0 if "pace" in CAN else 1


def without_clock(flash: Path) -> Any:
    """A terminal whose clock does not survive power."""
    return Terminal(flash, rtc=False) if "rtc" in CAN else Terminal(flash)


@contextmanager
def bare(flash: Path) -> Iterator[Any]:
    """A board with nothing but its firmware, its prompt open."""
    from pico_emulated.emulator import Pico

    with Pico(flash) as pico:
        pico.wait_usb()
        yield pico


def install_emulated(flash: Path) -> Path:
    """An agent on a formatted flash, put there over the prompt as on a real board."""
    from cabinpay_host.flash.job import Job, Options

    with bare(flash) as pico:
        Job(pico.port, "pico_emulated", Options(), print).run()
    return flash


def write_unused(flash: Path, data: bytes) -> None:
    """Puts bytes where the file system has nothing: in the first erased blocks that are enough."""
    from pico_emulated.layout import BOARD

    whole, size = bytearray(flash.read_bytes()), BOARD["flash"]["block"]
    wanted = -(-len(data) // size) * size
    start = BOARD["flash"]["storage_offset"]
    at = next(at for at in range(start, len(whole), size) if whole[at : at + wanted] == b"\xff" * wanted)
    whole[at : at + len(data)] = data
    flash.write_bytes(whole)


def flip_superblocks(flash: Path) -> None:
    """One bit of each: the file system cannot be mounted any more, and all else is as it was."""
    from pico_emulated.layout import BOARD

    whole, start = bytearray(flash.read_bytes()), BOARD["flash"]["storage_offset"]
    for block in (0, 1):
        whole[whole.index(b"littlefs", start + block * BOARD["flash"]["block"])] ^= 1
    flash.write_bytes(whole)


def need(*capabilities: str) -> None:
    missing = [name for name in capabilities if name not in CAN]
    if missing:
        pytest.skip(f"this board has no {', '.join(missing)}")


def break_agent(flash: Path, source: str) -> None:
    """From now on the agent on this flash, switched off, runs `source` first: stands in for a fault of ours."""
    whole = get_file(flash, MAIN.name).decode()
    put_file(flash, "fault.py", source.encode())
    # a board's main.py only begins what MAIN is compiled to
    before = "    import begin\n" if "    import begin\n" in whole else "    import board\n"
    put_file(flash, MAIN.name, whole.replace(before, FAULT + before, 1).encode())


def mend_agent(flash: Path) -> None:
    put_file(flash, MAIN.name, get_file(flash, MAIN.name).replace(FAULT.encode(), b""))
