"""A passenger's phone, as far as tests and the demo need one: passes, payments, receipts.

Codes: no_pass, pass_bad, pass_foreign, pass_known, wallet_full, pass_spent, clock_wrong, bill_bad, lines_bad,
receipt_bad, receipt_foreign.
"""

import time
from pathlib import Path
from typing import Any

from cabinpay.wire import claims, cose, qrtext
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import Evidence, Sale, read_receipt
from cabinpay.wire.schema import U32

from . import codec, crypto, files, wallet_file
from .errors import Exit, HostError
from .wallet_file import Held, State

MAX_RECEIPT = 1024


def read_bill(text: str) -> claims.Bill:
    """The bill behind the text of a terminal's bill QR: what a passenger looks at before agreeing."""
    try:
        return qrtext.read_bill(text.strip("\r\n").encode("ascii", "replace"), codec)
    except WireError as e:
        raise HostError(
            "bill_bad", f"this is no terminal's bill ({e.code}); scan its screen again", Exit.INPUT
        ) from None


def read_receipt_text(text: str) -> tuple[bytes, Sale]:
    """COSE bytes and claims of the sale behind the text of a receipt's QR code; its signature is not the phone's to
    judge."""
    try:
        signed = qrtext.read_receipt_text(text.strip("\r\n").encode("ascii", "replace"))
        sale = read_receipt(cose.parse(signed, codec).payload, codec)
        if not isinstance(sale, Sale):
            raise WireError("schema", "another kind of receipt")
        return signed, sale
    except WireError as e:
        raise HostError(
            "receipt_bad", f"this is no receipt of a sale ({e.code}); scan the terminal's screen", Exit.INPUT
        ) from None


class Wallet:
    """The wallet in the file `path`; every call reads it afresh, so that two programs can use one wallet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.public = crypto.public_key(wallet_file.read(path).seed)

    @classmethod
    def create(cls, path: Path) -> "Wallet":
        """A new wallet; HostError("file_exists") where the file is there."""
        wallet_file.create(path)
        return cls(path)

    def passes(self) -> list[Held]:
        """The passes held, oldest first."""
        return wallet_file.read(self.path).passes

    def receipts(self) -> list[bytes]:
        """COSE bytes of the receipts kept, oldest first."""
        return wallet_file.read(self.path).receipts

    def payments(self) -> list[list[str]]:
        """[customer QR text, text of the bill it answers or ""] of every payment shown, oldest first."""
        return wallet_file.read(self.path).payments

    def add(self, signed_pass: bytes) -> claims.Pass:
        """Takes a pass (COSE bytes) that names this wallet's device key."""
        try:
            added = Held(signed_pass, 0).claims
        except WireError as e:
            raise HostError(
                "pass_bad", f"this is no pass ({e.code}); ask the issuer for a new one", Exit.INPUT
            ) from None
        if added.device_key() != self.public:
            raise HostError(
                "pass_foreign", "this pass is for another phone's key; enrol with this wallet's", Exit.REFUSED
            )
        with files.locked(self.path):
            state = wallet_file.read(self.path)
            if any(held.claims.cti == added.cti for held in state.passes):
                raise HostError("pass_known", "this pass is in the wallet already", Exit.REFUSED)
            if len(state.passes) >= wallet_file.MAX_PASSES:
                raise HostError("wallet_full", "this wallet is full; begin a new one", Exit.REFUSED)
            state.passes.append(Held(signed_pass, 0))
            wallet_file.write(self.path, state)
        return added

    def keep(self, receipt: bytes) -> None:
        """Keeps a receipt (COSE bytes), the passenger's proof until the sale is settled."""
        if len(receipt) > MAX_RECEIPT:
            raise HostError("receipt_bad", "this is no receipt; scan the terminal's screen", Exit.INPUT)
        with files.locked(self.path):
            state = wallet_file.read(self.path)
            if receipt not in state.receipts:
                state.receipts.append(receipt)
                wallet_file.write(self.path, state)

    def keep_sale(self, receipt: bytes, sale: Sale) -> None:
        """Keeps the receipt of a sale that one of this wallet's payments made."""
        shown = (qrtext.read_customer(text.encode(), codec) for text, _ in self.payments())
        if not any(Evidence(*pair, []).payment_hash(codec) == sale.payment_hash for pair in shown):
            raise HostError("receipt_foreign", "this receipt is for no payment of this wallet's", Exit.REFUSED)
        self.keep(receipt)

    def quick(self, now: int | None = None, cti: bytes | None = None) -> str:
        """Customer QR text of a payment that names no amount. cti: 8 bytes, to pay with that pass and no other."""
        return self._pay(now, cti)

    def challenged(self, bill_text: str, now: int | None = None, cti: bytes | None = None) -> str:
        """Customer QR text of a payment over a terminal's bill, and over that one only."""
        bill = read_bill(bill_text)
        terms = [bill.amount, bill.currency]
        return self._pay(now, cti, terms, bill.challenge(codec), bill_text.strip("\r\n"))

    def bound(
        self, amount: int, currency: int, lines: list[list[int]], now: int | None = None, cti: bytes | None = None
    ) -> str:
        """Customer QR text of a payment for these lines [[sku, quantity, unit price], ...] and their sum `amount`."""
        if not claims.lines_form(lines) or claims.lines_total(lines) != amount or not 1 <= amount <= U32:
            raise HostError("lines_bad", "lines are [sku, quantity, unit price] and add up to the amount", Exit.USAGE)
        return self._pay(now, cti, [amount, currency, claims.lines_hash(lines, codec)[:8]])

    def _pay(
        self,
        now: int | None,
        cti: bytes | None,
        terms: list[Any] | None = None,
        challenge: bytes | None = None,
        bill: str = "",
    ) -> str:
        """Signs a payment and has it, with its seq, durably in the file before anyone sees it."""
        now = int(time.time()) if now is None else now
        with files.locked(self.path):
            state = wallet_file.read(self.path)
            held = _choose(state, now, terms[1] if terms else None, cti)
            held.seq = max(held.seq + 1, now)
            if held.seq > U32:
                raise HostError("pass_spent", "this pass can pay no more; enrol for a new one", Exit.REFUSED)
            payment = claims.Payment(iat=now, seq=held.seq, terms=terms, challenge=challenge).pack(codec)
            signed = cose.sign(payment, None, crypto.signer(state.seed), held.signed, codec)
            text = qrtext.customer_text(held.signed, signed, codec)
            state.payments.append([text, bill])
            wallet_file.write(self.path, state)
        return text


def _choose(state: State, now: int, currency: int | None, cti: bytes | None) -> Held:
    """The pass added last among those that are valid at `now` and fit."""
    if not 1 <= now <= U32:
        raise HostError("clock_wrong", "this computer's clock is wrong; set it", Exit.REFUSED)
    for held in reversed(state.passes):
        terms = held.claims
        if cti in (None, terms.cti) and currency in (None, terms.limits[0]) and terms.nbf <= now < terms.exp:
            return held
    raise HostError(
        "no_pass", "no pass here is valid now and fits; see `cabinpay wallet show`, or enrol again", Exit.REFUSED
    )
