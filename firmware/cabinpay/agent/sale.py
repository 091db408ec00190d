"""The sale that the crew is keying in, and the bill that may be open for it. All of it lives in RAM only."""

from cabinpay.wire.claims import MAX_LINES, Bill, lines_form, lines_hash, lines_total
from cabinpay.wire.schema import U32

from .errors import Refused

BILL_SECONDS = 120


class Sale:
    """lines: [[sku, quantity, unit price], ...]; amount: their sum in minor units; challenge: of the open bill."""

    def __init__(self, currency, codec, ticks):
        self.currency = currency
        self._codec = codec
        self._ticks = ticks
        self.lines = []
        self.amount = 0
        self.bill = None
        self._deadline = 0

    def add(self, sku, quantity, price):
        """Adds a line; Refused where it is not one or the sum would be too large. Ends an open bill."""
        self._take(self.lines + [[sku, quantity, price]])

    def add_more(self, sku, quantity, price):
        """As `add`, on the line that has this item at this price already, where one has."""
        for i, line in enumerate(self.lines):
            if line[0] == sku and line[2] == price:
                more = [[sku, line[1] + quantity, price]]
                return self._take(self.lines[:i] + more + self.lines[i + 1 :])
        return self.add(sku, quantity, price)

    def _take(self, lines):
        if len(lines) > MAX_LINES:
            raise Refused("lines", "One sale takes %d lines: pay these first." % MAX_LINES)
        if lines_form(lines) and lines_total(lines) <= 0:
            raise Refused("discount", "A discount must leave something to pay.")
        if not lines_form(lines) or lines_total(lines) > U32:
            raise Refused("line", "Item, quantity 1-255 and price, please.")
        self.lines = lines
        self.amount = lines_total(lines)
        self.bill = None

    @property
    def order(self):
        """First 8 bytes of SHA-256 of the lines."""
        return lines_hash(self.lines, self._codec)[:8]

    def make_bill(self, terminal_kid, nonce):
        """The one open bill, for 120 s; an earlier one is dead from now on."""
        self.bill = Bill(terminal_kid, nonce, self.amount, self.currency, self.order)
        self._deadline = self._ticks() + BILL_SECONDS
        return self.bill

    @property
    def challenge(self):
        """8 bytes that pay the open bill, or None where there is none any more."""
        if self.bill is not None and self._ticks() >= self._deadline:
            self.bill = None
        return None if self.bill is None else self.bill.challenge(self._codec)
