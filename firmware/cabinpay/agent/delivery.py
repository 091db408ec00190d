"""What a boot and the ground do with the files of trust bundles: they are checked, taken in pieces, freed. In the air
its code need not be in RAM."""

import hashlib

from .errors import Refused
from .shelf import FOLDER, stem
from .shelf import path as path_of

_PART = ".part"
# Gathered in RAM, so that a file costs an append for a flash block and not for each of the link's small chunks
BLOCK = 4096
# As much as a request of the link brings
_CHUNK = 240
_PIECE = 512


class Delivery:
    """Brings files onto a shelf, piece by piece."""

    def __init__(self, shelf):
        self._shelf = shelf
        self._files = shelf.files
        self._pending = None  # a boot brings nothing, and needs no place for it
        self._used = 0
        self._growing = b""

    def missing(self, entries):
        """[[name, bytes held of it], ...] of those that are not there whole, a damaged one included."""
        return [[entry[0], self._held(entry)] for entry in entries if not self._whole(entry)]

    def keep(self, entries):
        """Frees whatever belongs to none of `entries`, begun files included, and what RAM holds of any."""
        self._used = 0
        if not entries and not self._files.exists(FOLDER):
            return
        self._files.folder(FOLDER)
        kept = [stem(entry) for entry in entries]
        for name in self._files.listed(FOLDER):
            if name.split(".")[0] not in kept:
                self._files.remove(FOLDER + "/" + name)

    def add(self, entry, offset, chunk):
        """Takes the bytes of a file from `offset` on; True once it is there whole."""
        path = path_of(entry)
        if self._growing != entry[2]:
            self._growing, self._used = entry[2], 0
        size = self._held(entry) + self._used
        if offset != size or size + len(chunk) > entry[1]:
            self._used = 0  # its host is another now, or has begun again: flash says what is there
            raise Refused("file_chunk", "A file comes in order, from where it was left. Send the bundle again.")
        # of its size from the start: one that grows leaves its former selves all over the heap
        self._pending = self._pending or bytearray(BLOCK + _CHUNK)
        self._pending[self._used : self._used + len(chunk)] = chunk
        self._used += len(chunk)
        whole = size + len(chunk) == entry[1]
        if whole or self._used >= BLOCK:
            self._write(path)
        if not whole:
            return False
        self._finish(entry, path)
        return True

    def _write(self, path):
        used, self._used = self._used, 0
        with self._files.open(path + _PART, "ab") as f:
            f.write(memoryview(self._pending)[:used])

    def lacks(self, entry):
        """Bytes of it that are not on flash."""
        return 0 if self._files.exists(path_of(entry)) else entry[1] - self._held(entry)

    def _finish(self, entry, path):
        part = path + _PART
        if not self._matches(part, entry):
            self._files.remove(part)
            raise Refused("file_hash", "The file is not the one that the bundle names. Send it again.")
        if not self._shelf.asked(part, entry, lambda rows: rows.ascending()):
            self._files.remove(part)
            raise Refused("file_order", "The file's rows are out of order: make the bundle again.")
        self._files.rename(part, path)

    def _whole(self, entry):
        path = path_of(entry)
        if self._files.exists(path):
            if self._matches(path, entry):
                return True
            self._files.remove(path)  # damaged: to be sent again
        if self._held(entry) < entry[1]:
            return False
        try:
            self._finish(entry, path)  # power failed between its last byte and its name
            return True
        except Refused:
            return False

    def _matches(self, path, entry):
        digest, size = hashlib.sha256(), 0
        with self._files.open(path, "rb") as f:
            while True:
                piece = f.read(_PIECE)
                if not piece:
                    return size == entry[1] and digest.digest() == entry[2]
                digest.update(piece)
                size += len(piece)

    def _held(self, entry):
        path = path_of(entry) + _PART
        if not self._files.exists(path):
            return 0
        with self._files.open(path, "rb") as f:
            return f.seek(0, 2)
