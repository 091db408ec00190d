"""The crew's screens at both ends of a shift: language, sign-on, PIN, cash-up."""

from cabinpay.wire.receipts import VOID
from cabinpay.wire.schema import flight_number

from . import language
from .days import nearest_day
from .errors import Refused


class SignOn:
    def __init__(self, desk):
        self._desk = desk
        self._signing_on = None

    def show(self):
        desk, texts = self._desk, self._desk.texts
        entry = [desk.entry] if desk.entry else []
        keys = [texts.line("SIGN_ON_KEYS"), texts.line("OTHER_LANGUAGE")]
        desk.show("sign_on", [texts.line("SIGN_ON")] + entry + keys)

    def key(self, key):
        desk = self._desk
        if key == "#":
            return self._sign_on()
        if key == "D":
            desk.entry = ""
        elif key == "A":
            desk.texts = language.other(desk.texts)
        elif key not in "BC":
            desk.type(key)
        return self.show()

    def _sign_on(self):
        desk = self._desk
        crew, flight, date = desk.numbers(3, 3, "entry_sign_on")
        if not crew or not flight_number(flight):
            raise Refused("entry_sign_on")
        self._signing_on = (crew, flight, nearest_day(date, desk.terminal.clock.read()[0]))
        if desk.terminal.trust.has("crew"):
            self._show_pin()
        else:
            self._open_shift()

    def _show_pin(self):
        desk, texts = self._desk, self._desk.texts
        entry = ["*" * len(desk.entry)] if desk.entry else []
        desk.show("pin", [texts.line("PIN") % self._signing_on[0]] + entry + [texts.line("PIN_KEYS")])

    def key_pin(self, key):
        desk = self._desk
        if key == "#":
            pin, desk.entry = desk.entry, ""
            desk.terminal.pins.check(desk.terminal.trust, self._signing_on[0], pin)
            self._open_shift()
        elif key == "D":
            desk.home()
        elif key not in "ABC*":
            desk.type(key)
            self._show_pin()

    def _open_shift(self):
        desk = self._desk
        crew, flight, day = self._signing_on
        language.remember(desk.terminal.files, desk.texts.language)
        desk.terminal.open_shift("%d" % crew, flight, day)
        desk.clear()
        desk.home()


class CashUp:
    def __init__(self, desk):
        self._desk = desk

    def show(self):
        desk, texts = self._desk, self._desk.texts
        chain = desk.terminal.chain
        lines = [texts.line("CASH_UP") % chain.shift.number]
        for currency, kind, count, total in chain.close_fields()[1]:
            lines.append(
                (texts.line("VOIDED") if kind == VOID else texts.line("SOLD")) % (count, desk.amount(total, currency))
            )
        desk.show("cash_up", lines + desk.fullness() + [texts.line("CLOSE_KEYS")])

    def key(self, key):
        if key == "#":
            self._desk.terminal.close_shift()
            self._desk.clear()
        self._desk.home()
