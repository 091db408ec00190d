"""The link of a host that goes away in the middle of an answer."""

import asyncio

from cabinpay.io import link
from cabinpay.wire import frames


class Session:
    """Answers each request with 65 replies, as a pull does; `made` are those that were asked for."""

    def __init__(self):
        self.made = 0
        self.leaving = False

    def answer(self, body):
        for _ in range(65):
            self.made += 1
            yield b"x" * 700
        self.leaving = True


class Line:
    """Takes `room` bytes, and again as many after each request that comes."""

    def __init__(self, room, requests):
        self.room = self.left = room
        self.come = [frames.encode(b"r")] * requests
        self.sent = b""

    def read_some(self, buffer):
        if not self.come:
            return 0
        self.left = self.room
        frame = self.come.pop()
        buffer[: len(frame)] = frame
        return len(frame)

    def write_some(self, data):
        n = min(self.left, len(data))
        self.left -= n
        self.sent += bytes(data[:n])
        return n


def serve(line, session, answered):
    """Ends after `answered` requests, or when the session leaves."""

    async def run():
        done = []
        task = asyncio.create_task(link.serve(line, lambda: session, lambda: done.append(1)))
        while len(done) < answered:
            await asyncio.sleep_ms(1)
        task.cancel()

    asyncio.run(asyncio.wait_for(run(), 30))


def test_an_answer_ends_where_nobody_takes_it():
    kept, link.PATIENCE_TURNS = link.PATIENCE_TURNS, 10
    try:
        for room, made in ((0, 1), (650, 1), (1500, 3)):
            session, line = Session(), Line(room, 2)
            serve(line, session, 2)
            assert session.made == 2 * made and not session.leaving, (room, session.made)
            assert len(line.sent) == 2 * room
    finally:
        link.PATIENCE_TURNS = kept


def test_an_answer_that_is_taken_is_whole():
    session, line = Session(), Line(1 << 20, 1)
    serve(line, session, 1)
    assert session.made == 65 and line.sent == frames.encode(b"x" * 700) * 65


class Brief:
    """A session of one reply; `ends`: may it end by itself?"""

    leaving = False

    def __init__(self, ends):
        self.ends = ends

    def answer(self, body):
        yield b"answered"

    def may_end(self):
        return self.ends


def served(ends):
    """What became of a session whose host fell silent after one request."""

    async def run():
        return await asyncio.wait_for(link.serve(Line(99, 1), lambda: Brief(ends), lambda: None), 1)

    kept, link.QUIET_MS = link.QUIET_MS, 50
    try:
        return asyncio.run(run())
    except asyncio.TimeoutError:
        return "stayed"
    finally:
        link.QUIET_MS = kept


def test_a_session_ends_when_its_host_has_gone():
    assert served(True) is False
    assert served(False) == "stayed", "it has something to remember"
