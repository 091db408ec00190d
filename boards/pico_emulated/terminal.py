"""A terminal on the emulated Pico, driven as the unix board's simulator is: keys, codes, screens, power."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .emulator import Pico
from .layout import PicoError

# What each of the agent's tunes begins with, in Hz, and how many tones it has
TUNES = {1568: ("approved", 2), 880: ("attention", 3), 330: ("refused", 1), 1245: ("alarm", 4)}
STEP_US = 20_000
BOOT_MS = 15_000
# pressed at a time, so that no request takes too long
KEYS = 20


class Terminal:
    """`flash`: a copy of `installed`, an agent's first flash, if it is not there. `latest`: the one last begun."""

    installed: Path
    latest: Terminal | None = None
    # Seconds: its watch is so far behind this machine's, for its time passes faster at times, and a program that tells
    # it this machine's must not take it back
    BEHIND = 60

    def __init__(self, flash: Path) -> None:
        if not flash.exists():
            shutil.copy(self.installed, flash)
        # whoever watched the last one has not seen time go back
        self._began = max(time.time() - self.BEHIND, Terminal.latest.now() if Terminal.latest else 0)
        self._us = 0
        self._told = 0
        self._screens: list[dict[str, Any]] = []
        self.pico = Pico(flash)
        Terminal.latest = self
        self.pico.wait_usb(BOOT_MS)

    def now(self) -> float:
        """Unix time at the terminal, by an observer's watch: it passes as the emulation does."""
        return self._began + self._micros() / 1e6

    def told_time(self) -> None:
        """Its clock was set by this machine's just now."""
        self._began = time.time() - self._micros() / 1e6

    def _micros(self) -> int:
        with suppress(PicoError):  # once it is closed, its time stands still
            self._us = self.pico.stat().us
        return self._us

    @property
    def port(self) -> str:
        return self.pico.port

    @property
    def screens(self) -> list[dict[str, Any]]:
        """What it has shown, newest last: screen, lines, code, operations (of flash), frame; scanned_us, durable_us:
        when the last byte of a code came, and when flash had taken what was written last, as `us` when it was shown;
        heap, where it was asked for (io/screen_log.py): its free bytes, and those of its largest block."""
        events = self.pico.events
        while self._told < len(events):
            event = events[self._told]
            self._told += 1
            if event["event"] == "log":
                told = json.loads(event["line"])
                if "screen" in told:
                    self._screens.append({**told, **event})
                else:
                    self._screens[-1].update(told)
        return self._screens

    @property
    def sounds(self) -> list[str]:
        """Names of the tunes heard."""
        tones, names = self.pico.tones, []
        while tones:
            name, size = TUNES[tones[0]]
            names.append(name)
            # a tune ends in silence; one cut short by the next has none
            tones = tones[size:]
            tones = tones[1:] if tones[:1] == [0] else tones
        return names

    def scan(self, text: str | bytes) -> None:
        """Holds a code before the scanner."""
        self.pico.show_code((text.encode() if isinstance(text, str) else text) + b"\r")

    def press(self, keys: str) -> None:
        for at in range(0, len(keys), KEYS):
            self.pico.press(keys[at : at + KEYS])

    def wait(self, name: str, code: str = "", since: int = 0, timeout: float = 20) -> dict[str, Any]:
        """The first screen `name` ("" for any, a|b for either) shown from index `since` on, of that verdict; else
        TimeoutError."""

        def found() -> dict[str, Any] | None:
            shown = self.screens[since:]
            named = (s for s in shown if not name or s["screen"] in name.split("|"))
            return next((s for s in named if code in ("", s["code"])), None)

        try:
            self.pico.wait(lambda: found() is not None, timeout * 1000, f"screen {name} {code}", STEP_US)
        except PicoError as e:
            raise TimeoutError(f"{e.line}; shown: {[s['lines'] for s in self.screens[-2:]]}") from None
        screen = found()
        assert screen
        return screen

    def first(self) -> dict[str, Any]:
        """The first screen after boot, whichever it is."""
        return self.wait("")

    def show(self, keys: str, name: str) -> dict[str, Any]:
        """Presses `keys` and returns screen `name` shown after them."""
        since = len(self.screens)
        self.pico.press(keys, wait=False)
        return self.wait(name, since=since)

    def pay(self, text: str | bytes) -> dict[str, Any]:
        """Scans `text` and returns the verdict's screen."""
        since = len(self.screens)
        self.scan(text)
        return self.wait("verdict", since=since)

    def cut_in(self, operation: int, done: int) -> None:
        """Has the power fail inside the flash operation `operation` from now on (1: the next), `done` bytes into it."""
        self.pico.cut(operation, done)

    @property
    def alive(self) -> bool:
        """Has it been at work without a break since it was switched on?"""
        return not any(event["event"] in ("reset", "power") for event in self.pico.events[1:])

    def power_failed(self) -> bool:
        """Waits for the cut that was ordered."""
        return not self._event("power", lambda event: not event["on"])["on"]

    def was_reset(self) -> bool:
        """Waits for the agent to give up and reset the board, and switches it off."""
        self._event("reset", lambda _: True)
        self.cut_power()
        return True

    def _event(self, name: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            return next((e for e in self.pico.events if e["event"] == name and wanted(e)), None)

        self.pico.wait(lambda: found() is not None, 20_000, name, STEP_US)
        event = found()
        assert event
        return event

    def cut_power(self) -> None:
        """Pulls the plug."""
        self.pico.power_off()
        self.close()

    def close(self) -> None:
        self._micros()
        self.pico.close()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

