"""How an image gets onto a board: a UF2 by the drive of its boot ROM or by picotool, an ESP image by esptool.

Codes: no_bootloader, install_failed, esptool_missing, needs_recovery, board_gone.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from .. import flash_image
from ..errors import Exit, HostError
from .boards import Board
from .image import Image

# What esptool reads and writes at; bridges on such boards do it
ESP_BAUD = "460800"
_MOUNTS = Path("/proc/mounts")
# where macOS and desktops show drives
_FOLDERS = (Path("/Volumes"), Path("/media"), Path("/run/media"))
_INFO = "INFO_UF2.TXT"


def command(board: Board, image: str, port: str | None) -> list[str]:
    """What esptool is asked to write, or picotool where there is no drive."""
    if board.install["kind"] == "uf2":
        return ["picotool", "load", "-v", "-x", image]
    return [*_esptool(board, port), "write-flash", hex(board.install["offset"]), image]


def _esptool(board: Board, port: str | None) -> list[str]:
    chip = board.install["chip"]
    return [sys.executable, "-m", "esptool", "--chip", chip, "--port", port or "PORT", "--baud", ESP_BAUD]


def write(board: Board, image: Image, port: str | None, say: Callable[[str], None]) -> None:
    """Writes MicroPython. The file system is never erased: it lies outside the image."""
    if board.install["kind"] == "esp":
        if port is None:
            line = "no ESP32 is found: plug it in and name its port with --port"
            raise HostError("no_bootloader", line, Exit.TERMINAL)
        _look_for_receipts(board, port, say)
        _run(command(board, str(image.path), port))
        return
    drive = find_drive(board.install["drive"])
    if drive:
        say(f"copying {image.path.name} to {drive}")
        copy(image.path, drive)
    elif shutil.which("picotool"):
        _run(command(board, str(image.path), port))
    else:
        line = f"no drive {board.install['drive']} is mounted: hold BOOTSEL while plugging it in, then flash again"
        raise HostError("no_bootloader", line, Exit.TERMINAL)


def find_drive(board_id: str, folders: list[Path] | None = None) -> Path | None:
    """The mounted drive of a boot ROM with this Board-ID."""
    for folder in _mounted() if folders is None else folders:
        info = folder / _INFO
        try:
            lines = info.read_text(errors="replace").splitlines()
            if f"Board-ID: {board_id}" in (line.strip() for line in lines):
                return folder
        except OSError:
            continue
    return None


def _mounted() -> list[Path]:
    if _MOUNTS.exists():
        fields = [line.split() for line in _MOUNTS.read_text().splitlines()]
        return [Path(f[1].replace("\\040", " ")) for f in fields if f[2] in ("vfat", "msdos", "fuseblk")]
    return [path for folder in _FOLDERS if folder.is_dir() for path in folder.iterdir()]


def copy(image: Path, drive: Path) -> None:
    """Copies an image to the drive, which goes away by itself when the last block has come."""
    with image.open("rb") as f, (drive / image.name).open("wb") as out:
        shutil.copyfileobj(f, out)
        out.flush()
        try:
            os.fsync(out.fileno())
        except OSError:
            return  # it has taken all and is gone


def _look_for_receipts(board: Board, port: str, say: Callable[[str], None]) -> None:
    """Refuses a board that answers nothing and whose flash holds records: they are to be dumped first."""
    start, size = board.storage
    say(f"reading {size >> 20} MB of {port}, whether there are receipts on it")
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "storage.bin"
        _run([*_esptool(board, port), "read-flash", hex(start), hex(size), str(dump)])
        if flash_image.carve(dump.read_bytes()):
            raise recovery(board, port)


def recovery(board: Board, port: str | None) -> HostError:
    """What to do with a terminal that has records and no keys to them."""
    start, size = board.storage
    read = f"cabinpay dump --port {port}, or picotool save -r {start:#x} {start + size:#x} dump.bin"
    if board.install["kind"] == "esp":
        read = f"esptool --port {port} read-flash {start:#x} {size:#x} dump.bin"
    line = f"this board holds receipts without their terminal's keys. Save them ({read}), cabinpay recover the file"
    return HostError("needs_recovery", f"{line}, report the terminal lost, then erase its flash", Exit.REFUSED)


def _run(words: list[str]) -> None:
    if "esptool" in words and importlib.util.find_spec("esptool") is None:
        raise HostError("esptool_missing", "ESP32 boards need esptool: pip install esptool", Exit.INPUT)
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        said = " ".join((done.stdout + done.stderr).split())[-160:]
        tool = "esptool" if "esptool" in words else words[0]
        raise HostError("install_failed", f"{tool} ended with {done.returncode}: {said}", Exit.TERMINAL)


def wait_for(there: Callable[[], bool], seconds: float, what: str) -> None:
    """Until there() says so; HostError board_gone."""
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            raise HostError("board_gone", f"{what}: plug the board in again and flash it again", Exit.TERMINAL)
        time.sleep(0.1)
