"""Terminals for the load simulator: real chains with real signatures, and the agent's own session to speak for them."""

from __future__ import annotations

import multiprocessing
import os
import time
from types import SimpleNamespace
from typing import Any

from cabinpay.agent.session import Session
from cabinpay.wire.trust import ACK, PULL, TIME
from cabinpay_host import codec, crypto
from host import ledger_world as w

PEOPLE = 25


def flight(at: tuple[int, int]) -> w.Terminal:
    """Terminal number at[0] after a flight of at[1] receipts: opened, sold to passengers who come back, closed."""
    index, receipts = at
    terminal = w.Terminal(f"cart {index}")
    people = [w.Passenger(f"seat {index}/{i}") for i in range(min(PEOPLE, receipts))]
    terminal.open()
    for i in range(receipts - 2):
        terminal.sale(people[i % len(people)])
    terminal.close()
    return terminal


def flown(terminals: int, receipts: int) -> list[w.Terminal]:
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        return pool.map(flight, [(i, receipts) for i in range(terminals)], chunksize=4)


class Journal:
    def __init__(self, terminal: w.Terminal) -> None:
        self._terminal = terminal
        self.acked = 0

    @property
    def number(self) -> int:
        return int(self._terminal.number)

    @property
    def head(self) -> bytes:
        return self.head_at(self.number)

    def head_at(self, number: int) -> bytes:
        return bytes(w.sha(self._terminal.items[number - 1][1]))

    def records_from(self, first: int) -> Any:
        return iter(self._terminal.items[first - 1 :])

    def room(self) -> int:
        return 1


class Ghost:
    """What agent.Session asks of a terminal, with its journal in memory. grounds: rights by (kid, public key)."""

    codec, crypto, state = codec, crypto, "ready"
    chain = True  # it has one: it is provisioned
    ticks = staticmethod(lambda: int(time.monotonic()))

    def __init__(self, terminal: w.Terminal, laptop: bytes, ledger: bytes) -> None:
        key = terminal.key
        self._terminal = terminal
        self._grounds = {w.kid(laptop): (laptop, PULL | TIME), w.kid(ledger): (ledger, ACK)}
        self.journal = Journal(terminal)
        self.keys = SimpleNamespace(kid=key.kid, public=key.public, label=terminal.label, sign=crypto.signer(key.seed))
        self.trust = SimpleNamespace(bundle=SimpleNamespace(version=1), ground=self._ground)
        self.drbg = SimpleNamespace(nonce=lambda: os.urandom(16))
        self.clock = SimpleNamespace(read=lambda: (int(time.time()), 1, 0))

    def _ground(self, kid: bytes, right: int, _reading: object) -> bytes | None:
        public, rights = self._grounds.get(kid, (None, 0))
        return public if rights & right else None

    def capacity(self) -> int:
        return 1

    def acknowledge(self, number: int, _statement: bytes) -> None:
        self.journal.acked = number

    def set_time(self, _now: int, _statement: bytes) -> None:
        self._terminal.note()

    def session(self, channel: bytes) -> Session:
        return Session(self, channel)
