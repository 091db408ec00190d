"""Health and metrics of a gateway, over plain HTTP for whoever watches it: GET /health and GET /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from .errors import Exit, HostError
from .sync import Report

SECONDS = 5.0
AT_ONCE = 8
# Longest request that is read; a scraper's has some two hundred bytes
HEAD = 4096


class Metrics:
    """What happened, counted. Labels are few and our own: a terminal's words never become one."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.open = Gauge("cabinpay_gateway_connections", "Connections that are open now", registry=registry)
        self.turned_away = Counter(
            "cabinpay_gateway_turned_away", "Connections that were closed at once: too many", registry=registry
        )
        self._sessions = Counter(
            "cabinpay_gateway_sessions", "Connections by what became of them", ["result"], registry=registry
        )
        self._receipts = Counter("cabinpay_gateway_receipts", "Receipts taken into the ledger", registry=registry)
        self._flags = Counter("cabinpay_gateway_exceptions", "Exceptions on what was taken", registry=registry)
        name, buckets = "cabinpay_gateway_session_seconds", (1, 3, 10, 30, 100, 300)
        self.seconds = Histogram(name, "How long syncs took", buckets=buckets, registry=registry)
        for result in ("ok", "handshake", "broken", *(code.name.lower() for code in Exit)):
            self._sessions.labels(result)

    def failed(self, error: HostError | None) -> None:
        """error: None where it did not come to TLS."""
        name = Exit(error.exit_code).name.lower() if error else "handshake"
        self._sessions.labels(name).inc()

    def broken(self) -> None:
        """A fault of ours."""
        self._sessions.labels("broken").inc()

    def synced(self, report: Report) -> None:
        self._sessions.labels("ok").inc()
        self._receipts.inc(report.pulled)
        self._flags.inc(len(report.exceptions))


class StatusPage:
    """healthy(): asked in a thread, raises HostError where the gateway cannot work."""

    def __init__(self, metrics: Metrics, healthy: Callable[[], object]) -> None:
        self._metrics = metrics
        self._healthy = healthy
        self._open = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._open >= AT_ONCE:
            writer.transport.abort()
            return
        self._open += 1
        try:
            async with asyncio.timeout(SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(await self._answer(head.split(b" ")[:2]))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asks so gets no answer
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, asked: list[bytes]) -> bytes:
        if asked == [b"GET", b"/metrics"]:
            return _page("200 OK", CONTENT_TYPE_LATEST, generate_latest(self._metrics.registry))
        if asked == [b"GET", b"/health"]:
            try:
                await asyncio.to_thread(self._healthy)
            except HostError as e:
                return _page("503 Service Unavailable", "text/plain", f"{e.code}\n".encode())
            return _page("200 OK", "text/plain", b"ok\n")
        return _page("404 Not Found", "text/plain", b"GET /health or /metrics\n")


def _page(status: str, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
