"""A flash that dies at a chosen operation, with real littlefs on it, and signatures that cost nothing."""

import gc
import hashlib

import vfs

from cabinpay.io.files import Files

BLOCK, PAGE = 4096, 256
# How the operation in which power fails can end
HOWS = ("before", "half", "garbage", "after")
ERASED = b"\xff" * BLOCK
_mounted = []
_memories = []


class HashedSignatures:
    TABLE_SIZE = 0

    @staticmethod
    def public_key(seed):
        return hashlib.sha256(b"public" + seed).digest()

    @classmethod
    def sign(cls, seed, message):
        return cls._of(cls.public_key(seed), message)

    @classmethod
    def verify(cls, public, message, signature):
        return signature == cls._of(public, message)

    class Verifier:
        def __init__(self, public, _):
            self._public = public

        def verify(self, message, signature):
            return HashedSignatures.verify(self._public, message, signature)

    @staticmethod
    def _of(public, message):
        digest = hashlib.sha256(public + message).digest()
        return digest + digest


def _memory(image):
    """A copy of `image`, in memory that the eighth flash before this one had: a heap in use has no room for more."""
    if len(_memories) < 8:
        _memories.append(bytearray(len(image)))
    else:
        _memories.append(_memories.pop(0))
    _memories[-1][:] = image
    return _memories[-1]


class Flash:
    """NOR flash: 4 KB sectors, programs of 256 bytes that only clear bits. Dies at operation `cut`, counted from 1, and
    answers EIO from then on: an exception of ours would leap over littlefs and leave pointers to a stack that is gone.
    record: a list for (place, data) of each operation, or None.
    """

    def __init__(self, image, record=None):
        self.memory = _memory(image)
        self.operations = 0
        self.record = record
        self.cut = 0
        self.how = ""
        self.dead = False

    def readblocks(self, block, buffer, offset=0):
        if self.dead:
            return -5
        at = block * BLOCK + offset
        buffer[:] = memoryview(self.memory)[at : at + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset=0):
        if self.dead:
            return -5
        for at in range(0, len(buffer), PAGE):
            start = block * BLOCK + offset + at
            old = int.from_bytes(self.memory[start : start + PAGE], "big")
            new = int.from_bytes(buffer[at : at + PAGE], "big")
            if self._operate(start, (old & new).to_bytes(PAGE, "big")):
                return -5
        return 0

    def ioctl(self, op, arg):
        if op == 6 and self.dead:
            return -5
        if op == 6:
            return self._operate(arg * BLOCK, ERASED)
        return len(self.memory) // BLOCK if op == 4 else BLOCK if op == 5 else 0

    def _operate(self, at, data):
        self.operations += 1
        if self.record is not None:
            self.record.append((at, data))
        self.dead = self.operations == self.cut
        old = self.memory[at : at + len(data)] if self.dead else data
        self.memory[at : at + len(data)] = ended(old, data, self.how) if self.dead else data
        return -5 if self.dead else 0


def ended(old, data, how):
    """What is there after an operation that was to make `data` of `old`, when power failed in it."""
    if how == "half":
        return data[: len(data) // 2] + old[len(data) // 2 :]
    if how == "garbage":
        # bits on their way: each is still as it was, or is already as it will be
        noise, was, will = GARBAGE[len(data)], int.from_bytes(old, "big"), int.from_bytes(data, "big")
        return ((was & noise) | (will & ~noise)).to_bytes(len(data), "big")
    return data if how == "after" else old


def cuts(image, record):
    """(n, how, flash) of every power cut of a run that began on `image`: what a flash that dies in operation n holds
    hangs on nothing but the operations before, so that the run need not be made again. flash: good until the next. A
    cut before an operation is one after the last: it is made at the first operation only."""
    memory = bytearray(image)
    for n, (at, data) in enumerate(record, 1):
        old = bytes(memory[at : at + len(data)])
        for how in HOWS if n == 1 else HOWS[1:]:
            memory[at : at + len(data)] = ended(old, data, how)
            yield n, how, memory
        memory[at : at + len(data)] = data


def garbage(size):
    out = b""
    while len(out) < size:
        out += hashlib.sha256(len(out).to_bytes(4, "big")).digest()
    return out[:size]


GARBAGE = {size: int.from_bytes(garbage(size), "big") for size in (PAGE, BLOCK)}


def mounted(flash):
    # what was left open on a file system is closed when it is collected: not after the file system itself
    gc.collect()
    found = vfs.VfsLfs2(flash, progsize=PAGE)  # OSError where there is none, and what is mounted stays so
    if len(_mounted) > 2:
        _mounted.pop(0)
    if _mounted:
        vfs.umount("/w")
    _mounted.append(found)
    vfs.mount(_mounted[-1], "/w")
    return Files("/w")


def formatted(blocks):
    """A flash image with an empty file system."""
    flash = Flash(b"\xff" * (blocks * BLOCK))
    vfs.VfsLfs2.mkfs(flash, progsize=PAGE)
    return bytes(flash.memory)
