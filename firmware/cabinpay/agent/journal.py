"""The journal: append-only segments of records. What `append` returned from is durable; what it raised at is unknown
until the next boot, and so nothing more is appended before one."""

import hashlib

from cabinpay.wire.receipts import FIRST_PREVIOUS, SALE, VOID

from . import records
from .errors import StorageError

FOLDER = "journal"
SEGMENT_SIZE = 32768
# Twelve blocks of 4 KB: void, close, ack and bundle, and littlefs itself, still have room when sales are refused
RESERVE = 12 * 4096
ROLLED_BACK = "rolled-back"
DAMAGED = "damaged"


class Journal:
    """number, head: of the last receipt; acked: highest number that a ledger holds; fault: "" or why selling stops."""

    def __init__(self, files):
        self._files = files
        self._buffer = bytearray(records.MAX_RECORD)
        self._segments = []
        self._file = None
        self._size = 0
        self._room = 0
        self.number = 0
        self.head = FIRST_PREVIOUS
        self.acked = 0
        self.fault = ""

    def boot(self, replay):
        """Reads everything, calls `replay(record)` for each record, and leaves the journal ready to append."""
        self._files.folder(FOLDER)
        self._segments = sorted(self._files.listed(FOLDER))
        self._room = self._files.free()
        for i, name in enumerate(self._segments):
            if int(name) != int(self._segments[0]) + i:
                self.fault = DAMAGED
            try:
                for record in self._records(name):
                    self._accept(record)
                    replay(record)
            except ValueError:
                self.fault = DAMAGED  # what follows is still taken up, so that it can be pulled
        if self.acked > self.number and not self.fault:
            self.fault = ROLLED_BACK
        self._size = SEGMENT_SIZE

    def room(self):
        """Bytes left before only the reserve remains."""
        return self._room - RESERVE

    def spare(self):
        """Bytes that voids and notes may still take: they use the reserve, and leave half of it to close and ack."""
        return self._room - RESERVE // 2

    def measure(self, promised=0):
        """Counts the free bytes anew, less those `promised` to something else."""
        self._room = self._files.free() - promised

    def append(self, record):
        """Makes `record` durable; StorageError otherwise, and then for every later call until the next boot."""
        if self.fault:
            raise StorageError()
        try:
            self._write(record)
            self._accept(record)
        except (OSError, MemoryError):
            self.fault = "storage"
            raise StorageError()

    def records_from(self, number):
        """Receipts from `number` on, as stored: (number, signed bytes, evidence)."""
        for name in self._names_from(number):
            for record in self._readable(name):
                if record.type == records.RECEIPT and record.number >= number:
                    yield record.number, record.signed, record.evidence

    def find_payment(self, ident, seq):
        """(number, amount, currency, signed receipt, SALE or VOID) of the sale that this payment made, the receipt and
        kind being those of its void where it was cancelled, or None; StorageError where that cannot be told: a
        passenger sent away for a new code would pay twice."""
        found = None
        try:
            for name in reversed(self._segments):
                for record in self._records(name):
                    if record.spend[2] == seq and record.spend[0] + record.spend[1] == ident:
                        found = record  # a void comes after its sale
                if found:
                    break
        except (OSError, ValueError):
            self.fault = DAMAGED
            raise StorageError()
        if found is None:
            return None
        number = found.spend[4] if found.kind == VOID else found.number
        return number, found.spend[3], found.spend[5], found.signed, found.kind

    def find_sale(self, number):
        """(record of sale `number` or None, was it cancelled?); StorageError where that cannot be told."""
        sale, cancelled = None, False
        try:
            for name in self._names_from(number):
                for record in self._records(name):
                    if record.kind == SALE and record.number == number:
                        sale = record
                    elif record.kind == VOID and record.spend[4] == number:
                        cancelled = True
        except (OSError, ValueError):
            self.fault = DAMAGED
            raise StorageError()
        return sale, cancelled

    def head_at(self, number):
        """SHA-256 of receipt `number`, or None where it is not held here."""
        for found, signed, _ in self.records_from(number):
            return hashlib.sha256(signed).digest() if found == number else None
        return None

    def _accept(self, record):
        if record.type == records.ACK:
            self.acked = max(self.acked, record.number)
        if record.type != records.RECEIPT:
            return
        # the chain, without decoding: 32 bytes of a hash stand in a receipt for one reason only
        if record.number != self.number + 1 or self.head not in record.signed:
            self.fault = DAMAGED
        self.number = record.number
        self.head = hashlib.sha256(record.signed).digest()

    def _records(self, name):
        with self._files.open(FOLDER + "/" + name, "rb") as f:
            head = f.read(records.SEGMENT_HEADER)
            if len(head) < records.SEGMENT_HEADER:
                return  # power failed before anything was written
            if head != records.segment_header(int(name)):
                raise ValueError("no segment")
            while True:
                record = records.read(f)
                if record is None:
                    return
                yield record

    def _names_from(self, number):
        """Segments that hold receipts from `number` on."""
        for i, name in enumerate(self._segments):
            if i + 1 == len(self._segments) or self._first(self._segments[i + 1]) > number:
                yield name

    def _readable(self, name):
        # boot has told of damage already, and an append makes what is open for reading stale
        try:
            yield from self._records(name)
        except ValueError:
            pass

    def _first(self, name):
        for record in self._readable(name):
            if record.type == records.RECEIPT:
                return record.number
        return self.number + 1

    def _write(self, record):
        size = records.pack(self._buffer, record)
        if self._size + size > SEGMENT_SIZE:
            self._roll()
        self._file.write(memoryview(self._buffer)[:size])
        self._file.flush()
        self._size += size
        self._room -= size

    def _roll(self):
        # a boot always begins a segment of its own: what a torn record left behind is never appended to
        if self._file:
            self._file.close()
        ordinal = int(self._segments[-1]) + 1 if self._segments else 1
        name = "%08d" % ordinal
        self._file = self._files.open(FOLDER + "/" + name, "ab")
        self._segments.append(name)
        self._file.write(records.segment_header(ordinal))
        self._size = records.SEGMENT_HEADER
        self._room -= 4096
