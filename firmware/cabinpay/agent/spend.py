"""What each pass has spent on this terminal: a preallocated table, open addressing, so that it never grows."""

import struct

from .heap import make_room

# As kept in RAM, where 1,000 of them must leave room for everything else: cti, highest seq, sum in minor units, the
# pass's expiry, count of sales, place of the issuer's kid among those met, from 1 on; 0 for a free slot
_SLOT = ">8sIIIBB"
_SIZE = struct.calcsize(_SLOT)
# As handed out: issuer kid, cti, seq, sum, expiry, count, 1
_ENTRY = ">16sIIIBB2x"
ENTRY_SIZE = struct.calcsize(_ENTRY)
_EXPIRY = 16
# A byte names them; a bundle lists 16, and keys are changed a few times a year
MAX_ISSUERS = 255


class SpendTable:
    """Entries by (issuer kid, cti), 16 bytes: highest seq, sum in minor units, the pass's expiry, count.

    `capacity` passes at most: a full table refuses new passes and forgets none.
    """

    def __init__(self, capacity):
        self.capacity = capacity
        self.used = 0
        # one slot in seventeen stays free, so that looking for an unknown pass ends: after 150 slots in a full table
        self._slots = capacity + capacity // 16 + 1
        self._table = bytearray(self._slots * _SIZE)
        self._kids = []

    def get(self, ident):
        """(highest seq, sum, count), zeros for a pass never seen."""
        at = self._find(ident, self._issuer(ident))
        _, seq, total, _, count, issuer = struct.unpack_from(_SLOT, self._table, at)
        return (seq, total, count) if issuer else (0, 0, 0)

    def room_for(self, ident):
        return self.get(ident)[0] > 0 or self._takes_new(self._issuer(ident))

    def _takes_new(self, issuer):
        return self.used < self.capacity and (issuer > 0 or len(self._kids) < MAX_ISSUERS)

    def add(self, ident, seq, amount, expiry):
        """Books a sale; ValueError where a new pass finds the table full: ask `room_for` first."""
        issuer = self._issuer(ident)
        at = self._find(ident, issuer)
        if not self._table[at + _SIZE - 1]:
            self._put(at, ident, seq, amount, expiry, 1, issuer)
            return
        cti, last, total, _, count, _ = struct.unpack_from(_SLOT, self._table, at)
        last, total = max(last, seq), total + amount
        struct.pack_into(_SLOT, self._table, at, cti, last, total, expiry, count + 1, issuer)

    def give_back(self, ident, amount):
        """A sale of this pass was cancelled: its sum is free again, its seq and its place in the count stay used."""
        at = self._find(ident, self._issuer(ident))
        cti, last, total, expiry, count, issuer = struct.unpack_from(_SLOT, self._table, at)
        if issuer:
            total = max(0, total - amount)
            struct.pack_into(_SLOT, self._table, at, cti, last, total, expiry, count, issuer)

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
        """Each entry, ENTRY_SIZE bytes, good until the next one."""
        entry = bytearray(ENTRY_SIZE)
        for slot in range(self._slots):
            cti, seq, total, expiry, count, issuer = struct.unpack_from(_SLOT, self._table, slot * _SIZE)
            if issuer:
                struct.pack_into(_ENTRY, entry, 0, self._kids[issuer - 1] + cti, seq, total, expiry, count, 1)
                yield entry

    def put(self, entry):
        """Takes back an entry that `entries` gave, in a table that does not have its pass; ValueError where it is full,
        or for no entry."""
        ident, seq, total, expiry, count, one = struct.unpack(_ENTRY, entry)
        if one != 1:
            raise ValueError("no entry of a spend table")
        issuer = self._issuer(ident)
        self._put(self._find(ident, issuer), ident, seq, total, expiry, count, issuer)

    def _put(self, at, ident, seq, total, expiry, count, issuer):
        """Takes up a new pass in the free slot `at`; ValueError where that is one too many."""
        if not self._takes_new(issuer):
            raise ValueError("spend table is full")
        if not issuer:
            make_room()
            self._kids.append(ident[:8])
            issuer = len(self._kids)
        self.used += 1
        struct.pack_into(_SLOT, self._table, at, ident[8:], seq, total, expiry, count, issuer)

    def _issuer(self, ident):
        """Place of its issuer's kid among those met, from 1 on, or 0."""
        for place in range(len(self._kids)):
            if ident.startswith(self._kids[place]):
                return place + 1
        return 0

    def _is_used(self, slot):
        return self._table[(slot + 1) * _SIZE - 1] > 0

    def _expiry(self, slot):
        return struct.unpack_from(">I", self._table, slot * _SIZE + _EXPIRY)[0] if self._is_used(slot) else 1 << 32

    def _place(self, a, b, c):
        # a cti is of random bytes; three of them are the most that make a small integer
        return (a << 16 | b << 8 | c) % self._slots

    def _home(self, at):
        return self._place(self._table[at], self._table[at + 1], self._table[at + 2])

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
        self._table[(hole + 1) * _SIZE - 1] = 0

    def _find(self, ident, issuer):
        """Offset of this pass's slot, or of the free one that it would take."""
        table, first = self._table, ident[8]
        at, end = self._place(first, ident[9], ident[10]) * _SIZE, len(table)
        while True:
            used = table[at + _SIZE - 1]
            # its first byte tells most others from it, and makes no slice
            if not used or (used == issuer and table[at] == first and table[at : at + 8] == ident[8:]):
                return at
            at += _SIZE
            if at == end:
                at = 0
