"""The board's flash as a file of 2 MB: firmware in front, file system at the end."""

from pathlib import Path

from littlefs import LittleFS, UserContext

from . import image
from .layout import BOARD, FIRMWARE, PicoError

_FLASH = BOARD["flash"]
SIZE: int = _FLASH["size"]


def prepare(path: Path) -> None:
    """An erased chip with the firmware on it, unless the file is there; PicoError for one of another size."""
    if not path.exists():
        image.check_cached()
        path.write_bytes(FIRMWARE.read_bytes().ljust(SIZE, b"\xff"))
    elif path.stat().st_size != SIZE:
        raise PicoError("flash_size", f"{path} is no flash of {SIZE} bytes; name another file, or a new one")


def put(path: Path, name: str, data: bytes) -> None:
    """Writes a file, and the folders above it, into the file system of a board that is switched off."""
    fs, context = mounted(path)
    folder = name.rpartition("/")[0]
    if folder:
        fs.makedirs(folder, exist_ok=True)
    with fs.open(name, "wb") as f:
        f.write(data)
    put_storage(path, bytes(context.buffer))


def get(path: Path, name: str) -> bytes:
    """A file of a board that is switched off."""
    with mounted(path)[0].open(name, "rb") as f:
        return bytes(f.read())


def mounted(path: Path) -> tuple[LittleFS, UserContext]:
    """A copy of its file system, and the memory that it lies in."""
    start, size = _FLASH["storage_offset"], _FLASH["storage_size"]
    context = UserContext(size)
    context.buffer[:] = path.read_bytes()[start : start + size]
    # as the firmware mounts it: an older disk version must stay what it is
    blocks = {"block_size": _FLASH["block"], "block_count": size // _FLASH["block"], "prog_size": _FLASH["page"]}
    return LittleFS(context, **blocks), context


def put_storage(path: Path, storage: bytes) -> None:
    """Writes the whole file system of a board that is switched off."""
    whole = path.read_bytes()
    start = _FLASH["storage_offset"]
    path.write_bytes(whole[:start] + storage + whole[start + len(storage) :])
