"""Receipts that prove themselves: what a link delivered before it was cut is kept as far as it does."""

from __future__ import annotations

from cabinpay.wire import cose
from cabinpay.wire.claims import CHALLENGED, Bill, Payment
from cabinpay.wire.errors import WireError
from cabinpay.wire.keys import kid
from cabinpay.wire.receipts import Evidence, Receipt, Sale

from . import codec, crypto
from .ledger.reading import receipt_of
from .link import Item


def proven(item: Item, public_key: bytes) -> Receipt | None:
    """The receipt, where the terminal signed it under this number and it binds every byte that came beside it."""
    number, signed, evidence = item
    try:
        sign1, receipt = receipt_of(signed)
        message = cose.signed_bytes(sign1, cose.AAD_RECEIPT, codec)
        if sign1.kid != kid(public_key) or not crypto.verify(public_key, message, sign1.signature):
            return None
        bound = _binds(receipt, evidence, kid(public_key)) if isinstance(receipt, Sale) else not evidence
    except WireError:
        return None
    return receipt if receipt.number == number and bound else None


def _binds(sale: Sale, data: bytes, terminal_kid: bytes) -> bool:
    evidence = Evidence.unpack(data, codec)
    if evidence.payment_hash(codec) != sale.payment_hash or evidence.lines_hash(codec) != sale.lines_hash:
        return False
    if sale.mode != CHALLENGED or evidence.nonce is None:
        return sale.mode != CHALLENGED and evidence.nonce is None
    # the nonce is bound by what the passenger signed: the bill that it was part of
    bill = Bill(terminal_kid, evidence.nonce, sale.amount[0], sale.amount[1], sale.lines_hash[:8])
    return Payment.unpack(cose.parse(evidence.payment, codec).payload, codec).challenge == bill.challenge(codec)
