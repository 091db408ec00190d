"""What a receipt is worth: a pure check of bytes against keys, which trusts no terminal's verdict.

A sale is **sound**, and its payment is debited, when everything that money hangs on holds: the receipt is signed by
the terminal that gave it and has its number; its evidence binds (both hashes); the pass is signed by an issuer of an
accepted bundle of this airline, within the issuer's and the pass's windows at receipt time; the payment is signed by
the pass's device key; what the payment agreed to is what was sold; the amount is the sum of the lines.

Everything else is **refused**: it debits nobody by itself and leaves an exception for a person. So a receipt with a
bad terminal signature debits nobody though its payment be genuine (whoever saw the QR code could have made it), and
neither does a pass that had run out (the issuer promised nothing).

Not the judge's: the standing in the chain (gap, chain, fork), replays and limits. These depend on what else the
ledger holds, see book.py; they are flagged and withhold no debit, because the passenger signed the payment anyway.

Over a `floor` clock the receipt's time is only a lower bound: then nothing can be "not yet valid".
Windows are half open, as RFC 8392 has it for exp: from <= time < until.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from cabinpay.wire import cose
from cabinpay.wire.claims import BOUND, CHALLENGED, Bill, Pass, Payment, lines_hash, lines_total
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import FLOOR, Evidence, Receipt, Sale, read_receipt
from cabinpay.wire.trust import by_keys

from .. import codec
from ..crypto import verify

# What makes a receipt refused; `judge` decides these and nothing else does.
VERDICTS = (
    "bad_receipt",
    "bad_signature",
    "wrong_terminal",
    "bad_evidence",
    "bad_pass",
    "unknown_issuer",
    "bad_payment",
    "terms",
    "amount",
)


@dataclass(frozen=True)
class Issuer:
    public_key: bytes
    start: int
    until: int


@dataclass(frozen=True)
class Party:
    """A terminal, as registered."""

    public_key: bytes
    airline: str


@dataclass(frozen=True)
class World:
    """What receipts are judged by. issuers: by airline, then by kid."""

    terminals: dict[bytes, Party]
    issuers: dict[str, dict[bytes, list[Issuer]]]


@dataclass(frozen=True)
class Case:
    """A stored receipt; revision: as read, so that a verdict on what has changed since is dropped."""

    ident: int
    revision: int
    terminal_kid: bytes
    number: int
    raw: bytes
    evidence: list[bytes]


@dataclass
class Proof:
    """What one piece of evidence amounts to."""

    sha256: bytes
    codes: dict[str, str] = field(default_factory=dict)
    issuer_kid: bytes | None = None
    claims: Pass | None = None
    payment: Payment | None = None


@dataclass
class Finding:
    """The verdict on a case: codes with their details; receipt: None where it cannot be read; proof: a sale's."""

    case: Case
    codes: dict[str, str]
    receipt: Receipt | None = None
    proof: Proof | None = None

    def sound(self) -> bool:
        return not self.codes


class _Fault(Exception):
    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def check(case: Case, world: World) -> Finding:
    """The verdict. Never raises, whatever the bytes are."""
    party = world.terminals[case.terminal_kid]
    finding = Finding(case, {})
    _collect(finding.codes, "bad_receipt", lambda: _open_receipt(finding, party))
    sale = finding.receipt
    if isinstance(sale, Sale):
        proofs = [_prove(sale, case.terminal_kid, party, data, world) for data in case.evidence]
        none = Proof(b"", {"bad_evidence": "a sale without evidence"})
        finding.proof = min(proofs, key=_badness, default=none)
        finding.codes.update(finding.proof.codes)
    return finding


def _badness(proof: Proof) -> tuple[int, bool, bytes]:
    """Orders evidence, best first: what can be read says more about a sale than what is not its evidence at all."""
    return len(proof.codes), "bad_evidence" in proof.codes, proof.sha256


def previous_of(raw: bytes) -> bytes | None:
    """What a receipt says it follows, its signature unchecked; None where it cannot be read."""
    try:
        return read_receipt(cose.parse(raw, codec).payload, codec).previous
    except WireError:
        return None


def _collect(codes: dict[str, str], wire_code: str, step: Callable[[], None]) -> bool:
    """Did `step` find no fault? What it found goes into `codes`; a WireError as `wire_code`."""
    try:
        step()
    except _Fault as fault:
        codes[fault.code] = fault.detail
    except WireError as e:
        codes[wire_code] = str(e)
    else:
        return True
    return False


