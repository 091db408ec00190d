"""A connection of the gateway's event loop as the byte stream that a worker thread reads and writes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import TypeVar

from .errors import Exit, HostError

READ_SECONDS = 0.2
WRITE_SECONDS = 20.0
PIECE = 4096

_T = TypeVar("_T")


class Bridge:
    """Ends with HostError once the other side has gone, or after `seconds` in all: nobody holds a worker for ever."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        seconds: float,
    ) -> None:
        self._loop = loop
        self._reader = reader
        self._writer = writer
        self._until = time.monotonic() + seconds

    def read(self) -> bytes:
        """What has come; empty if nothing came for a moment."""
        self._in_time()
        try:
            data = self._wait(asyncio.wait_for(self._reader.read(PIECE), READ_SECONDS))
        except TimeoutError:
            return b""
        if not data:
            raise _gone()
        return data

    def write(self, data: bytes) -> None:
        self._in_time()
        try:
            self._wait(asyncio.wait_for(self._send(data), WRITE_SECONDS))
        except TimeoutError:
            raise _gone() from None

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def _in_time(self) -> None:
        if time.monotonic() > self._until:
            raise HostError("too_slow", "The terminal took too long; it will come again.", Exit.TERMINAL)

    def _wait(self, doing: Coroutine[None, None, _T]) -> _T:
        try:
            return asyncio.run_coroutine_threadsafe(doing, self._loop).result()
        except TimeoutError:
            raise
        except OSError:
            raise _gone() from None


def _gone() -> HostError:
    return HostError("port_lost", "The terminal went away; it will come again.", Exit.TERMINAL)
