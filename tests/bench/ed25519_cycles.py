"""make bench-ed25519: cycles on the emulated Pico, time on the unix port, against published C on the same core."""

from __future__ import annotations

import tempfile
from pathlib import Path

import ed25519_packages
import micropython
from bench import ed25519_instructions
from bench.ed25519_work import SETUP, WORK
from emulated.repl import Repl
from pico_emulated import image
from pico_emulated.emulator import Pico
from qemu import processor

HERE = Path(__file__).resolve().parent
MHZ = 125
# Monocypher, gcc 12.2 -O3, same core and memory without wait states, a message of 200 bytes: cycles
YARDSTICK = {"verify": 24.0e6, "verify, known issuer": 24.0e6, "sign": 7.0e6}
# What the terminal is built on, Thumb on an RP2040
LIMITS = {"verify": 5.5e6, "verify, known issuer": 2.6e6, "sign": 1.8e6}
RAM_LIMIT = 32 * 1024
ON_PICO = """
import gc, machine
def cycles(work, times=3):
    best = None
    for _ in range(times):
        start = machine.mem32[0x40068010]
        work()
        took = machine.mem32[0x40068010] - start & 0xFFFFFFFF
        best = took if best is None else min(best, took)
    return best
def held():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()
seed, message, issuer, ram = bytes(range(32)), bytes(range(200)), None, 0
before = held()
import ed25519
issuer = ed25519.Verifier(ed25519.public_key(seed))
ram = held() - before
public = issuer.public_key
signature = ed25519.sign(seed, message)
assert ed25519.verify(public, message, signature) and issuer.verify(message, signature)
idle = cycles(lambda: None)
"""


def rows(values: dict[str, int], checked: bool) -> None:
    for name, value in values.items():
        line = f"  {name:24} {value / 1e6:8.3f} M cycles {value / MHZ / 1e3:8.1f} ms"
        if name in YARDSTICK:
            line += f"   1/{YARDSTICK[name] / value:.1f} of Monocypher's {YARDSTICK[name] / 1e6:.1f} M"
        if checked and name in LIMITS:
            line += f"   limit {LIMITS[name] / 1e6:.1f} M" + ("" if value <= LIMITS[name] else "   EXCEEDED")
        print(line)


def measured(engine: str, folder: Path) -> tuple[dict[str, int], int, dict[str, int]]:
    """Cycles, RAM held and sizes of .mpy."""
    files = {
        source.stem: ed25519_packages.compiled(source, folder / f"{source.stem}.mpy", "armv6m")
        for source in ed25519_packages.sources(engine)
    }
    with Pico(folder / f"{engine}.img") as pico:
        pico.wait_usb()
        with Repl(pico) as prompt:
            prompt.run("import os\nos.mkdir('ed25519')")
            for name, code in files.items():
                prompt.transport.fs_writefile(f"ed25519/{name}.mpy", code)
            prompt.run(ON_PICO)
            ram = prompt.run("print(ram)")
            prompt.run(SETUP)
            values = {name: prompt.run(f"print(cycles(lambda: {work}) - idle)") for name, work in WORK.items()}
    return values, ram, {name: len(code) for name, code in files.items()}


def on_pico(engine: str, folder: Path) -> None:
    values, ram, sizes = measured(engine, folder)
    print(f"\nRP2040, emulated, {MHZ} MHz, engine {engine}")
    rows(values, engine == "thumb")
    verdict = "" if engine != "thumb" else f", limit {RAM_LIMIT}" + ("" if ram <= RAM_LIMIT else "   EXCEEDED")
    print(f"  RAM held after import from .mpy, with one Verifier and one signing key: {ram} bytes{verdict}")
    print(f"  .mpy for armv6m: {sum(sizes.values())} bytes: {', '.join(f'{name} {n}' for name, n in sizes.items())}")


def on_unix(folder: Path) -> None:
    times: dict[str, dict[str, float]] = {}
    for engine in ("viper", "plain"):
        path = (str(ed25519_packages.copied(folder, engine)),)
        lines = micropython.run(str(HERE / "device.py"), path=path).splitlines()
        times[engine] = {name: float(micros) for name, micros in (line.split(":") for line in lines)}
    print("\nMicroPython's unix port on this machine: viper, and plain Python as a multiple of it")
    for name, micros in times["viper"].items():
        print(f"  {name:24} {micros / 1000:8.3f} ms {times['plain'][name] / micros:8.1f} x")


def main() -> None:
    image.check_cached()
    with tempfile.TemporaryDirectory() as folder:
        for engine in ("thumb", "viper"):
            on_pico(engine, Path(folder))
        print(f"\nOther cores: {processor.missing()}" if processor.missing() else "", end="")
        for name in processor.ENGINES if not processor.missing() else ():
            ed25519_instructions.show(name, Path(folder))
        on_unix(Path(folder))


if __name__ == "__main__":
    main()
