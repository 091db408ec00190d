"""The chain of receipts as far as the journal holds it whole, and whether a break receipt has yet to say where not."""

import hashlib

from cabinpay.wire.receipts import BREAK, FIRST_PREVIOUS

from . import records


class Trunk:
    """number, head: of the last receipt that follows all before it, SHA-256 or nothing where that is not known; top:
    highest number seen anywhere; ordinal: of the last segment; lost: is something damaged or missing that no break
    explains yet?"""

    def __init__(self, ordinal, number, head):
        self.ordinal = ordinal
        self.number = self.top = number
        # in place: each sale has a new one, and where it came to lie would divide the heap
        self._head = bytearray(32)
        self.known = False
        self.lost = False
        if head:
            self._follow(head)

    @property
    def head(self):
        return bytes(self._head) if self.known else b""

    def _follow(self, head):
        self._head[:] = head
        self.known = True

    def begin_anew(self):
        """Nothing is left that a receipt could follow."""
        self.number = 0
        self._follow(FIRST_PREVIOUS)

    def begin(self, ordinal, header):
        """Segment `ordinal` comes next; header: its (before, high), or None."""
        if ordinal != self.ordinal + 1:
            self.lost = True
            if not self.ordinal:
                self.known = False  # nor is there a snapshot that says what came before
        if header and not self.known:
            self.number = self.top = header[0]
        elif header and header[0] != self.top:
            self.lost = True
        self.ordinal = ordinal

    def follow(self, record):
        """Takes up a receipt, where it is the next one."""
        if record.number > self.top:
            self.top = record.number
        if not self._next(record):
            self.lost = True
            return
        if record.kind == BREAK:
            self.lost = False
        self.number = record.number
        self._head[:] = hashlib.sha256(record.signed).digest()
        self.known = True

    def _next(self, record):
        if not self.known:
            return True
        # the chain, without decoding: 32 bytes of a hash stand in a receipt for one reason only
        if record.kind != BREAK:
            return record.number == self.number + 1 and self._head in record.signed
        # receipts behind damage, which the break could not follow, may be what is left
        good = records.break_good(record)
        return good < self.number or (good == self.number and self._head in record.signed)
