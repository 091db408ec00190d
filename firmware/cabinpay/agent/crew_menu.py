"""The catalogue on the crew's screen: a digit takes an item, again and one more of it."""

from .crew_sale import ask, title
from .errors import Refused
from .words import currency_name

_MOST = 8


class Menu:
    def __init__(self, desk):
        self._desk = desk
        self._first = 0
        self._skus = ()
        self._more = False

    def open(self):
        trust = self._desk.terminal.trust
        if not trust.has("catalogue") and len(trust.bundle.currencies) < 2:
            raise Refused("no_list")
        self._first = 0
        self._show()

    def _show(self):
        desk, texts = self._desk, self._desk.texts
        sale = desk.begun_sale()
        most = self._page()
        items = desk.terminal.trust.catalogue_page(sale.currency, self._first, most + 1)
        self._more = len(items) > most
        self._skus = [item[0] for item in items[:most]]
        lines = [title(desk)]
        for i, item in enumerate(items[:most]):
            lines.append("%d %s  %s" % (i + 1, desk.name(item), self._price(item[0], item[3])))
        if self._more or self._first:
            lines.append(texts.line("PAGE_KEYS"))
        if self._other_currency():
            lines.append(texts.line("CURRENCY_KEY") % currency_name(self._other_currency()))
        desk.show("list", lines + [texts.line("LIST_KEYS")])

    def _page(self):
        """Items on a page: as many as there are keys, or as a small display holds below the total."""
        return min(_MOST, self._desk.view.rows - 1)

    def _price(self, sku, price):
        sale = self._desk.sale
        taken = sum([line[1] for line in sale.lines if line[0] == sku])
        return ("%d x " % taken if taken else "") + self._desk.price(price, sale.currency)

    def key(self, key):
        desk = self._desk
        if key in "BC":
            return ask(desk, key)
        if key == "D":
            return desk.home()
        if key == "*":
            self._first = self._first + self._page() if self._more else 0
        elif key == "#":
            self._first = max(0, self._first - self._page())
        elif key == "0" and self._other_currency():
            self._first = 0
            desk.sale = desk.terminal.new_sale(self._other_currency())
        elif key.isdigit() and 0 < int(key) <= len(self._skus):
            self._take(self._skus[int(key) - 1])
        return self._show()

    def _take(self, sku):
        # looked up anew: a bundle may have come since the page was shown
        if not self._desk.add_listed(sku, 1):
            raise Refused("unlisted")

    def _other_currency(self):
        """The bundle's next currency, which an empty sale can still be in; else None."""
        sale = self._desk.begun_sale()
        numbers = [entry[0] for entry in self._desk.terminal.trust.bundle.currencies]
        if sale.lines or len(numbers) < 2:
            return None
        return numbers[(numbers.index(sale.currency) + 1) % len(numbers)]
