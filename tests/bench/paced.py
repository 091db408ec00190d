"""A serial line of a given rate between two ptys: bytes leave one end as fast as a UART would send them, both ways."""

from __future__ import annotations

import os
import select
import threading
import time
import tty

# 8N1
BITS = 10
TICK = 0.002


class PacedLine:
    """`port`: the host's end of a line to the device `other` (a pty's path)."""

    def __init__(self, other: str, baud: int) -> None:
        self._far = os.open(other, os.O_RDWR | os.O_NOCTTY)
        self._near, self._kept = os.openpty()
        for fd in (self._far, self._kept):
            tty.setraw(fd)
        self.port = os.ttyname(self._kept)
        self._rate = baud / BITS
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._carry, args=ends) for ends in
                         ((self._far, self._near), (self._near, self._far))]  # fmt: skip
        for thread in self._threads:
            thread.start()

    def _carry(self, source: int, sink: int) -> None:
        """Of time in which nothing came a twentieth of a second is saved up, for this process does not wake on time."""
        credit, before = 0.0, time.monotonic()
        while not self._stop.is_set():
            time.sleep(TICK)
            now = time.monotonic()
            credit = min(credit + (now - before) * self._rate, 0.05 * self._rate)
            before = now
            if credit >= 1 and select.select([source], [], [], 0)[0]:
                data = os.read(source, int(credit))
                credit -= len(data)
                os.write(sink, data)

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for fd in (self._far, self._near, self._kept):
            os.close(fd)

    def __enter__(self) -> PacedLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
