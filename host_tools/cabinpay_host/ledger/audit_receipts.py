"""Opens a receipt again, and holds the columns beside it against what it says."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from cabinpay.wire import cose
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import FIRST_PREVIOUS, Break, Evidence, Receipt, Sale, Void, read_receipt

from .. import codec
from ..crypto import verify
from .audit_items import Keys
from .audit_sales import Sold, Unsound, phones, sold
from .audit_sql import octets, shown


@dataclass
class Look:
    """clear: nothing wrong was found, here or (with the evidence) in the stock, so the money may be looked at; sold:
    where it is a sound sale; lost: it is above the number at which its terminal was closed; once: what it was before
    that, for it may have been booked; wronged: it was refused, and nothing is wrong with it."""

    where: str
    faults: list[str] = field(default_factory=list)
    sold: Sold | None = None
    once: Sold | None = None
    lost: bool = False
    wronged: bool = False
    clear: bool = True


def look(row: Row[Any], keys: Keys) -> Look:
    found = Look(f"{shown(row.terminal_kid)}, {shown(row.number)}, {shown(row.sha256)}")
    raw = octets(row.raw)
    if hashlib.sha256(raw).digest() != octets(row.sha256):
        found.faults.append(f"not what it was stored as: receipt {found.where}")
    elif row.state not in ("pending", "sound", "refused"):
        found.faults.append(f"a receipt of state {shown(row.state)}: {found.where}")
    elif row.evidence_hash is not None and _damaged(row):
        found.clear = False  # told by the stock
    else:
        _open(found, row, raw, keys)
    found.clear = found.clear and not found.faults
    return found


def _open(found: Look, row: Row[Any], raw: bytes, keys: Keys) -> None:
    receipt = _read(raw)
    found.lost = row.number > keys.lost.get(octets(row.terminal_kid), row.number)
    doubt = _doubt(row, receipt, raw, keys)
    sale, unsound = None, ""
    try:
        sale = _sound(row, receipt, doubt, keys)
    except (Unsound, WireError) as e:
        unsound = str(e)
    unsound = unsound or ("signed by a terminal that was lost" if found.lost else "")
    if row.state == "sound" and unsound:
        found.faults.append(f"judged sound, and it is not ({unsound}): {found.where}")
        return
    found.sold = sale if row.state == "sound" else None
    found.once = sale if found.lost else None
    found.wronged = row.state == "refused" and not unsound
    wrong = _differing(row, receipt, found.sold, not doubt and not found.lost)
    if wrong:
        found.faults.append(f"columns are not what the receipt says ({', '.join(wrong)}): {found.where}")


def _damaged(row: Row[Any]) -> bool:
    return hashlib.sha256(octets(row.evidence)).digest() != octets(row.evidence_hash)


def _read(raw: bytes) -> Receipt | None:
    try:
        return read_receipt(cose.parse(raw, codec).payload, codec)
    except WireError:
        return None


def _doubt(row: Row[Any], receipt: Receipt | None, raw: bytes, keys: Keys) -> str:
    """Why this is not its terminal's word; nothing where it is."""
    if receipt is None:
        return "cannot be read"
    kid = octets(row.terminal_kid)
    party, sign1 = keys.terminals.get(kid), cose.parse(raw, codec)
    if party is None or sign1.kid != kid:
        return "signed by another terminal"
    if not verify(party.public_key, cose.signed_bytes(sign1, cose.AAD_RECEIPT, codec), sign1.signature):
        return "signature"
    return "" if receipt.number == row.number else f"says number {receipt.number}"


def _sound(row: Row[Any], receipt: Receipt | None, doubt: str, keys: Keys) -> Sold | None:
    """What a sale says; None for any other kind. Unsound or WireError where it or its evidence does not hold."""
    if doubt:
        raise Unsound(doubt)
    airline = keys.terminals[octets(row.terminal_kid)].airline
    if not isinstance(receipt, Sale):
        return None
    if row.evidence is None:
        raise Unsound("the evidence it was judged by is not held")
    return sold(receipt, octets(row.terminal_kid), _evidence(row), airline, keys)


def _evidence(row: Row[Any]) -> Evidence:
    data = octets(row.evidence)
    return phones(data) if row.handed else Evidence.unpack(data, codec)


def _good(receipt: Receipt | None, number: int) -> int | None:
    """What a break goes on from, where the numbers it lost are all of those up to its own."""
    if not isinstance(receipt, Break) or receipt.lost != [receipt.good + 1, number - 1]:
        return None
    return receipt.good if receipt.good or receipt.previous == FIRST_PREVIOUS else None


def _differing(row: Row[Any], receipt: Receipt | None, sold: Sold | None, word: bool) -> list[str]:
    said: dict[str, object] = {"previous": receipt.previous if receipt else None, "good": _good(receipt, row.number)}
    if row.state != "pending":
        said.update(word=int(word), target=receipt.sale if isinstance(receipt, Void) else None)
        said.update(kind=receipt.kind if receipt else None, time=receipt.time if receipt else None)
        said.update(shift=receipt.shift if receipt else None)
        sale = receipt if isinstance(receipt, Sale) else None
        amount, currency = sale.amount if sale else (None, None)
        said.update(mode=sale.mode if sale else None, amount=amount, currency=currency)
    if row.state == "sound":
        # a refused sale's are of what could be believed of its evidence: nobody is debited by them
        said.update(issuer_kid=sold and sold.issuer_kid, cti=sold and sold.cti, seq=sold and sold.seq)
    return [name for name, value in said.items() if shown(getattr(row, name)) != shown(value)]
