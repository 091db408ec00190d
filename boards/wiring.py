"""make wiring: each board's table and drawing of its wires from its board.toml, into README.md and wiring.svg there.

A test compares, so what is drawn is what board.py is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from cabinpay_host.flash import boards

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- wiring: made by boards/wiring.py, not by hand -->", "<!-- end of wiring -->"
ROW, TOP, GAP = 22, 56, 18
BOARD_X, BOARD_WIDTH, PART_X, PART_WIDTH = 24, 190, 520, 260
COLOURS = {"3V3": "#c0392b", "5V": "#e67e22", "GND": "#222222"}
WIRES = ("#1f6fb2", "#2e8b57", "#8e44ad", "#b8860b", "#16808a", "#a33b6b", "#7a5230")


@dataclass(frozen=True)
class Part:
    """pins: (the part's pin, the board's: a number, or 3V3, 5V, GND), in the order in which they are drawn."""

    name: str
    note: str
    pins: list[tuple[str, int | str]]


def parts(data: dict[str, Any]) -> list[Part]:
    """What hangs on a board."""
    power: list[tuple[str, int | str]] = [("VCC", "3V3"), ("GND", "GND")]
    i2c, scanner, keypad = data["i2c"], data["scanner"], data["keypad"]
    wires: list[tuple[str, int | str]] = [("SDA", i2c["sda"]), ("SCL", i2c["scl"])]
    lines = [(f"R{i + 1}", pin) for i, pin in enumerate(keypad["rows"])]
    lines += [(f"C{i + 1}", pin) for i, pin in enumerate(keypad["columns"])]
    found = [Part("Scanner GM65, GM861", f"UART{scanner['uart']}, 3.3 V levels",
                  [("VCC", "5V"), ("GND", "GND"), ("RXD", scanner["tx"]), ("TXD", scanner["rx"])])]  # fmt: skip
    if "display" in data:
        d = data["display"]
        spi = [("SCL", d["sck"]), ("SDA", d["mosi"]), ("RES", d["reset"]), ("DC", d["dc"]), ("CS", d["cs"])]
        found.append(Part("Display ST7789, 240x240", f"SPI{d['spi']}", [*power, *spi, ("BLK", d["backlight"])]))
    either = "in its place, with --oled" if "display" in data else "the display of this board"
    found.append(Part("Display SSD1306, 128x64", f"I2C, {either}", [*power, *wires]))
    found.append(Part("Keypad 4x4", "matrix, no resistors", lines))
    found.append(Part("Buzzer", "passive", [("+", data["buzzer"]["pin"]), ("-", "GND")]))
    found.append(Part("Clock DS3231", "I2C, optional, with --rtc", [*power, *wires]))
    return found


def board_pin(data: dict[str, Any], pin: int | str) -> str:
    """As the board's own print has it."""
    header = data["header"]
    if isinstance(pin, str):
        return str(header[{"3V3": "v3", "5V": "v5", "GND": "gnd"}[pin]])
    number = header["numbers"].get(str(pin))
    return f"{header['name']}{pin}" + (f" ({number})" if number else "")


def table(data: dict[str, Any]) -> str:
    """Markdown, a wire a row."""
    rows = ["| part | its pin | board |", "| --- | --- | --- |"]
    for part in parts(data):
        for i, (name, pin) in enumerate(part.pins):
            rows.append(f"| {f'**{part.name}** ({part.note})' if i == 0 else ''} | {name} | {board_pin(data, pin)} |")
    return "\n".join(rows)


def drawing(data: dict[str, Any]) -> str:
    """SVG: the board at the left, its parts at the right, each wire a line between two names."""
    out: list[str] = []
    y = TOP
    for part in parts(data):
        height = ROW * len(part.pins)
        out += _box(PART_X, y - 4, PART_WIDTH, height + 8)
        out += _text(PART_X + 56, y + ROW * 0.7, part.name, "bold") + _text(PART_X + 56, y + ROW * 1.6, part.note, "")
        for name, pin in part.pins:
            colour = COLOURS[pin] if isinstance(pin, str) else WIRES[pin % len(WIRES)]
            middle = y + ROW / 2
            x = BOARD_X + BOARD_WIDTH
            out.append(f'<path d="M{x} {middle}H{PART_X}" stroke="{colour}" stroke-width="2.5" fill="none"/>')
            out += _text(x - 8, middle + 4, board_pin(data, pin), "", "end") + _text(PART_X + 8, middle + 4, name, "")
            y += ROW
        y += GAP
    board = _box(BOARD_X, TOP - 12, BOARD_WIDTH, y - TOP + 4)
    title = _text(BOARD_X, 28, f"{data['title']}: wiring", "title")
    size = f'width="{PART_X + PART_WIDTH + 24}" height="{y + 12}"'
    style = "text{font:13px sans-serif;fill:#222}.bold{font-weight:bold}.title{font-size:18px;font-weight:bold}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>'
    return "\n".join([head, '<rect width="100%" height="100%" fill="#fff"/>', *title, *board, *out, "</svg>", ""])


def _box(x: float, y: float, width: float, height: float) -> list[str]:
    return [f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="#f4f4ef" stroke="#666"/>']


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> list[str]:
    return [f'<text x="{x}" y="{y:g}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>']


def made(name: str) -> dict[Path, str]:
    """What the files of this board are to hold."""
    data, folder = boards.load(name).data, HERE / name
    readme = (folder / "README.md").read_text()
    before, rest = readme.split(BEGIN)
    block = f"{BEGIN}\n\n![Wiring](wiring.svg)\n\n{table(data)}\n\n{END}"
    return {folder / "README.md": before + block + rest.split(END)[1], folder / "wiring.svg": drawing(data)}


if __name__ == "__main__":
    for board in boards.real():
        for path, text in made(board).items():
            path.write_text(text)
