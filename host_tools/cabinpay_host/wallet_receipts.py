"""A phone's receipts on their way to the ledger: each with the payment it was made over."""

from typing import NamedTuple

from cabinpay.wire import cose, qrtext
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import Sale, read_receipt

from . import codec
from .errors import HostError
from .ledger.handin import payment_hash
from .ledger.store import Ledger
from .wallet import Wallet


class Handed(NamedTuple):
    """A receipt and what became of it. result: new, known or refused; why: the ledger's code where it was refused, or
    the exceptions that stand open on it."""

    terminal: str
    receipt: int
    result: str
    why: str


def hand_in(wallet: Wallet, ledger: Ledger) -> list[Handed]:
    """Hands in every receipt that the wallet keeps, oldest first; what is refused stops no other."""
    payments = _by_hash(wallet)
    return [_hand_in(ledger, receipt, payments) for receipt in wallet.receipts()]


def _by_hash(wallet: Wallet) -> dict[bytes, tuple[bytes, bytes]]:
    pairs = [qrtext.read_customer(text.encode(), codec) for text, _ in wallet.payments()]
    return {payment_hash(*pair): pair for pair in pairs}


def _hand_in(ledger: Ledger, receipt: bytes, payments: dict[bytes, tuple[bytes, bytes]]) -> Handed:
    terminal, number, named = "unknown", 0, b""
    try:
        sign1 = cose.parse(receipt, codec)
        read = read_receipt(sign1.payload, codec)
        terminal, number = sign1.kid.hex() if sign1.kid else terminal, read.number
        named = read.payment_hash if isinstance(read, Sale) else named
    except WireError:
        pass  # the ledger says what is wrong with it
    try:
        taken = ledger.hand_in(receipt, *payments.get(named, (b"", b"")))
    except HostError as e:
        # storage that fails is no word on this receipt, and will fail for the next one too
        if e.code not in ("receipt_bad", "receipt_forged", "unknown_terminal", "payment_differs"):
            raise
        return Handed(terminal, number, "refused", e.code)
    why = "waits" if taken.pending else ", ".join(code for _, code in taken.exceptions)
    return Handed(terminal, number, "new" if taken.new else "known", why)
