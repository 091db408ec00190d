"""A terminal's flash as an image: its littlefs files and its journal's records, read only.

The layout is stated in firmware/cabinpay/agent/JOURNAL.md; this is the ground's own reading of it.
"""

import binascii
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from littlefs import LittleFS, LittleFSError
from littlefs.context import UserContext

BLOCK = 4096
RECEIPT, ACK, TIME, PURGE = 1, 2, 3, 4
JOURNAL, QUARANTINE = "journal/", "quarantine/"
_MAGIC = b"littlefs"
SEGMENT_MAGIC = b"CPS2"
_SEGMENT = ">4sIII"
SEGMENT_HEADER = struct.calcsize(_SEGMENT) + 4
RECORD_MAGIC = b"CPR2"
HEAD = struct.Struct(">4sBBHHHIQ8s8sIII")
_HEAD_SIZE = HEAD.size + 4
_PASS = ">8s8sIIIB3x"
# of a block: segments have fewer than 2 ** 7 blocks
_MOST_POINTERS = 8
# No larger file is a terminal's; a damaged size must not fill memory
_MAX_FILE = 1 << 20
_READ_ERROR = -5


@dataclass
class Record:
    """One record of the journal; number: a receipt's own, or what an ack covers; floor: what time it has been."""

    type: int
    number: int
    signed: bytes
    evidence: bytes
    floor: int


@dataclass
class Flash:
    """files: content by path; used, blocks: of 4 KB; fault: "" or why the file system is not whole."""

    files: dict[str, bytes]
    used: int
    blocks: int
    fault: str = ""


@dataclass
class Pass:
    """What a pass has spent on the terminal."""

    issuer_kid: bytes
    cti: bytes
    seq: int
    total: int
    expiry: int
    count: int


class _Image(UserContext):  # type: ignore[misc, unused-ignore]
    """Never written to, and never read beyond its end, whatever a damaged file system asks for."""

    def read(self, cfg: Any, block: int, off: int, size: int) -> bytearray:  # noqa: ARG002
        start = block * BLOCK + off
        return bytearray(bytes(self.buffer[start : start + size]).ljust(size, b"\xff"))

    def prog(self, cfg: Any, block: int, off: int, data: bytes) -> int:  # noqa: ARG002
        return _READ_ERROR

    def erase(self, cfg: Any, block: int) -> int:  # noqa: ARG002
        return _READ_ERROR


def start(data: bytes) -> int | None:
    """Where the file system begins in an image or a dump of a whole chip, at any byte, or None where there is none."""
    at = data.find(_MAGIC)
    while at >= 0:
        if at >= 8 and data[at + 16 : at + 20] == BLOCK.to_bytes(4, "little"):
            return at - 8
        at = data.find(_MAGIC, at + 1)
    return None


