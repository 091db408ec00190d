"""Receipts and passes taken apart, each once: a receipt is looked at when it is stored, judged and booked, and a pass
comes with every sale that is paid by it. Bytes are the key, so an answer can never go stale."""

from functools import lru_cache
from typing import Any

from cabinpay.wire import cose
from cabinpay.wire.claims import Pass
from cabinpay.wire.receipts import Receipt, read_receipt

from .. import codec
from ..crypto import verify

# What some terminals deliver at once, and the passengers of a morning
_RECEIPTS, _PASSES = 4096, 65536


@lru_cache(_RECEIPTS)
def receipt_of(raw: bytes) -> tuple[cose.Sign1, Receipt]:
    """Its signature unchecked; WireError. Whoever changes what this gives, changes it for all."""
    sign1 = cose.parse(raw, codec)
    return sign1, read_receipt(sign1.payload, _Read(codec.decode(sign1.payload)))


class _Read:
    """A codec for one payload that was decoded already: read_receipt asks for it twice."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def decode(self, _payload: bytes) -> Any:
        return self._value


@lru_cache(_PASSES)
def pass_of(signed_pass: bytes) -> tuple[cose.Sign1, Pass]:
    """As receipt_of."""
    sign1 = cose.parse(signed_pass, codec)
    return sign1, Pass.unpack(sign1.payload, codec)


@lru_cache(_PASSES)
def pass_signed_by(public_key: bytes, signed_pass: bytes) -> bool:
    sign1, _ = pass_of(signed_pass)
    return verify(public_key, cose.signed_bytes(sign1, cose.AAD_PASS, codec), sign1.signature)
