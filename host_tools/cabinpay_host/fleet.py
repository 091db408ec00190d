"""Several terminals synced at once, each on its own port; none waits for another, and none's trouble is another's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .errors import HostError
from .link import Link
from .pull import Progress
from .sync import Ground, Report, synchronise
from .transport import SerialStream

AT_ONCE = 16
# A line that garbles a frame is tried again from where it was: nothing is lost or taken twice
TRIES = 3
_GARBLED = ("no_answer", "bad_reply", "ledger_locked")


@dataclass(frozen=True)
class Outcome:
    """What became of one port: a report, or why there is none."""

    port: str
    report: Report | None = None
    error: HostError | None = None


def run(ports: list[str], baud: int, ground: Ground, progress: Callable[[str], Progress]) -> list[Outcome]:
    """Syncs them all, in the order of `ports`; progress(port) is told how far that one is."""
    streams: list[SerialStream] = []
    with ThreadPoolExecutor(min(AT_ONCE, len(ports))) as workers:
        try:
            jobs = [workers.submit(_one, port, baud, ground, progress(port), streams) for port in ports]
            return [job.result() for job in jobs]
        except BaseException:
            # interrupted: whoever waits for a terminal is told that its port has gone
            workers.shutdown(wait=False, cancel_futures=True)
            for stream in streams:
                stream.close()
            raise


def _one(port: str, baud: int, ground: Ground, progress: Progress, streams: list[SerialStream]) -> Outcome:
    try:
        with SerialStream(port, baud) as stream:
            streams.append(stream)
            Link(stream).hello()  # once: a port behind which there is no terminal is not tried again
            return Outcome(port, _patiently(stream, ground, progress))
    except HostError as e:
        return Outcome(port, error=e)


def _patiently(stream: SerialStream, ground: Ground, progress: Progress) -> Report:
    for _ in range(TRIES - 1):
        try:
            return synchronise(Link(stream), ground, progress)
        except HostError as e:
            if e.code not in _GARBLED:
                raise
    return synchronise(Link(stream), ground, progress)
