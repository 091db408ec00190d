"""Where things are, and what the board is: a Pico (its board.toml), and what is told of the emulated one alone."""

from pathlib import Path
from typing import Any

from cabinpay_host.flash import boards

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# git-ignored; `make clean` empties it
CACHE = ROOT / "build/pico"
FIRMWARE = CACHE / "firmware.bin"
RECORD = CACHE / "firmware.json"
NODE_LINK = CACHE / "node"
CORE = CACHE / "node_modules/rp2040js"
ROM = HERE / "rom/bootrom.bin"


BOARD: dict[str, Any] = boards.load(HERE.name).data


class PicoError(Exception):
    """code: stable, snake_case; line: one line that says what to do."""

    def __init__(self, code: str, line: str) -> None:
        super().__init__(f"{code}: {line}")
        self.code = code
        self.line = line
