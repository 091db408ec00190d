"""The board's prompt, by mpremote."""

from __future__ import annotations

import ast
from contextlib import suppress
from typing import Any

import serial
from mpremote.transport_serial import SerialTransport

from pico_emulated.emulator import Pico


class Repl:
    def __init__(self, pico: Pico) -> None:
        self._pico = pico
        self.transport = SerialTransport(pico.port)
        self.transport.enter_raw_repl(soft_reset=False)

    def run(self, code: str, ms: float = 0) -> Any:
        """What `code` prints, as a Python value; ms: so much of the board's time passes without waiting for it."""
        self.start(code)
        if ms:
            self._pico.run(ms)
        out, error = self.transport.follow(timeout=60)
        assert not error, error.decode()
        return ast.literal_eval(out.decode()) if out.strip() else None

    def start(self, code: str) -> None:
        """Runs `code` and does not wait for it."""
        self.transport.exec_raw_no_follow(code)

    def leave(self, code: str) -> None:
        """Runs `code` by which the port goes: on a busy machine even before the prompt's answer is read."""
        with suppress(OSError, serial.SerialException):
            self.start(code)

    def __enter__(self) -> Repl:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, serial.SerialException):
            self.transport.close()
