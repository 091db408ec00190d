"""What each pass has spent on this terminal: a preallocated table, open addressing, so that it never grows."""

import struct

_ENTRY = ">16sIIIBB2x"
_SIZE = struct.calcsize(_ENTRY)
_USED = 1


class SpendTable:
    """Entries by (issuer kid, cti), 16 bytes: highest seq, sum in minor units, the pass's expiry, count.

    `capacity` passes at most: a full table refuses new passes and forgets none.
    """

    def __init__(self, capacity):
        self.capacity = capacity
        self.used = 0
        # one slot in five stays free, so that looking for an unknown pass ends soon
        self._slots = capacity + capacity // 4 + 1
        self._table = bytearray(self._slots * _SIZE)

    def get(self, ident):
        """(highest seq, sum, count), zeros for a pass never seen."""
        at = self._find(ident)
        _, seq, total, _, count, used = struct.unpack_from(_ENTRY, self._table, at)
        return (seq, total, count) if used else (0, 0, 0)

    def room_for(self, ident):
        return self.used < self.capacity or self.get(ident)[0] > 0

    def add(self, ident, seq, amount, expiry):
        """Books a sale; ValueError where a new pass finds the table full: ask `room_for` first."""
        if not self.room_for(ident):
            raise ValueError("spend table is full")
        at = self._find(ident)
        _, last, total, _, count, used = struct.unpack_from(_ENTRY, self._table, at)
        self.used += not used
        struct.pack_into(_ENTRY, self._table, at, ident, max(last, seq), total + amount, expiry, count + 1, _USED)

    def give_back(self, ident, amount):
        """A sale of this pass was cancelled: its sum is free again, its seq and its place in the count stay used."""
        at = self._find(ident)
        _, last, total, expiry, count, used = struct.unpack_from(_ENTRY, self._table, at)
        if used:
            struct.pack_into(_ENTRY, self._table, at, ident, last, max(0, total - amount), expiry, count, _USED)

    def _find(self, ident):
        # ids are uniformly distributed already (a hash, and random bytes)
        slot = struct.unpack(">I", ident[8:12])[0] % self._slots
        while True:
            at = slot * _SIZE
            if self._table[at + _SIZE - 3] != _USED or self._table[at : at + 16] == ident:
                return at
            slot = (slot + 1) % self._slots
