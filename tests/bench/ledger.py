"""make bench-ledger: receipts into the ledger against what PyNaCl can verify on this machine, and at 10 thousand and a
million rows.

The yardstick takes turns with what is measured, every few seconds and on every core: these machines are noisy, and what
is compared must meet the same noise. A sale has three signatures: its terminal's, its passenger's, and its issuer's,
which the ledger checks once for each pass; so both counts are told.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import cycle, islice
from pathlib import Path
from typing import Self

from sqlalchemy import create_engine, insert

from cabinpay_host import crypto
from cabinpay_host.ledger import Ledger
from cabinpay_host.ledger.judge import World
from cabinpay_host.ledger.judges import Judges
from cabinpay_host.ledger.models import Entry, EvidenceRow, Posting, ReceiptRow, Settlement
from cabinpay_host.ledger.proof import Party
from cabinpay_host.ledger.settle import pass_account, sales_account
from host import ledger_world as w
from load.fleet import flown
from load.run import on_postgresql

TERMINALS, RECEIPTS = 256, 250
# Terminals between which the yardstick has its turn
TURN = 32
SMALL, LARGE = 10_000, 1_000_000
TARGET = 0.7
ELSEWHERE = w.Terminal("elsewhere")
_PART = 20_000
# The ledger numbers its own rows on from the highest: the next filling begins far above those
_BEYOND = 10_000_000


@lru_cache(1)
def signed() -> list[tuple[bytes, bytes, bytes]]:
    """(public key, message, signature), each another: one alone a processor learns, and is 5 % faster with it."""
    keys = [w.Key(f"bench {i}") for i in range(20)]
    messages = [w.sha(b"message %d" % i) * 6 for i in range(400)]
    rows = zip(cycle(keys), messages, strict=False)
    return [(key.public, message, crypto.signer(key.seed)(message)) for key, message in rows]


def verify_some(count: int) -> None:
    for question in islice(cycle(signed()), count):
        assert crypto.verify(*question)


class Yardstick:
    """PyNaCl on all cores, in processes that have long begun."""

    def __init__(self) -> None:
        self._cores = os.cpu_count() or 1
        self._pool = multiprocessing.get_context("spawn").Pool(self._cores)

    def __enter__(self) -> Self:
        self._pool.map(verify_some, [400] * self._cores * 4, chunksize=1)
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.terminate()

    def seconds(self, count: int) -> float:
        """To verify `count` signatures, or a few less."""
        begun = time.perf_counter()
        self._pool.map(verify_some, [count // self._cores // 4] * self._cores * 4, chunksize=1)
        return time.perf_counter() - begun


def ingest(ledger: Ledger, fleet: list[w.Terminal]) -> float:
    """Seconds that it takes until all is committed, archived and judged; by a gateway's means, two terminals for each
    core at a time: some wait for the disk, or for their turn to write."""
    waiting: queue.SimpleQueue[w.Terminal | None] = queue.SimpleQueue()

    def work() -> None:
        while (terminal := waiting.get()) is not None:
            ledger.take(terminal.kid, terminal.items, "bench")

    threads = [threading.Thread(target=work) for _ in range(2 * (os.cpu_count() or 1))]
    for terminal in (*fleet, *[None] * len(threads)):
        waiting.put(terminal)
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.judge_pending()
    return time.perf_counter() - begun


def _warm(judges: Judges, terminal: w.Terminal) -> None:
    """A gateway's judges have long begun when a fleet lands."""
    world = World({terminal.kid: Party(terminal.key.public, w.AIRLINE)}, {})
    for _ in range(2 * (os.cpu_count() or 1)):
        judges.judge(terminal.kid, terminal.items[:1], b"", world)


def new(url: str, archive: Path, fleet: list[w.Terminal]) -> None:
    with Ledger.create(url, archive, [w.ROOT.public]) as ledger:
        ledger.add_bundle(w.bundle())
        for terminal in fleet:
            ledger.add_terminal(terminal.key.public, terminal.label, w.AIRLINE)


