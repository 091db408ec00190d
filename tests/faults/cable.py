"""A cable between host and terminal in one process, and what can happen to each frame that goes through it."""

from __future__ import annotations

import random
from typing import Any

from cabinpay.wire import frames
from cabinpay_host.errors import Exit, HostError

UP, DOWN = "to the terminal", "to the host"
KINDS = ("cut", "truncate", "lose", "duplicate", "reorder", "delay", "flip")


class PowerCut(BaseException):
    """The terminal's, in the middle of whatever it did."""


class Cable:
    """Carries frames; `fault` is (kind, direction, number from 0): what happens to that one. seen: frames so far, by
    direction; what was delayed arrives after `plug` has been called, for the next host."""

    def __init__(self, fault: tuple[str, str, int] | None = None) -> None:
        self.fault = fault
        self.seen = {UP: 0, DOWN: 0}
        self.late: dict[str, list[bytes]] = {UP: [], DOWN: []}
        self._held: dict[str, list[bytes]] = {UP: [], DOWN: []}
        self._terminal: Any = None
        self._decoder = frames.Decoder(frames.MAX_REQUEST)
        self._waiting = b""
        self.broken = False

    def plug(self, session: Any) -> Cable:
        """A terminal that has just been switched on, or is still; the host is a new one."""
        self._terminal, self.broken = session, False
        self._waiting = b"".join(self._take(self.late, DOWN))
        for frame in self._take(self.late, UP):
            self._to_terminal(frame)
        return self

    def write(self, data: bytes) -> None:
        for frame in self._pass(UP, data):
            self._to_terminal(frame)

    def read(self) -> bytes:
        """What has come; the terminal answers at once, so that nothing now is nothing ever."""
        data, self._waiting = self._waiting, b""
        if data:
            return data
        self._alive()
        raise HostError("no_answer", "nothing came", Exit.TERMINAL)

    def _to_terminal(self, data: bytes) -> None:
        try:
            for body in self._decoder.feed(data):
                for reply in self._terminal.answer(body):
                    self._waiting += b"".join(self._pass(DOWN, frames.encode(reply)))
        except PowerCut:
            self.broken = True
            self._decoder = frames.Decoder(frames.MAX_REQUEST)

    def _alive(self) -> None:
        if self.broken:
            raise HostError("port_lost", "the cable is cut", Exit.TERMINAL)

    def _pass(self, way: str, frame: bytes) -> list[bytes]:
        """What arrives at the other end for this frame, or instead of it."""
        if self.broken and way == DOWN:
            return []
        self._alive()
        at = self.seen[way]
        self.seen[way] += 1
        if self.fault is None or self.fault[1:] != (way, at):
            return [frame, *self._take(self._held, way)]
        kind = self.fault[0]
        if kind in ("cut", "truncate"):
            self.broken = True
            return [frame[: len(frame) // 2]] if kind == "truncate" else []
        if kind in ("delay", "reorder"):
            (self.late if kind == "delay" else self._held)[way].append(frame)
        return {"duplicate": [frame, frame], "flip": [_flipped(frame, at)]}.get(kind, [])

    @staticmethod
    def _take(held: dict[str, list[bytes]], way: str) -> list[bytes]:
        taken, held[way] = held[way], []
        return taken


def _flipped(frame: bytes, number: int) -> bytes:
    chance = random.Random(number)
    at = chance.randrange(1, len(frame) - 1)
    return frame[:at] + bytes([frame[at] ^ 1 << chance.randrange(8)]) + frame[at + 1 :]
