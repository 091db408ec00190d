"""The board's flash as a file of 2 MB: firmware in front, file system at the end."""

from pathlib import Path

from . import image
from .layout import BOARD, FIRMWARE, PicoError

SIZE: int = BOARD["flash"]["size"]


def prepare(path: Path) -> None:
    """An erased chip with the firmware on it, unless the file is there; PicoError for one of another size."""
    if not path.exists():
        image.check_cached()
        path.write_bytes(FIRMWARE.read_bytes().ljust(SIZE, b"\xff"))
    elif path.stat().st_size != SIZE:
        raise PicoError("flash_size", f"{path} is no flash of {SIZE} bytes; name another file, or a new one")
