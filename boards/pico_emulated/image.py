"""The firmware image and what emulates it, into the checkout's cache (make pico-image).

The image is the cached one, else --image FILE, else the official download, else a build from Debian's source packages.
Its SHA-256 is computed and recorded when it is first taken, and compared ever after.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from . import node, uf2
from .layout import BOARD, CACHE, FIRMWARE, HERE, RECORD, ROM, PicoError

# MicroPython's own download of this version, for this board
OFFICIAL = "https://micropython.org/resources/firmware/RPI_PICO-20250415-v1.25.0.uf2"
DOWNLOAD_SECONDS = 20
MAX_IMAGE = 4 << 20


def cached() -> bool:
    return FIRMWARE.exists() and RECORD.exists()


def check_cached() -> dict[str, Any]:
    """The record of the image in the cache; PicoError where there is none, or where it is not what was recorded."""
    if not cached():
        raise PicoError("no_image", "no Pico image was built; run: make pico-image")
    record: dict[str, Any] = json.loads(RECORD.read_text())
    if hashlib.sha256(FIRMWARE.read_bytes()).hexdigest() != record["sha256"]:
        raise PicoError("image_changed", f"{FIRMWARE} is not what was recorded; remove {CACHE}, run: make pico-image")
    return record


def check_rom() -> None:
    """The boot ROM is what its checksum file says."""
    expected = ROM.with_suffix(".sha256").read_text().split()[0]
    if hashlib.sha256(ROM.read_bytes()).hexdigest() != expected:
        raise PicoError("rom_changed", f"{ROM} is not what {ROM.with_suffix('.sha256').name} says; take it from git")


def take(data: bytes, source: str) -> dict[str, Any]:
    """Checks an image, UF2 or raw, and puts it into the cache with its record."""
    image = uf2.unpacked(data)
    found = uf2.describe(image, BOARD["flash"]["storage_offset"])
    record = {**found, "source": source, "sha256": hashlib.sha256(image).hexdigest()}
    FIRMWARE.write_bytes(image)
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    return record


def given(path: Path) -> dict[str, Any]:
    """Image from a file; one that differs from the cached one is refused, for flash files were made with that."""
    if not path.is_file():
        raise PicoError("image_missing", f"{path} is no file; name a UF2 or raw image for {BOARD['image']}")
    data = path.read_bytes()[: MAX_IMAGE + 1]
    if not cached():
        return take(data, path.name)
    record = check_cached()
    if hashlib.sha256(uf2.unpacked(data)).hexdigest() != record["sha256"]:
        raise PicoError("image_differs", f"another image is cached; to use {path.name}, remove {CACHE} first")
    return record


def fetched() -> dict[str, Any]:
    """Cached image, else download, else build."""
    if cached():
        return check_cached()
    return take(*(_downloaded() or _built()))


def _downloaded() -> tuple[bytes, str] | None:
    _say(f"official image: {OFFICIAL}")
    try:
        with urllib.request.urlopen(OFFICIAL, timeout=DOWNLOAD_SECONDS) as answer:
            data: bytes = answer.read(MAX_IMAGE + 1)
        uf2.unpacked(data)
    except (urllib.error.URLError, OSError, PicoError) as e:
        _say(f"not to be had here ({type(e).__name__}); building it from Debian's source packages")
        return None
    return data, OFFICIAL


def _built() -> tuple[bytes, str]:
    done = subprocess.run(["bash", str(HERE / "build.sh"), str(CACHE / "build")], check=False)
    if done.returncode:
        line = "the build failed (above); take an RPI_PICO UF2 from micropython.org, then: make pico-image IMAGE=FILE"
        raise PicoError("image_build", line)
    return (CACHE / "build/out/firmware.bin").read_bytes(), "built from Debian's source packages"


def _say(line: str) -> None:
    print(f"pico-image: {line}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make pico-image")
    parser.add_argument("--image", type=Path, metavar="FILE", help="a UF2 or raw image to use")
    path: Path | None = parser.parse_args().image
    begin = time.monotonic()
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        check_rom()
        node.prepare(_say)
        record = given(path) if path else fetched()
    except PicoError as e:
        print(f"cabinpay: {e.code}: {e.line}", file=sys.stderr)
        return 3
    _say(f"MicroPython {record['version']}, {record['board']} ({BOARD['image']}), {record['source']}")
    _say(f"SHA-256 {record['sha256']}; ready in {time.monotonic() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
