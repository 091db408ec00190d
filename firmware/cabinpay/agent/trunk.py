"""The chain of receipts as far as the journal holds it whole, and whether a break receipt has yet to say where not."""

import hashlib

from cabinpay.wire.receipts import BREAK

from . import records


class Trunk:
    """number, head: of the last receipt that follows all before it; top: highest number seen anywhere; ordinal: of the
    last segment; lost: is something damaged or missing that no break explains yet?"""

    def __init__(self, ordinal, number, head):
        self.ordinal = ordinal
        self.number = self.top = number
        self.head = head
        self.lost = False

    def begin(self, ordinal, header):
        """Segment `ordinal` comes next; header: its (before, high), or None."""
        if ordinal != self.ordinal + 1:
            self.lost = True
            if not self.ordinal:
                self.head = b""  # nor is there a snapshot that says what came before
        if header and not self.head:
            self.number = self.top = header[0]
        elif header and header[0] != self.top:
            self.lost = True
        self.ordinal = ordinal

    def follow(self, record):
        """Takes up a receipt, where it is the next one."""
        self.top = max(self.top, record.number)
        if not self._next(record):
            self.lost = True
            return
        if record.kind == BREAK:
            self.lost = False
        self.number = record.number
        self.head = hashlib.sha256(record.signed).digest()

    def _next(self, record):
        if not self.head:
            return True
        # the chain, without decoding: 32 bytes of a hash stand in a receipt for one reason only
        if record.kind != BREAK:
            return record.number == self.number + 1 and self.head in record.signed
        # receipts behind damage, which the break could not follow, may be what is left
        good = records.break_good(record)
        return good < self.number or (good == self.number and self.head in record.signed)
