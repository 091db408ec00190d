"""The agent on a board's flash: two slots, of which main.py names the one in use. An update fills the other one, is
checked there, and takes effect by one rename; receipts and keys lie beside the slots and are not touched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..errors import Exit, HostError
from . import pack
from .prompt import Facts, Prompt, full

SLOTS = ("agent-a", "agent-b")
MAIN = "/main.py"
BLOCK = 4096
# What littlefs takes of its own for a file's directory entry and for a folder's pair, on the safe side
_A_FILE, _A_FOLDER = 64, 2 * BLOCK
# A terminal keeps so many blocks for void, close and ack
_RESERVE = 16 * BLOCK

# The first statement closes the prompt, as firmware/main.py says. That ends only where a prompt was granted. `begin` is
# imported here and not by `start`: the stack that one import takes inside another is missed where CBOR is decoded.
_MAIN = """import micropython

micropython.kbd_intr(-1)
try:
    import sys

    sys.path.insert(0, "/{slot}")
    import start
    import begin
except:
    import machine

    machine.reset()
micropython.kbd_intr(3)
"""
_HASHES = """
import os, hashlib
def walk(folder, buffer, found):
    for entry in os.ilistdir(folder):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            walk(path, buffer, found)
            continue
        h = hashlib.sha256()
        with open(path, "rb") as f:
            while True:
                n = f.readinto(buffer)
                if not n: break
                h.update(memoryview(buffer)[:n])
        found[path] = h.digest()
def hashes(folder):
    found = {{}}
    try:
        walk(folder, bytearray(512), found)
    except OSError:
        pass
    return found
print(hashes("/{slot}"))
"""
_FOLDERS = """
import os
for folder in {folders!r}:
    try:
        os.mkdir(folder)
    except OSError:
        pass
"""
_COPY = """
b = bytearray(512)
for path in {paths!r}:
    with open("/{source}/" + path, "rb") as f, open("/{target}/" + path, "wb") as g:
        while True:
            n = f.readinto(b)
            if not n: break
            g.write(memoryview(b)[:n])
"""
_REMOVE = """
import os
def remove(folder):
    for entry in list(os.ilistdir(folder)):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000: remove(path)
        else: os.remove(path)
    os.rmdir(folder)
for path in {files!r}:
    os.remove(path)
for folder in {folders!r}:
    if folder in os.listdir("/"): remove("/" + folder)
"""
_RENAME = 'import os; os.rename("/main.new", "/main.py")'


@dataclass(frozen=True)
class Plan:
    """What is to be done: target: the slot to be in use; write, copy: paths in it to be sent, or copied from the other
    slot; stray: paths there that the agent does not have; main: is main.py to be replaced?"""

    target: str
    write: list[str]
    copy: list[str]
    stray: list[str]
    main: bool

    @property
    def nothing(self) -> bool:
        return not (self.write or self.copy or self.stray or self.main)


def main_py(slot: str) -> bytes:
    return _MAIN.format(slot=slot).encode()


def in_use(main: bytes) -> str | None:
    """The slot that a main.py names."""
    named = re.search(rb'"/(agent-[ab])"', main)
    return named[1].decode() if named else None


def plan(prompt: Prompt, contents: dict[str, bytes], facts: Facts) -> Plan:
    """Compares what is there with `contents`; HostError flash_full where the new agent does not fit beside the old."""
    main = prompt.read(MAIN) if "main.py" in facts.names else b""
    active = in_use(main)
    wanted = {path: hashlib.sha256(data).digest() for path, data in contents.items()}
    there = {slot: _held(prompt, slot) if slot in facts.names else {} for slot in SLOTS}
    if active and there[active] == wanted:
        return Plan(active, [], [], [], main != main_py(active))
    target = SLOTS[1] if active == SLOTS[0] else SLOTS[0]
    missing = [path for path in sorted(wanted) if there[target].get(path) != wanted[path]]
    copy = [path for path in missing if active and there[active].get(path) == wanted[path]]
    write = [path for path in missing if path not in copy]
    made = Plan(target, write, copy, sorted(there[target].keys() - wanted), True)
    if _room(missing, contents, made, facts) > facts.free:
        raise full()
    return made


def _held(prompt: Prompt, slot: str) -> dict[str, bytes]:
    found: dict[str, bytes] = prompt.run(_HASHES.format(slot=slot))
    return {path.removeprefix(f"/{slot}/"): digest for path, digest in found.items()}


def _room(missing: list[str], contents: dict[str, bytes], made: Plan, facts: Facts) -> int:
    """Bytes that the update takes at most, with what a terminal needs to stay one."""
    size = sum(-(-len(contents[path]) // BLOCK) * BLOCK + _A_FILE for path in missing)
    # what of it is sent lies beside it for a moment, at most half
    size += -(-len(contents[pack.NAME]) // 2 // BLOCK) * BLOCK if pack.NAME in missing else 0
    folders = 0 if made.target in facts.names else len(_folders(contents, made.target))
    return size + folders * _A_FOLDER + _RESERVE


def _folders(paths: dict[str, bytes], slot: str) -> list[str]:
    """Every folder that files of a slot lie in, the outer ones first."""
    return sorted({str(parent) for path in paths for parent in PurePosixPath(f"/{slot}/{path}").parents} - {"/"})


def fill(prompt: Prompt, contents: dict[str, bytes], made: Plan, progress: Callable[[int], None]) -> None:
    """Makes the target slot what it is to be. The agent in use is not touched: cut anywhere, it is what runs."""
    slot = made.target
    if made.stray:
        prompt.run(_REMOVE.format(files=[f"/{slot}/{path}" for path in made.stray], folders=[]))
    prompt.run(_FOLDERS.format(folders=_folders(contents, slot)))
    for path in made.copy:
        prompt.run(_COPY.format(paths=[path], source=_other(slot), target=slot))
        progress(len(contents[path]))
    for path in made.write:
        if path == pack.NAME:
            pack.send(prompt, f"/{slot}/{path}", f"/{_other(slot)}/{path}", contents[path], progress)
        else:
            prompt.write(f"/{slot}/{path}", contents[path], progress)


def verify(prompt: Prompt, contents: dict[str, bytes], slot: str) -> None:
    """HostError unless the board itself finds every file as it is to be, and no other."""
    wanted = {path: hashlib.sha256(data).digest() for path, data in contents.items()}
    if _held(prompt, slot) != wanted:
        line = "what is on the board is not what was sent: flash it again; if it stays so, with another cable"
        raise HostError("flash_verify", line, Exit.CHECKS)


def activate(prompt: Prompt, slot: str) -> None:
    """From the rename on, the next start is of this slot; then the other one goes."""
    prompt.write("/main.new", main_py(slot))
    if prompt.read("/main.new") != main_py(slot):
        raise HostError("flash_verify", "main.py did not arrive whole: flash it again", Exit.CHECKS)
    prompt.run(_RENAME)


def clear(prompt: Prompt, slot: str) -> None:
    """Removes the slot that is not in use."""
    prompt.run(_REMOVE.format(files=[], folders=[_other(slot)]))


def _other(slot: str) -> str:
    return SLOTS[1 - SLOTS.index(slot)]
