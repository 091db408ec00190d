"""make budget: heap, start and sales of the whole agent on the emulated Pico (no wait states: see its README).

usage: pico_budget.py [SALES], each of another passenger, on a half full flash; 20 unless told. 1000 says what the heap
is like after 500 sales and after 1000 passes. So many receipts find no room there: the ground syncs after each flight.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gate as gates
import rig
from cabinpay_host.flash import agent, boards
from pico_emulated import image, layout

# So many passengers pay a second time at once, when their pass is known
AGAIN = 10
# Sales between two syncs
FLIGHT = 250
# After so many it is said what the heap is like
MARKS = (500, 1000)
# A session ends after 30 seconds without a byte
GONE_MS = 32_000
REST_MS = 5000


def begun(flash: Path, screen: str) -> tuple[Any, float]:
    """A terminal switched on, and milliseconds until this screen."""
    terminal = rig.Terminal(flash)
    start = terminal.pico.stat().us
    return terminal, (terminal.wait(screen)["us"] - start) / 1000


def sold(terminal: Any, code: str) -> tuple[float, float]:
    """Milliseconds from a code's last byte to its receipt on flash, and from the code held before the scanner to its
    verdict on the screen."""
    gates.key_in(terminal, (3, 1, 9))
    start = terminal.pico.stat().us
    screen = terminal.pay(code)
    assert screen["code"] == "approved", screen["lines"]
    terminal.show("D", "items")
    return (screen["durable_us"] - screen["scanned_us"]) / 1000, (screen["us"] - start) / 1000


def medians(which: str, sales: list[tuple[float, float]]) -> Iterator[tuple[str, float]]:
    durable, shown = zip(*sales, strict=True)
    yield f"{which}: code's last byte to receipt on flash", statistics.median(durable)
    yield f"{which}: code before the scanner to verdict", statistics.median(shown)


def heap(when: str, terminal: Any) -> Iterator[tuple[str, float]]:
    """As io/screen_log.py tells it: once nothing of what was done before lies about any more."""
    terminal.show("B", "verdict")  # nothing is keyed in
    terminal.show("D", "items")
    terminal.pico.run(REST_MS)
    free, block = terminal.screens[-1]["heap"]
    yield f"free {when}", free
    yield f"largest block {when}", block


def half_full(flash: Path) -> None:
    """Takes half of its blocks, as two days' receipts do: littlefs looks longer for a free one."""
    rig.put_file(flash, "taken", bytes(layout.BOARD["flash"]["storage_size"] // 2))


def sales_of(
    ground: gates.Gate, terminal: Any, count: int, new: list[tuple[float, float]], known: list[tuple[float, float]]
) -> Iterator[tuple[str, float]]:
    """Sells to so many passengers, and takes down how long it took."""
    for number in range(count):
        if number % FLIGHT == 0:
            ground.sync(terminal)
        phone = ground.passenger(f"p{number}")
        new.append(sold(terminal, phone.quick()))
        if number < AGAIN:
            known.append(sold(terminal, phone.quick()))
        if number + 1 in MARKS:
            yield from heap(f"after {number + 1} passes", terminal)


def measured(folder: Path, sales: int) -> Iterator[tuple[str, float]]:
    """Figures as they come: bytes, milliseconds."""
    yield "installed", sum(map(len, agent.files(boards.load("pico")).values()))
    ground = gates.Gate(folder)
    terminal, took = begun(folder / "flash.img", "stopped")
    yield "to the first screen, blank", took
    with terminal:
        ground.provision(terminal)
        terminal.cut_power()
    with begun(folder / "flash.img", "sign_on")[0] as terminal:
        ground.sync(terminal)
        gates.sign_on(terminal)
        terminal.cut_power()
    half_full(folder / "flash.img")
    terminal, took = begun(folder / "flash.img", "items")
    yield "to ready", took
    with terminal:
        yield from heap("after boot", terminal)
        new: list[tuple[float, float]] = []
        known: list[tuple[float, float]] = []
        yield from sales_of(ground, terminal, sales, new, known)
        yield from medians("new pass", new)
        yield from medians("known pass", known)
        yield from heap("after a sync and the sales", terminal)
        terminal.pico.run(GONE_MS)
        yield from heap("once the host has been gone for half a minute", terminal)
    ground.ledger.close()


def main(sales: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig.use("pico_emulated", Path(folder))
        firmware = image.check_cached()
        print(f"emulated Pico, MicroPython {firmware['version']}, SHA-256 {firmware['sha256']}; {sales} passengers")
        for name, figure in measured(Path(folder), sales):
            print(f"{name:50} {figure:12,.0f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
