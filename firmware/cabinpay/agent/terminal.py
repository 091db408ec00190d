"""The terminal as a whole: boot, shift, sale. Crew and link sessions speak to it; it speaks to neither."""

import hashlib

from cabinpay.wire import cose, qrtext
from cabinpay.wire.claims import CHALLENGED
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import (
    VOID,
    Close,
    Evidence,
    Note,
    Open,
    Void,
    read_receipt,
)
from cabinpay.wire.receipts import Sale as SaleReceipt

from . import AGENT, crash, keystore, records, verdict
from .clock import Clock
from .drbg import Drbg
from .errors import Refused, StorageError
from .journal import DAMAGED
from .own import OwnKey
from .pins import Pins
from .sale import Sale
from .store import Store
from .trust import Trust

PASS_CACHE = 32
VOIDED = "voided"


class Outcome:
    """What a scan came to; receipt fields are those of the sale made, or of the one made before
    (already_paid, voided; time: when it was made, or cancelled)."""

    def __init__(self, code, number=0, amount=0, currency=0, time=0):
        self.code = code
        self.number = number
        self.amount = amount
        self.currency = currency
        self.time = time


def _ground():
    # in the air nobody asks for it: its code need not be in RAM
    from . import ground

    return ground


def _starting():
    from . import starting

    return starting


