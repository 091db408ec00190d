"""A slot's modules as one file: firmware/start.py says why and what is in it, and reads it on the board."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable
from pathlib import PurePosixPath

from .prompt import Prompt

NAME = "pack"
_MAGIC = b"CPP1"
_HEAD, _ENTRY = 6, 8
# SHA-256, place and size of every module in a pack
_HELD = """
import hashlib
def held(path):
    with open(path, "rb") as f:
        index = f.read(8 * int.from_bytes(f.read(6)[4:], "big"))
        places = sorted({{int.from_bytes(index[i + 4 : i + 8], "big") for i in range(0, len(index), 8)}} - {{0}})
        found = []
        for at, end in zip(places, places[1:] + [f.seek(0, 2)]):
            f.seek(at)
            found.append((hashlib.sha256(f.read(end - at)).digest(), at, end - at))
        return found
try:
    print(held({path!r}))
except (OSError, ValueError, MemoryError):  # none, or a damaged one: then all is sent
    print([])
"""
_JOIN = """
b = bytearray(512)
with open({target!r}, "wb") as out, open({part!r}, "rb") as part, open({old!r}, "rb") as old:
    for is_old, at, size in {pieces!r}:
        f = old if is_old else part
        f.seek(at)
        while size:
            n = f.readinto(memoryview(b)[: min(size, 512)])
            out.write(memoryview(b)[:n])
            size -= n
import os
os.remove({part!r})
"""
# (is it in the old pack?, place there or in what is sent, size)
Piece = tuple[int, int, int]


def packed(modules: dict[str, bytes]) -> bytes:
    """The pack of these files, by their paths. ValueError where two paths have one checksum."""
    folders = {str(parent) for path in modules for parent in PurePosixPath(path).parents} - {"."}
    at = _HEAD + _ENTRY * (len(modules) + len(folders))
    entries = dict.fromkeys(map(_key, sorted(folders)), 0)
    for path, content in sorted(modules.items()):
        entries[_key(path)] = at
        at += len(content)
    if len(entries) != len(modules) + len(folders):
        raise ValueError("two paths in a pack have one checksum: rename a module")
    index = b"".join(key + begin.to_bytes(4, "big") for key, begin in entries.items())
    head = _MAGIC + len(entries).to_bytes(2, "big")
    return head + index + b"".join(content for _, content in sorted(modules.items()))


def _key(path: str) -> bytes:
    return binascii.crc32(path.encode()).to_bytes(4, "big")


def send(prompt: Prompt, path: str, old: str, new: bytes, progress: Callable[[int], None]) -> None:
    """Writes pack `new` to `path`: only what pack `old` on that board does not have is sent."""
    held = {digest: (at, size) for digest, at, size in prompt.run(_HELD.format(path=old))}
    part, pieces = difference(new, held)
    # both lie there for a moment
    if 2 * len(part) > len(new):
        prompt.write(path, new, progress)
        return
    prompt.write(f"{path}.part", part, progress)
    prompt.run(_JOIN.format(target=path, part=f"{path}.part", old=old, pieces=pieces))
    progress(len(new) - len(part))


def difference(new: bytes, held: dict[bytes, tuple[int, int]]) -> tuple[bytes, list[Piece]]:
    """What of pack `new` is to be sent, and where its pieces come from; held: (place, size) by SHA-256 of modules."""
    places = _places(new)
    part, pieces = bytearray(new[: places[0]]), [(0, 0, places[0])]
    for at, end in zip(places, [*places[1:], len(new)], strict=True):
        content = new[at:end]
        found = held.get(hashlib.sha256(content).digest())
        pieces.append((1, *found) if found else (0, len(part), len(content)))
        part += b"" if found else content
    return bytes(part), pieces


def _places(whole: bytes) -> list[int]:
    end = _HEAD + _ENTRY * int.from_bytes(whole[4:_HEAD], "big")
    begins = {int.from_bytes(whole[at + 4 : at + _ENTRY], "big") for at in range(_HEAD, end, _ENTRY)}
    return sorted(begins - {0})
