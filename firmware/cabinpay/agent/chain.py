"""The terminal's chain of receipts: what they say, signed, checked and made durable one after the other."""

from cabinpay.wire import cose
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import CLOSE, OPEN, SALE, SYNCED, VOID, read_receipt

from . import records
from .errors import Refused, StorageError


class Chain:
    """shift: the Open receipt in force or None; sums: {(currency, kind): [count, sum]} of the shift; last_sale:
    (number, amount, currency) of its last, or None; last_cancelled: was that one cancelled?"""

    def __init__(self, journal, keystore, codec, verify):
        self.journal = journal
        self._keys = keystore
        self._codec = codec
        self._verify = verify
        self.shift = None
        self.sums = {}
        self.last_sale = None
        self.bundle = 0
        self.last_cancelled = False

    def replay(self, record):
        """Takes up a record at boot or after an append."""
        if record.type != records.RECEIPT:
            return
        if record.kind == OPEN:
            self.shift = read_receipt(cose.parse(record.signed, self._codec).payload, self._codec)
            self.bundle = max(self.bundle, self.shift.bundle)
            self.sums = {}
            self.last_sale = None
        elif record.kind == CLOSE:
            self.shift = None
        elif record.kind == SALE:
            self._book(SALE, record.spend)
            self.last_sale = (record.number, record.spend[3], record.spend[5])
            self.last_cancelled = False
        elif record.kind == VOID:
            self._book(VOID, record.spend)
            if self.last_sale and record.spend[4] == self.last_sale[0]:
                self.last_cancelled = True

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

    def close_fields(self):
        """covers and sums of a Close receipt now; Refused outside a shift."""
        if self.shift is None:
            raise Refused("no_shift", "No shift is open.")
        sums = [[currency, kind] + self.sums[currency, kind] for currency, kind in sorted(self.sums)]
        return [self.shift.number, self.journal.number], sums

    def _next(self, cls, reading, fields):
        number = self.journal.number + 1
        time, quality, age = reading
        shift = self.shift.number if self.shift else 0
        if cls.KIND == OPEN:
            shift = number
        return cls(
            number=number, previous=self.journal.head, kind=cls.KIND, time=time, quality=[quality, age], shift=shift,
            **fields
        )  # fmt: skip

    def _own_signature(self, kid, message, signature):
        return kid == self._keys.kid and self._verify(self._keys.public, message, signature)

    def _book(self, kind, spend):
        entry = self.sums.setdefault((spend[5], kind), [0, 0])
        entry[0] += 1
        entry[1] += spend[3]
