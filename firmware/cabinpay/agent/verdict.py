"""Whether a shown payment is taken: one function, cheap checks first, signatures before any stored state."""

import hashlib

from cabinpay.wire import cose, qrtext
from cabinpay.wire.claims import BOUND, CHALLENGED, Pass, Payment
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import FLOOR, RTC, SYNCED

from .trust import in_window

APPROVED = "approved"
ALREADY_PAID = "already_paid"
_MARK = 16


class Scan:
    """A customer's QR code taken apart, nothing in it believed yet."""

    def __init__(self, text, codec):
        self.signed_pass, self.signed_payment = qrtext.read_customer(text, codec)
        self._pass_sign1 = cose.parse(self.signed_pass, codec)
        self._payment_sign1 = cose.parse(self.signed_payment, codec)
        if self._pass_sign1.kid is None or self._payment_sign1.kid is not None:
            raise WireError("cose", "a pass names its key and a payment does not")
        self.pass_ = Pass.unpack(self._pass_sign1.payload, codec)
        self.payment = Payment.unpack(self._payment_sign1.payload, codec)
        self.mode = self.payment.mode()
        if not self.mode:
            raise WireError("schema", "terms and challenge do not go together")
        self.issuer_kid = self._pass_sign1.kid
        self.ident = self.issuer_kid + self.pass_.cti
        self._codec = codec

    def pass_holds(self, issuer_key, verify):
        signed = cose.signed_bytes(self._pass_sign1, cose.AAD_PASS, self._codec)
        return verify(issuer_key, signed, self._pass_sign1.signature)

    def payment_holds(self, verify):
        signed = cose.signed_bytes(self._payment_sign1, self.signed_pass, self._codec)
        return verify(self.pass_.device_key(), signed, self._payment_sign1.signature)


class PassCache:
    """Remembers that a pass's signature verified, for the last `size` passes, and nothing else: every other check runs
    again. What it remembers has its place from the start: 16 bytes of SHA-256 each."""

    def __init__(self, verify, size):
        self._verify = verify
        self._known = bytearray(_MARK * size)
        self.forget()

    def forget(self):
        self._known[:] = bytes(len(self._known))
        self._next = 0

    def holds(self, scan, issuer_key):
        mark = hashlib.sha256(issuer_key + scan.signed_pass).digest()[:_MARK]
        if mark in self._known:
            return True
        if not scan.pass_holds(issuer_key, self._verify):
            return False
        self._known[self._next : self._next + _MARK] = mark
        self._next = (self._next + _MARK) % len(self._known)
        return True


def decide(scan, trust, shift, sale, reading, spend, since_ground, passes, verify, find_payment):
    """
    APPROVED, or the code of what stands first against this scan. Changes nothing.

    shift: the Open receipt or None; sale: Sale of agent.sale; reading: (time, quality, age) of the clock;
    spend: SpendTable; since_ground: [sales, {currency: sum}] since the last ground time; find_payment(ident, seq):
    the sale that a payment already made, or None.
    """
    reason = _identity(scan, trust, shift, sale, reading) or _context(scan, trust, sale, reading, since_ground)
    seen = spend.get(scan.ident)
    # A code that has paid already says so whatever has changed around it since (the bill is gone, a minute has
    # passed, the pass has expired or is revoked): "try again" would make the passenger pay twice. Only codes that could
    # have paid cost signatures here.
    if reason and (scan.payment.seq > seen[0] or trust.issuer(scan.issuer_kid) is None):
        return reason
    forged = _signatures(scan, trust, passes, verify)
    if forged:
        return reason or forged
    if scan.payment.seq <= seen[0] and find_payment(scan.ident, scan.payment.seq):
        return ALREADY_PAID
    if trust.revoked(scan.ident):
        return reason or "revoked"
    if scan.payment.seq <= seen[0]:
        return reason or "seq"
    return _limits(scan, trust, sale, reading, spend, seen, since_ground) or APPROVED


