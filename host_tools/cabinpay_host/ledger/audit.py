"""Looks at a ledger from outside: plain SQL, the archive, the wire readers and libsodium.

None of the code that keeps the books is used: what it got wrong would be wrong here as well. Three looks:

- audit_stock.py: database and archive hold the same things, as they were given (needs no understanding of them);
- audit_receipts.py, audit_books.py: every receipt opened again, and its columns, settlement, entries and flags held
  against what it says;
- here: what plain SQL can say of rows among themselves.

Each fault is one line; a receipt that is not what it should be is not looked at further until that is mended.
Rows are streamed; of the archive, the names and hashes of what it holds are kept in memory.
"""

from collections.abc import Iterator
from itertools import chain

from sqlalchemy.orm import Session

from .archive import Archive
from .audit_books import book_faults
from .audit_sql import rows, shown
from .audit_stock import stock

_BEFORE = "b.terminal_kid = r.terminal_kid AND b.number = r.number - 1"
_OPEN = "EXISTS (SELECT 1 FROM exceptions x WHERE x.receipt_id = r.id AND x.code = '{}' AND x.cleared IS NULL)"

# Each answers with one row for each fault: where.
_QUERIES = {
    "a settlement of no receipt": """
        SELECT s.cti, s.seq FROM settlements s WHERE NOT EXISTS (SELECT 1 FROM receipts r WHERE r.id = s.receipt_id)""",
    "an entry of no receipt": """
        SELECT e.id FROM entries e WHERE NOT EXISTS (SELECT 1 FROM receipts r WHERE r.id = e.receipt_id)""",
    "a posting of no entry": """
        SELECT p.id FROM postings p WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.id = p.entry_id)""",
    "an exception of no receipt": """
        SELECT x.id, x.code FROM exceptions x
        WHERE NOT EXISTS (SELECT 1 FROM receipts r WHERE r.id = x.receipt_id)""",
    "evidence of no receipt": """
        SELECT v.id FROM evidence v WHERE NOT EXISTS (SELECT 1 FROM receipts r WHERE r.id = v.receipt_id)""",
    "a receipt still waits to be judged": """
        SELECT terminal_kid, number FROM receipts WHERE state = 'pending'""",
    "custody names a receipt that is not held": """
        SELECT t.kid, t.held_number FROM terminals t WHERE t.held_number > 0 AND NOT EXISTS (SELECT 1 FROM receipts r
        WHERE r.terminal_kid = t.kid AND r.number = t.held_number AND r.sha256 = t.held_head AND r.anchored)""",
    "custody runs over a missing number": """
        SELECT t.kid, t.held_number FROM terminals t WHERE t.held_number <> (SELECT COUNT(DISTINCT r.number)
        FROM receipts r WHERE r.terminal_kid = t.kid AND r.number <= t.held_number)""",
    "custody is behind what it could be": """
        SELECT t.kid, t.held_number FROM terminals t WHERE EXISTS (SELECT 1 FROM receipts r
        WHERE r.terminal_kid = t.kid AND r.number > t.held_number AND r.anchored)""",
    "a receipt counts as joined to number 1, and is not": f"""
        SELECT r.terminal_kid, r.number FROM receipts r WHERE r.anchored AND r.number > 1 AND NOT EXISTS (
        SELECT 1 FROM receipts b WHERE {_BEFORE} AND b.anchored
        AND (b.sha256 = r.previous OR b.sha256 = r.follows OR r.previous IS NULL))""",
    "a fork without its exception": f"""
        SELECT r.terminal_kid, r.number, r.sha256 FROM receipts r WHERE r.state <> 'pending'
        AND EXISTS (SELECT 1 FROM receipts o WHERE o.terminal_kid = r.terminal_kid AND o.number = r.number
                    AND o.id <> r.id AND o.state <> 'pending') AND NOT {_OPEN.format("fork")}""",
    "a gap without its exception": f"""
        SELECT r.terminal_kid, r.number, r.sha256 FROM receipts r WHERE r.state <> 'pending' AND r.number > 1
        AND NOT EXISTS (SELECT 1 FROM receipts b WHERE {_BEFORE}) AND NOT {_OPEN.format("gap")}""",
    "a break of the chain without its exception": f"""
        SELECT r.terminal_kid, r.number, r.sha256 FROM receipts r WHERE r.state <> 'pending' AND r.number > 1
        AND r.previous IS NOT NULL AND EXISTS (SELECT 1 FROM receipts b WHERE {_BEFORE})
        AND NOT EXISTS (SELECT 1 FROM receipts b WHERE {_BEFORE} AND b.sha256 = r.previous)
        AND NOT {_OPEN.format("chain")}""",
}


def verify(session: Session, archive: Archive) -> list[str]:
    """One line for each fault; empty where everything adds up."""
    found = stock(session, archive)
    return list(dict.fromkeys(chain(found.faults, book_faults(session, found.keys), _query_faults(session))))


def _query_faults(session: Session) -> Iterator[str]:
    for what, query in _QUERIES.items():
        for row in rows(session, query):
            yield f"{what}: {', '.join(map(shown, row))}"
