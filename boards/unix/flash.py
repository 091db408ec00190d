"""A NOR flash in a file: 4 KB sectors, 256-byte pages, programming only clears bits, and power that can be cut."""

import os

SECTOR = 4096
PAGE = 256
# erased in pieces: the heap is small, and after a while it has no 4 KB in one block
_BLANK = b"\xff" * PAGE


class FileFlash:
    """Block device for VfsLfs2 (extended interface); `operations` counts erases and page programs.

    order() -> None, or (n, bytes): cut the power in the n-th operation from the next one on, after so many bytes of
    it; asked before each operation. power_off() does not come back.
    """

    def __init__(self, path, blocks, order, power_off):
        self._blocks = blocks
        self._order = order
        self._power_off = power_off
        self.operations = 0
        self._cut = None
        try:
            self._file = open(path, "r+b")
        except OSError:
            self._file = open(path, "w+b")
            for _ in range(blocks):
                self._file.write(b"\xff" * SECTOR)
        self._file.seek(0, 2)
        if self._file.tell() != blocks * SECTOR:
            raise ValueError("flash image has another size than this board's flash")

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * SECTOR + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        for at in range(0, len(buffer), PAGE):
            self._program(block * SECTOR + offset + at, bytes(buffer[at : at + PAGE]))

    def ioctl(self, op, arg):
        if op == 4:
            return self._blocks
        if op == 5:
            return SECTOR
        if op == 6:
            self._operate(arg * SECTOR, _BLANK, SECTOR // PAGE)
        return 0

    def _program(self, at, data):
        self._file.seek(at)
        old = int.from_bytes(self._file.read(len(data)), "big")
        self._operate(at, (old & int.from_bytes(data, "big")).to_bytes(len(data), "big"))

    def _operate(self, at, data, times=1):
        order = self._order()
        if order:
            self._cut = (self.operations + order[0], order[1])
        self.operations += 1
        self._file.seek(at)
        if self._cut and self.operations == self._cut[0]:
            self._write(data, min(self._cut[1], times * len(data)))
            self._power_off()
        self._write(data, times * len(data))

    def _write(self, data, size):
        """`data` again and again until `size` bytes are written."""
        for _ in range(size // len(data)):
            self._file.write(data)
        self._file.write(data[: size % len(data)])


def power_off():
    """Nothing of this process survives: no handler, no buffer, as when a plug is pulled."""
    os.system("kill -9 $PPID")