class Terminal:
    """
    files: small file system; codec: CBOR; crypto: verify, Verifier, sign, public_key of Ed25519; ticks: seconds since
    power-on; rtc: Unix seconds or None; urandom(n): the port's randomness; max_passes: bound of the spend table;
    carved(): the highest number of a receipt in raw flash, whatever the file system says; 0 where there is no record.
    """

    def __init__(self, files, codec, crypto, ticks, rtc, urandom, max_passes, carved):
        self.files = files
        self.codec = codec
        self.crypto = crypto
        self.ticks = ticks
        self.urandom = urandom
        self.carved = carved
        self.clock = Clock(ticks, rtc)
        self.trust = Trust(files, codec, crypto.verify)
        self.pins = Pins(files, codec, ticks)
        self.store = Store(files, codec, self.clock, max_passes)
        self.journal = self.store.journal
        self.journal.promised = self.trust.awaited
        self.journal.carved = carved
        self.spend = self.store.spend
        self.own = OwnKey(crypto)
        self.passes = verdict.PassCache(crypto.verify, PASS_CACHE)
        self.keys = None
        self.chain = None
        self.damage = ""

    def boot(self):
        """Takes up what flash holds. Never raises for its content: `state` says what keeps it from selling."""
        try:
            self.keys = keystore.load(self.files, self.codec, self.crypto)
            if self.keys is None:
                self.damage = "needs-recovery" if self.carved() else ""
                self.drbg = Drbg(self.urandom(32), 0, self.urandom(32))
                return
            self.start()
        except (ValueError, OSError, StorageError):
            # the journal may not have been read to its end, so nothing may be appended to it either
            self.damage = self.journal.fault = DAMAGED
            self.drbg = Drbg(self.urandom(32), 0, self.urandom(32))

    def start(self):
        """Takes up the journal and all that the keys are for."""
        _starting().start(self)

    @property
    def state(self):
        """blank, no-bundle, ready, or why it does not sell: needs-recovery, damaged, storage, rolled-back."""
        if self.damage or self.journal.fault:
            return self.damage or self.journal.fault
        if self.keys is None:
            return "blank"
        return "ready" if self.trust.bundle else "no-bundle"

    def provision(self, host_entropy, roots, label, aircraft):
        """Makes this terminal's keys; Refused unless it is blank."""
        return _ground().provision(self, host_entropy, roots, label, aircraft)

    def install(self, data):
        """Activates a trust bundle, COSE bytes, or returns [[name, bytes held], ...] of the files that it waits for;
        WireError or Refused leaves the present one in force."""
        return _ground().install(self, data)

    def add_file(self, name, offset, chunk):
        """Takes a piece of a file that the bundle waits for; the last piece of the last one puts it in force."""
        _ground().add_file(self, name, offset, chunk)

    def open_prompt(self, by, anyway):
        """The next boot opens the port's prompt; by: kid of the ground key that granted it, empty where blank."""
        _ground().open_prompt(self, by, anyway)

    def set_time(self, now, statement):
        """Takes over ground time, Unix seconds; the signed `statement` is kept as the floor's proof."""
        _ground().set_time(self, now, statement)

    def acknowledge(self, number, statement):
        """Notes durably that a ledger holds the chain up to `number`, and frees what need not be kept any longer."""
        _ground().acknowledge(self, number, statement)

    def roll_back(self, number, statement):
        """An ack beyond the head proves that this flash holds an older state: the terminal stops selling for good."""
        _ground().roll_back(self, number, statement)

    def apply_bundle(self):
        self.passes.forget()
        bundle = self.trust.bundle
        if bundle:
            self.clock.bound(bundle.issued, bundle.not_after, bundle.limits[0])

    def note(self, event, detail):
        """A note, where there is room for one: what it tells of has happened and stays so without it."""
        if self.journal.fault or self.journal.spare() < records.MAX_RECORD:
            return
        try:
            self.chain.append(Note, self.clock.read(), event=event, detail=detail)
        except (StorageError, WireError, MemoryError):
            pass

    def log_line(self):
        return crash.told(self.files)

    def open_shift(self, crew, flight_number, day):
        """Opens a shift; ends the one before. Refused where the terminal cannot sell."""
        if self.state != "ready":
            raise Refused(self.state, "This terminal cannot sell now.")
        if self.store.full():
            raise Refused("full", "Terminal is full. Sync before more sales.")
        bundle = self.trust.bundle
        return self.chain.append(
            Open, self.clock.read(), crew=crew, flight=[bundle.airline, flight_number, day],
            aircraft=self.keys.aircraft, agent=AGENT, bundle=bundle.version,
        )  # fmt: skip

    def close_shift(self):
        """Closes the shift; returns the Close receipt with its sums. Refused outside a shift."""
        covers, sums = self.chain.close_fields()
        return self.chain.append(Close, self.clock.read(), covers=covers, sums=sums)

    def sale_to_void(self, number):
        """The record of a sale that can be cancelled: of this shift, and not cancelled before. Refused otherwise."""
        if self.chain.shift is None:
            raise Refused("no_shift", "No shift is open.")
        sale, cancelled = self.journal.find_sale(number)
        if sale is None or number < self.chain.shift.number:
            raise Refused("void_unknown", "No such sale in this shift. After it: a refund on the ground.")
        if cancelled:
            raise Refused("void_twice", "This sale is cancelled already.")
        return sale

    def void(self, number, reason):
        """Cancels sale `number` whole; reason: BY_MISTAKE to OTHER. Gives back its sum, never its seq or count."""
        sale = self.sale_to_void(number)
        if self.journal.spare() < records.MAX_RECORD:
            raise Refused("full", "Terminal is full. Close the shift and sync.")
        kid, cti, seq, amount, _, currency = sale.spend
        spend = (kid, cti, seq, amount, number, currency)
        named = hashlib.sha256(sale.signed).digest()
        receipt = self.chain.append(Void, self.clock.read(), b"", spend, sale=named, reason=reason)
        self.store.give_back(spend)
        return receipt

    def receipt_text(self, number):
        """Text of the QR code that shows receipt `number` to its passenger."""
        try:
            for found, signed, _ in self.journal.records_from(number):
                if found == number:
                    return qrtext.receipt_text(signed)
        except (OSError, ValueError):
            pass
        raise Refused("receipt", "This receipt cannot be shown.")

    def new_sale(self, currency=0):
        """An empty sale in this currency of the bundle, in its first one without."""
        return Sale(currency or self.trust.bundle.currencies[0][0], self.codec, self.ticks)

    def capacity(self):
        """Bytes of the whole flash that sales may fill, with whatever else lies on it."""
        return self.files.size() - self.journal.reserve

    def bill(self, sale):
        """Opens a bill over `sale` and returns it."""
        return sale.make_bill(self.keys.kid, self.drbg.nonce())

    def scan(self, text, sale):
        """Decides a scanned line, ASCII bytes without its line end, and books what is approved. An Outcome, always."""
        if self.state != "ready":
            return Outcome(self.state.replace("-", "_"))
        try:
            scan = verdict.Scan(text, self.codec)
        except WireError as e:
            return Outcome(e.code)
        reading = self.clock.read()
        try:
            code = self._decide(scan, sale, reading)
            if code == "passes_full" and self.store.purge():
                code = self._decide(scan, sale, reading)
            if code == verdict.ALREADY_PAID:
                return self._paid_before(scan)
            if code == verdict.APPROVED and not self.chain.takes(sale.currency):
                code = "currency"
            if code == verdict.APPROVED and self.store.full():
                code = "full"
        except StorageError as e:
            return Outcome(e.code)
        return Outcome(code) if code != verdict.APPROVED else self._sell(scan, sale, reading)

    def _decide(self, scan, sale, reading):
        code = verdict.decide(
            scan, self.trust, self.chain.shift, sale, reading, self.spend, self.store.since_ground, self.passes,
            self.crypto.verify, self.journal.find_payment,
        )  # fmt: skip
        if code != verdict.APPROVED or not self._may_be_lost(scan):
            return code
        # where nobody knows when the damage was, no new code would be any better
        return "mode" if self.chain.bills_only else "stale"

    def _may_be_lost(self, scan):
        """Can this payment have made a sale that damage has taken? A bill is paid only once, any other code must be
        newer than the damage."""
        newest = self.chain.broken and self.chain.broken + self.trust.bundle.limits[0]
        return scan.mode != CHALLENGED and scan.payment.iat <= newest

    def _sell(self, scan, sale, reading):
        nonce = sale.bill.nonce if scan.payment.challenge else None
        evidence = Evidence(scan.signed_pass, scan.signed_payment, sale.lines, nonce)
        payment, pass_ = scan.payment, scan.pass_
        spend = (scan.issuer_kid, pass_.cti, payment.seq, sale.amount, pass_.exp, sale.currency)
        try:
            receipt = self.chain.append(
                SaleReceipt, reading, evidence.pack(self.codec), spend, mode=scan.mode,
                amount=[sale.amount, sale.currency], payment_hash=evidence.payment_hash(self.codec),
                lines_hash=evidence.lines_hash(self.codec),
            )  # fmt: skip
        except StorageError as e:
            return Outcome(e.code)
        self.store.book(spend)
        sale.bill = None
        return Outcome(verdict.APPROVED, receipt.number, sale.amount, sale.currency, receipt.time)

    def _paid_before(self, scan):
        number, amount, currency, signed, kind = self.journal.find_payment(scan.ident, scan.payment.seq)
        receipt = read_receipt(cose.parse(signed, self.codec).payload, self.codec)
        return Outcome(VOIDED if kind == VOID else verdict.ALREADY_PAID, number, amount, currency, receipt.time)
