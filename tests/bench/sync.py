"""make bench-sync: what a sync makes of a serial line, beside mpremote copying the same bytes over the same line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import simulator
from bench.paced import BITS, PacedLine
from cabinpay_host.link import Item, Link
from cabinpay_host.sync import synchronise
from cabinpay_host.transport import SerialStream
from gate import Gate, key_in, sign_on

HERE = Path(__file__).resolve().parent

SALES = 250
BAUD = 115200
# Least share of the line rate that receipts and evidence have to make of it
LEAST = 0.90


def sold(gate: Gate, terminal: simulator.Terminal) -> None:
    """A flight's sales, none of them in the ledger yet."""
    terminal.wait("stopped")
    gate.provision(terminal)
    gate.sync(terminal)
    sign_on(terminal)
    wallets = [gate.passenger(f"p{i}", total=200000, count=250) for i in range(5)]
    for n in range(SALES):
        key_in(terminal, (1001, 1, 100))
        assert terminal.pay(wallets[n % len(wallets)].quick())["code"] == "approved"


def payload(gate: Gate, terminal: simulator.Terminal) -> bytes:
    """All that a pull of everything brings, as stored, for mpremote to copy."""
    items: list[Item] = []
    with gate.link(terminal) as link:
        link.login(link.hello(), gate.laptop)
        while link.pull(len(items) + 1, items)[0] > len(items):
            pass
    return b"".join(receipt + evidence for _, receipt, evidence in items)


def synced(gate: Gate, port: str) -> tuple[float, float]:
    """Seconds of the whole sync, and until its last receipt was there."""
    begun, last = time.perf_counter(), 0.0

    def came(_done: int, _total: int) -> None:
        nonlocal last
        last = time.perf_counter() - begun

    with SerialStream(port, BAUD) as stream:
        report = synchronise(Link(stream), gate.ground(lambda: int(time.time())), came)
    assert report.acked == report.number and report.exceptions == ()
    return time.perf_counter() - begun, last


def copied(data: bytes, folder: Path) -> float:
    """Seconds that mpremote takes to copy a file of these bytes from MicroPython over a line as slow."""
    (folder / "receipts").write_bytes(data)
    with prompt(folder) as port, PacedLine(port, BAUD) as line:
        begun = time.perf_counter()
        command = [sys.executable, "-m", "mpremote", "connect", line.port, "resume", "fs", "cp", ":receipts", "copy"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=300)
        took = time.perf_counter() - begun
    assert (folder / "copy").read_bytes() == data
    return took


@contextmanager
def prompt(folder: Path) -> Iterator[str]:
    master, slave = os.openpty()
    tty.setraw(slave)
    tty.setraw(master)
    command = [simulator.micropython(), str(HERE / "raw_repl.py")]
    process = subprocess.Popen(command, cwd=folder, stdin=master, stdout=master, stderr=subprocess.DEVNULL)
    try:
        yield os.ttyname(slave)
    finally:
        process.kill()
        process.wait()
        os.close(master)
        os.close(slave)


def resident(pid: int) -> int:
    """KB of memory of a process at its most."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gate = Gate(folder)
        with simulator.Terminal(folder / "flash.img") as terminal:
            sold(gate, terminal)
            data = payload(gate, terminal)
            with PacedLine(terminal.port, BAUD) as line:
                whole, last = synced(gate, line.port)
            memory = resident(terminal.process.pid)
        gate.ledger.close()
        share = len(data) * BITS / BAUD / last
        theirs = copied(data, folder)
        print(f"{len(data)} bytes in {SALES} sales over a line of {BAUD} baud:")
        print(f"  sync: {last:.1f} s to the last receipt, {share:.1%} of the line rate; {whole:.1f} s with all else")
        print(f"  mpremote fs cp of the same bytes: {theirs:.1f} s")
        print(f"  memory, resident at most: terminal {memory} KB (its heap is 480 KB), host {resident(os.getpid())} KB")
        assert share >= LEAST, "a sync must make at least 90 % of the line rate"
        assert whole < theirs, "a sync must be faster than mpremote"


if __name__ == "__main__":
    main()
