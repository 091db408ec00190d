"""The crew's screens for what has been sold already: the last sale after a boot, and cancelling one."""

from cabinpay.wire.receipts import BY_MISTAKE, OTHER

from .errors import Refused


class Cancel:
    def __init__(self, desk):
        self._desk = desk
        self._void = (0, "")

    def show_last(self):
        desk, texts = self._desk, self._desk.texts
        chain = desk.terminal.chain
        number, amount, currency = chain.last_sale
        keys = ("CANCELLED", "SEEN") if chain.last_cancelled else ("SEEN", "CANCEL_IT")
        lines = [texts.line("LAST_SALE"), texts.line("RECEIPT") % number, desk.amount(amount, currency)]
        desk.show("confirm_last", lines + [texts.line(key) for key in keys])

    def key_last(self, key):
        if key == "A":
            self._desk.unseen = False
            self._desk.home()
        elif key == "D":
            self._ask(self._desk.terminal.chain.last_sale[0])

    def ask_entered(self):
        """Asks about the sale of an entry *NUMBER, or about the last one where it is * alone."""
        desk = self._desk
        entry, desk.entry = desk.entry[1:], ""
        last = desk.terminal.chain.last_sale
        if entry.isdigit() and len(entry) < 11:
            self._ask(int(entry))
        elif entry or not last:
            raise Refused("entry_void")
        else:
            self._ask(last[0])

    def _ask(self, number):
        desk, texts = self._desk, self._desk.texts
        spend = desk.terminal.sale_to_void(number).spend
        self._void = (number, desk.amount(spend[3], spend[5]))
        lines = [texts.line("CANCEL"), texts.line("RECEIPT") % number, self._void[1]]
        desk.show("void", lines + texts["REASONS"] + [texts.line("BACK")])

    def key(self, key):
        desk, texts = self._desk, self._desk.texts
        if key == "D":
            desk.home()
        elif key.isdigit() and BY_MISTAKE <= int(key) <= OTHER:
            number, amount = self._void
            desk.terminal.void(number, int(key))
            desk.unseen = False
            desk.view.sound("attention")
            lines = [texts.line("SALE_CANCELLED"), amount, texts.line("RECEIPT") % number]
            desk.show("verdict", lines, code="cancelled")
