"""Opens a receipt again, and holds the columns beside it against what it says."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Row

from cabinpay.wire import cose
from cabinpay.wire.claims import Pass, Payment, lines_total
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import Evidence, Receipt, Sale, read_receipt

from .. import codec
from ..crypto import verify
from .audit_items import Keys
from .audit_sql import octets, shown


class Sold(NamedTuple):
    """What a sound sale says; limits: of its pass: total, per sale, count."""

    airline: str
    issuer_kid: bytes
    cti: bytes
    seq: int
    amount: int
    currency: int
    limits: tuple[int, int, int]


@dataclass
class Look:
    """clear: nothing wrong was found, here or (with the evidence) in the stock, so the money may be looked at; sold:
    where it is a sound sale."""

    where: str
    faults: list[str] = field(default_factory=list)
    sold: Sold | None = None
    clear: bool = True


class _Unsound(Exception):
    pass


def look(row: Row[Any], keys: Keys) -> Look:
    found = Look(f"{shown(row.terminal_kid)}, {shown(row.number)}, {shown(row.sha256)}")
    raw = octets(row.raw)
    if hashlib.sha256(raw).digest() != octets(row.sha256):
        found.faults.append(f"not what it was stored as: receipt {found.where}")
    elif row.state not in ("pending", "sound", "refused"):
        found.faults.append(f"a receipt of state {shown(row.state)}: {found.where}")
    elif row.state == "sound" and row.evidence_hash is not None and _damaged(row):
        found.clear = False  # told by the stock
    else:
        _open(found, row, raw, keys)
    found.clear = found.clear and not found.faults
    return found


def _open(found: Look, row: Row[Any], raw: bytes, keys: Keys) -> None:
    receipt = _read(raw)
    if row.state == "sound":
        try:
            found.sold = _sound(row, receipt, raw, keys)
        except (_Unsound, WireError) as e:
            found.faults.append(f"judged sound, and it is not ({e}): {found.where}")
            return
    wrong = _differing(row, receipt, found.sold)
    if wrong:
        found.faults.append(f"columns are not what the receipt says ({', '.join(wrong)}): {found.where}")


def _damaged(row: Row[Any]) -> bool:
    return hashlib.sha256(octets(row.evidence)).digest() != octets(row.evidence_hash)


def _read(raw: bytes) -> Receipt | None:
    try:
        return read_receipt(cose.parse(raw, codec).payload, codec)
    except WireError:
        return None


def _sound(row: Row[Any], receipt: Receipt | None, raw: bytes, keys: Keys) -> Sold | None:
    """What a sale says; None for any other kind. _Unsound or WireError where it or its evidence does not hold."""
    if receipt is None:
        raise _Unsound("cannot be read")
    kid = octets(row.terminal_kid)
    party = keys.terminals.get(kid)
    if party is None or cose.parse(raw, codec).kid != kid:
        raise _Unsound("signed by another terminal")
    cose.open(raw, lambda _, m, s: verify(party.public_key, m, s), cose.AAD_RECEIPT, codec)
    if receipt.number != row.number:
        raise _Unsound(f"says number {receipt.number}")
    return _sale(row, receipt, party.airline, keys) if isinstance(receipt, Sale) else None


def _sale(row: Row[Any], sale: Sale, airline: str, keys: Keys) -> Sold:
    if row.evidence is None:
        raise _Unsound("the evidence it was judged by is not held")
    evidence = Evidence.unpack(octets(row.evidence), codec)
    if (evidence.payment_hash(codec), evidence.lines_hash(codec)) != (sale.payment_hash, sale.lines_hash):
        raise _Unsound("the evidence is another sale's")
    signed_pass = cose.parse(evidence.signed_pass, codec)
    issuer_kid = signed_pass.kid or b""
    claims = Pass.unpack(signed_pass.payload, codec)
    issuers = keys.issuers.get((airline, issuer_kid), set())
    cose.open(evidence.signed_pass, lambda _, m, s: any(verify(k, m, s) for k in issuers), cose.AAD_PASS, codec)
    payload = cose.open(
        evidence.payment, lambda _, m, s: verify(claims.device_key(), m, s), evidence.signed_pass, codec
    )
    payment = Payment.unpack(payload, codec)
    amount, currency = sale.amount
    agreed = payment.terms[:2] if payment.terms else sale.amount
    if agreed != sale.amount or lines_total(evidence.lines) != amount or claims.limits[0] != currency:
        raise _Unsound("the passenger agreed to another amount")
    _, total, per_sale, count = claims.limits
    return Sold(airline, issuer_kid, claims.cti, payment.seq, amount, currency, (total, per_sale, count))


def _differing(row: Row[Any], receipt: Receipt | None, sold: Sold | None) -> list[str]:
    said: dict[str, object] = {"previous": receipt.previous if receipt else None}
    if row.state != "pending":
        said.update(kind=receipt.kind if receipt else None, time=receipt.time if receipt else None)
        said.update(shift=receipt.shift if receipt else None)
        sale = receipt if isinstance(receipt, Sale) else None
        amount, currency = sale.amount if sale else (None, None)
        said.update(mode=sale.mode if sale else None, amount=amount, currency=currency)
    if row.state == "sound":
        # a refused sale's are of what could be believed of its evidence: nobody is debited by them
        said.update(issuer_kid=sold and sold.issuer_kid, cti=sold and sold.cti, seq=sold and sold.seq)
    return [name for name, value in said.items() if shown(getattr(row, name)) != shown(value)]