def read(data: bytes) -> Flash:
    """Everything that can be read of the image's file system; `fault` says why not more."""
    first = start(data)
    if first is None:
        return Flash({}, 0, len(data) // BLOCK, "no file system")
    flash = _read_at(data, first, first)
    if flash.fault and first >= BLOCK:
        # what was found may be the second of two superblocks
        other = _read_at(data, first - BLOCK, first)
        flash = flash if other.fault else other
    return flash


def _read_at(data: bytes, first: int, superblock: int) -> Flash:
    blocks = min(struct.unpack_from("<I", data, superblock + 28)[0], (len(data) - first) // BLOCK)
    flash = Flash({}, 0, blocks)
    try:
        context = _Image(buffer=bytearray(data[first : first + blocks * BLOCK]))
        # with a cache of 256 bytes littlefs called a file of 299 corrupt that a larger one reads
        sizes = {"block_size": BLOCK, "block_count": blocks, "read_size": 32, "prog_size": 256, "cache_size": BLOCK}
        fs = LittleFS(context=context, mount=True, lookahead_size=32, **sizes)
        flash.used = fs.used_block_count
        _read_files(fs, flash)
    except (LittleFSError, OSError, ValueError, MemoryError) as e:
        flash.fault = f"file system damaged: {e}"
    return flash


def _read_files(fs: LittleFS, flash: Flash) -> None:
    for folder, _, names in fs.walk("/"):
        for name in sorted(names):
            path = f"{folder}/{name}".lstrip("/")
            with fs.open("/" + path, "rb") as f:
                flash.files[path] = f.read(_MAX_FILE)


def header(segment: bytes) -> tuple[int, int, int] | None:
    """(ordinal, highest number before it, high-water number) of a segment, or None where its header is damaged."""
    if not _checked(segment[:SEGMENT_HEADER], SEGMENT_HEADER) or segment[:4] != SEGMENT_MAGIC:
        return None
    _, ordinal, before, high = struct.unpack_from(_SEGMENT, segment)
    return ordinal, before, high


def records(segment: bytes) -> Iterator[Record]:
    """Records of a segment; ValueError with one line at the first place that is damaged or was torn by a power cut."""
    if len(segment) < SEGMENT_HEADER:
        return
    if header(segment) is None:
        raise ValueError("its header is damaged")
    at = SEGMENT_HEADER
    while at < len(segment):
        record, size = _record(segment, at)
        yield record
        at += size


def snapshot(data: bytes) -> tuple[bytes, list[Pass]]:
    """(head as CBOR, passes) of a snapshot; ValueError where it is damaged."""
    if data[:4] != b"CPN1" or not _checked(data, 8):
        raise ValueError("its checksum is wrong")
    length, count = struct.unpack_from(">HH", data, 4)
    end = 8 + length
    size = struct.calcsize(_PASS)
    if len(data) != end + count * size + 4:
        raise ValueError("its lengths are wrong")
    return data[8:end], [Pass(*struct.unpack_from(_PASS, data, end + i * size)) for i in range(count)]


def _checked(data: bytes, least: int) -> bool:
    return len(data) >= least and binascii.crc32(data[:-4]) == int.from_bytes(data[-4:], "big")


def carve(data: bytes) -> list[Record]:
    """Whole records found anywhere in raw flash, by their magic and checksum, whatever has become of the files."""
    edge, bases = _blocks(data)
    following: dict[int, list[int]] = {}
    for at in range(edge, len(data) - 3, BLOCK):
        following.setdefault(int.from_bytes(data[at : at + 4], "little"), []).append(at)
    found = (_whole(data, at) or _across(data, at, edge, bases, following) for at in _candidates(data, edge))
    return [record for record in found if record]


def _blocks(data: bytes) -> tuple[int, Sequence[int]]:
    """(Where in the image a block begins, how many blocks there may be before the file system's first)."""
    first = start(data)
    if first is not None:
        # of two superblocks this may be the second
        return first % BLOCK, (first // BLOCK, first // BLOCK - 1)
    at = data.find(SEGMENT_MAGIC)
    while at >= 0 and header(data[at : at + SEGMENT_HEADER]) is None:
        at = data.find(SEGMENT_MAGIC, at + 1)
    return max(at, 0) % BLOCK, range(len(data) // BLOCK)


def _candidates(data: bytes, edge: int) -> list[int]:
    """Where a record may begin, be its magic cut by the end of a block."""
    places, at = set(), data.find(RECORD_MAGIC)
    while at >= 0:
        places.add(at)
        at = data.find(RECORD_MAGIC, at + 4)
    for end in range(edge + BLOCK, len(data), BLOCK):
        places.update(end - n for n in (1, 2, 3) if data[end - n : end] == RECORD_MAGIC[:n])
    return sorted(places)


def _whole(data: bytes, at: int) -> Record | None:
    with suppress(ValueError):
        return _record(data, at)[0]
    return None


def _across(
    data: bytes, at: int, edge: int, bases: Sequence[int], following: dict[int, list[int]]
) -> Record | None:
    """A record that goes on in another block. In littlefs each block of a file but the first begins with the numbers
    of some before it (one, and one more for each power of two that divides its own), the last block's first."""
    number = (at - edge) // BLOCK
    end = edge + (number + 1) * BLOCK
    for following_at in (place for base in bases for place in following.get(number - base, ())):
        for pointers in range(1, _MOST_POINTERS):
            rest = data[following_at + 4 * pointers : following_at + BLOCK]
            record = _whole(data[at:end] + rest, 0)
            if record:
                return record
    return None


def _record(data: bytes, at: int) -> tuple[Record, int]:
    if len(data) - at < _HEAD_SIZE:
        raise ValueError(f"a record is torn at byte {at}")
    magic, type_, _, a, b, _, number, floor, *_ = HEAD.unpack_from(data, at)
    if magic != RECORD_MAGIC:
        raise ValueError(f"no record where one belongs, at byte {at}")
    if not _checked(data[at : at + _HEAD_SIZE], _HEAD_SIZE):
        raise ValueError(f"a record's head is damaged at byte {at}")
    size = _HEAD_SIZE + a + b + 4
    if len(data) - at < size:
        raise ValueError(f"a record is torn at byte {at}")
    if binascii.crc32(data[at : at + size - 4]) != int.from_bytes(data[at + size - 4 : at + size], "big"):
        raise ValueError(f"a record's checksum is wrong at byte {at}")
    body = at + _HEAD_SIZE
    return Record(type_, number, data[body : body + a], data[body + a : body + a + b], floor), size
