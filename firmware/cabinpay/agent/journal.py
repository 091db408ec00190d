"""The journal: append-only segments of records. What `append` returned from is durable; what it raised at is unknown
until the next boot, and so nothing more is appended before one. JOURNAL.md has its files byte by byte."""

import hashlib

from cabinpay.wire.receipts import BREAK, FIRST_PREVIOUS, SALE, VOID
from cabinpay.wire.schema import U32

from . import highwater, records
from .errors import StorageError
from .heap import make_room
from .segments import Segments
from .trunk import Trunk

SEGMENT_SIZE = 32768
# Numbers promised ahead: about two segments of sales
SPAN = 128
BLOCK = 4096
# More bytes than any flash has
ALL = 1 << 30
# More receipts than any flash holds: what may have been used where the high-water number is lost
LEAP = 1 << 20
# Twelve blocks: void, close, ack and bundle, and littlefs itself, still have room when sales are refused. Voids and
# notes may take half of them.
RESERVE = 12 * BLOCK
ROLLED_BACK = "rolled-back"
DAMAGED = "damaged"
_NEW = (0, 0, 0, FIRST_PREVIOUS, 0, 0, 0)


class Journal:
    """acked: highest number that a ledger holds; fault: "" or why selling stops; snapshot_size: bytes that one takes at
    most, kept free for it; promised(): bytes that something else is still to take; carved(): as a Terminal's; alive():
    called before each segment that is read, so that a watchdog lives."""

    def __init__(self, files, snapshot_size=0):
        self._files = files
        self._segments = Segments(files)
        self._trunk = Trunk(0, 0, FIRST_PREVIOUS)
        self._file = None
        self._size = SEGMENT_SIZE
        self._room = 0
        self.promised = self.carved = self.alive = int  # nothing
        self.reserve = RESERVE + snapshot_size
        self._freed = 0
        self._high = 0
        self._high_known = True
        # acked and freed when it was counted, and bytes; in place, as whatever a sale changes
        self._held = [0, 0, 0]
        self.acked = 0
        self.fault = ""

    @property
    def number(self):
        """Of the last receipt."""
        return self._trunk.number

    @property
    def head(self):
        """SHA-256 of the last receipt."""
        return self._trunk.head

    @property
    def lost(self):
        """Is something damaged or missing that no break receipt explains yet?"""
        return self._trunk.lost

    def boot(self, replay, start=None):
        """Reads everything, calls `replay(record)`, each good until the next, for whole records above what `start`
        covers (what `covered` gave), and leaves the journal ready to append; where something is `lost`, only a break,
        as `explain` says."""
        covered, self._freed, number, head, latest, self.acked, self._high = start or _NEW
        self._trunk = trunk = Trunk(self._freed, number, head)
        high, last, marked, size = self._load_high()
        self._segments.find(self._freed)
        self._room = self._files.free()
        damaged = []
        # one for all: what each leaves behind would have to be collected
        record = records.Record(0, 0, 0, 0, records.NO_SPEND, b"")
        for ordinal in self._segments.ordinals:
            if not self._take_up(ordinal, None if ordinal <= covered else replay, record):
                damaged.append(ordinal)
        if not trunk.known:
            trunk.begin_anew()
        trunk.ordinal = max(trunk.ordinal, covered)
        trunk.lost = trunk.lost or last > trunk.ordinal or max(marked, latest) > trunk.top
        # a file system that falls back to an older directory leaves no other trace
        trunk.lost = trunk.lost or (last in self._segments.ordinals and self._segments.size(last) < size)
        self._look_at_raw_flash(trunk)
        trunk.ordinal = max(trunk.ordinal, last)
        self._high = max(self._high, high)
        for ordinal in damaged:
            self._segments.set_aside(ordinal)
        if self.acked > (max(self._high, trunk.top) if trunk.lost else trunk.number):
            self.fault = ROLLED_BACK

    def _look_at_raw_flash(self, trunk):
        # where several directories fall back at once, nothing but the records themselves is left to tell of it. One
        # more than is known may be a sale's whose power failed before it was durable
        make_room()  # it takes a block of flash
        number = self.carved()
        if number > trunk.top + 1:
            trunk.lost = True
            trunk.top = number

    def explain(self):
        """(last good number, last number that may have been used), for the break receipt that has to come next; None,
        and a fault, where the latter is not known."""
        last = max(self._high, self._trunk.top, self.number + 1)
        if not self._high_known:
            if not self._high:
                self.fault = DAMAGED
                return None
            last += LEAP
        return self.number, last

    def room(self):
        """Bytes left before only the reserve remains."""
        return self._room - self.reserve

    def spare(self):
        """Bytes that voids and notes may still take: they use the reserve, and leave half of it to close and ack."""
        return self.room() + RESERVE // 2

    def measure(self):
        """Counts the free bytes anew."""
        self._room = self._files.free() - self.promised()

    def append(self, record):
        """Makes `record` durable; StorageError otherwise, and then for every later call until the next boot."""
        if self.fault or (self.lost and record.kind != BREAK):
            raise StorageError()
        try:
            self._write(record)
            self._accept(record)
            if self.lost:
                self.fault = DAMAGED
            else:
                self._store_high()
        except (OSError, MemoryError):
            self.fault = "storage"
            raise StorageError()

    def records_from(self, number):
        """Receipts from `number` on that are held here, as stored: (number, signed bytes, evidence)."""
        for ordinal in self._ordinals_from(number):
            for record in self._records(ordinal, True):
                # boot has told of damage already, and an append makes what is open for reading stale
                if record and record.type == records.RECEIPT and record.number >= number:
                    yield record.number, record.signed, record.evidence

    def find_payment(self, ident, seq):
        """(number, amount, currency, signed receipt, SALE or VOID) of the sale that this payment made, the receipt and
        kind being those of its void where it was cancelled, or None; StorageError where that cannot be told: a
        passenger sent away for a new code would pay twice."""
        found = None
        for ordinal in reversed(self._segments.ordinals):
            for record in self._whole(ordinal):
                if record.spend[2] == seq and record.spend[0] + record.spend[1] == ident:
                    found = record  # a void comes after its sale
            if found:
                break
        if found is None:
            return None
        number = found.spend[4] if found.kind == VOID else found.number
        return number, found.spend[3], found.spend[5], found.signed, found.kind

    def find_sale(self, number):
        """(record of sale `number` or None, was it cancelled?); StorageError where that cannot be told."""
        sale, cancelled = None, False
        for ordinal in self._ordinals_from(number):
            for record in self._whole(ordinal):
                if record.kind == SALE and record.number == number:
                    sale = record
                elif record.kind == VOID and record.spend[4] == number:
                    cancelled = True
        return sale, cancelled

    def head_at(self, number):
        """SHA-256 of receipt `number`, or None where it is not held here."""
        for found, signed, _ in self.records_from(number):
            return hashlib.sha256(signed).digest() if found == number else None
        return None

    def acked_by(self, time):
        """The highest number whose ack came at `time`, Unix seconds, or before."""
        highest = 0
        for ordinal in self._segments.ordinals:
            for record in self._whole(ordinal):
                if record.type == records.ACK and record.spend[4] <= time:
                    highest = max(highest, record.number)
        return min(highest, self.acked)

    def freeable(self, limit, wanted):
        """(ordinal up to which segments may go, or what has gone already; bytes that this gives): none that holds a
        receipt above `limit`, and no more than give `wanted` bytes."""
        ordinals, last, gain = self._segments.ordinals, self._freed, 0
        for i, ordinal in enumerate(ordinals):
            end = self._before(ordinals[i + 1]) if i + 1 < len(ordinals) else self._trunk.top
            if gain >= wanted or (end is not None and end > limit):
                break
            gain += (self._segments.size(ordinal) + BLOCK - 1) // BLOCK * BLOCK
            if end is not None:
                last = ordinal
        return last, gain

    def held(self):
        """Bytes that could be freed, for a ledger holds them: counted anew after an ack or freeing."""
        held = self._held
        if held[0] != self.acked or held[1] != self._freed:
            held[:] = self.acked, self._freed, self.freeable(self.acked, ALL)[1]
        return held[2]

    def can_free(self, upto):
        """Would `free` find anything up to this ordinal?"""
        return upto > self._freed

    def covered(self, freed):
        """What a snapshot says of the journal as it is now, for a boot after segments up to `freed` have gone."""
        self._close()
        kept = [n for n in self._segments.ordinals if n > freed]
        number = self._before(kept[0]) if kept else self._trunk.top
        head = self.head if number == self.number else self.head_at(number) or b""
        return [self._trunk.ordinal, freed, number, head, self._trunk.top, self.acked, self._high]

    def free(self, upto):
        """Deletes segments up to `upto`, which a durable snapshot covers."""
        self._segments.free(upto)
        self._freed = max(self._freed, upto)
        self.measure()

    def free_quarantine(self):
        """Deletes damaged segments of which a ledger holds what is left."""
        if self._segments.free_quarantine(self._freed):
            self.measure()

    def _load_high(self):
        try:
            found = highwater.load(self._files)
        except ValueError:
            found = (0, 0, 0, 0)
        self._high_known = found[0] > 0
        return found

    def _store_high(self):
        highwater.store(self._files, self._high, self._trunk.ordinal, self.number, self._size)

    def _take_up(self, ordinal, replay, into):
        """Takes up a segment at boot; False where damage is found that was not known."""
        header = self._segments.header(ordinal)
        self._trunk.begin(ordinal, header)
        self._high = max(self._high, header[1] if header else 0)
        whole = True
        for record in self._records(ordinal, False, into):
            if record is None:
                whole = False
                self._trunk.lost = True
                continue
            self._accept(record)
            if replay:
                replay(record)
        return whole or self._segments.known_damaged(ordinal)

    def _records(self, ordinal, evidence=False, into=None):
        self.alive()
        return self._segments.records(ordinal, evidence, into)

    def _accept(self, record):
        if record.type == records.RECEIPT:
            self._trunk.follow(record)
        elif record.type == records.ACK:
            self.acked = max(self.acked, record.number)

    def _whole(self, ordinal):
        """Records of a segment, for an answer that must not be wrong: StorageError where damage shows that is new."""
        try:
            for record in self._records(ordinal):
                if record is not None:
                    yield record
                elif not self._segments.known_damaged(ordinal):
                    raise ValueError("damaged")
        except (OSError, ValueError):
            self.fault = DAMAGED
            raise StorageError()

    def _ordinals_from(self, number):
        """Segments that hold receipts from `number` on."""
        ordinals = list(self._segments.ordinals)
        low, high = 0, len(ordinals) - 1
        while low < high:
            middle = (low + high) // 2
            end = self._before(ordinals[middle + 1])
            if end is not None and end < number:
                low = middle + 1
            else:
                high = middle
        for ordinal in ordinals[low:]:
            if ordinal > self._freed:  # a sale may free some while they are streamed
                yield ordinal

    def _before(self, ordinal):
        try:
            header = self._segments.header(ordinal)
        except OSError:
            self.fault = DAMAGED
            raise StorageError()
        return header and header[0]

    def _write(self, record):
        size = records.packed_size(record)
        number = record.number if record.type == records.RECEIPT else self.number
        if self._size + size > SEGMENT_SIZE or number > self._high:
            self._roll(number)
        self._file.write(records.pack(record))
        self._file.flush()
        self._size += size
        self._room -= size

    def _roll(self, number):
        # a boot always begins a segment of its own: what a torn record left behind is never appended to
        self._close()
        self._high = max(self._high, min(number + SPAN, U32))
        self._trunk.ordinal += 1
        make_room()  # an open file is a kilobyte
        self._file = self._segments.begin(self._trunk.ordinal, self._trunk.top, self._high)
        self._size = records.SEGMENT_HEADER
        self._store_high()
        self._room -= BLOCK

    def _close(self):
        if self._file:
            self._file.close()
        self._file = None
        self._size = SEGMENT_SIZE
