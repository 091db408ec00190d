"""The terminal's chain of receipts: what they say, signed, checked and made durable one after the other."""

from cabinpay.wire import cose
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import BREAK, CLOSE, FLOOR, OPEN, SALE, SYNCED, VOID, Break, Open, read_receipt
from cabinpay.wire.schema import MAX_TIME

from . import records
from .errors import Refused, StorageError
from .heap import make_room

# A close has a sum of sales and one of voids for each
MOST_CURRENCIES = 16


class Chain:
    """shift: the Open receipt in force or None; sums: {(currency, kind): [count, sum]} of the shift; last_sale:
    (number, amount, currency) of its last, or None; last_cancelled: was that one cancelled?; broken: until when sales
    may have been made, Unix seconds, of which no receipt is left (0: none, MAX_TIME: nobody can tell)."""

    def __init__(self, journal, keystore, codec, verify):
        self.journal = journal
        self._keys = keystore
        self._codec = codec
        self._verify = verify
        self.shift = None
        self.sums = {}
        # in place: where each sale's came to lie would divide the heap
        self._last = [0, 0, 0]
        self.bundle = 0
        self.last_cancelled = False
        self.broken = 0

    def replay(self, record):
        """Takes up a record at boot or after an append."""
        if record.type == records.TIME:
            self.ground_spoke(record.floor)
        if record.type != records.RECEIPT:
            return
        if record.kind == SALE:
            self._book(SALE, record.spend)
            self._last[:] = record.number, record.spend[3], record.spend[5]
            self.last_cancelled = False
        elif record.kind == OPEN:
            self.shift = self._read(record)
            self.bundle = max(self.bundle, self.shift.bundle)
            self.sums = {}
            self._last[0] = 0
        elif record.kind == CLOSE:
            self.shift = None
        elif record.kind == BREAK:
            # its opening may be lost, and its sums are not to be trusted: the crew signs on again
            self.shift = None
            self._last[0] = 0
            found = self._read(record)
            self.broken = MAX_TIME if found.quality[0] == FLOOR else found.time
        elif record.kind == VOID:
            self._book(VOID, record.spend)
            if record.spend[4] == self._last[0]:
                self.last_cancelled = True

    @property
    def last_sale(self):
        return tuple(self._last) if self._last[0] else None

    @property
    def bills_only(self):
        """Was there a break, nobody knows when? Then any code but a bill's may have paid before, until the ground has
        said what time it is."""
        return self.broken == MAX_TIME

    def ground_spoke(self, time):
        """It is `time`, Unix seconds: sales before a break were made before it."""
        if self.bills_only:
            self.broken = time

    def mend(self, reading):
        """Has a break receipt say what is lost, where anything is, so that selling goes on above it; StorageError where
        that is not to be done."""
        explained = self.journal.explain()
        if explained is None:
            raise StorageError()
        good, last = explained
        self.append(Break, reading, spend=records.in_expiry(good), good=good, lost=[good + 1, last])

    def state(self):
        """What a snapshot says of it, for `restore`."""
        shift = self.shift.pack(self._codec) if self.shift else b""
        sums = [[currency, kind] + self.sums[currency, kind] for currency, kind in sorted(self.sums)]
        return [self.bundle, shift, sums, list(self.last_sale or ()), int(self.last_cancelled), self.broken]

    def restore(self, state):
        self.bundle, shift, sums, last, cancelled, self.broken = state
        self.shift = Open.unpack(shift, self._codec) if shift else None
        self.sums = {(currency, kind): [count, total] for currency, kind, count, total in sums}
        self._last[:] = last or (0, 0, 0)
        self.last_cancelled = bool(cancelled)

    def append(self, cls, reading, evidence=b"", spend=records.NO_SPEND, **fields):
        """Signs and stores the next receipt of class `cls`, at the clock's `reading` that it was decided on; returns it
        once it is durable. StorageError otherwise."""
        receipt = self._next(cls, reading, fields)
        signed = cose.sign(receipt.pack(self._codec), self._keys.kid, self._keys.sign, cose.AAD_RECEIPT, self._codec)
        # a glitch while signing could reveal the key or leave a receipt that nobody accepts
        try:
            cose.open(signed, self._own_signature, cose.AAD_RECEIPT, self._codec)
        except WireError:
            self.journal.fault = StorageError.code
            raise StorageError()
        floor = receipt.time if receipt.quality[0] == SYNCED else 0
        record = records.Record(records.RECEIPT, cls.KIND, receipt.number, floor, spend, signed, evidence)
        self.journal.append(record)
        self.replay(record)
        return receipt

    def takes(self, currency):
        """Has the shift's cash-up room for this currency? Bundles may bring ever new ones."""
        met = {number for number, _ in self.sums}
        return currency in met or len(met) < MOST_CURRENCIES

    def close_fields(self):
        """covers and sums of a Close receipt now; Refused outside a shift."""
        if self.shift is None:
            raise Refused("no_shift", "No shift is open.")
        sums = [[currency, kind] + self.sums[currency, kind] for currency, kind in sorted(self.sums)]
        return [self.shift.number, self.journal.number], sums

    def _next(self, cls, reading, fields):
        number = fields["lost"][1] + 1 if cls.KIND == BREAK else self.journal.number + 1
        time, quality, age = reading
        shift = self.shift.number if self.shift and cls.KIND != BREAK else 0
        if cls.KIND == OPEN:
            shift = number
        return cls(
            number=number, previous=self.journal.head, kind=cls.KIND, time=time, quality=[quality, age], shift=shift,
            **fields
        )  # fmt: skip

    def _read(self, record):
        return read_receipt(cose.parse(record.signed, self._codec).payload, self._codec)

    def _own_signature(self, kid, message, signature):
        return kid == self._keys.kid and self._verify(self._keys.public, message, signature)

    def _book(self, kind, spend):
        entry = self.sums.get((spend[5], kind))
        if entry is None:
            make_room()  # it stays for the shift
            entry = self.sums[spend[5], kind] = [0, 0]
        entry[0] += 1
        entry[1] += spend[3]
