"""A board's prompt over mpremote's own transport, and what can be learned there before anything is changed.

Codes: port_busy, port_missing, port_denied, no_prompt, prompt_lost, prompt_error.
"""

from __future__ import annotations

import ast
import contextlib
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from cabinpay.wire.errors import WireError

from .. import codec, dump
from ..errors import Exit, HostError
from ..flash_image import HEAD, RECORD_MAGIC, snapshot
from ..transport import SerialStream

# For a prompt to answer; one that runs nothing does at once
ANSWER_SECONDS = 3.0
QUIET_SECONDS = 0.2
# For a command at the prompt: a flash that is nearly full is slow
COMMAND_SECONDS = 120
# Bytes a command at the prompt: each costs a turn on the line
CHUNK = 1024

# A host that was killed leaves the file open that it was writing: closed later, when its name is used again, it would
# go over what the next run has written and checked
_CLOSE = """
for name in list(globals()):
    if hasattr(globals()[name], "close"):
        globals()[name].close()
"""
_FACTS = """
import sys, os, vfs
def device():
    try:
        import rp2
        return rp2.Flash()
    except ImportError:
        from esp32 import Partition
        return Partition.find(Partition.TYPE_DATA, label="vfs")[0]
d = device()
s, i = os.statvfs("/"), sys.implementation
print((i._machine, ".".join(map(str, i.version[:3])), i._mpy & 255, d.ioctl(4, 0) * d.ioctl(5, 0), s[0] * s[3],
       os.listdir("/")))
"""
# heads of records alone: magic, type, length of receipt and evidence, number
_NUMBERS = f"""
import os, struct, binascii
def last(folder):
    found = [0, 0, 0]
    for name in os.listdir(folder):
        with open(folder + "/" + name, "rb") as f:
            f.seek(20)
            while True:
                head = f.read({HEAD.size + 4})
                if len(head) < {HEAD.size + 4}: break
                m, t, _, a, b, _, n = struct.unpack_from(">4sBBHHHI", head)
                if m != {RECORD_MAGIC!r} or binascii.crc32(head[:-4]) != struct.unpack(">I", head[-4:])[0]:
                    found[2] = 1
                    break
                if t in (1, 2): found[t - 1] = max(found[t - 1], n)
                f.seek(a + b + 4, 1)
    return found
print(last("/journal"))
"""


@dataclass(frozen=True)
class Facts:
    """machine, version: the firmware's own words; mpy: major version of .mpy; storage: bytes of its file system; free:
    bytes left of it; names: what lies in its root."""

    machine: str
    version: str
    mpy: int
    storage: int
    free: int
    names: list[str]

    @property
    def has_keys(self) -> bool:
        return "keys" in self.names


class Prompt:
    """The raw prompt of the board on a port. Everything that goes wrong on the line is a HostError."""

    def __init__(self, port: str) -> None:
        self.port = port
        SerialStream(port).close()  # says what is wrong with a port, as every command does
        with _on_line(port):
            self._transport = SerialTransport(port)
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    self._transport.enter_raw_repl(soft_reset=False, timeout_overall=ANSWER_SECONDS)
                    self._settle()
                    self._transport.enter_raw_repl(soft_reset=False, timeout_overall=ANSWER_SECONDS)
                    self._transport.exec(_CLOSE)
            except (TransportError, OSError):
                self._transport.close()
                raise HostError("no_prompt", f"{port} answers with no prompt of MicroPython", Exit.TERMINAL) from None

    def _settle(self) -> None:
        """A board that was starting answers every call that it got in the meantime: passes over all of that."""
        port = self._transport.serial
        while True:
            time.sleep(QUIET_SECONDS)
            if not port.in_waiting:
                return
            port.read(port.in_waiting)

    def run(self, code: str) -> Any:
        """What `code` prints, as a Python value; None where it prints nothing."""
        with _on_line(self.port):
            self._transport.exec_raw_no_follow(code)
            out, error = self._transport.follow(timeout=COMMAND_SECONDS)
            if error:
                raise TransportExecError(1, error.decode(errors="replace"))
        return ast.literal_eval(out.decode()) if out.strip() else None

    def write(self, path: str, data: bytes, progress: Callable[[int], None] = lambda _: None) -> None:
        """progress: told of the bytes written since it was told last."""
        told = 0

        def tell(done: int, _all: int) -> None:
            nonlocal told
            progress(done - told)
            told = done

        with _on_line(self.port):
            self._transport.fs_writefile(path, data, chunk_size=CHUNK, progress_callback=tell)

    def read(self, path: str) -> bytes:
        with _on_line(self.port):
            return bytes(self._transport.fs_readfile(path, chunk_size=CHUNK))

    def facts(self) -> Facts:
        return Facts(*self.run(_FACTS))

    def unsynced(self, facts: Facts) -> bool:
        """Does this terminal hold receipts that no ledger has? What cannot be read counts as such."""
        if "journal" not in facts.names:
            return False
        number, acked, damaged = self.run(_NUMBERS)
        if "snapshot" in facts.names:
            covered, covered_ack = _covers(self.read("/snapshot"))
            number, acked = max(number, covered), max(acked, covered_ack)
        return bool(damaged or number > acked)

    def lost_its_keys(self, facts: Facts) -> bool:
        """Does raw flash hold a journal's records though the file system has no keys?"""
        if facts.has_keys:
            return False
        with _on_line(self.port):
            return dump.holds_records(self._transport)

    def reset(self) -> None:
        """Begins the board anew; the port goes away, and comes back."""
        with contextlib.suppress(TransportError, OSError, serial.SerialException):
            self._transport.exec_raw_no_follow("import machine; machine.reset()")
            time.sleep(0.2)
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError, serial.SerialException):
            self._transport.close()

    def __enter__(self) -> Prompt:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _covers(data: bytes) -> tuple[int, int]:
    """(last number, acked) that a snapshot knows of; one that cannot be read leaves all in doubt."""
    try:
        journal = codec.decode(snapshot(data)[0])[0]
        return int(journal[4]), int(journal[5])
    except (ValueError, LookupError, TypeError, WireError):
        return 1, 0


@contextlib.contextmanager
def _on_line(port: str) -> Iterator[None]:
    try:
        yield
    except TransportExecError as e:
        if "ENOSPC" in e.error_output or "OSError: 28" in e.error_output:
            raise full() from None
        last = (e.error_output.strip().splitlines() or ["nothing"])[-1]
        raise HostError("prompt_error", f"the board on {port} says: {last}; flash it again", Exit.TERMINAL) from None
    except OSError as e:
        if e.errno == 28:
            raise full() from None
        raise _lost(port) from None
    except (TransportError, serial.SerialException, ValueError, SyntaxError):
        raise _lost(port) from None


def full() -> HostError:
    line = "its flash has no room for the new agent beside the old one: sync it, so that receipts can be freed"
    return HostError("flash_full", line, Exit.REFUSED)


def _lost(port: str) -> HostError:
    line = f"{port} went away or stopped answering. Plug the board in and flash it again: it goes on from there"
    return HostError("prompt_lost", line, Exit.TERMINAL)