def speed(name: str, url: str, archive: Path, fleet: list[w.Terminal]) -> float:
    """What a receipt costs, in verifications of the same moments; prints it with receipts a second."""
    receipts = sum(len(t.items) for t in fleet)
    sales = sum(1 for t in fleet for item in t.items if item[2])
    passes = sum(len({w.shown(item)[1] for item in t.items if item[2]}) for t in fleet)
    signatures, checked = receipts + 2 * sales, receipts + sales + passes
    raw = took = 0.0
    with Yardstick() as yardstick, Ledger.open(url, archive, wait=120) as ledger, Judges() as judges:
        ledger.judge_ahead = judges.judge
        _warm(judges, fleet[0])
        for first in range(0, len(fleet), TURN):
            raw += yardstick.seconds(signatures * TURN // len(fleet))
            took += ingest(ledger, fleet[first : first + TURN])
    rate, cost = signatures / raw, took / raw * signatures / receipts
    print(f"{name:32} {receipts / took:7.0f} receipts/s {took / receipts * 1e6:6.0f} us each, {cost:.1f} verifies")
    print(
        f"{'':32} {raw / took:6.1%} of the raw PyNaCl rate ({rate:.0f}/s on all cores) by signatures held, "
        f"{raw / took * checked / signatures:.1%} by signatures checked; target {TARGET:.0%}"
    )
    return cost


def fill(url: str, held: int, rows: int) -> None:
    """Receipts of other terminals and what hangs on them, written past the ledger: only their number matters."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for first in range(held, rows, _PART):
            for kind, part in _rows(_BEYOND * (2 if held else 1) + first, min(_PART, rows - first)):
                connection.execute(insert(kind), part)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _rows(start: int, count: int) -> Iterator[tuple[type, list[dict[str, object]]]]:
    idents = range(start, start + count)
    kid = ELSEWHERE.kid
    # passes' ids are random, and so is the place of each in every index that they lead
    named = {i: (w.sha(i.to_bytes(8, "big")), w.sha(b"pass %d" % i)[:8]) for i in idents}
    yield ReceiptRow, [_receipt(i, kid, *named[i]) for i in idents]
    yield EvidenceRow, [{"id": i, "receipt_id": i, "sha256": named[i][0], "raw": bytes(540)} for i in idents]
    sold = {"amount": 650, "currency": w.EUR, "limit_total": 10**5, "limit_sale": 10**5, "limit_count": 200}
    key = {"issuer_kid": w.ISSUER.kid, "voided": False, "borne": 0}
    yield Settlement, [{**key, **sold, "cti": named[i][1], "seq": i, "receipt_id": i} for i in idents]
    yield Entry, [{"id": i, "receipt_id": i, "refund_id": None, "kind": "sale", "made": w.NOW} for i in idents]
    paid = [(2 * i, i, pass_account(w.ISSUER.kid, named[i][1]), 650) for i in idents]
    earned = [(2 * i + 1, i, sales_account(w.AIRLINE), -650) for i in idents]
    columns = "id", "entry_id", "account", "amount"
    yield Posting, [{**dict(zip(columns, row, strict=True)), "currency": w.EUR} for row in paid + earned]


def _receipt(i: int, kid: bytes, sha256: bytes, cti: bytes) -> dict[str, object]:
    fixed = {"raw": bytes(190), "received": w.NOW, "source": "bench", "good": None, "follows": None, "target": None}
    flags = {"streamed": True, "anchored": True, "word": True, "state": "sound", "revision": 0, "voided_by": None}
    sold = {"kind": 1, "time": w.NOW, "shift": 1, "mode": 3, "amount": 650, "currency": w.EUR, "booked": "sale"}
    paid = {"issuer_kid": w.ISSUER.kid, "cti": cti, "seq": i, "evidence_sha256": sha256}
    held = {"id": i, "terminal_kid": kid, "number": i, "sha256": sha256, "previous": sha256}
    return {**held, **fixed, **flags, **sold, **paid}


def growth(engine: str, url: str, folder: Path, fleets: list[list[w.Terminal]]) -> None:
    archive = folder / f"{engine}.archive"
    new(url, archive, [terminal for fleet in fleets for terminal in fleet] + [ELSEWHERE])
    costs, held = [], 0
    for rows, fleet in zip((SMALL, LARGE), fleets, strict=True):
        fill(url, held, rows)
        held = rows
        costs.append(speed(f"{engine}, {rows:,} rows held", url, archive, fleet))
    print(f"{engine}: a receipt costs {costs[1] / costs[0]:.2f} times as much at {LARGE:,} rows as at {SMALL:,}\n")


def main(on: Callable[[str], bool] = lambda _: True) -> None:
    terminals = flown(2 * TERMINALS, RECEIPTS)
    fleets = [terminals[:TERMINALS], terminals[TERMINALS:]]
    with tempfile.TemporaryDirectory() as folder:
        if on("sqlite"):
            growth("sqlite", f"sqlite:///{folder}/ledger.db", Path(folder), fleets)
        if on("postgresql"):
            on_postgresql(lambda url: growth("postgresql", url, Path(folder), fleets))


if __name__ == "__main__":
    main(lambda engine: engine in sys.argv[1:] or len(sys.argv) == 1)
