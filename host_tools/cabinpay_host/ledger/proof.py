"""Does a piece of evidence prove a sale? A pure check; judge.py says what follows from it.

Evidence is what a terminal streams (pass, payment, lines, nonce), or what a phone hands in: `[pass, payment]`, which is
taken from nobody else: a terminal has the lines, and could hide by leaving them out what they make. Without the lines
their sum is unknown and the receipt's amount stands; a bound payment's order must be the lines that the receipt
names by hash; and a challenged payment's bill cannot be rebuilt, for want of its nonce: it is taken on the terms that
the passenger signed, amount and currency. What binds it to this sale is the receipt, which its terminal signed over it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from cabinpay.wire import cose
from cabinpay.wire.claims import BOUND, CHALLENGED, Bill, Pass, Payment, lines_total
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import FLOOR, Evidence, Sale
from cabinpay.wire.schema import array, octets, row

from .. import codec
from ..crypto import verify
from .reading import pass_of, pass_signed_by

_handed_form = row(octets(1, 400), octets(1, 400))
_ARRAY_OF_TWO = b"\x82"


@dataclass(frozen=True)
class Issuer:
    public_key: bytes
    start: int
    until: int


@dataclass(frozen=True)
class Party:
    """A terminal, as registered; lost_at: reported lost at this number, None where it is not."""

    public_key: bytes
    airline: str
    lost_at: int | None = None


@dataclass
class Proof:
    """What one piece of evidence amounts to; lines: it has the lines."""

    sha256: bytes
    codes: dict[str, str] = field(default_factory=dict)
    lines: bool = True
    issuer_kid: bytes | None = None
    claims: Pass | None = None
    payment: Payment | None = None


class Fault(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def handed_in(signed_pass: bytes, payment: bytes) -> bytes:
    """What a phone has, as evidence."""
    return codec.encode([signed_pass, payment])


def read_evidence(data: bytes) -> Evidence:
    """Evidence of either form; without lines where it is a phone's. WireError for anything else."""
    if data[:1] != _ARRAY_OF_TWO:
        return Evidence.unpack(data, codec)
    signed_pass, payment = array(data, _handed_form, codec)
    return Evidence(signed_pass, payment, [])


def badness(proof: Proof) -> tuple[int, bool, bool, bytes]:
    """Orders evidence, best first: what can be read says more about a sale than what is not its evidence at all."""
    return len(proof.codes), "bad_evidence" in proof.codes, not proof.lines, proof.sha256


def collect(codes: dict[str, str], wire_code: str, step: Callable[[], None]) -> bool:
    """Did `step` find no fault? What it found goes into `codes`; a WireError as `wire_code`."""
    try:
        step()
    except Fault as fault:
        codes[fault.code] = fault.detail
    except WireError as e:
        codes[wire_code] = str(e)
    else:
        return True
    return False


def prove(
    sale: Sale, terminal_kid: bytes, airline: str, data: bytes, handed: bool, issuers: dict[bytes, list[Issuer]]
) -> Proof:
    """What evidence `data` shows about a sale of this terminal and airline; handed: a phone gave it; issuers: the
    airline's, by kid."""
    proof = Proof(hashlib.sha256(data).digest())
    evidence = _bound_evidence(proof.codes, sale, data, handed)
    if evidence is None:
        return proof
    proof.lines = bool(evidence.lines)
    if proof.lines:
        collect(proof.codes, "amount", lambda: check_amount(sale, evidence))
    collect(proof.codes, "bad_pass", lambda: check_pass(proof, sale, airline, evidence, issuers))
    if proof.claims is not None and collect(proof.codes, "bad_payment", lambda: _check_payment(proof, evidence)):
        collect(proof.codes, "terms", lambda: check_terms(proof, sale, terminal_kid, evidence))
    return proof


def _bound_evidence(codes: dict[str, str], sale: Sale, data: bytes, handed: bool) -> Evidence | None:
    try:
        evidence = read_evidence(data)
    except WireError as e:
        codes["bad_evidence"] = str(e)
        return None
    if not evidence.lines and not handed:
        codes["bad_evidence"] = "comes from the terminal without the lines"
        return None
    lines_differ = evidence.lines and evidence.lines_hash(codec) != sale.lines_hash
    if evidence.payment_hash(codec) != sale.payment_hash or lines_differ:
        codes["bad_evidence"] = "is not what the receipt names by hash"
        return None
    return evidence


def check_amount(sale: Sale, evidence: Evidence) -> None:
    total = lines_total(evidence.lines)
    if total != sale.amount[0]:
        raise Fault("amount", f"sold for {sale.amount[0]}, the lines make {total}")


def check_pass(proof: Proof, sale: Sale, airline: str, evidence: Evidence, issuers: dict[bytes, list[Issuer]]) -> None:
    sign1, claims = pass_of(evidence.signed_pass)
    proof.claims = claims
    known = issuers.get(sign1.kid or b"", [])
    if sign1.kid is None or not known:
        raise Fault("unknown_issuer", f"no accepted bundle lists {sign1.kid.hex() if sign1.kid else 'nobody'}")
    if not any(pass_signed_by(i.public_key, evidence.signed_pass) for i in known):
        raise Fault("bad_pass", "not signed by its issuer")
    proof.issuer_kid = sign1.kid
    if not any(_within(sale, i.start, i.until) for i in known):
        raise Fault("bad_pass", "outside its issuer's window")
    if not _within(sale, claims.nbf, claims.exp):
        raise Fault("bad_pass", "outside its own window")
    if claims.aud != airline:
        raise Fault("bad_pass", f"made for airline {claims.aud}")


def _within(sale: Sale, start: int, until: int) -> bool:
    return sale.time < until and (start <= sale.time or sale.quality[0] == FLOOR)


def _check_payment(proof: Proof, evidence: Evidence) -> None:
    claims = proof.claims
    assert claims is not None
    sign1 = cose.parse(evidence.payment, codec)
    if sign1.kid is not None:
        raise Fault("bad_payment", "names a key, which is the pass's to name")
    message = cose.signed_bytes(sign1, evidence.signed_pass, codec)
    if not verify(claims.device_key(), message, sign1.signature):
        raise Fault("bad_payment", "not signed by the pass's device key")
    proof.payment = Payment.unpack(sign1.payload, codec)


def check_terms(proof: Proof, sale: Sale, terminal_kid: bytes, evidence: Evidence) -> None:
    claims, payment = proof.claims, proof.payment
    assert claims is not None and payment is not None
    if sale.amount[1] != claims.limits[0]:
        raise Fault("terms", f"sold in currency {sale.amount[1]}, the pass is in {claims.limits[0]}")
    if payment.mode() != sale.mode:
        raise Fault("terms", f"payment of mode {payment.mode()}, receipt of mode {sale.mode}")
    if payment.terms and payment.terms[:2] != sale.amount:
        raise Fault("terms", "the passenger agreed to another amount")
    order = sale.lines_hash[:8]
    if sale.mode == BOUND and payment.terms and payment.terms[2] != order:
        raise Fault("terms", "the passenger agreed to another order")
    if sale.mode == CHALLENGED and evidence.lines and not _bill_fits(sale, terminal_kid, evidence, order, payment):
        raise Fault("terms", "the passenger agreed to another bill")


def _bill_fits(sale: Sale, terminal_kid: bytes, evidence: Evidence, order: bytes, payment: Payment) -> bool:
    if evidence.nonce is None:
        return False
    bill = Bill(terminal_kid, evidence.nonce, sale.amount[0], sale.amount[1], order)
    return bill.challenge(codec) == payment.challenge
