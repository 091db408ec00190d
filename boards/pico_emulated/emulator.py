"""A Raspberry Pi Pico for tests: a process that emulates it, its USB port as a pty, and hands for everything else.

    with Pico(flash) as pico:                     # flash: 2 MB file; made with the firmware on it if it is not there
        pico.wait_usb()                           # then pico.port is a serial port for mpremote or cabinpay sync
        pico.feed(b"CP1:...\\r"); pico.press("12#"); pico.screen(path); pico.cut(at=3, size=100)

Methods that wait do so in the board's time, which then does not wait for the wall's; between them it never passes
faster than real time since the last thing that came from here or went to here.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from . import flash_file
from .layout import BOARD, PicoError
from .process import Process

# A bound in wall time for what should happen in the board's: the emulation is slow, a machine may be busy
PATIENCE_SECONDS = 120
STEP_US = 2000


@dataclass(frozen=True)
class Stat:
    """us: the board's time since it was made; cycles of its core; stack: bytes of its C stack that were in use at most
    since the last boot, of 8,192; unfed_us: how long the watchdog was not fed then at most; delivered, lost: the
    scanner's bytes."""

    us: int
    cycles: int
    idle_us: int
    operations: int
    resets: int
    stack: int
    unfed_us: int
    on: bool
    seed: int
    delivered: int
    lost: int


class Pico:
    """seed: makes random bits those of another run with this seed (stat() tells it); else they are new every time."""

    def __init__(self, flash: Path, *, seed: int | None = None, on: bool = True) -> None:
        self.flash = flash
        flash_file.prepare(flash)
        self._process = Process(flash, seed)
        self._seen = 0
        if on:
            self.power_on()

    @property
    def port(self) -> str:
        """Path of the USB serial port; there while the board is connected (wait_usb)."""
        return str(self._process.port.link)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All that happened, oldest first: usb, reset, power, screen, buzzer; each with the board's time `us`."""
        return self._process.events

    @property
    def tones(self) -> list[int]:
        """What the buzzer played, in Hz; 0 is silence."""
        return [event["hz"] for event in self.events if event["event"] == "buzzer"]

    @property
    def pid(self) -> int:
        """Of the process that emulates it."""
        return self._process.pid

    def stat(self) -> Stat:
        return Stat(**self._process.ask("stat"))

    def run(self, ms: float) -> None:
        """Lets so much of the board's time pass, as fast as it can."""
        self._process.ask("run", us=ms * 1000)

    def wait(self, ready: Callable[[], bool], ms: float, what: str, step_us: int = STEP_US) -> None:
        """Until ready(), asked every step_us, or so much of the board's time has passed; PicoError then."""
        limit, deadline = self.stat().us + ms * 1000, time.monotonic() + PATIENCE_SECONDS
        while not ready():
            now = self._process.ask("run", us=step_us)
            if ready():
                return
            if not now["on"] or now["us"] >= limit or time.monotonic() > deadline:
                raise PicoError("no_event", f"{what} did not come within {ms} ms; last: {self._last_events()}")

    def _last_events(self) -> str:
        return ", ".join(f"{event['us']}: {event['event']}" for event in self.events[-6:])

    def wait_event(self, name: str, ms: float = 5000, since: int = 0) -> dict[str, Any]:
        """The first event `name` from index `since` of events on."""
        found: list[dict[str, Any]] = []

        def ready() -> bool:
            found.extend(event for event in self.events[since:] if event["event"] == name)
            return bool(found)

        self.wait(ready, ms, f"event {name}")
        return found[0]

    def wait_usb(self, ms: float = 10000) -> None:
        """Until the firmware has its USB port up."""
        self.wait(lambda: Path(self.port).exists(), ms, "the USB port")

    def feed(self, data: bytes, *, delay_ms: float = 0, wait: bool = True) -> None:
        """The scanner sends `data` at its own rate, from `delay_ms` on, whether or not the board takes it."""
        text = base64.b64encode(data).decode()
        self._until(self._process.ask("feed", base64=text, delay_us=delay_ms * 1000), wait)

    def show_code(self, data: bytes) -> None:
        """Holds a code before the scanner, which reads it as it was told to: by itself, or when it is triggered."""
        self._process.ask("show", base64=base64.b64encode(data).decode())

    def sent_to_scanner(self) -> bytes:
        """What the board has sent to the scanner since it was last asked."""
        return base64.b64decode(self._process.ask("sent")["base64"])

    def press(self, keys: str, *, held_ms: float = 60, released_ms: float = 60, wait: bool = True) -> None:
        """Presses keys one after the other; blanks are for readers."""
        times = {"held_us": held_ms * 1000, "released_us": released_ms * 1000}
        self._until(self._process.ask("press", keys=keys.replace(" ", ""), **times), wait)

    def hold(self, key: str, down: bool) -> None:
        """Holds a key down, or lets go of it."""
        self._process.ask("hold", key=key, down=down)

    def screen(self, path: Path) -> Path:
        """Saves what the panel shows now as PNG; black where it is off."""
        size = (BOARD["display"]["width"], BOARD["display"]["height"])
        Image.frombytes("RGB", size, base64.b64decode(self._process.ask("screen")["base64"])).save(path, "PNG")
        return path

    def cut(self, at: int, size: int = 0) -> None:
        """The power fails inside the flash operation `at` from now on (1: the next), `size` bytes into it."""
        self._process.ask("cut", at=at, bytes=size)

    def power_off(self, after_ms: float = 0) -> None:
        """Now, or when so much of the board's time has passed."""
        self._process.ask("off", after_us=after_ms * 1000)

    def power_on(self) -> None:
        self._process.ask("on")

    def _until(self, answer: dict[str, Any], wait: bool) -> None:
        if wait:
            left = answer["until"] - self.stat().us
            self.run(max(left, 0) / 1000)

    def close(self) -> None:
        """Ends the process; what is on flash stays in the file."""
        self._process.close()

    def __enter__(self) -> Pico:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
