"""cabinpay emulate: a terminal without a chip to play with, real firmware in an emulated Pico."""

import queue
import sys
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from . import screen
from .errors import Exit, HostError

HELP = "scan TEXT | keys KEYS | screen | power on | power off | quit"
_LOOK_SECONDS = 0.1


def emulate(
    flash: Annotated[Path, typer.Option(help="Its flash; made if it is not there.", metavar="FILE")] = Path("pico.img"),
    seed: Annotated[int | None, typer.Option(help="Random bits of an earlier run again.", min=0)] = None,
) -> None:
    """Run an emulated Pico until end of input: a serial port for mpremote and cabinpay, and commands on standard input.

    `scan TEXT` · `keys KEYS` · `screen` · `power on` · `power off` · `quit`. The screen is saved as FILE.png.
    Example: cabinpay emulate --flash terminal.img
    """
    # here, for no other command needs the emulator
    from pico_emulated import image
    from pico_emulated.emulator import Pico
    from pico_emulated.layout import PicoError

    try:
        record = image.check_cached()
        with Pico(flash, seed=seed) as pico:
            print(f"{record['board']}, MicroPython {record['version']}, SHA-256 {record['sha256']}", flush=True)
            print(f"seed {pico.stat().seed}; commands: {HELP}", flush=True)
            _serve(pico, flash.with_name(flash.name + ".png"), _lines())
    except PicoError as e:
        raise HostError(e.code, e.line, Exit.TERMINAL) from None


def _lines() -> "queue.Queue[str]":
    """Lines of standard input as they come; "" at its end."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line.strip() or " ")
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines


def _serve(pico: Any, picture: Path, lines: "queue.Queue[str]") -> None:
    told = 0
    while True:
        for event in pico.events[told:]:
            told += 1
            _tell(pico, event, picture)
        try:
            line = lines.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            continue
        if line in ("", "quit"):
            return
        _obey(pico, line, picture)


def _tell(pico: Any, event: dict[str, Any], picture: Path) -> None:
    what = event["event"]
    if what == "screen":
        pico.screen(picture)
    more = {
        "usb": f"port {pico.port}",
        "power": f"power {'on' if event.get('on') else 'off'}: {event.get('why')}",
        "screen": f"screen {picture}",
        "buzzer": f"buzzer {event['hz']} Hz" if event.get("hz") else "buzzer silent",
    }
    print(f"{event['us'] / 1e6:10.3f} s  {more.get(what, what)}", flush=True)


def _obey(pico: Any, line: str, picture: Path) -> None:
    from pico_emulated.layout import PicoError

    word, _, rest = line.partition(" ")
    try:
        if word == "scan" and rest:
            pico.feed(rest.encode() + b"\r", wait=False)
        elif word == "keys" and rest:
            pico.press(rest, wait=False)
        elif word == "screen":
            print(pico.screen(picture), flush=True)
        elif line in ("power on", "power off"):
            (pico.power_on if rest == "on" else pico.power_off)()
        elif line.strip():
            screen.note(f"commands: {HELP}")
    except PicoError as e:  # a key that the keypad does not have: say so and go on
        if e.code != "emulator_refused":
            raise
        screen.note(f"cabinpay: {e.code}: {e.line}")
