"""The gateway's bridge between its event loop and a worker: ends in one line, in bounded time, whatever is sent."""

import asyncio
from collections.abc import Callable

import pytest

from cabinpay_host import bridge
from cabinpay_host.bridge import Bridge
from cabinpay_host.errors import HostError


async def over(peer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], seconds: float,
               work: Callable[[Bridge], object]) -> object:  # fmt: skip
    """What `work` comes to in a thread over a real connection whose other end `peer` has been given."""
    accepted: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    server = await asyncio.start_server(lambda r, w: accepted.put_nowait((r, w)), "127.0.0.1", 0)
    theirs = await asyncio.open_connection(*server.sockets[0].getsockname())
    reader, writer = await accepted.get()
    peer(*theirs)
    try:
        end = Bridge(asyncio.get_running_loop(), reader, writer, seconds)
        return await asyncio.to_thread(work, end)
    finally:
        writer.close()
        theirs[1].close()
        server.close()


def test_bytes_come_and_nothing_is_nothing() -> None:
    def work(end: Bridge) -> list[bytes]:
        end.write(b"ping")
        return [end.read(), end.read()]

    assert asyncio.run(over(lambda _, w: w.write(b"pong"), 30, work)) == [b"pong", b""]


def test_who_goes_away_is_gone() -> None:
    def work(end: Bridge) -> None:
        while True:
            end.read()

    with pytest.raises(HostError, match="port_lost"):
        asyncio.run(over(lambda _, w: w.close(), 30, work))


def test_nobody_holds_a_worker_for_ever() -> None:
    def work(end: Bridge) -> None:
        while True:
            end.read()

    with pytest.raises(HostError, match="too_slow"):
        asyncio.run(over(lambda *_: None, 0.5, work))


def test_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "WRITE_SECONDS", 0.5)

    def work(end: Bridge) -> None:
        while True:
            end.write(bytes(1 << 20))

    with pytest.raises(HostError, match="port_lost"):
        asyncio.run(over(lambda r, _: r._transport.pause_reading(), 30, work))  # type: ignore[attr-defined]
