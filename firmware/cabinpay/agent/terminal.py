"""The terminal as a whole: boot, shift, sale. Crew and link sessions speak to it; it speaks to neither."""

from cabinpay.wire import cose
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import Close, Evidence, Open
from cabinpay.wire.receipts import Sale as SaleReceipt

from . import keystore, records, verdict
from .chain import Chain
from .clock import Clock
from .drbg import Drbg
from .errors import Refused, StorageError
from .journal import DAMAGED, ROLLED_BACK, Journal
from .pins import Pins
from .sale import Sale
from .spend import SpendTable
from .trust import Trust

AGENT = "cabinpay 0.1.0"
PASS_CACHE = 32


class Outcome:
    """What a scan came to; receipt fields are those of the sale made, or of the one made before (already_paid)."""

    def __init__(self, code, number=0, amount=0, currency=0, time=0):
        self.code = code
        self.number = number
        self.amount = amount
        self.currency = currency
        self.time = time


class Terminal:
    """
    files: small file system; codec: CBOR; crypto: verify, sign, public_key of Ed25519; ticks: seconds since power-on;
    rtc: Unix seconds or None; urandom(n): the port's randomness; max_passes: bound of the spend table;
    carved(): does raw flash hold records though the file system has no keys?
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
        self.journal = Journal(files)
        self.spend = SpendTable(max_passes)
        self.passes = verdict.PassCache(crypto.verify, PASS_CACHE)
        self.keys = None
        self.chain = None
        self.since_ground = (0, {})
        self.damage = ""

    def boot(self):
        """Takes up what flash holds. Never raises for its content: `state` says what keeps it from selling."""
        try:
            self.keys = keystore.load(self.files, self.codec, self.crypto)
            if self.keys is None:
                self.damage = "needs-recovery" if self.carved() else ""
                self.drbg = Drbg(self.urandom(32), 0, self.urandom(32))
                return
            self._start()
        except (ValueError, OSError):
            # the journal may not have been read to its end, so nothing may be appended to it either
            self.damage = self.journal.fault = DAMAGED
            self.drbg = Drbg(self.urandom(32), 0, self.urandom(32))

    def _start(self):
        self.drbg = Drbg(self.keys.drbg, keystore.count_boot(self.files), self.urandom(32))
        self.chain = Chain(self.journal, self.keys, self.clock, self.codec, self.crypto.verify)
        try:
            self.trust.load(self.keys.roots)
        except ValueError:
            pass  # no bundle, no sales; the receipts can still be pulled once the ground has sent another
        self.journal.boot(self._replay)
        self._apply_bundle()

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
        if self.state != "blank":
            raise Refused("not_blank", "Only a blank terminal can be provisioned; this one is " + self.state + ".")
        try:
            self.keys = keystore.provision(
                self.files, self.codec, self.crypto, self.urandom(64), host_entropy, roots, label, aircraft
            )
            self._start()
        except OSError:
            self.damage = "storage"
            raise StorageError()
        return self.keys.public

    def install(self, data):
        """Activates a trust bundle, COSE bytes, or returns [[name, bytes held], ...] of the files that it waits for;
        WireError or Refused leaves the present one in force."""
        missing = self.trust.install(data, self.keys.roots, self.clock.floor())
        if missing:
            self._make_room(self.trust.lacks(missing))
        else:
            self._apply_bundle()
        return missing

    def add_file(self, name, offset, chunk):
        """Takes a piece of a file that the bundle waits for; the last piece of the last one puts it in force."""
        if self.trust.add_file(name, offset, chunk):
            self._apply_bundle()
            self.journal.measure()

    def _make_room(self, size):
        self.journal.measure(size)
        if self.journal.room() < 0:
            self.trust.unstage()
            self.journal.measure()
            raise Refused("full", "No room for the bundle's files. Take the receipts in first.")

    def _apply_bundle(self):
        self.passes = verdict.PassCache(self.crypto.verify, PASS_CACHE)
        bundle = self.trust.bundle
        if bundle:
            self.clock.bound(bundle.issued, bundle.not_after, bundle.limits[0])

    def _replay(self, record):
        self.clock.raise_floor(record.floor)
        self.chain.replay(record)
        if record.type == records.TIME:
            self.since_ground = (0, {})
        elif record.spend[2]:
            self._book(record.spend)

    def _book(self, spend):
        kid, cti, seq, amount, expiry, currency = spend
        self.spend.add(kid + cti, seq, amount, expiry)
        sales, sums = self.since_ground
        sums[currency] = sums.get(currency, 0) + amount
        self.since_ground = (sales + 1, sums)

    def set_time(self, now, statement):
        """Takes over ground time, Unix seconds; the signed `statement` is kept as the floor's proof."""
        if now < self.clock.floor():
            raise Refused("time_back", "The terminal has seen a later time. Check the computer's clock.")
        if not self.clock.possible(now):
            # the floor never falls: a laptop whose clock is years ahead would end this terminal's life
            raise Refused("time_ahead", "That is long after the bundle's end. Check the computer's clock.")
        self.journal.append(records.Record(records.TIME, 0, 0, now, records.NO_SPEND, statement))
        self.clock.sync(now)
        self.since_ground = (0, {})

    def acknowledge(self, number, statement):
        """Notes durably that a ledger holds the chain up to `number`."""
        if number > self.journal.acked:
            self.journal.append(records.Record(records.ACK, 0, number, 0, records.NO_SPEND, statement))

    def roll_back(self, number, statement):
        """An ack beyond the head proves that this flash holds an older state: the terminal stops selling for good."""
        if self.journal.fault != ROLLED_BACK:
            self.acknowledge(number, statement)
        self.journal.fault = ROLLED_BACK

    def open_shift(self, crew, flight_number, day):
        """Opens a shift; ends the one before. Refused where the terminal cannot sell."""
        if self.state != "ready":
            raise Refused(self.state, "This terminal cannot sell now.")
        bundle = self.trust.bundle
        return self.chain.append(
            Open, crew=crew, flight=[bundle.airline, flight_number, day], aircraft=self.keys.aircraft, agent=AGENT,
            bundle=bundle.version,
        )  # fmt: skip

    def close_shift(self):
        """Closes the shift; returns the Close receipt with its sums. Refused outside a shift."""
        covers, sums = self.chain.close_fields()
        return self.chain.append(Close, covers=covers, sums=sums)

    def new_sale(self):
        """An empty sale in the bundle's first currency."""
        return Sale(self.trust.bundle.currencies[0][0], self.codec, self.ticks)

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
        try:
            code = verdict.decide(
                scan, self.trust, self.chain.shift, sale, self.clock.read(), self.spend, self.since_ground, self.passes,
                self.crypto.verify, self.journal.find_payment,
            )  # fmt: skip
            if code == verdict.ALREADY_PAID:
                return self._paid_before(scan)
        except StorageError as e:
            return Outcome(e.code)
        if code == verdict.APPROVED and self.journal.room() < records.MAX_RECORD:
            code = "full"
        return Outcome(code) if code != verdict.APPROVED else self._sell(scan, sale)

    def _sell(self, scan, sale):
        nonce = sale.bill.nonce if scan.payment.challenge else None
        evidence = Evidence(scan.signed_pass, scan.signed_payment, sale.lines, nonce)
        payment, pass_ = scan.payment, scan.pass_
        spend = (scan.issuer_kid, pass_.cti, payment.seq, sale.amount, pass_.exp, sale.currency)
        try:
            receipt = self.chain.append(
                SaleReceipt, evidence.pack(self.codec), spend, mode=scan.mode, amount=[sale.amount, sale.currency],
                payment_hash=evidence.payment_hash(self.codec), lines_hash=evidence.lines_hash(self.codec),
            )  # fmt: skip
        except StorageError as e:
            return Outcome(e.code)
        self._book(spend)
        sale.bill = None
        return Outcome(verdict.APPROVED, receipt.number, sale.amount, sale.currency, receipt.time)

    def _paid_before(self, scan):
        number, amount, currency, signed = self.journal.find_payment(scan.ident, scan.payment.seq)
        receipt = SaleReceipt.unpack(cose.parse(signed, self.codec).payload, self.codec)
        return Outcome(verdict.ALREADY_PAID, number, amount, currency, receipt.time)
