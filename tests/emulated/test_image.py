"""Where images come from and which are refused; the boot ROM is its source's."""

import hashlib
import json
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from pico_emulated import image, uf2
from pico_emulated.layout import BOARD, HERE, ROM, PicoError


def raw(version: str = "1.25.0", size: int = 4096) -> bytes:
    """The smallest image that looks like this board's firmware."""
    boot2 = bytes(uf2.BOOT2)
    banner = f"MicroPython v{version} on 2025-04-15\0; Raspberry Pi Pico with RP2040\0".encode()
    return (boot2 + struct.pack("<I", uf2._crc(boot2)) + banner).ljust(size, b"\0")


def packed(data: bytes, family: int = uf2.RP2040, start: int = uf2.FLASH_START) -> bytes:
    blocks = [data[at : at + 256] for at in range(0, len(data), 256)]
    return b"".join(
        struct.pack("<8I", *uf2.MAGICS[:2], 0x2000, start + 256 * i, 256, i, len(blocks), family)
        + block.ljust(476, b"\0") + struct.pack("<I", uf2.MAGICS[2])
        for i, block in enumerate(blocks)
    )  # fmt: skip


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own."""
    monkeypatch.setattr(image, "CACHE", tmp_path)
    monkeypatch.setattr(image, "FIRMWARE", tmp_path / "firmware.bin")
    monkeypatch.setattr(image, "RECORD", tmp_path / "firmware.json")
    return tmp_path


def test_uf2_and_raw_image_are_the_same_image() -> None:
    assert uf2.unpacked(packed(raw())) == uf2.unpacked(raw()) == raw()


def test_an_image_says_what_it_is() -> None:
    assert uf2.describe(raw(), 8192) == {"version": "1.25.0", "board": "Raspberry Pi Pico with RP2040"}


@pytest.mark.parametrize(("data", "code"), [
    (b"", "image_unknown"),
    (b"<html>not found</html>" * 50, "image_unknown"),
    (raw()[1:], "image_unknown"),
    (packed(raw(), family=0xE48BFF59), "image_unknown"),  # an RP2350's
    (packed(raw(), start=0x20000000), "image_unknown"),
    (packed(raw())[:-1], "image_cut"),
])  # fmt: skip
def test_what_does_not_boot_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(PicoError) as refused:
        uf2.unpacked(data)
    assert refused.value.code == code


def test_other_firmware_and_too_large_firmware_are_refused(cache: Path) -> None:
    blank = raw().replace(b"MicroPython", b"CircuitThon")
    for data, code in ((blank, "image_unknown"), (raw(size=BOARD["flash"]["storage_offset"] + 1), "image_size")):
        with pytest.raises(PicoError) as refused:
            image.take(data, "test")
        assert refused.value.code == code
    assert list(cache.iterdir()) == []


def test_checksum_is_recorded_once_and_compared_ever_after(cache: Path) -> None:
    file = cache / "given.uf2"
    file.write_bytes(packed(raw()))
    record = image.given(file)
    assert record["sha256"] == hashlib.sha256(raw()).hexdigest()
    assert image.fetched() == image.check_cached() == image.given(file) == record
    file.write_bytes(packed(raw("1.26.0")))
    with pytest.raises(PicoError, match="image_differs"):
        image.given(file)
    image.FIRMWARE.write_bytes(raw("1.26.0"))
    with pytest.raises(PicoError, match="image_changed"):
        image.check_cached()


def test_without_an_image_the_line_names_the_command(cache: Path) -> None:
    with pytest.raises(PicoError, match="make pico-image"):
        image.check_cached()
    with pytest.raises(PicoError, match="image_missing"):
        image.given(cache / "none.uf2")


def test_boot_rom_is_what_its_checksum_says() -> None:
    image.check_rom()


@pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="no arm-none-eabi-gcc here: the ROM is not rebuilt")
def test_boot_rom_is_what_its_source_makes(tmp_path: Path) -> None:
    subprocess.run([HERE / "rom/build.sh", tmp_path / "rom.bin"], check=True, capture_output=True)
    assert (tmp_path / "rom.bin").read_bytes() == ROM.read_bytes()


def test_emulator_core_is_pinned_exactly_and_names_no_registry() -> None:
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    text = (HERE / "package-lock.json").read_text()
    locked = json.loads(text)["packages"]["node_modules/rp2040js"]
    assert wanted == {"rp2040js": locked["version"]} == {"rp2040js": "1.4.1"}
    assert locked["integrity"].startswith("sha512-")
    assert "resolved" not in text and "http" not in text
