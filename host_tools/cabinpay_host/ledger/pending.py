"""Reads what there is to judge, and what to judge it by."""

from collections import defaultdict
from functools import lru_cache

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from cabinpay.wire.keys import kid

from .judge import Case, World
from .models import PENDING, EvidenceRow, ReceiptRow, Terminal
from .proof import Issuer, Party
from .rules import load_bundles, read_bundle

# As a literal: that the index of waiting rows serves is then seen when the statement is planned, on any engine
WAITING = ReceiptRow.state == literal_column(f"'{PENDING}'")


_TERMINALS = select(Terminal.kid, Terminal.public_key, Terminal.airline, Terminal.lost_at)


def load_world(session: Session) -> World:
    """Terminals and issuers."""
    terminals = {t.kid: Party(t.public_key, t.airline, t.lost_at) for t in session.execute(_TERMINALS)}
    return World(terminals, load_issuers(session))


def load_issuers(session: Session) -> dict[str, dict[bytes, list[Issuer]]]:
    """As World has them. Bundles were verified when they were accepted. Whoever changes this, changes it for all."""
    return _issuers(load_bundles(session))


@lru_cache(8)
def _issuers(bundles: tuple[bytes, ...]) -> dict[str, dict[bytes, list[Issuer]]]:
    found: defaultdict[str, defaultdict[bytes, list[Issuer]]] = defaultdict(lambda: defaultdict(list))
    for bundle in map(read_bundle, bundles):
        for public_key, start, until, _ in bundle.issuers:
            found[bundle.airline][kid(public_key)].append(Issuer(public_key, start, until))
    return {airline: dict(by_kid) for airline, by_kid in found.items()}


def load_cases(session: Session, count: int) -> list[Case]:
    """Up to `count` receipts that wait for judgement, oldest first."""
    columns = ReceiptRow.id, ReceiptRow.revision, ReceiptRow.terminal_kid, ReceiptRow.number, ReceiptRow.raw
    query = select(*columns).where(WAITING).order_by(ReceiptRow.id).limit(count)
    rows = session.execute(query).all()
    evidence: defaultdict[int, list[bytes]] = defaultdict(list)
    phones: defaultdict[int, set[bytes]] = defaultdict(set)
    theirs = select(EvidenceRow.receipt_id, EvidenceRow.raw, EvidenceRow.handed)
    for receipt_id, raw, handed in session.execute(theirs.where(EvidenceRow.receipt_id.in_([r.id for r in rows]))):
        evidence[receipt_id].append(raw)
        if handed:
            phones[receipt_id].add(raw)
    return [Case(*row, evidence[row.id], frozenset(phones[row.id])) for row in rows]
