"""The board's USB port on this machine: a pty that is there while the board is connected.

The name (a link) stays the same over resets; who holds the port open through one gets a hang-up, as from a cable.
"""

from __future__ import annotations

import os
import select
import tty
from contextlib import suppress
from pathlib import Path

CHUNK = 4096


class UsbPort:
    """link: the port's path while it is there. Not thread-safe: one thread serves it."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.opened = False
        self._master = -1
        self._unwritten = b""

    def plug(self) -> None:
        """The board has been enumerated: the port appears."""
        self.unplug()
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        name = os.ttyname(slave)
        os.close(slave)  # from now on a hang-up says that nobody has the port open
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(name)
        fresh.replace(self.link)

    def unplug(self) -> None:
        if self._master < 0:
            return
        self.link.unlink(missing_ok=True)
        os.close(self._master)
        self._master, self.opened, self._unwritten = -1, False, b""

    def look(self) -> int:
        """What poll says about the port: POLLIN, POLLHUP; POLLHUP where there is none."""
        if self._master < 0:
            return select.POLLHUP
        watch = select.poll()
        watch.register(self._master, select.POLLIN)
        found = watch.poll(0)
        return found[0][1] if found else 0

    def fileno(self) -> int:
        return self._master

    def read(self) -> bytes:
        """What the host has sent; empty where nothing is left and it has closed the port."""
        with suppress(OSError):
            return os.read(self._master, CHUNK)
        return b""

    def put(self, data: bytes) -> None:
        """Bytes from the board for whoever holds the port open."""
        if self.opened:
            self._unwritten += data

    @property
    def waiting(self) -> bool:
        return bool(self._unwritten)

    def flush(self) -> int:
        """Bytes that the host's side took now."""
        with suppress(OSError):
            done = os.write(self._master, self._unwritten[:CHUNK])
            self._unwritten = self._unwritten[done:]
            return done
        return 0
