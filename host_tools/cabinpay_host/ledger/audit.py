"""Looks at a ledger from outside: plain SQL and the archive, none of the code that keeps the books."""

import hashlib

from sqlalchemy import text
from sqlalchemy.orm import Session

from .archive import HAND_IN, LOST, RECEIPT, REFUND, ROLE, Archive, Record, standing

# A void's own words against its sale's, none of what the ledger wrote down about voids
_CANCELLED = """EXISTS (SELECT 1 FROM receipts v WHERE v.terminal_kid = r.terminal_kid AND v.target = r.sha256
        AND v.kind = 2 AND v.state = 'sound' AND v.number > r.number AND v.shift = r.shift)"""
# What stands on accounts that begin with {}, by receipt, refunds aside
_BORNE = """(SELECT e.receipt_id AS receipt_id, SUM(p.amount) AS amount FROM entries e JOIN postings p
        ON p.entry_id = e.id WHERE p.account LIKE '{}:%' AND e.refund_id IS NULL GROUP BY e.receipt_id)"""

# Each answers with one row for each fault: (what, where).
_QUERIES = {
    "postings of an entry do not sum to zero": """
        SELECT entry_id, currency FROM postings GROUP BY entry_id, currency HAVING SUM(amount) <> 0""",
    "an entry with less than two postings": """
        SELECT e.id, COUNT(p.id) FROM entries e LEFT JOIN postings p ON p.entry_id = e.id
        GROUP BY e.id HAVING COUNT(p.id) < 2""",
    "a payment settled twice": """
        SELECT cti, seq FROM settlements GROUP BY issuer_kid, cti, seq HAVING COUNT(*) > 1""",
    "the debit of a receipt is not what its settlement says": f"""
        SELECT r.terminal_kid, r.number FROM receipts r
        LEFT JOIN settlements s ON s.receipt_id = r.id
        LEFT JOIN {_BORNE.format("passenger")} d ON d.receipt_id = r.id
        WHERE COALESCE(d.amount, 0) <> CASE WHEN s.amount IS NULL OR {_CANCELLED} THEN 0 ELSE s.amount END""",
    "a sale that is cancelled, or is not, settled as if it were not, or were": f"""
        SELECT r.terminal_kid, r.number FROM receipts r JOIN settlements s ON s.receipt_id = r.id
        WHERE s.voided <> {_CANCELLED}""",
    "a loss that is no replay's, or a replay that is no loss": f"""
        SELECT r.terminal_kid, r.number FROM receipts r
        LEFT JOIN settlements s ON s.receipt_id = r.id
        LEFT JOIN {_BORNE.format("loss")} d ON d.receipt_id = r.id
        WHERE COALESCE(d.amount, 0) <> CASE WHEN r.kind = 1 AND r.state = 'sound' AND s.amount IS NULL
        AND NOT {_CANCELLED} THEN r.amount ELSE 0 END""",
    "a payment debited more than once": """
        SELECT r.cti, r.seq FROM receipts r JOIN entries e ON e.receipt_id = r.id JOIN postings p ON p.entry_id = e.id
        WHERE p.account LIKE 'passenger:%' AND e.refund_id IS NULL GROUP BY r.issuer_kid, r.cti, r.seq
        HAVING SUM(CASE WHEN p.amount > 0 THEN 1 ELSE -1 END) NOT IN (0, 1)""",
    "a refund is not on the books as it stands": """
        SELECT f.id, f.posted FROM refunds f WHERE f.posted > f.amount OR f.posted <>
        (SELECT COALESCE(-SUM(p.amount), 0) FROM entries e JOIN postings p ON p.entry_id = e.id
        WHERE e.refund_id = f.id AND p.account LIKE 'passenger:%')""",
    "more refunded than was debited": """
        SELECT f.cti, f.seq FROM refunds f LEFT JOIN settlements s
        ON s.issuer_kid = f.issuer_kid AND s.cti = f.cti AND s.seq = f.seq AND NOT s.voided
        GROUP BY f.issuer_kid, f.cti, f.seq HAVING SUM(f.posted) > COALESCE(MAX(s.amount), 0)""",
    "a sale neither settled nor an exception": """
        SELECT r.terminal_kid, r.number FROM receipts r WHERE (r.kind = 1 OR r.kind IS NULL)
        AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.receipt_id = r.id)
        AND NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.receipt_id = r.id AND x.cleared IS NULL)
        AND r.state <> 'pending'""",
    "a void that neither cancels a sale nor is an exception": """
        SELECT v.terminal_kid, v.number FROM receipts v WHERE v.kind = 2 AND v.state <> 'pending'
        AND NOT EXISTS (SELECT 1 FROM receipts r WHERE r.voided_by = v.id AND r.sha256 = v.target
        AND r.terminal_kid = v.terminal_kid AND r.shift = v.shift AND r.number < v.number)
        AND NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.receipt_id = v.id AND x.cleared IS NULL)""",
    "a sale cancelled twice": """
        SELECT v.terminal_kid, MAX(v.number) FROM receipts v WHERE v.kind = 2 AND v.state = 'sound'
        AND NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.receipt_id = v.id AND x.code = 'void'
        AND x.cleared IS NULL) GROUP BY v.terminal_kid, v.target HAVING COUNT(*) > 1""",
    "a receipt of a lost terminal is taken for its word": """
        SELECT r.terminal_kid, r.number FROM receipts r JOIN terminals t ON t.kid = r.terminal_kid
        WHERE r.number > t.lost_at AND r.state <> 'pending' AND (r.state <> 'refused' OR r.word OR r.booked IS NOT NULL
        OR NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.receipt_id = r.id AND x.code = 'lost_terminal'
        AND x.cleared IS NULL))""",
    "a break without its exception": """
        SELECT r.terminal_kid, r.number FROM receipts r WHERE r.kind = 5 AND r.good IS NOT NULL AND r.state = 'sound'
        AND NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.receipt_id = r.id AND x.code = 'break'
        AND x.cleared IS NULL)""",
    "a receipt still waits to be judged": """
        SELECT terminal_kid, number FROM receipts WHERE state = 'pending'""",
    "custody names a receipt that is not held": """
        SELECT t.kid, t.held_number FROM terminals t WHERE t.held_number > 0 AND NOT EXISTS (SELECT 1 FROM receipts r
        WHERE r.terminal_kid = t.kid AND r.number = t.held_number AND r.sha256 = t.held_head AND r.streamed)""",
    # a range that is not held ends below a receipt that is: one with nothing before it must be a break over the range
    "custody runs over a missing number": """
        SELECT t.kid, r.number FROM terminals t JOIN receipts r ON r.terminal_kid = t.kid
        WHERE r.number > 1 AND r.number <= t.held_number AND r.streamed
        AND NOT EXISTS (SELECT 1 FROM receipts b WHERE b.terminal_kid = r.terminal_kid AND b.streamed
        AND b.number = r.number - 1)
        AND NOT EXISTS (SELECT 1 FROM receipts k WHERE k.terminal_kid = r.terminal_kid AND k.number = r.number
        AND k.streamed AND (k.good = 0 OR EXISTS (SELECT 1 FROM receipts g WHERE g.terminal_kid = k.terminal_kid
        AND g.number = k.good AND g.streamed)))""",
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
    """Every receipt, piece of evidence and decision must be in the archive."""
    records = standing([record for record, _ in archive.records()])
    there, evidence = set(), set()
    for record in records:
        if record.kind in (RECEIPT, HAND_IN):
            kid, number, raw, proof = record.fields
            key = kid, int.from_bytes(number, "big"), hashlib.sha256(raw).digest()
            there.add((*key, record.kind))
            evidence.add((*key, hashlib.sha256(proof).digest()))
    columns = "SELECT r.terminal_kid, r.number, r.sha256"
    held = session.execute(text(f"{columns}, CASE WHEN r.streamed THEN {RECEIPT} ELSE {HAND_IN} END FROM receipts r"))
    proven = session.execute(text(f"{columns}, e.sha256 FROM receipts r JOIN evidence e ON e.receipt_id = r.id"))
    missing = [row for row in held if tuple(row) not in there] + [row for row in proven if tuple(row) not in evidence]
    return [f"not in the archive: {row[0].hex()}, {row[1]}" for row in missing] + _decision_faults(session, records)


def _decision_faults(session: Session, records: list[Record]) -> list[str]:
    refunds = {r.fields[0] for r in records if r.kind == REFUND}
    made = set(session.scalars(text("SELECT ident FROM refunds")))
    lost = {r.fields[1]: int.from_bytes(r.fields[2], "big") for r in records if r.kind == LOST}
    query = "SELECT kid, lost_at FROM terminals WHERE lost_at IS NOT NULL"
    marked = {kid: at for kid, at in session.execute(text(query))}  # noqa: C416
    named = {r.fields[1].decode(): r.fields[3] for r in records if r.kind == ROLE}
    auditors = set(session.scalars(text("SELECT name FROM roles")))
    faults = [f"a refund in the archive or the ledger only: {ident.hex()}" for ident in refunds ^ made]
    if lost != marked:
        faults.append("archive and ledger differ in terminals reported lost")
    if {name for name, given in named.items() if given == b"\x01"} != auditors:
        faults.append("archive and ledger differ in auditors")
    return faults
