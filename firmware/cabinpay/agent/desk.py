from cabinpay.wire.claims import SKU_DISCOUNT, SKU_TIP

from . import language
from .errors import Refused
from .heap import make_room
from .verdict import limited
from .words import currency_name, money

_MAX_ENTRY = 24
# Percent of the room for receipts from which on the crew is told
_TOLD = 70


class Desk:
    """What the crew's screens share. home(): shows the screen that is due; entry: what is being keyed in; sale: what
    has been, or None; asked: has its payment been asked for? unseen: the last sale before a boot, until the crew has
    said what became of it; receipt: number of the one that the screen offers, or 0."""

    def __init__(self, terminal, view, home):
        self.terminal = terminal
        self.view = view
        self.home = home
        self.texts = language.remembered(terminal.files)
        self.at = ""
        self.entry = ""
        self.sale = None
        self.asked = False
        self.unseen = False
        self.receipt = 0
        self._names = {}
        self._capacity = 0

    def show(self, name, lines, qr=None, code=""):
        self.at = name
        self.receipt = 0
        self.view.show(name, lines, qr, code)

    def refuse(self, error):
        """Shows and sounds a Refused or StorageError."""
        lines = self.texts.get(error.code.replace("-", "_")) or [error.line]
        if error.value is not None:
            lines[-1] = lines[-1] % error.value
        self.view.sound("refused")
        self.show("verdict", lines)

    def type(self, key):
        self.entry = (self.entry + key)[:_MAX_ENTRY]

    def numbers(self, least, most, code):
        """The numbers of the entry, which is taken; Refused(code) unless it has so many."""
        parts, self.entry = self.entry.split("*"), ""
        if not least <= len(parts) <= most or not all(p and len(p) < 11 for p in parts):
            raise Refused(code)
        return [int(p) for p in parts]

    def price(self, amount, currency):
        entry = self.terminal.trust.currency(currency)
        return money(amount, entry[1] if entry else 0)

    def amount(self, amount, currency):
        return self.price(amount, currency) + " " + currency_name(currency)

    def begun_sale(self):
        """The sale that is being keyed in, an empty one where there is none."""
        if self.sale is None or (not self.sale.lines and not self.terminal.trust.currency(self.sale.currency)):
            self.clear()
            make_room()  # it stays until it is paid: amid waste it would divide the heap
            self.sale = self.terminal.new_sale()
        return self.sale

    def clear(self):
        self.sale = None
        self._names.clear()

    def add_listed(self, sku, quantity):
        """Adds an item of the catalogue to the sale, by its price there; False where it has none of this sku."""
        sale = self.begun_sale()
        item = self.terminal.trust.catalogue(sku, sale.currency)
        if item:
            sale.add_more(sku, quantity, item[3])
            self._names[sku] = self.name(item)
        return bool(item)

    def name(self, item):
        return item[self.texts.name] or item[1]

    def name_of(self, sku):
        """What a line of the sale is called."""
        if sku in (SKU_TIP, SKU_DISCOUNT):
            return self.texts.line("TIP" if sku == SKU_TIP else "DISCOUNT")
        return self._names.get(sku) or "%d" % sku

    def bills_only(self):
        """The line that says why only bills are paid, in a list; empty where other codes are, too."""
        terminal, sale = self.terminal, self.begun_sale()
        since, broken = terminal.store.since_ground, terminal.chain.bills_only
        why = limited(terminal.trust, sale, terminal.clock.read(), since, broken)
        return [self.texts.line("BILLS_ONLY_" + why)] if why else []

    def fullness(self):
        """The line that says how full the terminal is, in a list; empty while that is nobody's concern: what a ledger
        holds makes room by itself."""
        journal = self.terminal.journal
        self._capacity = self._capacity or self.terminal.capacity()
        percent = 100 - journal.room() * 100 // self._capacity
        if percent >= _TOLD:
            percent = 100 - (journal.room() + journal.held()) * 100 // self._capacity
        return [self.texts.line("FULLNESS") % min(100, percent)] if percent >= _TOLD else []
