"""The usual sale read in one go: receipt and evidence in the form that nearly every terminal's sale has.

judge.py takes them apart value by value and encodes anew what is hashed and signed. In deterministic form all of that
is a stretch of the very bytes that were given: one regular expression for each object says that it is in form, and
where the stretches lie. What is read must be exactly what judge.py reads, and anything else is left to it; the rules
are proof.py's on both ways. Signatures are named here, and checked by who asked: one after another they take four
fifths of the time that they take between other work.
"""

import hashlib
import re
from typing import NamedTuple

from cabinpay.wire import cose
from cabinpay.wire.claims import SKU_DISCOUNT, Payment
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import SALE, Evidence, Sale

from ..shapes import octets
from .proof import Fault, Issuer, Party, Proof, check_amount, check_pass, check_terms

# Unsigned integers of at most four bytes in their shortest form, from 1 on and from 0 on
_MORE = rb"\x18[\x18-\xff]|\x19[^\x00].|\x1a(?!\x00\x00).{4}"
_ONE, _ZERO = rb"([\x01-\x17]|" + _MORE + rb")", rb"([\x00-\x17]|" + _MORE + rb")"
_BYTE = rb"([\x01-\x17]|\x18[\x18-\xff])"
_CURRENCY = rb"([\x01-\x17]|\x18[\x18-\xff]|\x19(?:[\x01\x02].|\x03[\x00-\xe7]))"
_OFF = rb"([\x20-\x37]|\x38[\x18-\xff]|\x39[^\x00].|\x3a(?!\x00\x00|\xff{4}).{4})"
_SIGNATURE = rb"\x58\x40(.{64})"


def _form(*parts: bytes) -> re.Pattern[bytes]:
    return re.compile(b"".join(parts), re.DOTALL)


_RECEIPT = _form(
    *(rb"\x84\x4d\xa2\x01\x32\x04\x48(.{8})\xa0\x58(.)", rb"(\xaa\x01", _ONE, rb"\x02\x58\x20(.{32})\x03\x01\x04"),
    *(_ZERO, rb"\x05\x82([\x01-\x03])", _ZERO, rb"\x06", _ONE, rb"\x07([\x01-\x03])\x08\x82", _ONE, _CURRENCY),
    *(rb"\x09\x50(.{16})\x0a\x50(.{16}))", _SIGNATURE),
).fullmatch
_PAYMENT = _form(
    *(rb"\x84\x43\xa1\x01\x32\xa0(?:\x58([\x18-\xff])|([\x40-\x57]))", rb"(([\xa2-\xa4])\x06", _ZERO),
    *(rb"(?:\x0a\x48(.{8}))?\x3a\x00\x01\x00\x01", _ONE, rb"(?:\x3a\x00\x01\x00\x02([\x82\x83])", _ONE, _CURRENCY),
    *(rb"(?:\x48(.{8}))?)?)", _SIGNATURE),
).fullmatch
_LINE = _form(rb"\x83(?:(?!\x02)", _ONE, _BYTE, _ONE, rb"|\x02", _BYTE, _OFF, rb")").match

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


def _n(head: bytes) -> int:
    return head[0] if len(head) == 1 else int.from_bytes(head[1:], "big")


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
        number=_n(number),
        previous=previous,
        kind=SALE,
        time=_n(time),
        quality=[quality[0], _n(age)],
        shift=_n(shift),
        mode=mode[0],
        amount=[_n(amount), _n(currency)],
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
    lines, end = _lines(data, at)
    # a list of two is the beginning of evidence, but for its first byte
    if hashlib.sha256(b"\x82" + data[1:at]).digest()[:16] != sale.payment_hash:
        return None
    if not lines or hashlib.sha256(data[at:end]).digest()[:16] != sale.lines_hash:
        return None
    nonce = data[end + 1 :] if data[0] == 0x84 and data[end : end + 1] == b"\x50" and len(data) == end + 17 else None
    if data[0] != (0x83 if nonce is None else 0x84) or (nonce is None and len(data) != end):
        return None
    return Evidence(first[0], second[0], lines, nonce), data[1 : first[1]]


def _lines(data: bytes, at: int) -> tuple[list[list[int]], int]:
    """The lines from `at` on, and where they end; none where they are not in form, or more than 23."""
    count = data[at] - 0x80 if at < len(data) else 0
    lines: list[list[int]] = []
    at += 1
    for _ in range(count if 1 <= count <= 23 else 0):
        found = _LINE(data, at)
        if found is None:
            return [], at
        sku, quantity, price, off, discount = found.groups()
        if sku is not None:
            lines.append([_n(sku), _n(quantity), _n(price)])
        else:
            lines.append([SKU_DISCOUNT, _n(off), -1 - _minus(discount)])
        at = found.end()
    return lines, at


def _minus(head: bytes) -> int:
    return head[0] - 0x20 if len(head) == 1 else int.from_bytes(head[1:], "big")


def _payment(proof: Proof, data: bytes, shown: bytes) -> Signed | None:
    """Reads the payment `data` into `proof`; None where it is not in form. shown: the pass, with its head."""
    found = _PAYMENT(data)
    if found is None or proof.claims is None:
        return None
    long, short, payload, size, iat, challenge, seq, width, amount, currency, order, signature = found.groups()
    if len(payload) != (long[0] if long else short[0] - 0x40):
        return None
    terms = None if width is None else [_n(amount), _n(currency), *([] if order is None else [order])]
    if size[0] != 0xA2 + (challenge is not None) + (terms is not None) or (terms and width[0] != 0x80 + len(terms)):
        return None
    payment = proof.payment = object.__new__(Payment)
    payment.__dict__.update(iat=_n(iat), challenge=challenge, seq=_n(seq), terms=terms)
    return Signed(proof.claims.device_key(), _SIGN_PAYMENT + shown + data[6:-66], signature)
