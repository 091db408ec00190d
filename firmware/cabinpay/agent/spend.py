"""What each pass has spent on this terminal: a preallocated table, open addressing, so that it never grows."""

import struct

_ENTRY = ">16sIIIBB2x"
ENTRY_SIZE = _SIZE = struct.calcsize(_ENTRY)
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

    def drop(self, time):
        """Forgets the passes that had expired at Unix second `time`; how many."""
        before = self.used
        for slot in range(self._slots):
            # what takes the place of a removed one may be expired too
            while self._expiry(slot) <= time:
                self._remove(slot)
        return before - self.used

    def expired(self, time):
        """Are there passes that had expired at Unix second `time`?"""
        return any(self._expiry(slot) <= time for slot in range(self._slots))

    def entries(self):
        """Each entry as it is kept, ENTRY_SIZE bytes, good until the next one."""
        view = memoryview(self._table)
        for slot in range(self._slots):
            if self._is_used(slot):
                yield view[slot * _SIZE : (slot + 1) * _SIZE]

    def put(self, entry):
        """Takes back an entry that `entries` gave, in a table that does not have its pass; ValueError where it is full,
        or for no entry."""
        if self.used >= self.capacity or entry[_SIZE - 3] != _USED:
            raise ValueError("spend table is full")
        at = self._find(bytes(entry[:16]))
        self._table[at : at + _SIZE] = entry
        self.used += 1

    def _is_used(self, slot):
        return self._table[(slot + 1) * _SIZE - 3] == _USED

    def _expiry(self, slot):
        return struct.unpack_from(">I", self._table, slot * _SIZE + 24)[0] if self._is_used(slot) else 1 << 32

    def _home(self, at):
        # ids are uniformly distributed already (a hash, and random bytes)
        return struct.unpack_from(">I", self._table, at + 8)[0] % self._slots

    def _remove(self, hole):
        """Empties a slot, and moves up what was put behind it for want of its own place."""
        self.used -= 1
        slot = hole
        while True:
            slot = (slot + 1) % self._slots
            if not self._is_used(slot):
                break
            home = self._home(slot * _SIZE)
            if (slot - home) % self._slots >= (slot - hole) % self._slots:
                self._table[hole * _SIZE : (hole + 1) * _SIZE] = self._table[slot * _SIZE : (slot + 1) * _SIZE]
                hole = slot
        self._table[(hole + 1) * _SIZE - 3] = 0

    def _find(self, ident):
        slot = struct.unpack(">I", ident[8:12])[0] % self._slots
        while True:
            at = slot * _SIZE
            if not self._is_used(slot) or self._table[at : at + 16] == ident:
                return at
            slot = (slot + 1) % self._slots
