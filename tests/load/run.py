"""make load: 500 terminals of 100 receipts each land at two gateways on PostgreSQL, then 200 on SQLite."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine, text

import postgres
from host import ledger_world as w
from load.fleet import Ghost, flown
from load.ground import Ground
from load.visits import Morning

RECEIPTS = 100
AT_ONCE = 32
BOUND_SECONDS = 1500

# What must hold in the end, asked of the database in plain SQL
_COUNTS = {
    "receipts": "SELECT COUNT(*) FROM receipts",
    "different receipts": "SELECT COUNT(DISTINCT sha256) FROM receipts",
    "debits": "SELECT COUNT(*) FROM settlements",
    "debited": "SELECT SUM(amount) FROM postings WHERE account LIKE 'passenger:%'",
    "all postings": "SELECT SUM(amount) FROM postings",
    "exceptions": "SELECT COUNT(*) FROM exceptions WHERE cleared IS NULL",
    "not judged sound": "SELECT COUNT(*) FROM receipts WHERE state <> 'sound'",
    "in custody": "SELECT SUM(held_number) FROM terminals",
}


def land(url: str, folder: Path, terminals: list[w.Terminal], at_once: int = AT_ONCE) -> None:
    """The fleet comes in through two gateways; prints how fast, and fails where anything is lost or doubled."""
    ground = Ground(folder, url, terminals)
    ghosts = [Ghost(t, ground.laptop.public, ground.books.public) for t in terminals]
    gateways = [ground.gateway(name, at_once) for name in ("one", "two")]
    morning = Morning(folder / "gate.crt", ground.channel, [g.port for g in gateways], at_once)
    begun = time.monotonic()
    try:
        asyncio.run(morning.run(ghosts, BOUND_SECONDS, lambda: [g.sample() for g in gateways]))
        took = time.monotonic() - begun
    finally:
        for gateway in gateways:
            gateway.stop()
    check(url, terminals)
    count = sum(t.number for t in terminals)
    told(create_engine(url).dialect.name, len(terminals), count, took, morning)
    each = max(g.peak - g.idle for g in gateways) / min(at_once, len(terminals) / 2)
    print(f"  gateway memory: {gateways[0].idle / 1e6:.0f} MB idle, {each / 1e3:.0f} kB more per connected terminal")


def told(engine: str, terminals: int, receipts: int, took: float, morning: Morning) -> None:
    p99 = statistics.quantiles(morning.seconds, n=100)[98] if len(morning.seconds) > 1 else morning.seconds[0]
    p50 = statistics.median(morning.seconds)
    print(f"{engine}: {terminals} terminals, {receipts} receipts in {took:.1f} s: {receipts / took:.0f} receipts/s")
    print(f"  a terminal's sync: p50 {p50:.2f} s, p99 {p99:.2f} s; {morning.visits} connections")


def check(url: str, terminals: list[w.Terminal]) -> None:
    receipts = sum(t.number for t in terminals)
    sales = sum(1 for t in terminals for item in t.items if item[2])
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {name: int(connection.execute(text(query)).scalar_one() or 0) for name, query in _COUNTS.items()}
    engine.dispose()
    expected = dict.fromkeys(("receipts", "different receipts", "in custody"), receipts)
    expected |= {"debits": sales, "debited": 650 * sales, "all postings": 0, "exceptions": 0, "not judged sound": 0}
    assert found == expected, (found, expected)
    print("  nothing lost, nothing doubled: " + ", ".join(f"{name} {n}" for name, n in found.items()))


def on_postgresql(work: Callable[[str], None]) -> None:
    server = postgres.Server(durable=True)
    try:
        work(postgres.database(server.folder, "load"))
    finally:
        server.stop()


def main() -> None:
    print("signing what the fleet has sold ...", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        on_postgresql(lambda url: land(url, Path(folder), flown(500, RECEIPTS)))
    with tempfile.TemporaryDirectory() as folder:
        land(f"sqlite:///{folder}/ledger.db", Path(folder), flown(200, RECEIPTS))


if __name__ == "__main__":
    main()
