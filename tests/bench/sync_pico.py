"""make bench-sync, second part: a sync over the emulated Pico's USB port, and mpremote copying the same bytes from it,
in emulated seconds. Takes some minutes; without an image (make pico-image) it is passed over."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rig
from bench.sync import payload
from cabinpay_host.link import Link
from cabinpay_host.sync import synchronise
from cabinpay_host.transport import SerialStream
from gate import Gate, key_in, sign_on
from pico_emulated import image
from pico_emulated.layout import PicoError

SALES = 4


@contextmanager
def emulated(terminal: Any) -> Iterator[list[float]]:
    """Holds the emulated seconds that its body took, once it is done."""
    took: list[float] = []
    begun = terminal.pico.stat().us
    yield took
    took.append((terminal.pico.stat().us - begun) / 1e6)


def open_prompt(gate: Gate, terminal: Any) -> None:
    since = len(terminal.screens)
    with gate.link(terminal) as link:
        hello = link.hello()
        link.login(hello, gate.keeper)
        link.maintenance(hello, gate.keeper, rig.now() + 600, True)
    terminal.wait("notice", since=since)


def mpremote(terminal: Any, folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "mpremote", "connect", terminal.port, "resume", *arguments]
    subprocess.run(command, cwd=folder, check=True, timeout=300, stdout=subprocess.DEVNULL)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rig.use("pico_emulated", folder)
        gate = Gate(folder)
        with rig.Terminal(folder / "flash.img") as terminal:
            terminal.wait("stopped")
            gate.provision(terminal)
            gate.sync(terminal)
            sign_on(terminal)
            wallet = gate.passenger("anna", total=200000)
            for _ in range(SALES):
                key_in(terminal, (1001, 1, 100))
                assert terminal.pay(wallet.quick())["code"] == "approved"
            with SerialStream(terminal.port) as stream:
                link, last = Link(stream, wait=rig.WAIT), [terminal.pico.stat().us]
                with emulated(terminal) as ours:
                    synchronise(link, gate.ground(rig.now), lambda *_: last.append(terminal.pico.stat().us))
            pulled = (last[-1] - last[1]) / 1e6
            data = payload(gate, terminal)
            open_prompt(gate, terminal)
            (folder / "receipts").write_bytes(data)
            mpremote(terminal, folder, "fs", "cp", "receipts", ":receipts")
            with emulated(terminal) as theirs:
                mpremote(terminal, folder, "fs", "cp", ":receipts", "copy")
            assert (folder / "copy").read_bytes() == data
        gate.ledger.close()
    print(f"emulated Pico, USB: {len(data)} bytes in {SALES} sales, in emulated seconds:")
    print(f"  sync: {ours[0]:.2f} s in all, {pulled:.2f} s from its first receipt to its last")
    print(f"  mpremote fs cp of the same bytes: {theirs[0]:.2f} s, its start included")


if __name__ == "__main__":
    try:
        image.check_cached()
    except PicoError as e:
        print(f"emulated Pico: passed over ({e.line})")
        sys.exit()
    begun = time.monotonic()
    main()
    print(f"  ({time.monotonic() - begun:.0f} s on this machine, {os.cpu_count()} cores)")
