"""Instructions of signatures on other cores, counted by qemu: one a nanosecond of its time (-icount shift=0)."""

from __future__ import annotations

from pathlib import Path

import ed25519_packages
from bench.ed25519_work import SETUP, WORK
from qemu.processor import ENGINES, Processor

# A message of 200 bytes
LIMITS = {
    "m33": {"verify": 1.4e6, "verify, known issuer": 0.7e6, "sign": 0.6e6},
    "rv32": {"verify": 15e6, "verify, known issuer": 7.5e6, "sign": 5e6},
}
TITLES = {"m33": "Cortex-M33 (RP2350)", "rv32": "RV32IMC (ESP32-C3)"}
# Monocypher, gcc -O3, on a Cortex-M4
YARDSTICK = {"m33": {"verify": 1.60e6, "verify, known issuer": 1.60e6, "sign": 0.65e6}, "rv32": {}}
BEGIN = """
import ed25519, gc
gc.threshold(400000)
seed, message = bytes(range(32)), bytes(range(200))
issuer = ed25519.Verifier(ed25519.public_key(seed))
public = issuer.public_key
signature = ed25519.sign(seed, message)
assert ed25519.verify(public, message, signature) and issuer.verify(message, signature)
def instructions(work):
    fewest = None
    for _ in range(3):
        start = count()
        work()
        took = count() - start
        fewest = took if fewest is None else min(fewest, took)
    return fewest
idle = instructions(lambda: None)
"""


def measured(name: str, folder: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Instructions, to the nearest 100, and sizes of .mpy."""
    sizes = {}
    with Processor(name) as board:
        for source in ed25519_packages.sources(ENGINES[name]):
            code = ed25519_packages.compiled(source, folder / f"{source.stem}.mpy", board.arch)
            board.put(f"ed25519/{source.stem}.mpy", code)
            sizes[source.stem] = len(code)
        board.prompt.run(BEGIN + SETUP)
        values = {work: board.prompt.run(f"print(instructions(lambda: {code}) - idle)") for work, code in WORK.items()}
    return values, sizes


def show(name: str, folder: Path) -> None:
    values, sizes = measured(name, folder)
    print(f"\n{TITLES[name]}, qemu, engine {ENGINES[name]}")
    for work, value in values.items():
        line = f"  {work:24} {value / 1e6:8.3f} M instructions"
        if work in YARDSTICK[name]:
            line += f"   1/{YARDSTICK[name][work] / value:.1f} of Monocypher's {YARDSTICK[name][work] / 1e6:.2f} M"
        if work in LIMITS[name]:
            limit = LIMITS[name][work]
            line += f"   limit {limit / 1e6:.1f} M" + ("" if value <= limit else "   EXCEEDED")
        print(line)
    print(f"  .mpy: {sum(sizes.values())} bytes: {', '.join(f'{file} {size}' for file, size in sizes.items())}")
