"""What a phone may hand in: a sale's or a void's receipt that its terminal signed, and what that was made over."""

import hashlib

from sqlalchemy.orm import Session

from cabinpay.wire import cose
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import Receipt, Sale, Void, read_receipt

from .. import codec
from ..crypto import verify
from ..errors import Exit, HostError
from . import registry
from .intake import Item
from .models import Terminal
from .proof import handed_in


def checked(session: Session, raw: bytes, signed_pass: bytes, payment: bytes) -> tuple[Terminal, Item]:
    """The terminal and the item to store; HostError receipt_bad, unknown_terminal, receipt_forged, payment_differs."""
    sign1, receipt = _read(raw)
    if sign1.kid is None:
        raise HostError("receipt_bad", "this receipt names no terminal: it is not to be used", Exit.INPUT)
    terminal = registry.terminal(session, sign1.kid)
    if not verify(terminal.public_key, cose.signed_bytes(sign1, cose.AAD_RECEIPT, codec), sign1.signature):
        raise HostError("receipt_forged", f"terminal {terminal.label} did not sign this receipt", Exit.REFUSED)
    return terminal, (receipt.number, raw, _evidence(receipt, signed_pass, payment))


def _read(raw: bytes) -> tuple[cose.Sign1, Receipt]:
    try:
        sign1 = cose.parse(raw, codec)
        receipt = read_receipt(sign1.payload, codec)
    except WireError as e:
        raise HostError("receipt_bad", f"this is no receipt ({e.code}): scan it again", Exit.INPUT) from None
    if not isinstance(receipt, Sale | Void):
        raise HostError("receipt_bad", "phones hand in receipts of sales and voids only", Exit.INPUT)
    return sign1, receipt


def _evidence(receipt: Receipt, signed_pass: bytes, payment: bytes) -> bytes:
    if not isinstance(receipt, Sale):
        return b""
    evidence = handed_in(signed_pass, payment)
    if payment_hash(signed_pass, payment) != receipt.payment_hash:
        line = f"receipt {receipt.number} was not made over this pass and payment: find the right ones"
        raise HostError("payment_differs", line, Exit.REFUSED)
    return evidence


def payment_hash(signed_pass: bytes, payment: bytes) -> bytes:
    """What a sale's receipt names pass and payment by."""
    return hashlib.sha256(handed_in(signed_pass, payment)).digest()[:16]
