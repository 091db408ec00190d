"""Is a sale what its passenger agreed to, by a pass that was good at the time? A plain reading of its evidence."""

from typing import NamedTuple

from cabinpay.wire import cose
from cabinpay.wire.claims import BOUND, CHALLENGED, Bill, Pass, Payment, lines_total
from cabinpay.wire.receipts import FLOOR, Evidence, Sale

from .. import codec
from ..crypto import verify
from .audit_items import Keys


class Sold(NamedTuple):
    """What a sound sale says; limits: of its pass: total, per sale, count; iat: of its payment."""

    airline: str
    issuer_kid: bytes
    cti: bytes
    seq: int
    amount: int
    currency: int
    limits: tuple[int, int, int]
    sale: Sale
    claims: Pass
    iat: int


class Unsound(Exception):
    pass


def sold(sale: Sale, terminal_kid: bytes, evidence: Evidence, airline: str, keys: Keys) -> Sold:
    """What this sale of a terminal says; Unsound or WireError where the evidence does not prove it."""
    lines_hash = evidence.lines_hash(codec) if evidence.lines else sale.lines_hash
    if (evidence.payment_hash(codec), lines_hash) != (sale.payment_hash, sale.lines_hash):
        raise Unsound("the evidence is another sale's")
    issuer_kid, claims = _pass(sale, evidence.signed_pass, airline, keys)
    if cose.parse(evidence.payment, codec).kid is not None:
        raise Unsound("the payment names a key")
    device = claims.device_key()
    payload = cose.open(evidence.payment, lambda _, m, s: verify(device, m, s), evidence.signed_pass, codec)
    payment = Payment.unpack(payload, codec)
    _refuse_other_terms(sale, terminal_kid, evidence, payment)
    (amount, currency), (listed, total, per_sale, count) = sale.amount, claims.limits
    if listed != currency:
        raise Unsound("the pass is in another currency")
    limits = total, per_sale, count
    return Sold(airline, issuer_kid, claims.cti, payment.seq, amount, currency, limits, sale, claims, payment.iat)


def phones(data: bytes) -> Evidence:
    """What a phone has handed in: pass and payment, no lines; or the terminal's, where that is the same."""
    items = codec.decode(data)
    if isinstance(items, list) and len(items) == 2 and all(isinstance(item, bytes) for item in items):
        return Evidence(items[0], items[1], [])
    return Evidence.unpack(data, codec)


def _pass(sale: Sale, signed_pass: bytes, airline: str, keys: Keys) -> tuple[bytes, Pass]:
    sign1 = cose.parse(signed_pass, codec)
    issuer_kid, claims = sign1.kid or b"", Pass.unpack(sign1.payload, codec)
    issuers = keys.issuers.get((airline, issuer_kid), set())
    cose.open(signed_pass, lambda _, m, s: any(verify(i.public_key, m, s) for i in issuers), cose.AAD_PASS, codec)
    if not _within(sale, claims.nbf, claims.exp) or not any(_within(sale, i.start, i.until) for i in issuers):
        raise Unsound("outside the window of its pass or issuer")
    if claims.aud != airline:
        raise Unsound("the pass is for another airline")
    return issuer_kid, claims


def _within(sale: Sale, start: int, until: int) -> bool:
    return sale.time < until and (sale.time >= start or sale.quality[0] == FLOOR)


def _refuse_other_terms(sale: Sale, terminal_kid: bytes, evidence: Evidence, payment: Payment) -> None:
    amount, currency = sale.amount
    order = sale.lines_hash[:8]
    if payment.terms and payment.terms[:2] != sale.amount:
        raise Unsound("the passenger agreed to another amount")
    if evidence.lines and lines_total(evidence.lines) != amount:
        raise Unsound("the lines make another amount")
    if payment.mode() != sale.mode or (sale.mode == BOUND and payment.terms != [amount, currency, order]):
        raise Unsound("the passenger agreed to another sale")
    # a phone has no lines and no nonce: its bill cannot be made again
    if sale.mode == CHALLENGED and evidence.lines:
        bill = Bill(terminal_kid, evidence.nonce or b"", amount, currency, order)
        if payment.challenge != bill.challenge(codec):
            raise Unsound("the passenger agreed to another bill")
