"""Looks at a ledger from outside: plain SQL and the archive, none of the code that keeps the books."""

import hashlib

from sqlalchemy import text
from sqlalchemy.orm import Session

from .archive import RECEIPT, Archive

# Each answers with one row for each fault: (what, where).
_QUERIES = {
    "postings of an entry do not sum to zero": """
        SELECT entry_id, currency FROM postings GROUP BY entry_id, currency HAVING SUM(amount) <> 0""",
    "an entry with less than two postings": """
        SELECT e.id, COUNT(p.id) FROM entries e LEFT JOIN postings p ON p.entry_id = e.id
        GROUP BY e.id HAVING COUNT(p.id) < 2""",
    "a payment settled twice": """
        SELECT cti, seq FROM settlements GROUP BY issuer_kid, cti, seq HAVING COUNT(*) > 1""",
    "the debit of a receipt is not what its settlement says": """
        SELECT r.terminal_kid, r.number FROM receipts r
        LEFT JOIN settlements s ON s.receipt_id = r.id
        LEFT JOIN (SELECT e.receipt_id AS receipt_id, SUM(p.amount) AS amount FROM entries e
                   JOIN postings p ON p.entry_id = e.id WHERE p.account LIKE 'passenger:%' GROUP BY e.receipt_id) d
               ON d.receipt_id = r.id
        WHERE COALESCE(s.amount, 0) <> COALESCE(d.amount, 0)""",
    "a payment debited more than once": """
        SELECT r.cti, r.seq FROM receipts r JOIN entries e ON e.receipt_id = r.id JOIN postings p ON p.entry_id = e.id
        WHERE p.account LIKE 'passenger:%' GROUP BY r.issuer_kid, r.cti, r.seq
        HAVING SUM(CASE WHEN p.amount > 0 THEN 1 ELSE -1 END) <> 1""",
    "a sale neither settled nor an exception": """
        SELECT r.terminal_kid, r.number FROM receipts r WHERE (r.kind = 1 OR r.kind IS NULL)
        AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.receipt_id = r.id)
        AND NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.receipt_id = r.id AND x.cleared IS NULL)
        AND r.state <> 'pending'""",
    "a receipt still waits to be judged": """
        SELECT terminal_kid, number FROM receipts WHERE state = 'pending'""",
    "custody names a receipt that is not held": """
        SELECT t.kid, t.held_number FROM terminals t WHERE t.held_number > 0 AND NOT EXISTS (SELECT 1 FROM receipts r
        WHERE r.terminal_kid = t.kid AND r.number = t.held_number AND r.sha256 = t.held_head)""",
    "custody runs over a missing number": """
        SELECT t.kid, t.held_number FROM terminals t WHERE t.held_number <> (SELECT COUNT(DISTINCT r.number)
        FROM receipts r WHERE r.terminal_kid = t.kid AND r.number <= t.held_number)""",
}


def verify(session: Session, archive: Archive) -> list[str]:
    """One line for each fault; empty where everything adds up."""
    faults = []
    for what, query in _QUERIES.items():
        faults += [f"{what}: {_shown(row[0])}, {_shown(row[1])}" for row in session.execute(text(query))]
    return faults + _raw_faults(session) + _archive_faults(session, archive)


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _raw_faults(session: Session) -> list[str]:
    rows = session.execute(text("SELECT terminal_kid, number, sha256, raw FROM receipts"))
    return [
        f"a receipt is not what it was stored as: {kid.hex()}, {number}"
        for kid, number, sha256, raw in rows
        if hashlib.sha256(raw).digest() != sha256
    ]


def _archive_faults(session: Session, archive: Archive) -> list[str]:
    """Every receipt and every piece of evidence must be in the archive."""
    there, evidence = set(), set()
    for record, _ in archive.records():
        if record.kind == RECEIPT:
            kid, number, raw, proof = record.fields
            sha256 = hashlib.sha256(raw).digest()
            there.add((kid, int.from_bytes(number, "big"), sha256))
            evidence.add((kid, int.from_bytes(number, "big"), sha256, hashlib.sha256(proof).digest()))
    query = "SELECT r.terminal_kid, r.number, r.sha256{} FROM receipts r{}"
    held = session.execute(text(query.format("", ""))).all()
    proven = session.execute(text(query.format(", e.sha256", " JOIN evidence e ON e.receipt_id = r.id"))).all()
    missing = [row for row in held if tuple(row) not in there] + [row for row in proven if tuple(row) not in evidence]
    return [f"not in the archive: {row[0].hex()}, {row[1]}" for row in missing]
