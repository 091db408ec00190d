"""Processes that judge deliveries ahead, one for each core: what a gateway's threads would do one after another, since
Python runs one of them at a time.

A judge is this file run as a program, which reads questions and writes answers on its pipes: nothing else can speak to
it, and it ends when they are closed, however its gateway came to its end.
"""

import contextlib
import gc
import hashlib
import os
import pickle
import signal
import subprocess
import sys
import threading
from types import TracebackType
from typing import IO, Self

from . import ahead
from .ahead import Sound
from .beyond import Shown
from .intake import Item
from .judge import World

_Judge = subprocess.Popen[bytes]


class Judges:
    """`judge` is ahead.judge, done by whoever is free; for threads. Where nobody can be had it is done here."""

    def __init__(self) -> None:
        # None for one that could not be begun, or is not worth it
        self._all: list[_Judge | None] = []
        self._free: set[int] = set()
        self._turn = threading.Condition()

    def __enter__(self) -> Self:
        cores = os.cpu_count() or 1
        self._all = [_begin() if cores > 1 else None for _ in range(cores)]
        self._free = set(range(cores))
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        for judge in self._all:
            if judge is not None:
                _end(judge)

    def judge(self, terminal_kid: bytes, items: list[Item], head: bytes, world: World) -> list[Sound] | None:
        place = self._come(terminal_kid)
        judge, answered = self._all[place], False
        try:
            if judge is not None:
                found = _ask(judge, (terminal_kid, items, head, world))
                answered = found is None or _about(found, items)
                if answered:
                    return found
        except (OSError, EOFError, pickle.UnpicklingError):
            pass
        finally:
            self._leave(place, answered)
        return ahead.judge(terminal_kid, items, head, world)

    def _come(self, terminal_kid: bytes) -> int:
        """The place of one that is free; rather of the one who knows this terminal's passes by now."""
        with self._turn:
            self._turn.wait_for(lambda: self._free)
            place = terminal_kid[-1] % len(self._all)
            place = place if place in self._free else min(self._free)
            self._free.remove(place)
            return place

    def _leave(self, place: int, answered: bool) -> None:
        judge = self._all[place]
        if judge is not None and not answered:
            # whatever happened: an answer that was not read must not become the next one's
            _end(judge)
            self._all[place] = _begin()
        with self._turn:
            self._free.add(place)
            self._turn.notify()


def _begin() -> _Judge | None:
    try:
        return subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError:
        return None


def _ask(judge: _Judge, question: object) -> list[Sound] | None:
    assert judge.stdin is not None and judge.stdout is not None
    _put(judge.stdin, question)
    answer = pickle.load(judge.stdout)
    return None if answer is None else [Sound._make((*head, shown and Shown._make(shown))) for head, shown in answer]


def _about(found: list[Sound], items: list[Item]) -> bool:
    """Each receipt names the one before it by hash, so that the last says which they all are."""
    return len(found) == len(items) and found[-1].sha256 == hashlib.sha256(items[-1][1]).digest()


def _end(judge: _Judge) -> None:
    judge.kill()
    with contextlib.suppress(OSError), judge:  # where it died, part of a question may still wait to be written
        pass
    judge.wait()


def _put(pipe: IO[bytes], value: object) -> None:
    pickle.dump(value, pipe, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def _serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    while True:
        try:
            question = pickle.load(questions)
        except EOFError:
            return
        found = ahead.judge(*question)
        # plain tuples: a class that is named for each takes longer
        _put(answers, None if found is None else [(one[:-1], one.shown and tuple(one.shown)) for one in found])


if __name__ == "__main__":
    # Ctrl-C, or a service that is stopped: who asks decides when there is no more to ask
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # nothing here refers to itself, and looking for it takes a fifth of the time
    gc.disable()
    _serve(sys.stdin.buffer, sys.stdout.buffer)
