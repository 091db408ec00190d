"""The ground gateway: terminals connect over TLS, and each is synced as one on a cable is, in a worker thread."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import screen
from .bridge import Bridge
from .errors import Exit, HostError
from .gateway_status import HEAD, Metrics, StatusPage
from .link import Link
from .sync import Ground, Report, synchronise

HANDSHAKE_SECONDS = 30.0
# Of one terminal; a full Pico takes about a minute
SESSION_SECONDS = 600.0
# Bytes of a connection that wait to be read: what is more stays on the wire
BUFFER = 65536


@dataclass(frozen=True)
class Place:
    """Where to listen, and with what: ports of 0 are the system's to choose."""

    listen: tuple[str, int]
    status: tuple[str, int]
    certificate: Path
    secret: Path
    channel: bytes
    sessions: int = 32


class Gateway:
    """ground(): what a sync works with, asked anew for each, for bundles change; healthy(): HostError where the ledger
    does not answer."""

    def __init__(self, place: Place, ground: Callable[[], Ground], healthy: Callable[[], object]) -> None:
        self._place = place
        self._ground = ground
        self._tls = _context(place)
        self._workers = ThreadPoolExecutor(place.sessions, "terminal")
        self._open: set[asyncio.StreamWriter] = set()
        self.metrics = Metrics()
        self._page = StatusPage(self.metrics, healthy)

    async def run(self, stop: asyncio.Event, ready: Callable[[tuple[str, int], tuple[str, int]], None]) -> None:
        """Serves until `stop`; ready(where terminals connect, where the status page is) once both listen."""
        terminals = await asyncio.start_server(self._connected, *self._place.listen, limit=BUFFER)
        watchers = await asyncio.start_server(self._page.connected, *self._place.status, limit=HEAD)
        async with terminals, watchers:
            ready(_address(terminals), _address(watchers))
            await stop.wait()
            terminals.close()
            watchers.close()
            for writer in list(self._open):
                writer.transport.abort()
            while self._open:
                await asyncio.sleep(0.05)
        self._workers.shutdown()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= self._place.sessions:
            self.metrics.turned_away.inc()
            writer.transport.abort()
            return
        self._open.add(writer)
        self.metrics.open.inc()
        try:
            await self._session(reader, writer)
        finally:
            self._open.discard(writer)
            self.metrics.open.dec()
            writer.transport.abort()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = str((writer.get_extra_info("peername") or ["?"])[0])
        try:
            await writer.start_tls(self._tls, ssl_handshake_timeout=HANDSHAKE_SECONDS)
        except OSError:
            self.metrics.failed(None)
            return
        loop = asyncio.get_running_loop()
        bridge = Bridge(loop, reader, writer, SESSION_SECONDS)
        try:
            report = await loop.run_in_executor(self._workers, self._sync, bridge)
            self.metrics.synced(report)
            held = f"{report.acked} of {report.number} acknowledged"
            screen.note(f"{report.label} from {name}: {report.pulled} receipts, {held}")
        except HostError as e:
            self.metrics.failed(e)
            screen.note(screen.plain(f"{name}: {e.code}: {e.line}"))
        except Exception as e:  # noqa: BLE001 -- one terminal's trouble must not end the others' gateway
            self.metrics.broken()
            screen.note(screen.plain(f"{name}: fault: {type(e).__name__}: {e}"))

    def _sync(self, bridge: Bridge) -> Report:
        begun = time.monotonic()
        report = synchronise(Link(bridge, channel=self._place.channel), self._ground())
        self.metrics.seconds.observe(time.monotonic() - begun)
        return report


def _context(place: Place) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.num_tickets = 0
    try:
        context.load_cert_chain(place.certificate, place.secret)
    except (OSError, ssl.SSLError):
        line = f"{place.secret} is not the secret of {place.certificate}: name what cabinpay keys gateway made together"
        raise HostError("certificate_key", line, Exit.INPUT) from None
    return context


def _address(server: asyncio.Server) -> tuple[str, int]:
    host, port = server.sockets[0].getsockname()[:2]
    return str(host), int(port)


def serve(gateway: Gateway, ready: Callable[[tuple[str, int], tuple[str, int]], None]) -> None:
    """Runs it until this process is told to end (SIGINT, SIGTERM)."""

    async def until_told() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (2, 15):
            loop.add_signal_handler(number, stop.set)
        await gateway.run(stop, ready)

    try:
        asyncio.run(until_told())
    except OSError as e:
        raise HostError("listen", f"cannot listen there: {e.strerror}; choose another address", Exit.USAGE) from None
