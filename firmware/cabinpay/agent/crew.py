"""The crew's way through a flight: a small state machine between keypad, scanner and screen.

Keys: 0-9, * between numbers, and by screen: sign on  CREW*FLIGHT*DDMM #, PIN #  ·  items  SKU*QUANTITY*PRICE A (add),
B (quick: scan the code), C (show a bill), D (take everything off), # (cash-up, # again closes the shift).
"""

from cabinpay.wire import qrtext
from cabinpay.wire.schema import flight_number

from .days import nearest_day
from .errors import Refused, StorageError
from .sale import BILL_SECONDS
from .texts import CURRENCIES, LINES, clock_time, folded, money, tone

_KEYS = tuple("0123456789ABCD*#")
_MAX_ENTRY = 24


class Crew:
    """view.show(name, lines, qr_text): a screen; view.sound(tone): approved, attention, refused or alarm."""

    def __init__(self, terminal, view):
        self._terminal = terminal
        self._view = view
        self._entry = ""
        self._sale = None
        self._signing_on = None
        self._keys = {
            "confirm_last": self._key_confirm,
            "sign_on": self._key_sign_on,
            "pin": self._key_pin,
            "items": self._key_items,
            "scan": self._key_back,
            "bill": self._key_back,
            "verdict": self._key_back,
            "cash_up": self._key_cash_up,
        }
        self._at = ""

    def start(self):
        """First screen after boot, and again after the ground has changed something."""
        terminal = self._terminal
        if terminal.state != "ready":
            self._show("stopped", list(LINES[terminal.state.replace("-", "_")]))
        elif self._at in ("", "stopped"):
            if terminal.chain.shift and terminal.chain.last_sale:
                self._show_last()
            else:
                self._home()

    def key(self, key):
        """One key press: a character of 0123456789ABCD*#; any other is line noise."""
        handler = self._keys.get(self._at) if key in _KEYS else None
        try:
            if handler:
                handler(key)
        except (Refused, StorageError) as e:
            self._view.sound("refused")
            self._show("verdict", folded(e.line))

    def scanned(self, text):
        """A line from the scanner, ASCII bytes without its line end."""
        if self._at == "confirm_last":
            self._show_last()
            return
        sale = self._sale or self._empty_sale()
        outcome = self._terminal.scan(text, sale)
        self._view.sound(tone(outcome.code))
        if outcome.code == "approved":
            self._sale = None
        self._show("verdict", self._verdict_lines(outcome), code=outcome.code)

    def tick(self):
        """Once a second: a bill that nobody paid in time leaves the screen."""
        self._terminal.ticks()  # the port's counter wraps after days: whoever counts with it must look in between
        if self._at == "bill" and self._sale.challenge is None:
            self._home()

    def _verdict_lines(self, outcome):
        if outcome.code == "approved":
            return ["APPROVED", self._money(outcome), "Receipt %d" % outcome.number]
        lines = list(LINES[outcome.code])
        if outcome.code == "already_paid":
            lines += [self._money(outcome), "Receipt %d" % outcome.number, clock_time(outcome.time)]
        return lines

    def _money(self, outcome):
        return self._amount(outcome.amount, outcome.currency)

    def _amount(self, amount, currency):
        entry = self._terminal.trust.currency(currency)
        return money(amount, entry[1] if entry else 0) + " " + CURRENCIES.get(currency, "%03d" % currency)

    def _empty_sale(self):
        return self._terminal.new_sale() if self._terminal.trust.bundle else None

    def _show(self, name, lines, qr=None, code=""):
        self._at = name
        self._view.show(name, lines, qr, code)

    def _home(self):
        self._entry = ""
        if self._terminal.state != "ready":
            self._at = ""
            self.start()
        elif self._terminal.chain.shift is None:
            self._show("sign_on", ["SIGN ON", "crew*flight*DDMM #", ""])
        else:
            self._show_items()

    def _show_last(self):
        number, amount, currency = self._terminal.chain.last_sale
        self._show("confirm_last", ["LAST SALE", "Receipt %d" % number, self._amount(amount, currency), "A: seen"])

    def _key_confirm(self, key):
        if key == "A":
            self._home()

    def _key_back(self, key):
        if key == "D" and self._sale:
            self._sale.bill = None
        self._home()

    def _type(self, key):
        self._entry = (self._entry + key)[:_MAX_ENTRY]

    def _key_sign_on(self, key):
        if key == "#":
            crew, flight, date = self._numbers(3, "crew*flight*DDMM, please.")
            if not crew or not flight_number(flight):
                raise Refused("entry", "Crew number, and a flight of 1 to 9999, please.")
            self._signing_on = (crew, flight, nearest_day(date, self._terminal.clock.read()[0]))
            if self._terminal.trust.has("crew"):
                self._show_pin()
            else:
                self._open_shift()
        elif key == "D":
            self._home()
        elif key not in "ABC":
            self._type(key)
            self._show("sign_on", ["SIGN ON", "crew*flight*DDMM #", self._entry])

    def _show_pin(self):
        self._show("pin", ["PIN of crew %d" % self._signing_on[0], "PIN #, D back", "*" * len(self._entry)])

    def _key_pin(self, key):
        if key == "#":
            pin, self._entry = self._entry, ""
            self._terminal.pins.check(self._terminal.trust, self._signing_on[0], pin)
            self._open_shift()
        elif key == "D":
            self._home()
        elif key not in "ABC*":
            self._type(key)
            self._show_pin()

    def _open_shift(self):
        crew, flight, day = self._signing_on
        self._terminal.open_shift("%d" % crew, flight, day)
        self._sale = None
        self._home()

    def _numbers(self, count, line):
        parts, self._entry = self._entry.split("*"), ""
        if len(parts) != count or not all(p and len(p) < 11 for p in parts):
            raise Refused("entry", line)
        return [int(p) for p in parts]

    def _key_items(self, key):
        if self._sale is None:
            self._sale = self._empty_sale()
        if key == "A":
            self._sale.add(*self._numbers(3, "sku*quantity*price A, please."))
        elif key == "B":
            return self._await_code()
        elif key == "C":
            return self._await_bill()
        elif key == "D":
            self._sale = None
            self._entry = ""
        elif key == "#":
            return self._show_cash_up()
        else:
            self._type(key)
        return self._show_items()

    def _show_items(self):
        sale = self._sale
        lines = ["SALE  total " + self._amount(sale.amount, sale.currency)] if sale and sale.lines else ["SALE"]
        for sku, quantity, price in sale.lines[-8:] if sale else []:
            lines.append("%d x %d  %d" % (quantity, sku, price))
        self._show("items", lines + [self._entry or "sku*qty*price A", "B code  C bill  D clear"])

    def _await_code(self):
        self._need_lines()
        self._show("scan", ["SCAN THE CODE", self._amount(self._sale.amount, self._sale.currency), "D: back"])

    def _await_bill(self):
        self._need_lines()
        bill = self._terminal.bill(self._sale)
        text = qrtext.bill_text(bill, self._terminal.codec)
        amount = self._amount(bill.amount, bill.currency)
        self._show("bill", [self._terminal.keys.label, amount + "  %d s" % BILL_SECONDS], text)

    def _need_lines(self):
        if not self._sale.lines:
            raise Refused("no_sale", LINES["no_sale"][1])

    def _show_cash_up(self):
        _, sums = self._terminal.chain.close_fields()
        lines = ["CASH-UP  shift %d" % self._terminal.chain.shift.number]
        for currency, _, count, total in sums:
            lines.append("%d sales  %s" % (count, self._amount(total, currency)))
        self._show("cash_up", lines + ["# close the shift, D back"])

    def _key_cash_up(self, key):
        if key == "#":
            self._terminal.close_shift()
            self._sale = None
        self._home()
