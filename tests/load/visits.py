"""Terminals that come in: each over TLS to a gateway, again until everything it holds is acknowledged."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Callable
from pathlib import Path

from cabinpay.wire import frames
from cabinpay.wire.network import SERVER_NAME
from load.fleet import Ghost

CONNECT_SECONDS = 60


class Morning:
    """seconds: of each terminal's sync, the one that brought it home; visits: how many connections that took."""

    def __init__(self, certificate: Path, channel: bytes, ports: list[int], at_once: int) -> None:
        self._tls = ssl.create_default_context(cafile=str(certificate))
        self._channel = channel
        self._ports = ports
        self._room = {port: asyncio.Semaphore(at_once) for port in ports}
        self.seconds: list[float] = []
        self.visits = 0

    async def run(self, ghosts: list[Ghost], bound: float, watch: Callable[[], None]) -> None:
        async def watching() -> None:
            while True:
                watch()
                await asyncio.sleep(0.2)

        watcher = asyncio.create_task(watching())
        try:
            async with asyncio.timeout(bound), asyncio.TaskGroup() as group:
                for i, ghost in enumerate(ghosts):
                    group.create_task(self._home(ghost, i))
        finally:
            watcher.cancel()

    async def _home(self, ghost: Ghost, first: int) -> None:
        while ghost.journal.acked < ghost.journal.number or not ghost.journal.acked:
            port = self._ports[(first + self.visits) % len(self._ports)]
            async with self._room[port]:
                begun = time.monotonic()
                self.visits += 1
                try:
                    await self._visit(ghost, port)
                except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
                    await asyncio.sleep(random.random())
        self.seconds.append(time.monotonic() - begun)

    async def _visit(self, ghost: Ghost, port: int) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=self._tls, server_hostname=SERVER_NAME, ssl_handshake_timeout=CONNECT_SECONDS
            )
        session, decoder = ghost.session(self._channel), frames.Decoder(frames.MAX_REQUEST)
        try:
            while data := await reader.read(4096):
                for body in decoder.feed(data):
                    for reply in session.answer(body):
                        writer.write(frames.encode(reply))
                await writer.drain()
        finally:
            writer.transport.abort()
