"""A settlement batch as ISO 20022 pain.008.001.08 (customer direct debit initiation), and answers as pain.002.001.10.

A passenger is known by pass alone: the debtor's account is the pass's id at its issuer, the name the platform's
reference where the pass is enrolled. Nothing of a receipt or of what was bought goes into the file.
"""

import datetime
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from decimal import Decimal

from .. import money
from ..errors import Exit, HostError
from .batches import Answer
from .models import DECLINED, SETTLED

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.008.001.08"
_STATUS = {"ACSC": SETTLED, "ACCC": SETTLED, "RJCT": DECLINED}


@dataclass(frozen=True)
class Creditor:
    """The airline, as its bank knows it."""

    name: str
    iban: str
    bic: str


@dataclass(frozen=True)
class Collection:
    """A batch as it is written; debits: (cti, name, minor units)."""

    ident: bytes
    issuer_kid: bytes
    currency: int
    made: int
    debits: list[tuple[bytes, str, int]]

    @property
    def total(self) -> int:
        return sum(amount for _, _, amount in self.debits)


def reference(batch: bytes, cti: bytes) -> str:
    """EndToEndId: 33 characters of the 35 there are."""
    return f"{batch.hex()}-{cti.hex()}"


def parse_reference(text: str) -> tuple[bytes, bytes]:
    batch, _, cti = text.partition("-")
    try:
        found = bytes.fromhex(batch), bytes.fromhex(cti)
    except ValueError:
        found = b"", b""
    if [len(part) for part in found] != [8, 8]:
        raise HostError("bad_return", f"{text[:40]!r} is no reference of a batch's line", Exit.INPUT)
    return found


def write(collection: Collection, creditor: Creditor) -> bytes:
    ET.register_namespace("", NAMESPACE)
    document = ET.Element(_tag("Document"))
    initiation = _add(document, "CstmrDrctDbtInitn")
    _header(initiation, collection, creditor)
    _payment(initiation, collection, creditor)
    ET.indent(document)
    return bytes(ET.tostring(document, encoding="UTF-8", xml_declaration=True))


def _header(parent: ET.Element, collection: Collection, creditor: Creditor) -> None:
    header = _add(parent, "GrpHdr")
    made = datetime.datetime.fromtimestamp(collection.made, datetime.UTC)
    _add(header, "MsgId", collection.ident.hex())
    _add(header, "CreDtTm", made.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _counts(header, collection)
    _add(_add(header, "InitgPty"), "Nm", creditor.name)


def _payment(parent: ET.Element, collection: Collection, creditor: Creditor) -> None:
    payment = _add(parent, "PmtInf")
    _add(payment, "PmtInfId", collection.ident.hex())
    _add(payment, "PmtMtd", "DD")
    _counts(payment, collection)
    due = datetime.datetime.fromtimestamp(collection.made, datetime.UTC) + datetime.timedelta(days=1)
    _add(payment, "ReqdColltnDt", due.strftime("%Y-%m-%d"))
    _add(_add(payment, "Cdtr"), "Nm", creditor.name)
    _add(_add(_add(payment, "CdtrAcct"), "Id"), "IBAN", creditor.iban)
    _add(_add(_add(payment, "CdtrAgt"), "FinInstnId"), "BICFI", creditor.bic)
    for cti, name, amount in collection.debits:
        _debit(payment, collection, cti, name, amount)


def _debit(parent: ET.Element, collection: Collection, cti: bytes, name: str, amount: int) -> None:
    debit = _add(parent, "DrctDbtTxInf")
    _add(_add(debit, "PmtId"), "EndToEndId", reference(collection.ident, cti))
    instructed = _add(debit, "InstdAmt", _decimal(amount, collection.currency))
    instructed.set("Ccy", money.name(collection.currency))
    _add(_add(_add(_add(debit, "DbtrAgt"), "FinInstnId"), "Othr"), "Id", collection.issuer_kid.hex())
    _add(_add(debit, "Dbtr"), "Nm", name[:140])
    _add(_add(_add(_add(debit, "DbtrAcct"), "Id"), "Othr"), "Id", cti.hex())
    _add(_add(debit, "RmtInf"), "Ustrd", "Purchases on board")


def _counts(parent: ET.Element, collection: Collection) -> None:
    _add(parent, "NbOfTxs", str(len(collection.debits)))
    _add(parent, "CtrlSum", _decimal(collection.total, collection.currency))


def _decimal(amount: int, currency: int) -> str:
    return str(Decimal(amount).scaleb(-money.exponent(currency)))


def read(data: bytes) -> list[Answer]:
    """The answers in a pain.002; statuses that are not final are passed over."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise HostError("bad_return", "this file declares entities: it is no pain.002", Exit.INPUT)
    try:
        root = ET.fromstring(data)
    except ET.ParseError as e:
        raise HostError("bad_return", f"this file is no XML ({e})", Exit.INPUT) from None
    space = root.tag.partition("}")[0] + "}"
    if "pain.002.001." not in space:
        raise HostError("bad_return", "this file is no pain.002", Exit.INPUT)
    found = []
    for entry in root.iter(f"{space}TxInfAndSts"):
        state = _STATUS.get(entry.findtext(f"{space}TxSts", ""))
        if state:
            batch, cti = parse_reference(entry.findtext(f"{space}OrgnlEndToEndId", ""))
            reason = entry.find(f"{space}StsRsnInf/{space}Rsn/{space}Cd")
            found.append(Answer(batch, cti, state, (reason.text or "") if reason is not None else ""))
    return found


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    child = ET.SubElement(parent, _tag(name))
    child.text = text
    return child
