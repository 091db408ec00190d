"""The crew's way through a flight: a small state machine between keypad, scanner and screen.

Keys: 0-9, * between numbers, and by screen: sign on  CREW*FLIGHT*DDMM #, PIN #  ·  items  SKU*QUANTITY*PRICE A (add),
B (scan the code), C (show a bill), D (take everything off), *D (cancel the last sale), *NUMBER D (cancel that receipt),
# (cash-up, # again closes the shift)  ·  verdict  C (receipt as QR code)  ·  last sale  A (seen), D (cancel)  ·
cancel  1..4 (the reason, and do it), D (back). A discount is keyed in positive.
"""

from cabinpay.wire import qrtext
from cabinpay.wire.claims import SKU_DISCOUNT, SKU_TIP
from cabinpay.wire.receipts import BY_MISTAKE, OTHER, VOID
from cabinpay.wire.schema import flight_number

from .days import nearest_day
from .errors import Refused, StorageError
from .sale import BILL_SECONDS
from .texts import CURRENCIES, LINES, clock_time, money, tone

_KEYS = tuple("0123456789ABCD*#")
_MAX_ENTRY = 24
_RESERVED = {SKU_TIP: "tip", SKU_DISCOUNT: "discount"}
_RECEIPT_LINE = "C: receipt"


