"""SHA-512 (FIPS 180-4): no MicroPython port's hashlib has it."""

from ._engine import compress, swap
from ._tables import INITIAL, ROUNDS

_BLOCK = 128
# Aligned, and in memory that can be written: an engine wants its constants, and room for the 80 words of the schedule
_ROUNDS = bytearray(ROUNDS)
del ROUNDS
_SCHEDULE = bytearray(704)


class Sha512:
    """A running hash: `update` with any number of pieces, then `digest` once."""

    def __init__(self) -> None:
        self._state = bytearray(INITIAL)
        self._block = bytearray(_BLOCK)
        self._length = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        """Hash `data`, of any length, after what came before."""
        view = memoryview(data)
        start = 0
        while start < len(view):
            used = self._length % _BLOCK
            take = min(_BLOCK - used, len(view) - start)
            self._block[used : used + take] = view[start : start + take]
            self._length += take
            start += take
            if used + take == _BLOCK:
                compress(self._state, self._block, _ROUNDS, _SCHEDULE)

    def digest(self) -> bytes:
        """Pad (section 5.1.2) and return the 64 bytes; the object is used up."""
        length = self._length * 8
        self.update(b"\x80" + bytes(-(self._length + 17) % _BLOCK + 8) + length.to_bytes(8, "big"))
        out = bytearray(64)
        swap(out, self._state)
        return bytes(out)
