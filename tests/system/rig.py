"""The board under test and what can be done to it. Tests ask for capabilities, never for a board's name:

rtc a clock that survives power · power it can be switched off and on · cuts and inside a flash operation · flash its
flash is a file that can be copied · crew keys, codes and screens · prompt a port that is closed in production ·
watchdog · quick signatures in milliseconds
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import simulator
from simulator import MAIN, picture

__all__ = ["CAN", "WAIT", "Terminal", "break_agent", "mend_agent", "need", "now", "picture", "use", "without_clock"]

CAN = {"rtc", "power", "cuts", "flash", "crew", "quick"}
# Seconds for an answer on the link: a machine that runs other tests beside these stands still for many
WAIT = 20.0
Terminal: Any = simulator.Terminal
FAULT = "    import fault\n"
_put_file: Any = simulator.put_file
_get_file: Any = simulator.get_file


def now() -> int:
    """Unix seconds at the terminal last begun."""
    return int(Terminal.latest.now() if getattr(Terminal, "latest", None) else time.time())


def use(board: str, folder: Path) -> None:
    """Chooses the board for this session; folder: for what it needs once."""
    global CAN, WAIT, Terminal, _put_file, _get_file
    if board == "pico_emulated":
        from pico_emulated import flash_file, terminal

        terminal.Terminal.installed = install_emulated(folder / "installed.img")
        CAN, WAIT = {"power", "cuts", "flash", "crew", "prompt", "watchdog"}, 120.0
        Terminal = terminal.Terminal
        _put_file, _get_file = flash_file.put, flash_file.get


def without_clock(flash: Path) -> Any:
    """A terminal whose clock does not survive power."""
    return Terminal(flash, rtc=False) if "rtc" in CAN else Terminal(flash)


def install_emulated(flash: Path) -> Path:
    """An agent on a formatted flash, put there over the prompt as on a real board."""
    from cabinpay_host.flash.job import Job, Options
    from pico_emulated.emulator import Pico

    with Pico(flash) as pico:
        pico.wait_usb()
        Job(pico.port, "pico_emulated", Options(), print).run()
    return flash


def need(*capabilities: str) -> None:
    missing = [name for name in capabilities if name not in CAN]
    if missing:
        pytest.skip(f"this board has no {', '.join(missing)}")


def break_agent(flash: Path, source: str) -> None:
    """From now on the agent on this flash, switched off, runs `source` first: stands in for a fault of ours."""
    whole = _get_file(flash, MAIN.name).decode()
    _put_file(flash, "fault.py", source.encode())
    # a board's main.py only begins what MAIN is compiled to
    before = "    import start\n" if "    import start\n" in whole else "    import board\n"
    _put_file(flash, MAIN.name, whole.replace(before, FAULT + before, 1).encode())


def mend_agent(flash: Path) -> None:
    _put_file(flash, MAIN.name, _get_file(flash, MAIN.name).replace(FAULT.encode(), b""))