class Crew:
    """view.show(name, lines, qr_text): a screen; view.sound(tone): approved, attention, refused or alarm;
    view.shows_receipts: can it show a receipt's QR code?"""

    def __init__(self, terminal, view):
        self._terminal = terminal
        self._view = view
        self._entry = ""
        self._sale = None
        self._asked = False
        # the last sale before a boot, until the crew has said what became of it
        self._unseen = False
        self._void = (0, "")
        self._receipt = 0
        self._signing_on = None
        self._keys = {
            "confirm_last": self._key_confirm,
            "sign_on": self._key_sign_on,
            "pin": self._key_pin,
            "items": self._key_items,
            "scan": self._key_back,
            "bill": self._key_back,
            "verdict": self._key_verdict,
            "receipt": self._key_back,
            "void": self._key_void,
            "cash_up": self._key_cash_up,
        }
        self._at = ""

    def start(self):
        """First screen after boot, and again after the ground has changed something."""
        terminal = self._terminal
        if terminal.state != "ready":
            self._show("stopped", list(LINES[terminal.state.replace("-", "_")]))
        elif self._at in ("", "stopped"):
            self._unseen = bool(terminal.chain.shift and terminal.chain.last_sale)
            self._home()

    def key(self, key):
        """One key press: a character of 0123456789ABCD*#; any other is line noise."""
        handler = self._keys.get(self._at) if key in _KEYS else None
        try:
            if handler:
                handler(key)
        except (Refused, StorageError) as e:
            self._view.sound("refused")
            self._show("verdict", [e.line])

    def scanned(self, text):
        """A line from the scanner, ASCII bytes without its line end."""
        if self._unseen and self._terminal.state == "ready":
            self._show_last()
            return
        # a sale that is still being keyed in is not sold by a code that happens to pass the scanner
        sale = self._sale if self._asked and self._sale else self._empty_sale()
        outcome = self._terminal.scan(text, sale)
        self._view.sound(tone(outcome.code))
        if outcome.code == "approved":
            self._sale = None
        lines = self._verdict_lines(outcome)
        self._show("verdict", lines, code=outcome.code)
        if lines[-1] == _RECEIPT_LINE:
            self._receipt = outcome.number

    def tick(self):
        """Once a second: a bill that nobody paid in time leaves the screen."""
        self._terminal.ticks()  # the port's counter wraps after days: whoever counts with it must look in between
        if self._at == "bill" and self._sale.challenge is None:
            self._home()

    def _verdict_lines(self, outcome):
        code = outcome.code
        lines = ["APPROVED"] if code == "approved" else list(LINES[code])
        if code in ("approved", "already_paid", "voided"):
            lines += [self._money(outcome), "Receipt %d" % outcome.number]
        if code in ("already_paid", "voided"):
            lines.append(clock_time(outcome.time))
        if code in ("approved", "already_paid") and self._view.shows_receipts:
            lines.append(_RECEIPT_LINE)
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
        self._receipt = 0
        self._view.show(name, lines, qr, code)

    def _home(self):
        self._entry = ""
        self._asked = False
        if self._sale:
            self._sale.bill = None
        if self._terminal.state != "ready":
            self._at = ""
            self.start()
        elif self._unseen:
            self._show_last()
        elif self._terminal.chain.shift is None:
            self._show("sign_on", ["SIGN ON", "crew*flight*DDMM #", ""])
        else:
            self._show_items()

    def _show_last(self):
        number, amount, currency = self._terminal.chain.last_sale
        lines = ["LAST SALE", "Receipt %d" % number, self._amount(amount, currency)]
        cancelled = self._terminal.chain.last_cancelled
        self._show("confirm_last", lines + (["CANCELLED", "A: seen"] if cancelled else ["A: seen", "D: cancel it"]))

    def _key_confirm(self, key):
        if key == "A":
            self._unseen = False
            self._home()
        elif key == "D":
            self._ask_void(self._terminal.chain.last_sale[0])

    def _ask_void(self, number):
        spend = self._terminal.sale_to_void(number).spend
        self._void = (number, self._amount(spend[3], spend[5]))
        lines = ["CANCEL THIS SALE?", "Receipt %d" % number, self._void[1]]
        lines += ["1: keyed in by mistake", "2: not delivered", "3: passenger's wish", "4: other reason", "D: back"]
        self._show("void", lines)

    def _key_void(self, key):
        if key == "D":
            self._home()
        elif key.isdigit() and BY_MISTAKE <= int(key) <= OTHER:
            number, amount = self._void
            self._terminal.void(number, int(key))
            self._unseen = False
            self._view.sound("attention")
            self._show("verdict", ["SALE CANCELLED", amount, "Receipt %d" % number], code="cancelled")

    def _sale_named(self):
        """The receipt's number in an entry *NUMBER; the last sale's where it is * alone."""
        entry, self._entry = self._entry[1:], ""
        if entry.isdigit() and len(entry) < 11:
            return int(entry)
        if entry or not self._terminal.chain.last_sale:
            raise Refused("entry", "*D cancels the last sale, *number D that receipt.")
        return self._terminal.chain.last_sale[0]

    def _key_verdict(self, key):
        if key == "C" and self._receipt:
            number = self._receipt
            self._show("receipt", ["Receipt %d" % number], self._terminal.receipt_text(number))
        else:
            self._key_back(key)

    def _key_back(self, _):
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
            sku, quantity, price = self._numbers(3, "sku*quantity*price A, please.")
            self._sale.add(sku, quantity, -price if sku == SKU_DISCOUNT else price)
        elif key == "B":
            return self._await_code()
        elif key == "C":
            return self._await_bill()
        elif key == "D" and self._entry[:1] == "*":
            return self._ask_void(self._sale_named())
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
            lines.append("%d x %s  %d" % (quantity, _RESERVED.get(sku, sku), price))
        self._show("items", lines + [self._entry or "sku*qty*price A", "B code  C bill  D clear"])

    def _await_code(self):
        self._need_lines()
        self._asked = True
        self._show("scan", ["SCAN THE CODE", self._amount(self._sale.amount, self._sale.currency), "D: back"])

    def _await_bill(self):
        self._need_lines()
        self._asked = True
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
        for currency, kind, count, total in sums:
            lines.append("%d %s  %s" % (count, "cancelled" if kind == VOID else "sales", self._amount(total, currency)))
        self._show("cash_up", lines + ["# close the shift, D back"])

    def _key_cash_up(self, key):
        if key == "#":
            self._terminal.close_shift()
            self._sale = None
        self._home()