def _open_receipt(finding: Finding, party: Party) -> None:
    case = finding.case
    sign1 = cose.parse(case.raw, codec)
    finding.receipt = read_receipt(sign1.payload, codec)
    if sign1.kid != case.terminal_kid:
        raise _Fault("wrong_terminal", f"signed as {sign1.kid.hex() if sign1.kid else 'nobody'}")
    if not verify(party.public_key, cose.signed_bytes(sign1, cose.AAD_RECEIPT, codec), sign1.signature):
        raise _Fault("bad_signature", "not signed by its terminal's key")
    if finding.receipt.number != case.number:
        raise _Fault("bad_receipt", f"says number {finding.receipt.number}, was given as {case.number}")


def _prove(sale: Sale, terminal_kid: bytes, party: Party, data: bytes, world: World) -> Proof:
    proof = Proof(hashlib.sha256(data).digest())
    evidence = _bound_evidence(proof.codes, sale, data)
    if evidence is None:
        return proof
    _collect(proof.codes, "amount", lambda: _check_amount(sale, evidence))
    issuers = world.issuers.get(party.airline, {})
    _collect(proof.codes, "bad_pass", lambda: _check_pass(proof, sale, party.airline, evidence, issuers))
    if proof.claims is not None and _collect(proof.codes, "bad_payment", lambda: _check_payment(proof, evidence)):
        _collect(proof.codes, "terms", lambda: _check_terms(proof, sale, terminal_kid, evidence))
    return proof


def _bound_evidence(codes: dict[str, str], sale: Sale, data: bytes) -> Evidence | None:
    try:
        evidence = Evidence.unpack(data, codec)
    except WireError as e:
        codes["bad_evidence"] = str(e)
        return None
    if evidence.payment_hash(codec) != sale.payment_hash or evidence.lines_hash(codec) != sale.lines_hash:
        codes["bad_evidence"] = "is not what the receipt names by hash"
        return None
    return evidence


def _check_amount(sale: Sale, evidence: Evidence) -> None:
    total = lines_total(evidence.lines)
    if total != sale.amount[0]:
        raise _Fault("amount", f"sold for {sale.amount[0]}, the lines make {total}")


def _check_pass(proof: Proof, sale: Sale, airline: str, evidence: Evidence, issuers: dict[bytes, list[Issuer]]) -> None:
    sign1 = cose.parse(evidence.signed_pass, codec)
    claims = proof.claims = Pass.unpack(sign1.payload, codec)
    known = issuers.get(sign1.kid or b"", [])
    if sign1.kid is None or not known:
        raise _Fault("unknown_issuer", f"no accepted bundle lists {sign1.kid.hex() if sign1.kid else 'nobody'}")
    cose.open(evidence.signed_pass, by_keys([i.public_key for i in known], verify), cose.AAD_PASS, codec)
    proof.issuer_kid = sign1.kid
    if not any(_within(sale, i.start, i.until) for i in known):
        raise _Fault("bad_pass", "outside its issuer's window")
    if not _within(sale, claims.nbf, claims.exp):
        raise _Fault("bad_pass", "outside its own window")
    if claims.aud != airline:
        raise _Fault("bad_pass", f"made for airline {claims.aud}")


def _within(sale: Sale, start: int, until: int) -> bool:
    return sale.time < until and (start <= sale.time or sale.quality[0] == FLOOR)


def _check_payment(proof: Proof, evidence: Evidence) -> None:
    claims = proof.claims
    assert claims is not None
    if cose.parse(evidence.payment, codec).kid is not None:
        raise _Fault("bad_payment", "names a key, which is the pass's to name")
    key = claims.device_key()
    payload = cose.open(evidence.payment, lambda _, m, s: verify(key, m, s), evidence.signed_pass, codec)
    proof.payment = Payment.unpack(payload, codec)


def _check_terms(proof: Proof, sale: Sale, terminal_kid: bytes, evidence: Evidence) -> None:
    claims, payment = proof.claims, proof.payment
    assert claims is not None and payment is not None
    if sale.amount[1] != claims.limits[0]:
        raise _Fault("terms", f"sold in currency {sale.amount[1]}, the pass is in {claims.limits[0]}")
    if payment.mode() != sale.mode:
        raise _Fault("terms", f"payment of mode {payment.mode()}, receipt of mode {sale.mode}")
    if payment.terms and payment.terms[:2] != sale.amount:
        raise _Fault("terms", "the passenger agreed to another amount")
    order = lines_hash(evidence.lines, codec)[:8]
    if sale.mode == BOUND and payment.terms and payment.terms[2] != order:
        raise _Fault("terms", "the passenger agreed to another order")
    if sale.mode == CHALLENGED and not _bill_fits(sale, terminal_kid, evidence, order, payment):
        raise _Fault("terms", "the passenger agreed to another bill")


def _bill_fits(sale: Sale, terminal_kid: bytes, evidence: Evidence, order: bytes, payment: Payment) -> bool:
    if evidence.nonce is None:
        return False
    bill = Bill(terminal_kid, evidence.nonce, sale.amount[0], sale.amount[1], order)
    return bill.challenge(codec) == payment.challenge