def _identity(scan, trust, shift, sale, reading):
    pass_ = scan.pass_
    issuer = trust.issuer(scan.issuer_kid)
    if shift is None:
        return "no_shift"
    if issuer is None or not in_window(issuer[1], issuer[2], reading):
        return "issuer"
    if pass_.aud != trust.bundle.airline:
        return "airline"
    if pass_.flight is not None and pass_.flight != shift.flight[1:]:
        return "flight"
    if trust.currency(sale.currency) is None:
        return "currency"  # a bundle came while this was being keyed in
    if pass_.limits[0] != sale.currency or _issuer_cap(issuer, sale.currency) is None:
        return "currency"
    if reading[1] != FLOOR and reading[0] < pass_.nbf:
        return "pass_early"
    if reading[0] >= pass_.exp:
        return "pass_expired"
    return "pass_lifetime" if pass_.exp - pass_.nbf > trust.bundle.limits[1] else None


def _context(scan, trust, sale, reading, since_ground):
    if not sale.lines:
        return "no_sale"
    if scan.mode != CHALLENGED:
        if trust.run_out(reading):
            return "bundle_expired"
        if _overdue(trust, sale, since_ground):
            return "ground_overdue"
    if not cap(trust, sale, scan.mode, reading, since_ground):
        return "mode"
    if scan.mode == CHALLENGED:
        return _bill(scan, sale)
    return _fresh(scan, trust, reading) or _terms(scan, sale)


def _fresh(scan, trust, reading):
    time, quality, _ = reading
    if scan.payment.iat < time - trust.bundle.limits[0]:
        return "stale"
    return "ahead" if quality != FLOOR and scan.payment.iat > time + trust.bundle.limits[0] else None


def _bill(scan, sale):
    if sale.challenge is None:
        return "no_bill"
    if scan.payment.challenge != sale.challenge:
        return "other_bill"
    return None if scan.payment.terms == [sale.amount, sale.currency] else "amount"


def _terms(scan, sale):
    if scan.mode != BOUND:
        return None
    if scan.payment.terms[:2] != [sale.amount, sale.currency]:
        return "amount"
    return None if scan.payment.terms[2] == sale.order else "order"


def _signatures(scan, trust, passes, verify):
    if not passes.holds(scan, trust.issuer(scan.issuer_kid)[0]):
        return "pass_signature"
    return None if scan.payment_holds(verify) else "payment_signature"


def _limits(scan, trust, sale, reading, spend, seen, since_ground):
    _, total, per_sale, count = scan.pass_.limits
    issuer_per_sale, issuer_total = _issuer_cap(trust.issuer(scan.issuer_kid), sale.currency)
    if sale.amount > min(per_sale, issuer_per_sale):
        return "per_sale"
    if seen[1] + sale.amount > min(total, issuer_total):
        return "total"
    if seen[2] + 1 > count:
        return "count"
    if sale.amount > cap(trust, sale, scan.mode, reading, since_ground):
        return "terminal_limit"
    return None if spend.room_for(scan.ident) else "passes_full"


def _issuer_cap(issuer, currency):
    for number, per_sale, total in issuer[3]:
        if number == currency:
            return per_sale, total
    return None


def cap(trust, sale, mode, reading, since_ground):
    """Most that one sale may be, in minor units: 0 where the mode is off for this clock. A bundle that has run out,
    or a ground time too long ago, leaves challenged sales under the limit of a floor clock, and never allows more than
    it did before."""
    caps = trust.currency(sale.currency)[2][mode - 1]
    most = caps[reading[1] - 1]
    if trust.run_out(reading) or _overdue(trust, sale, since_ground):
        return min(most, caps[FLOOR - 1]) if mode == CHALLENGED else 0
    return most


def limited(trust, sale, reading, since_ground, broken):
    """Why only bills pay for this sale now, though bound or quick codes would over a good clock: bundle_expired,
    ground_overdue, no_clock; or None. broken: see Chain.bills_only."""
    entry = trust.currency(sale.currency)
    good, poor = 0, 0
    for caps in entry[2][BOUND - 1 :] if entry else ():
        good, poor = max(good, caps[RTC - 1], caps[SYNCED - 1]), max(poor, caps[FLOOR - 1])
    if not good:
        return None
    if trust.run_out(reading):
        return "bundle_expired"
    if _overdue(trust, sale, since_ground):
        return "ground_overdue"
    return "no_clock" if broken or (reading[1] == FLOOR and not poor) else None


def _overdue(trust, sale, since_ground):
    """Is it too many sales, or would this one make it too much, since the last ground time?"""
    sales, sums = since_ground
    total = sums.get(sale.currency, 0) + sale.amount
    return sales >= trust.bundle.limits[2] or total > trust.currency(sale.currency)[3]
