"""Where things are, and what the board is: a Pico (its board.toml), and what is told of the emulated one alone."""

import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# git-ignored; `make clean` empties it
CACHE = ROOT / "build/pico"
FIRMWARE = CACHE / "firmware.bin"
RECORD = CACHE / "firmware.json"
NODE_LINK = CACHE / "node"
CORE = CACHE / "node_modules/rp2040js"
ROM = HERE / "rom/bootrom.bin"


def _merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {**base, **{k: _merged(base.get(k, {}), v) if isinstance(v, dict) else v for k, v in more.items()}}


def _told(folder: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / "boards" / folder / "board.toml").read_text())


BOARD = _merged(_told("pico"), _told(HERE.name))


class PicoError(Exception):
    """code: stable, snake_case; line: one line that says what to do."""

    def __init__(self, code: str, line: str) -> None:
        super().__init__(f"{code}: {line}")
        self.code = code
        self.line = line
