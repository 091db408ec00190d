"""The emulator's process and the one thread that talks with it: requests, events, and the USB port's bytes."""

from __future__ import annotations

import base64
import json
import os
import select
import socket
import subprocess
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from pathlib import Path
from typing import Any

from .layout import BOARD, CORE, HERE, NODE_LINK, ROM, PicoError
from .usb_port import UsbPort

ANSWER_SECONDS = 300
# How soon it is noticed that a program has opened the port
LOOK_MS = 5


class Process:
    """events: all that the board did; port: its USB port."""

    def __init__(self, flash: Path, seed: int | None) -> None:
        self.events: list[dict[str, Any]] = []
        self.port = UsbPort(flash.with_name(flash.name + ".port"))
        self._futures: dict[int, Future[dict[str, Any]]] = {}
        self._last = 0
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair()
        self._log = open(flash.with_name(flash.name + ".log"), "ab")  # noqa: SIM115
        self._process = self._start(flash, seed, theirs)
        theirs.close()
        self._writing: Future[dict[str, Any]] | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _start(self, flash: Path, seed: int | None, theirs: socket.socket) -> subprocess.Popen[bytes]:
        if not (NODE_LINK.exists() and CORE.exists()):
            raise PicoError("no_emulator", "the emulator is not set up; run: make pico-image")
        config = {"rom": str(ROM), "flash": str(flash.resolve()), "seed": seed, "board": BOARD}
        config["control"] = theirs.fileno()
        # its RTC is a clock in this zone; a session of its own keeps a person's Ctrl-C from it
        return subprocess.Popen(
            [NODE_LINK, HERE / "chip/main.mjs", json.dumps(config)],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            env={**os.environ, "TZ": "UTC"}, start_new_session=True,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """One request and its answer; PicoError where the emulator refuses it or is gone."""
        try:
            answer = self._send(do, more).result(ANSWER_SECONDS)
        except FutureTimeout:
            line = f"no answer to {do} within {ANSWER_SECONDS} s; see {self._log.name}"
            raise PicoError("emulator_slow", line) from None
        if "error" in answer:
            raise PicoError("emulator_refused", f"{do}: {answer['error']}")
        return answer

    def _send(self, do: str, more: dict[str, Any]) -> Future[dict[str, Any]]:
        future: Future[dict[str, Any]] = Future()
        with self._lock:
            self._last += 1
            self._futures[self._last] = future
            message = json.dumps({"id": self._last, "do": do, **more}) + "\n"
            try:
                self._socket.sendall(message.encode())
            except OSError:
                self._gone()
        return future

    def _gone(self) -> None:
        error = PicoError("emulator_gone", f"the emulator has ended; its last words are in {self._log.name}")
        for future in self._futures.values():
            future.set_exception(error)
        self._futures.clear()

    def _serve(self) -> None:
        rest = b""
        while True:
            if self._ready():
                received = self._received()
                if not received:
                    break
                *lines, rest = (rest + received).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))
            self._serve_port()
        self.port.unplug()
        with self._lock:
            self._gone()

    def _received(self) -> bytes:
        try:
            return self._socket.recv(1 << 20)
        except OSError:
            return b""

    def _ready(self) -> bool:
        """Waits for something to do; is it the emulator's socket?"""
        reads = [self._socket.fileno()]
        if self.port.opened and self._writing is None:
            reads.append(self.port.fileno())
        writes = [self.port.fileno()] if self.port.waiting else []
        return self._socket.fileno() in select.select(reads, writes, [], LOOK_MS / 1000)[0]

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            with self._lock:
                future = self._futures.pop(message.pop("id"), None)
            if future:  # else whoever asked was told that the emulator is gone
                future.set_result(message)
            return
        name = message["event"]
        if name == "data":
            self._to_host(base64.b64decode(message["base64"]))
            return
        if name == "usb":
            self.port.plug()
        elif name == "reset" or (name == "power" and not message["on"]):
            self.port.unplug()
            self._writing = None
        self.events.append(message)

    def _to_host(self, data: bytes) -> None:
        self.port.put(data)
        if not self.port.opened:
            self._send("taken", {"count": len(data)})

    def _serve_port(self) -> None:
        if self._writing and self._writing.done():
            self._writing = None
        if self.port.waiting:
            done = self.port.flush()
            if done:
                self._send("taken", {"count": done})
        state = self.port.look()
        if self.port.opened and self._writing is None:
            self._from_host(state)
        elif not self.port.opened and not state & select.POLLHUP and self.port.fileno() >= 0:
            self.port.opened = True
            self._send("open", {"on": True})

    def _from_host(self, state: int) -> None:
        data = self.port.read() if state & select.POLLIN else b""
        if data:
            self._writing = self._send("write", {"base64": base64.b64encode(data).decode()})
        elif state & select.POLLHUP:
            self.port.opened = False
            self._send("open", {"on": False})

    def close(self) -> None:
        with self._lock, suppress(OSError):  # it may be closed, or have ended by itself
            self._socket.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()
        self._socket.close()
        self._log.close()
