"""Firmware images of an RP2040: UF2 to raw flash content, and what an image says about itself."""

import re
import struct

from .layout import PicoError

BLOCK = 512
MAGICS = (0x0A324655, 0x9E5D5157, 0x0AB16F30)
RP2040 = 0xE48BFF56
FLASH_START = 0x10000000
BOOT2 = 252
# two strings of the banner, which the compiler keeps apart
_VERSION = re.compile(rb"MicroPython v([0-9][^ ]*) on [0-9-]+")
_BOARD = re.compile(rb"; ([ -~]+ with RP2040)")


def unpacked(data: bytes) -> bytes:
    """Raw flash content of a UF2 or of a raw image; PicoError for what no RP2040 boots from."""
    image = _from_uf2(data) if data[:4] == struct.pack("<I", MAGICS[0]) else data
    if len(image) <= BOOT2 or _crc(image[:BOOT2]) != int.from_bytes(image[BOOT2 : BOOT2 + 4], "little"):
        raise PicoError("image_unknown", "this is no image that an RP2040 boots from; take the RPI_PICO UF2")
    return image


def _from_uf2(data: bytes) -> bytes:
    image = bytearray()
    for at in range(0, len(data), BLOCK):
        block = data[at : at + BLOCK]
        if len(block) < BLOCK:
            raise PicoError("image_cut", "the UF2 ends inside a block; copy it again")
        first, second, _, address, size, _, _, family = struct.unpack("<8I", block[:32])
        whole = (first, second, struct.unpack("<I", block[-4:])[0]) == MAGICS and size <= 476
        if not whole or family != RP2040 or address != FLASH_START + len(image):
            raise PicoError("image_unknown", "the UF2 is not one for an RP2040's flash; take the one for RPI_PICO")
        image += block[32 : 32 + size]
    return bytes(image)


def _crc(data: bytes) -> int:
    """CRC-32/MPEG-2, which the boot ROM checks the second stage by."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
    return crc


def describe(image: bytes, limit: int) -> dict[str, str]:
    """version and board, as the firmware's own banner has them; PicoError where it cannot be this board's."""
    version, board = _VERSION.search(image), _BOARD.search(image)
    if not version or not board:
        raise PicoError("image_unknown", "this is no MicroPython for an RP2040; take the RPI_PICO UF2")
    if len(image) > limit:
        raise PicoError("image_size", f"firmware of {len(image)} bytes reaches into the file system, from {limit} on")
    return {"version": version[1].decode(), "board": board[1].decode()}
