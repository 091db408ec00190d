"""Receipts that prove themselves: what a link delivered before it was cut is kept as far as it does."""

from __future__ import annotations

from cabinpay.wire import cose
from cabinpay.wire.claims import CHALLENGED, Bill, Payment
from cabinpay.wire.errors import WireError
from cabinpay.wire.keys import kid
from cabinpay.wire.receipts import Evidence, Receipt, Sale, read_receipt
from cabinpay.wire.trust import by_keys

from . import codec, crypto
from .link import Item


def proven(item: Item, public_key: bytes) -> Receipt | None:
    """The receipt, where the terminal signed it under this number and it binds every byte that came beside it."""
    number, signed, evidence = item
    try:
        payload = cose.open(signed, by_keys([public_key], crypto.verify), cose.AAD_RECEIPT, codec)
        receipt = read_receipt(payload, codec)
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
