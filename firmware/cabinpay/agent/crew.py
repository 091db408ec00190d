"""The crew's way through a flight: a small state machine between keypad, scanner and screen. README.md has the keys of
every screen. Each screen is an object that shows itself and takes keys; what they share is the desk."""

from .crew_sale import Items
from .desk import Desk
from .errors import Refused, StorageError
from .heap import at_high_end
from .words import clock_time

# Screens of a minute in a flight: their code is read when they are shown, and goes again
MODULES = tuple(["cabinpay.agent." + name for name in ("crew_cancel", "crew_menu", "crew_shift", "days")])
_KEYS = tuple("0123456789ABCD*#")
# Tones by what happened; any other refusal has one of its own
_TONES = {"approved": "approved", "already_paid": "attention", "pass_signature": "alarm", "payment_signature": "alarm"}


class Crew:
    """view.show(name, lines, qr_text, code): a screen; view.sound(tone): approved, attention, refused or alarm;
    view.shows_receipts: can it show a receipt's QR code? view.rows: lines of text that it holds in any language;
    forget(MODULES): gives their memory back."""

    def __init__(self, terminal, view, forget=len):
        self._terminal = terminal
        self._desk = Desk(terminal, view, self._home)
        others = {"cancel": _cancel, "cash_up": _cash_up, "menu": _menu}
        self._items = Items(self._desk, lambda name: self._rare(others[name]))
        self._forget = forget
        self._make = self._screen = None
        self._keys = {
            "confirm_last": lambda key: self._rare(_cancel).key_last(key),
            "sign_on": lambda key: self._rare(_sign_on).key(key),
            "pin": lambda key: self._rare(_sign_on).key_pin(key),
            "items": self._items.key,
            "list": lambda key: self._rare(_menu).key(key),
            "scan": self._key_back,
            "bill": self._key_back,
            "verdict": self._key_verdict,
            "receipt": self._key_back,
            "void": lambda key: self._rare(_cancel).key(key),
            "cash_up": lambda key: self._rare(_cash_up).key(key),
        }

    def _rare(self, make):
        """The screen that `make` makes: the one shown last, with what it knows, or a new one."""
        if self._make is not make:
            self._screen = at_high_end(lambda: make(self._desk))
            self._make = make
        return self._screen

    def start(self):
        """First screen after boot, and again after the ground has changed something."""
        terminal, desk = self._terminal, self._desk
        if terminal.state != "ready":
            desk.show("stopped", desk.texts[terminal.state.replace("-", "_")])
        elif desk.at in ("", "stopped"):
            desk.unseen = bool(terminal.chain.shift and terminal.chain.last_sale)
            self._home()

    def key(self, key):
        """One key press: a character of 0123456789ABCD*#; any other is line noise."""
        handler = self._keys.get(self._desk.at) if key in _KEYS else None
        try:
            if handler:
                handler(key)
        except (Refused, StorageError) as e:
            self._desk.refuse(e)

    def scanned(self, text):
        """A line from the scanner, ASCII bytes without its line end."""
        desk = self._desk
        if desk.unseen and self._terminal.state == "ready":
            self._rare(_cancel).show_last()
            return
        outcome = self._terminal.scan(text, self._asked_sale())
        desk.view.sound(_TONES.get(outcome.code, "refused"))
        if outcome.code == "approved":
            desk.clear()
        offered = outcome.code in ("approved", "already_paid") and desk.view.shows_receipts
        desk.show("verdict", self._verdict_lines(outcome, offered), code=outcome.code)
        desk.receipt = outcome.number if offered else 0

    def idle(self):
        """Is no sale open, and nothing being keyed in?"""
        desk = self._desk
        return desk.at in ("sign_on", "items", "stopped") and not desk.entry and not (desk.sale and desk.sale.lines)

    def tick(self):
        """Once a second: a bill that nobody paid in time leaves the screen."""
        self._terminal.ticks()  # the port's counter wraps after days: whoever counts with it must look in between
        if self._desk.at == "bill" and self._desk.sale.challenge is None:
            self._home()
        if self._make and self._desk.at in ("items", "scan", "bill"):
            self._make = self._screen = None
            self._forget(MODULES)

    def _asked_sale(self):
        # a sale that is still being keyed in is not sold by a code that happens to pass the scanner
        if self._desk.asked and self._desk.sale:
            return self._desk.sale
        return self._terminal.new_sale() if self._terminal.trust.bundle else None

    def _verdict_lines(self, outcome, offered):
        desk, code = self._desk, outcome.code
        lines = desk.texts[code]
        if code in ("approved", "already_paid", "voided"):
            lines += [desk.amount(outcome.amount, outcome.currency), desk.texts.line("RECEIPT") % outcome.number]
        if code in ("already_paid", "voided"):
            lines.append(clock_time(outcome.time))
        return lines + [desk.texts.line("SHOW_RECEIPT")] if offered else lines

    def _home(self):
        desk = self._desk
        desk.entry = ""
        desk.asked = False
        if desk.sale:
            desk.sale.bill = None
        if self._terminal.state != "ready":
            desk.at = ""
            self.start()
        elif desk.unseen:
            self._rare(_cancel).show_last()
        elif self._terminal.chain.shift is None:
            self._rare(_sign_on).show()
        else:
            self._items.show()

    def _key_verdict(self, key):
        desk = self._desk
        if key == "C" and desk.receipt:
            number = desk.receipt
            desk.show("receipt", [desk.texts.line("RECEIPT") % number], self._terminal.receipt_text(number))
        else:
            self._home()

    def _key_back(self, _):
        self._home()


def _sign_on(desk):
    from .crew_shift import SignOn

    return SignOn(desk)


def _cash_up(desk):
    from .crew_shift import CashUp

    return CashUp(desk)


def _menu(desk):
    from .crew_menu import Menu

    return Menu(desk)


def _cancel(desk):
    from .crew_cancel import Cancel

    return Cancel(desk)
