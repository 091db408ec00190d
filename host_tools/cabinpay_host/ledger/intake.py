"""Puts what a terminal streamed, or a phone handed in, into the tables as it is."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinpay.wire.schema import U32

from ..errors import Exit, HostError
from . import archive as arc
from .bulk import EVIDENCE, insert
from .db import next_id
from .judge import follows
from .models import PENDING, EvidenceRow, ReceiptRow, Terminal

# (number, receipt as given, evidence as given, b"" for none)
Item = tuple[int, bytes, bytes]
_Key = tuple[int, bytes]


@dataclass(frozen=True)
class Delivery:
    """rows: one for each receipt given, by number; new: how many are new; records: what the archive does not have."""

    rows: list[ReceiptRow]
    new: int
    records: list[arc.Record]


def in_order(items: Iterable[Item]) -> list[Item]:
    """Each item once, by number; HostError for what cannot have come from a terminal's stream."""
    unique = list(dict.fromkeys(items))
    for number, receipt, evidence in unique:
        if type(number) is not int or not 1 <= number <= U32:
            raise HostError("bad_items", f"{number!r} is no receipt number", Exit.INPUT)
        if not isinstance(receipt, bytes) or not isinstance(evidence, bytes):
            raise HostError("bad_items", f"receipt {number} and its evidence must be bytes", Exit.INPUT)
    return sorted(unique, key=lambda item: item[0])


def store(
    session: Session, terminal: Terminal, items: list[Item], source: str, now: int, kind: int = arc.RECEIPT
) -> Delivery:
    """Adds what is not held yet. `items`: as from `in_order`, one at least; kind: RECEIPT, or HAND_IN from a phone."""
    known = _held(session, terminal.kid, items[0][0], items[-1][0])
    before = len(known)
    rows: dict[_Key, ReceiptRow] = {}
    for number, raw, _ in items:
        key = number, hashlib.sha256(raw).digest()
        if key not in known:
            known[key] = _row(terminal.kid, number, raw, source, now)
            session.add(known[key])
        rows[key] = known[key]
    fresh = {key for key, row in rows.items() if row.id is None or (kind == arc.RECEIPT and not row.streamed)}
    added = len(known) - before
    session.flush()
    for key in fresh:
        rows[key].streamed = kind == arc.RECEIPT
    return Delivery(list(rows.values()), added, _add_evidence(session, items, rows, fresh, kind))


def _held(session: Session, kid: bytes, low: int, high: int) -> dict[_Key, ReceiptRow]:
    query = select(ReceiptRow).where(ReceiptRow.terminal_kid == kid, ReceiptRow.number.between(low, high))
    return {(row.number, row.sha256): row for row in session.scalars(query)}


def _row(kid: bytes, number: int, raw: bytes, source: str, now: int) -> ReceiptRow:
    previous, good = follows(raw, number)
    return ReceiptRow(
        terminal_kid=kid,
        number=number,
        sha256=hashlib.sha256(raw).digest(),
        raw=raw,
        received=now,
        source=source[:160],
        previous=previous,
        good=good,
        state=PENDING,
        revision=0,
        anchored=False,
    )


def _add_evidence(
    session: Session, items: list[Item], rows: dict[_Key, ReceiptRow], fresh: set[_Key], kind: int
) -> list[arc.Record]:
    there = _evidence(session, [row.id for row in rows.values()])
    records, held = [], []
    for number, raw, evidence in items:
        at = number, hashlib.sha256(raw).digest()
        row = rows[at]
        key = row.id, hashlib.sha256(evidence).digest()
        known, handed = there.get(key), kind == arc.HAND_IN
        added = bool(evidence) and (known is None or (handed and not known.handed))
        if added:
            if known:
                known.handed = handed
            else:
                held.append((next_id(session, EvidenceRow), row.id, key[1], evidence, handed))
            _judge_again(row)
        if added or at in fresh:
            records.append(arc.receipt_record(kind, row.terminal_kid, number, raw, evidence))
    insert(session, EvidenceRow, EVIDENCE, held)
    return records


def _evidence(session: Session, idents: list[int]) -> dict[tuple[int, bytes], EvidenceRow]:
    query = select(EvidenceRow).where(EvidenceRow.receipt_id.in_(idents))
    return {(row.receipt_id, row.sha256): row for row in session.scalars(query)}


def _judge_again(row: ReceiptRow) -> None:
    """More evidence can only help: a receipt that was refused, or one whose lines nobody knew."""
    row.revision += 1
    row.state = PENDING
