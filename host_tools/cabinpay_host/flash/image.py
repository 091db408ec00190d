"""MicroPython for a board: from a file or the pinned download, checked to be for that board before anything is written.

Codes: image_missing, image_unknown, image_board, image_layout, image_changed, image_download.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from .. import files
from ..errors import Exit, HostError
from .boards import ROOT, Board

# git-ignored; what was downloaded once, with its hash
CACHE = ROOT / "build" / "images"
MAX_IMAGE = 8 << 20
DOWNLOAD_SECONDS = 60
_UF2 = struct.Struct("<8I")
_UF2_MAGICS = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_UF2_BLOCK = 512
# RP2350 images may begin with one block of this family, for a fault of that chip
_UF2_ABSOLUTE = 0xE48BFF57
_ESP_MAGIC = 0xE9
_ESP_PARTITIONS = 0x8000
_PARTITION = struct.Struct("<2sBBII16s4x")
_VERSION = re.compile(rb"MicroPython v([0-9][^ ]*) on [0-9-]+")


@dataclass(frozen=True)
class Image:
    """path: the file as it is written to the board; version: of MicroPython."""

    path: Path
    version: str
    sha256: str
    source: str


def get(board: Board, given: Path | None) -> Image:
    """The image for this board; HostError where there is none, or where it is another one's."""
    if given is None:
        return _checked(board, *_downloaded(board))
    if not given.is_file():
        raise HostError("image_missing", f"{given} is no file: name an image for {board.data['image']}", Exit.INPUT)
    return _checked(board, given, given.name)


def _downloaded(board: Board) -> tuple[Path, str]:
    """The pinned one; its hash is recorded when it is first taken, and compared ever after."""
    url = board.install["url"]
    path = CACHE / url.rsplit("/", 1)[1]
    record = path.with_name(path.name + ".json")
    if not (path.is_file() and record.is_file()):
        data = _fetch(url, board)
        CACHE.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        record.write_text(json.dumps({"url": url, "sha256": hashlib.sha256(data).hexdigest()}, indent=1) + "\n")
    if hashlib.sha256(path.read_bytes()).hexdigest() != json.loads(record.read_text())["sha256"]:
        raise HostError("image_changed", f"{path} is not what was recorded: remove it and its .json", Exit.CHECKS)
    return path, url


def _fetch(url: str, board: Board) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_SECONDS) as answer:
            data: bytes = answer.read(MAX_IMAGE)
    except (urllib.error.URLError, OSError):
        line = f"{url} cannot be reached: bring the file for {board.data['image']} and name it with --image"
        raise HostError("image_download", line, Exit.INPUT) from None
    return data


def _checked(board: Board, path: Path, source: str) -> Image:
    data = files.read(path, MAX_IMAGE)
    flash = _from_uf2(board, data, path) if board.install["kind"] == "uf2" else _from_esp(board, data, path)
    found = _VERSION.search(flash)
    if not found or _banner(board) not in flash:
        raise _wrong(board, path)
    return Image(path, found[1].decode(), hashlib.sha256(data).hexdigest(), source)


def _banner(board: Board) -> bytes:
    """What the image prints of the board before its prompt."""
    return b"; " + board.machine.encode() + b"\0"


def _from_uf2(board: Board, data: bytes, path: Path) -> bytes:
    """What a UF2 puts into flash; refused where it is for another chip or reaches into the file system."""
    start, (storage, size) = board.install["flash_start"], board.storage
    out = bytearray()
    for at in range(0, len(data), _UF2_BLOCK):
        block = data[at : at + _UF2_BLOCK]
        if len(block) < _UF2_BLOCK or _UF2.unpack_from(block)[:2] != _UF2_MAGICS[:2]:
            raise _wrong(board, path)
        *_, address, length, _, _, family = _UF2.unpack_from(block)
        if family == _UF2_ABSOLUTE:
            continue
        if family != board.install["family"] or length > 476:
            raise _wrong(board, path)
        if not start <= address <= start + storage - length:
            raise _layout(board, path)
        out += block[32 : 32 + length]
    # the firmware says where its file system lies, for picotool: address and bytes
    if _banner(board) in out and struct.pack("<II", start + storage, size) not in out:
        raise _layout(board, path)
    return bytes(out)


def _from_esp(board: Board, data: bytes, path: Path) -> bytes:
    """An ESP image with its partition table; refused where it is for another chip or has another file system."""
    offset = board.install["offset"]
    if len(data) < 16 or data[0] != _ESP_MAGIC or int.from_bytes(data[12:14], "little") != board.install["chip_id"]:
        raise _wrong(board, path)
    at = _ESP_PARTITIONS - offset
    found = {}
    while data[at : at + 2] == b"\xaa\x50":
        _, _, _, start, size, name = _PARTITION.unpack_from(data, at)
        found[name.rstrip(b"\0")] = (start, size)
        at += _PARTITION.size
    if found.get(b"vfs") != board.storage or len(data) + offset > board.storage[0]:
        raise _layout(board, path)
    return data


def _wrong(board: Board, path: Path) -> HostError:
    line = f"{path} is no MicroPython for a {board.data['title']}: take the one for {board.data['image']}"
    return HostError("image_board", line, Exit.INPUT)


def _layout(board: Board, path: Path) -> HostError:
    line = f"{path} has its file system elsewhere than boards/{board.name}/board.toml says: take the pinned image"
    return HostError("image_layout", line, Exit.REFUSED)
