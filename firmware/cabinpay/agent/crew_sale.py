"""The crew's screens of a sale: its items, and asking for the passenger's code or showing a bill."""

from cabinpay.wire import qrtext
from cabinpay.wire.claims import SKU_DISCOUNT
from cabinpay.wire.schema import u32

from .errors import Refused
from .words import currency_name

# Lines of a sale on the screen, the newest ones
_SHOWN = 6


class Items:
    """others: the screens that keys lead to, by name: cancel, cash_up, menu."""

    def __init__(self, desk, others):
        self._desk = desk
        self._others = others

    def show(self):
        # what matters most comes first: a small display shows no more than the first lines
        desk, texts = self._desk, self._desk.texts
        lines = desk.begun_sale().lines
        shown = [title(desk), desk.entry or self._prompt()] + desk.bills_only() + desk.fullness()
        for line in reversed(lines[-_SHOWN:]):
            shown.append(self._row(*line))
        if len(lines) > _SHOWN:
            shown.append(texts.line("MORE_LINES") % (len(lines) - _SHOWN))
        desk.show("items", shown + texts["SALE_KEYS"])

    def _prompt(self):
        return self._desk.texts.line("LISTED_KEYS" if self._listed() else "ITEM_KEYS")

    def _listed(self):
        return self._desk.terminal.trust.has("catalogue")

    def _row(self, sku, quantity, price):
        desk = self._desk
        return "%d x %s  %s" % (quantity, desk.name_of(sku), desk.price(quantity * price, desk.sale.currency))

    def key(self, key):
        desk = self._desk
        if key == "A" and not desk.entry:
            return self._others("menu").open()
        if key == "A":
            self._add()
        elif key in "BC":
            return ask(desk, key)
        elif key == "D" and desk.entry[:1] == "*":
            return self._others("cancel").ask_entered()
        elif key == "D" and desk.entry:
            desk.entry = ""
        elif key == "D":
            desk.clear()
        elif key == "#":
            return self._others("cash_up").show()
        else:
            desk.type(key)
        return self.show()

    def _add(self):
        """Takes sku, sku*quantity or sku*quantity*price. What the catalogue lists has its price from nowhere else."""
        desk = self._desk
        numbers = desk.numbers(1, 3, "entry_item")
        sku, quantity = numbers[0], numbers[1] if len(numbers) > 1 else 1
        if not u32(sku):
            raise Refused("line")
        if len(numbers) < 3:
            if not desk.add_listed(sku, quantity):
                raise Refused("unlisted" if self._listed() else "entry_item")
        elif desk.terminal.trust.catalogue(sku, desk.begun_sale().currency):
            raise Refused("price")
        else:
            desk.begun_sale().add(sku, quantity, -numbers[2] if sku == SKU_DISCOUNT else numbers[2])


def title(desk):
    sale = desk.begun_sale()
    if sale.lines:
        return desk.amount(sale.amount, sale.currency)
    return desk.texts.line("NEW_SALE") % currency_name(sale.currency)


def ask(desk, key):
    """B: waits for the passenger's code; C: shows a bill."""
    sale = desk.begun_sale()
    if not sale.lines:
        raise Refused("no_sale")
    desk.asked = True
    amount = desk.amount(sale.amount, sale.currency)
    if key == "B":
        desk.show("scan", [desk.texts.line("SCAN"), amount, desk.texts.line("BACK")])
    else:
        text = qrtext.bill_text(desk.terminal.bill(sale), desk.terminal.codec)
        desk.show("bill", [desk.terminal.keys.label + "  " + amount], text)
