"""Every fault at every frame of a sync, kills of either side at every step, and random disconnects:

    python tests/faults/run.py [SHARE [DISCONNECTS]]        (make faults: 1 10000)

SHARE: one case in so many is run. A case that breaks prints what reruns it alone.
"""

from __future__ import annotations

import contextlib
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / name) for name in ("firmware", "host_tools", "tests", "tests/portable", "boards/unix")]

from sqlalchemy import event  # noqa: E402

import world  # noqa: E402
from cabinpay.agent.session import Session  # noqa: E402
from cabinpay_host.errors import HostError  # noqa: E402
from cabinpay_host.ledger.archive import Archive  # noqa: E402
from faults import stage  # noqa: E402
from faults.cable import DOWN, KINDS, UP, Cable  # noqa: E402

KILLED = 9
# Disconnects between two sales, and between two looks at the whole ledger
SELL, LOOK = 25, 500


def frame_faults(whole: Cable) -> Iterator[tuple[str, str, int]]:
    for way in (UP, DOWN):
        for number in range(whole.seen[way]):
            for kind in KINDS:
                yield kind, way, number


def at_a_frame(case: Path, fault: tuple[str, str, int]) -> object:
    cable, at = Cable(fault), stage.terminal(case)
    with stage.opened(case) as ledger, contextlib.suppress(HostError):
        stage.sync(cable.plug(Session(at.terminal)), ledger, at)
    assert cable.seen[fault[1]] > fault[2], "there was no such frame"
    return stage.finish(case, cable, at)


def at_a_flash_operation(case: Path, dies: int) -> object:
    """The terminal's power fails; the host lives and syncs it again once it is up."""
    cable, at = Cable(), stage.terminal(case, dies)
    with stage.opened(case) as ledger, contextlib.suppress(HostError):
        stage.sync(cable.plug(Session(at.terminal)), ledger, at)
    return stage.finish(case, cable)


def at_a_host_step(case: Path, dies: int) -> object:
    """The host's process is killed, and the terminal loses power with it."""
    child = os.fork()
    if not child:
        _sync_until(case, dies)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) in (0, KILLED)
    return stage.finish(case, Cable())


def _sync_until(case: Path, dies: int) -> None:
    """Never returns: the process ends at step `dies`, or with the sync."""
    count = Steps(dies)
    try:
        at = stage.terminal(case)
        with stage.opened(case) as ledger:
            count.watch(ledger)
            cable = Cable().plug(Session(at.terminal))
            cable.write, cable.read = count.around(cable.write), count.around(cable.read)  # type: ignore[method-assign]
            stage.sync(cable, ledger, at)
        os._exit(0)
    except BaseException as e:  # noqa: BLE001 -- said, and seen by its status
        print(repr(e), flush=True)
        os._exit(1)


class Steps:
    """Counts what a host does, before and after each: frames, appends to the archive, commits."""

    def __init__(self, dies: int) -> None:
        self.dies = dies
        self.count = 0

    def step(self, *_: object) -> None:
        self.count += 1
        if self.count == self.dies:
            os._exit(KILLED)

    def around(self, call: Callable[..., object]) -> Callable[..., object]:
        def called(*args: object) -> object:
            self.step()
            result = call(*args)
            self.step()
            return result

        return called

    def watch(self, ledger: object) -> None:
        engine = ledger._engine  # type: ignore[attr-defined]
        Archive.append = self.around(Archive.append)  # type: ignore[assignment,method-assign]
        commit = engine.dialect.do_commit
        engine.dialect.do_commit = self.around(commit)
        event.listen(engine, "checkin", self.step)


def host_steps(case: Path) -> int:
    """How many there are."""
    count, at = Steps(0), stage.terminal(case)
    before = Archive.append
    with stage.opened(case) as ledger:
        count.watch(ledger)
        cable = Cable().plug(Session(at.terminal))
        cable.write, cable.read = count.around(cable.write), count.around(cable.read)  # type: ignore[method-assign]
        stage.sync(cable, ledger, at)
    Archive.append = before  # type: ignore[method-assign]
    return count.count


def disconnects(case: Path, count: int) -> None:
    """The cable is pulled again and again at any frame, while the crew sells on."""
    chance, at, sold = random.Random(8), stage.terminal(case), stage.SALES
    at.terminal.open_shift("4712", world.FLIGHT, world.DAY)
    with stage.opened(case) as ledger:
        for n in range(1, count + 1):
            way = chance.choice((UP, DOWN))
            cable = Cable((chance.choice(("cut", "truncate")), way, chance.randrange(25)))
            with contextlib.suppress(HostError):
                stage.sync(cable.plug(Session(at.terminal)), ledger, at)
            if n % SELL == 0:
                sold += 1
                limits = [world.EUR, 15000, 4000, 255]
                code = world.quick(f"passenger {sold % 10}", seq=sold, iat=world.NOW + at.seconds, limits=limits)
                assert at.pay(code, [[1, 1, 100]]) == "approved"
            if n % LOOK == 0:
                stage.state(ledger)
                print(f"  {n} disconnects, {sold} sales", flush=True)
    _, balances, flags = stage.finish(case, Cable(), at)
    assert flags == []
    debits = sum(b.amount for b in balances if b.account.startswith("passenger:"))
    assert debits == sum(100 * seq for seq in range(1, stage.SALES)) + 100 * (sold - stage.SALES)


def series(name: str, made: stage.Stage, cases: list[object], run: Callable[..., object], expected: object) -> int:
    begun = time.monotonic()
    for case in cases:
        try:
            found = run(made.fresh(), case)
            assert found == expected, f"the ledger differs: {found}"
        except Exception:
            print(f"BROKE: {name}, case {case}", flush=True)
            raise
    print(f"{name}: {len(cases)} cases, the same ledger each time, {time.monotonic() - begun:.0f} s", flush=True)
    return len(cases)


def main(share: int = 1, random_cuts: int = 10000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = stage.Stage(Path(folder))
        whole, case = Cable(), made.fresh()
        at = stage.terminal(case)
        expected = stage.finish(case, whole, at)
        again = stage.finish(case, Cable(), at)
        assert again == expected, "a second sync moves nothing"
        operations, steps = at.files.operations, host_steps(made.fresh())
        done = series("faults at every frame", made, list(frame_faults(whole))[::share], at_a_frame, expected)
        dying = list(range(1, operations + 1))[::share]
        done += series("terminal killed at every flash operation", made, dying, at_a_flash_operation, expected)
        dying = list(range(1, steps + 1))[::share]
        done += series("host killed at every step", made, dying, at_a_host_step, expected)
        disconnects(made.fresh(), random_cuts)
        print(f"{random_cuts} random disconnects: 0 lost, 0 doubled")
        print(f"{done + 1} passed, 0 failed")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
