"""QR texts: CP1: a customer's pass and payment, CP1B: a terminal's bill, CP1R: a receipt; Base45 behind each."""

from . import base45
from .claims import Bill
from .errors import WireError
from .schema import array, octets, row

MYPY = False
if MYPY:
    from typing import Any

CUSTOMER = "CP1:"
BILL = "CP1B:"
RECEIPT = "CP1R:"
# Version 10-M, 57 modules, holds 311 characters: 204 bytes, and a sale's receipt has 190
MAX_RECEIPT_TEXT = 311
# Version 13-M holds 483 alphanumeric characters; cheap UART scanners read no denser code from a phone.
MAX_TEXT = 483

_customer_form = row(octets(1, 400), octets(1, 400))


def customer_text(signed_pass: bytes, payment: bytes, codec: "Any") -> str:
    """Text of a customer's QR code; ValueError where it would pass MAX_TEXT."""
    text = CUSTOMER + base45.encode(codec.encode([signed_pass, payment]))
    if len(text) > MAX_TEXT:
        raise ValueError("customer QR of %d characters, at most %d" % (len(text), MAX_TEXT))
    return text


def read_customer(text: bytes, codec: "Any") -> "tuple[bytes, bytes]":
    """(pass, payment), both COSE_Sign1 as shown, from ASCII `text`; WireError length, prefix, base45, cbor, schema."""
    signed_pass, payment = array(_body(text, CUSTOMER), _customer_form, codec)
    return signed_pass, payment


def bill_text(bill: Bill, codec: "Any") -> str:
    """Text of a bill's QR code, about 75 characters."""
    return BILL + base45.encode(bill.pack(codec))


def read_bill(text: bytes, codec: "Any") -> Bill:
    """The bill behind ASCII `text`; WireError length, prefix, base45, cbor, schema."""
    return Bill(*array(_body(text, BILL), Bill.FORM, codec))


def _body(text: bytes, prefix: str) -> bytes:
    if len(text) > MAX_TEXT:
        raise WireError("length", "%d characters, at most %d" % (len(text), MAX_TEXT))
    if text[: len(prefix)] != prefix.encode():
        raise WireError("prefix", "does not begin with " + prefix)
    return base45.decode(text[len(prefix) :])


def receipt_text(receipt: bytes) -> str:
    """Text of a receipt's QR code: its COSE bytes; ValueError where it would pass MAX_RECEIPT_TEXT."""
    text = RECEIPT + base45.encode(receipt)
    if len(text) > MAX_RECEIPT_TEXT:
        raise ValueError("receipt QR of %d characters, at most %d" % (len(text), MAX_RECEIPT_TEXT))
    return text


def read_receipt_text(text: bytes) -> bytes:
    """COSE bytes of the receipt behind ASCII `text`; WireError length, prefix, base45."""
    if len(text) > MAX_RECEIPT_TEXT:
        raise WireError("length", "%d characters, at most %d" % (len(text), MAX_RECEIPT_TEXT))
    return _body(text, RECEIPT)
