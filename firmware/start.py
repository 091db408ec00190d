"""What main.py imports from a slot first: mounts the slot's pack of modules over the slot's own files.

A pack is one file, for littlefs gives each of ninety small ones a block of 4 KB. Numbers big-endian: "CPP1", u16 count,
as many entries of 8 bytes (CRC-32 of a path in ASCII; where in the pack the file begins, 0 for a folder), the files.
"""

import binascii
import sys

import vfs

_FOLDER, _FILE = 0x4000, 0x8000
_ENTRY = 8


class Pack:
    """A file system whose modules are in the pack; what it does not have is looked for in the slot's folder."""

    def __init__(self, slot):
        self._slot = slot
        with open(slot + "/pack", "rb") as f:
            count = int.from_bytes(f.read(6)[4:], "big")
            self._index = f.read(count * _ENTRY)

    def mount(self, *_):
        pass

    def stat(self, path):
        at = self._find(path)
        if at is None:
            raise OSError(2)
        return (_FILE if at else _FOLDER,) + (0,) * 9

    def open(self, path, mode):
        at = self._find(path)
        if at is None:
            return open(self._slot + path, mode)
        # whoever imports knows where a module ends
        f = open(self._slot + "/pack", mode)  # noqa: SIM115 -- the importer closes it
        f.seek(at)
        return f

    def _find(self, path):
        """Where it begins, 0 for a folder, or None."""
        key = binascii.crc32(path[1:].encode()).to_bytes(4, "big")
        at = self._index.find(key)
        while at % _ENTRY and at >= 0:
            at = self._index.find(key, at + 1)
        return None if at < 0 else int.from_bytes(self._index[at + 4 : at + _ENTRY], "big")


vfs.mount(Pack(sys.path[0]), "/agent")
sys.path[0] = "/agent"
