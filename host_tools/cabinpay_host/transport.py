"""Byte streams to a terminal. Today: a serial port (USB CDC, UART, pty)."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import serial

try:
    from termios import error as TermiosError
except ImportError:  # not a POSIX system: pyserial raises its own there
    TermiosError = serial.SerialException  # type: ignore[misc,assignment]

from .errors import Exit, HostError

BAUD = 115200
# Long enough for a flash erase at its worst (400 ms) inside a slow signature, short enough for a person at a gate
WAIT_SECONDS = 0.1


class SerialStream:
    """A serial port held exclusively; HostError port_busy, port_missing or port_lost, each saying what to do."""

    def __init__(self, path: str, baud: int = BAUD) -> None:
        self.path = path
        try:
            self._port = serial.Serial(None, baud, timeout=WAIT_SECONDS, write_timeout=5, exclusive=True)
            # raised before the port is opened and both alike: ESP32 boards reset on one without the other
            self._port.dtr = self._port.rts = True
            self._port.port = path
            self._port.open()
            self._port.reset_input_buffer()
        except (OSError, ValueError, TermiosError) as e:
            raise _opening(path, e) from None

    def read(self) -> bytes:
        """What has come, waiting up to WAIT_SECONDS for the first byte; empty if nothing came."""
        try:
            return bytes(self._port.read(max(1, min(self._port.in_waiting, 4096))))
        except (OSError, TermiosError, TypeError) as e:
            raise self._lost(e) from None

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
            self._port.flush()
        except (OSError, TermiosError) as e:
            raise self._lost(e) from None

    def close(self) -> None:
        self._port.close()

    def _lost(self, error: Exception) -> HostError:
        reason = type(error).__name__
        line = f"{self.path} went away ({reason}). Plug the terminal in and sync again: nothing is lost or taken twice."
        return HostError("port_lost", line, Exit.TERMINAL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def _opening(path: str, error: Exception) -> HostError:
    text = str(error).lower()
    if "lock" in text or "busy" in text or "resource temporarily" in text:
        return HostError("port_busy", f"{path} is in use by another program. Close it and try again.", Exit.TERMINAL)
    if "permission" in text:
        line = f"No permission for {path}. Join its group (Linux: usually dialout) and log in again."
        return HostError("port_denied", line, Exit.TERMINAL)
    return HostError(
        "port_missing", f"{path} cannot be opened as a serial port. Is the terminal plugged in?", Exit.TERMINAL
    )
