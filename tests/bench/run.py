"""make bench: speeds as ratios to a named yardstick measured in the same run; these machines are noisy."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import micropython
import simulator
from cabinpay_host import crypto
from cabinpay_host.ledger.store import Ledger
from cabinpay_host.link import Item
from gate import Gate, key_in, sign_on

HERE = Path(__file__).resolve().parent
MESSAGE = bytes(range(200))


def seconds(work: Callable[[], object], times: int) -> float:
    """The fastest of `times` runs: what the machine can do when nothing else disturbs it."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def libsodium() -> float:
    """The yardstick: one verification of a 200-byte message by libsodium (PyNaCl)."""
    seed = hashlib.sha256(b"cabinpay test key bench").digest()
    public, signature = crypto.public_key(seed), crypto.signer(seed)(MESSAGE)
    return seconds(lambda: crypto.verify(public, MESSAGE, signature), 200)


def device(yardstick: float) -> None:
    for line in micropython.run(str(HERE / "device.py")).splitlines():
        name, micros = line.split(":")
        row(f"{name} (MicroPython, unix)", int(micros) / 1e6, yardstick)


def sales(folder: Path, yardstick: float) -> tuple[Gate, simulator.Terminal, int]:
    """Scan to verdict on the unix board, a returning and a new passenger; the flight is left open."""
    gate = Gate(folder)
    terminal = simulator.Terminal(folder / "flash.img")
    terminal.wait("stopped")
    gate.provision(terminal)
    gate.sync(terminal)
    sign_on(terminal)
    wallets = [gate.passenger(f"p{i}", total=200000) for i in range(20)]
    for name in ("new", "returning"):
        times = [scan(terminal, wallet.quick()) for wallet in wallets]
        row(f"scan to durable receipt, {name} passenger (median, unix board)", sorted(times)[10], yardstick)
    return gate, terminal, 2 * len(wallets)


def scan(terminal: simulator.Terminal, code: str) -> float:
    key_in(terminal, (1001, 1, 100))
    start = time.perf_counter()
    assert terminal.pay(code)["code"] == "approved"
    return time.perf_counter() - start


def ingest(gate: Gate, terminal: simulator.Terminal, count: int, yardstick: float) -> None:
    """The same receipts into a fresh ledger: commit, archive and judgement, against their three signatures each."""
    with gate.link(terminal) as link:
        hello = link.hello()
        link.login(hello, gate.laptop)
        items: list[Item] = []
        while link.pull(len(items) + 1, items)[0] > len(items):
            pass
    path = gate.folder / "fresh"
    with Ledger.create(f"sqlite:///{path}.db", f"{path}.archive", list(gate.roots)) as ledger:
        ledger.add_bundle(gate.bundle[1], gate.contents)
        ledger.add_terminal(hello.public_key, hello.label, "9C")
        start = time.perf_counter()
        taken = ledger.take(hello.kid, items, "bench")
        each = (time.perf_counter() - start) / taken.new
    assert taken.exceptions == () and taken.new == len(items) > count
    row("ledger: one receipt taken and judged (3 signatures in it)", each, yardstick)


def row(name: str, took: float, yardstick: float) -> None:
    print(f"{name:66} {took * 1e3:9.3f} ms {took / yardstick:9.1f} x libsodium verify")


def main() -> None:
    yardstick = libsodium()
    row("yardstick: libsodium verify (PyNaCl)", yardstick, yardstick)
    device(yardstick)
    with tempfile.TemporaryDirectory() as folder:
        gate, terminal, count = sales(Path(folder), yardstick)
        with terminal:
            ingest(gate, terminal, count, yardstick)
        gate.ledger.close()


if __name__ == "__main__":
    main()
