"""The usual sale read in one go: receipt and evidence in the form that nearly every terminal's sale has.

judge.py takes them apart value by value and encodes anew what is hashed and signed. In deterministic form all of that
is a stretch of the very bytes that were given: one regular expression for each object says that it is in form, and
where the stretches lie. What is read must be exactly what judge.py reads, and anything else is left to it; the rules
are proof.py's on both ways. Signatures are named here, and checked by who asked: one after another they take four
fifths of the time that they take between other work.
"""

import hashlib
from typing import NamedTuple

from cabinpay.wire import cose
from cabinpay.wire.claims import Payment, lines_form
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import SALE, Evidence, Sale

from ..shapes import N, form, lines_at, octets, whole
from .proof import Fault, Issuer, Party, Proof, check_amount, check_pass, check_terms

# As N, but not 0; and a currency
_P = rb"(?!\x00)" + N
_CURRENCY = rb"([\x01-\x17]|\x18[\x18-\xff]|\x19(?:[\x01\x02].|\x03[\x00-\xe7]))"
_SIGNATURE = rb"\x58\x40(.{64})"

_RECEIPT = form(
    *(rb"\x84\x4d\xa2\x01\x32\x04\x48(.{8})\xa0\x58(.)", rb"(\xaa\x01", _P, rb"\x02\x58\x20(.{32})\x03\x01\x04"),
    *(N, rb"\x05\x82([\x01-\x03])", N, rb"\x06", _P, rb"\x07([\x01-\x03])\x08\x82", _P, _CURRENCY),
    *(rb"\x09\x50(.{16})\x0a\x50(.{16}))", _SIGNATURE),
).fullmatch
_PAYMENT = form(
    *(rb"\x84\x43\xa1\x01\x32\xa0(?:\x58([\x18-\xff])|([\x40-\x57]))", rb"(([\xa2-\xa4])\x06", N),
    *(rb"(?:\x0a\x48(.{8}))?\x3a\x00\x01\x00\x01", _P, rb"(?:\x3a\x00\x01\x00\x02([\x82\x83])", _P, _CURRENCY),
    *(rb"(?:\x48(.{8}))?)?)", _SIGNATURE),
).fullmatch

_SIGN_RECEIPT = b"\x84\x6aSignature1"
_AAD_RECEIPT = b"\x50" + cose.AAD_RECEIPT
_SIGN_PAYMENT = b"\x84\x6aSignature1\x43\xa1\x01\x32"


class Signed(NamedTuple):
    """A signature to be checked; the message, and who is to have signed it."""

    public_key: bytes
    message: bytes
    signature: bytes


def sound(
    item: tuple[int, bytes, bytes], terminal_kid: bytes, party: Party, issuers: dict[bytes, list[Issuer]]
) -> tuple[Sale, Proof, tuple[Signed, Signed]] | None:
    """The sale of an item (number, receipt, evidence), sound if both signatures verify; None where judge.py says."""
    number, raw, data = item
    head = _receipt(raw, terminal_kid)
    if head is None or head[0].number != number or (party.lost_at is not None and number > party.lost_at):
        return None
    sale, by_terminal = head
    bound = _evidence(sale, data)
    if bound is None:
        return None
    evidence, shown = bound
    proof = Proof(hashlib.sha256(data).digest())
    try:
        check_amount(sale, evidence)
        check_pass(proof, sale, party.airline, evidence, issuers)
        by_phone = _payment(proof, evidence.payment, shown)
        if by_phone is not None:
            check_terms(proof, sale, terminal_kid, evidence)
            return sale, proof, (Signed(party.public_key, *by_terminal), by_phone)
    except (Fault, WireError):
        pass
    return None


def _receipt(raw: bytes, kid: bytes) -> tuple[Sale, tuple[bytes, bytes]] | None:
    """The sale; the message that its terminal signed, and the signature."""
    found = _RECEIPT(raw)
    if found is None:
        return None
    named, size, payload, *fields, signature = found.groups()
    if named != kid or size[0] != len(payload):
        return None
    number, previous, time, quality, age, shift, mode, amount, currency, payment, lines = fields
    sale = object.__new__(Sale)
    # past the checks of Record, which the expression has made
    sale.__dict__.update(
        number=whole(number),
        previous=previous,
        kind=SALE,
        time=whole(time),
        quality=[quality[0], whole(age)],
        shift=whole(shift),
        mode=mode[0],
        amount=[whole(amount), whole(currency)],
        payment_hash=payment,
        lines_hash=lines,
    )
    return sale, (_SIGN_RECEIPT + raw[1:15] + _AAD_RECEIPT + raw[16:-66], signature)


def _evidence(sale: Sale, data: bytes) -> tuple[Evidence, bytes] | None:
    """What the sale binds by its hashes, and the pass as it lies there, with its head."""
    first = octets(data, 1)
    second = octets(data, first[1]) if first else None
    if first is None or second is None:
        return None
    at = second[1]
    count = data[at] - 0x80 if at < len(data) else 0
    lines, end = lines_at(data, at + 1, count if 1 <= count <= 23 else 0)
    # a list of two is the beginning of evidence, but for its first byte
    if hashlib.sha256(b"\x82" + data[1:at]).digest()[:16] != sale.payment_hash:
        return None
    if end < 0 or not lines_form(lines) or hashlib.sha256(data[at:end]).digest()[:16] != sale.lines_hash:
        return None
    nonce = data[end + 1 :] if data[0] == 0x84 and data[end : end + 1] == b"\x50" and len(data) == end + 17 else None
    if data[0] != (0x83 if nonce is None else 0x84) or (nonce is None and len(data) != end):
        return None
    return Evidence(first[0], second[0], lines, nonce), data[1 : first[1]]


def _payment(proof: Proof, data: bytes, shown: bytes) -> Signed | None:
    """Reads the payment `data` into `proof`; None where it is not in form. shown: the pass, with its head."""
    found = _PAYMENT(data)
    if found is None or proof.claims is None:
        return None
    long, short, payload, size, iat, challenge, seq, width, amount, currency, order, signature = found.groups()
    if len(payload) != (long[0] if long else short[0] - 0x40):
        return None
    terms = None if width is None else [whole(amount), whole(currency), *([] if order is None else [order])]
    if size[0] != 0xA2 + (challenge is not None) + (terms is not None) or (terms and width[0] != 0x80 + len(terms)):
        return None
    payment = proof.payment = object.__new__(Payment)
    payment.__dict__.update(iat=whole(iat), challenge=challenge, seq=whole(seq), terms=terms)
    return Signed(proof.claims.device_key(), _SIGN_PAYMENT + shown + data[6:-66], signature)
