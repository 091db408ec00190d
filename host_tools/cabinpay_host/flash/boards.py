"""Boards as boards/NAME/board.toml describes them, and which of them is on a port.

Codes: no_checkout, board_unknown, board_unsure, board_none, board_many.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serial.tools import list_ports

from ..errors import Exit, HostError

ROOT = Path(__file__).resolve().parents[3]
BOARDS = ROOT / "boards"
FIRMWARE = ROOT / "firmware"
# what an SSD1306 is driven by, and what brings it
OLED_PACKAGE = "ssd1306"
_ON_DEVICE = ("max_passes", "scanner", "keypad", "buzzer", "screen_log")
_HELP = "Linux: group dialout; ESP32: its bridge's driver; Pico: another cable, or BOOTSEL held (boards/README.md)"


@dataclass(frozen=True)
class Board:
    """data: its board.toml; oled: an SSD1306 in the place of the ST7789; rtc: a DS3231 is wired."""

    data: dict[str, Any]
    oled: bool = False
    rtc: bool = False

    @property
    def name(self) -> str:
        return str(self.data["name"])

    @property
    def arch(self) -> str:
        return str(self.data["arch"])

    @property
    def machine(self) -> str:
        return str(self.data["machine"])

    @property
    def install(self) -> dict[str, Any]:
        return dict(self.data["install"])

    @property
    def storage(self) -> tuple[int, int]:
        """Where its file system begins in flash, and its bytes."""
        return self.data["flash"]["storage_offset"], self.data["flash"]["storage_size"]

    def wiring(self) -> dict[str, Any]:
        """What the device is told of it: it has no memory for the rest."""
        names = [name for name in _ON_DEVICE if name in self.data]
        more: dict[str, Any] = {} if self.oled else {"display": _without(self.data["display"], "type")}
        if self.rtc:
            more["rtc"] = 1
        if self.oled or self.rtc:
            names.append("i2c")
        return {**{name: self.data[name] for name in names}, **more}


def _without(table: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key != name}


def names() -> list[str]:
    """Boards that can be flashed."""
    if not (BOARDS.is_dir() and FIRMWARE.is_dir()):
        line = "the agent's sources are not beside this tool: run it from a checkout of Cabinpay (make test sets it up)"
        raise HostError("no_checkout", line, Exit.INPUT)
    return sorted(path.parent.name for path in BOARDS.glob("*/board.toml"))


def real() -> list[str]:
    """Those that can be on a port."""
    return [name for name in names() if not load(name).data.get("emulated")]


def load(name: str, oled: bool = False, rtc: bool = False) -> Board:
    """The board of this name; one without pins for an ST7789 has an SSD1306."""
    if name not in names():
        raise HostError("board_unknown", f"there is no board {name}: one of {', '.join(names())}", Exit.USAGE)
    data = _read(name)
    if "base" in data:
        data = merged(_read(data["base"]), data)
    return Board(data, oled or "display" not in data, rtc)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((BOARDS / name / "board.toml").read_text())


def merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """`base` with what `more` says over it, table by table."""
    return {**base, **{k: merged(base.get(k, {}), v) if isinstance(v, dict) else v for k, v in more.items()}}


def ports() -> list[tuple[str, list[str]]]:
    """(serial port, boards that it may be by its USB id), the ports that may be some."""
    ids = {name: {tuple(pair) for pair in load(name).data["usb"]} for name in real()}
    found = []
    for port in sorted(list_ports.comports()):
        fitting = [name for name in ids if (port.vid, port.pid) in ids[name]]
        if fitting:
            found.append((port.device, fitting))
    return found


def found(port: str | None, board: str | None, every: bool) -> list[tuple[str, str | None]]:
    """(port, board or None where the board itself must tell) of what is to be flashed; HostError where that is not
    clear. No port at all is no error here: a bare board has none."""
    if port:
        return [(port, board)]
    seen = [(p, fitting) for p, fitting in ports() if board is None or board in fitting]
    if len(seen) > 1 and not every:
        line = f"several boards are here: {', '.join(p for p, _ in seen)}. Name one with --port, or flash --all"
        raise HostError("board_many", line, Exit.USAGE)
    return [(p, board or (fitting[0] if len(fitting) == 1 else None)) for p, fitting in seen]


def by_machine(machine: str) -> str:
    """The board whose firmware says that it is this machine."""
    fitting = [name for name in real() if load(name).machine == machine]
    if not fitting:
        raise HostError("board_unknown", f"no board of boards/ is a {machine}; see boards/README.md", Exit.TERMINAL)
    return fitting[0]


def none_found() -> HostError:
    return HostError("board_none", f"no board is found. {_HELP}; or name it: --port, --board", Exit.TERMINAL)


def unsure() -> HostError:
    line = f"which board this is cannot be told by its USB id: name it with --board ({', '.join(real())})"
    return HostError("board_unsure", line, Exit.USAGE)
