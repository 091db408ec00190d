"""All targets by name, and how one case is made and run: a case is known by (target, seed, number) alone."""

from __future__ import annotations

import random
from typing import Any

import world
from fuzz import links, objects, qr
from host.verdict_cases import Sodium

# name: (class, share of the time)
TARGETS: dict[str, tuple[Any, int]] = {
    "qr": (qr.Texts, 70),
    "receipts": (objects.Receipts, 8),
    "readers": (objects.Readers, 8),
    "bundles": (objects.Bundles, 6),
    "requests": (links.Requests, 7),
    "replies": (links.Replies, 5),
    "frames": (links.Frames, 4),
    "ledger": (objects.Ledgers, 7),
}


class Broken(Exception):
    """A case that broke what must hold."""


class Runner:
    """One target with its state, set up once."""

    def __init__(self, name: str, seed: str) -> None:
        # the same signatures as the terminal's own Ed25519 makes, a hundred times faster
        world.ed25519 = Sodium
        self.name = name
        self.seed = seed
        self.target = TARGETS[name][0](Sodium())

    def case(self, number: int) -> Any:
        return self.target.make(random.Random(f"{self.seed} {self.name} {number}"))

    def run(self, number: int) -> str:
        """What came of the case; Broken with all that is needed to run it again."""
        case = self.case(number)
        try:
            return str(self.target.check(case))
        except Exception as e:
            line = f"{self.name}:{self.seed}:{number} broke: {type(e).__name__}: {e}\n  input: {case!r}"
            raise Broken(line) from e

    def close(self) -> None:
        """The last check of a target that has one; Broken."""
        try:
            getattr(self.target, "close", lambda: None)()
        except AssertionError as e:
            raise Broken(f"{self.name}:{self.seed} broke at its end: {e}") from e
