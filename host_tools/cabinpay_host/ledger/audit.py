"""Looks at a ledger from outside: plain SQL, the archive, the wire readers and libsodium.

None of the code that keeps the books is used: what it got wrong would be wrong here as well. Three looks:

- audit_stock.py: database and archive hold the same things, as they were given (needs no understanding of them);
- audit_receipts.py, audit_books.py, audit_refunds.py: every receipt opened again, and its columns, settlement, entries,
  refunds and flags held against what it says;
- here: what plain SQL can say of rows among themselves.

Each fault is one line; a receipt that is not what it should be is not looked at further until that is mended.
Rows are streamed; of the archive, the names and hashes of what it holds are kept in memory.
"""

from collections.abc import Iterator
from itertools import chain

from sqlalchemy.orm import Session

from cabinpay.wire.receipts import FIRST_PREVIOUS

from .archive import Archive
from .audit_books import book_faults
from .audit_refunds import refund_faults
from .audit_sql import rows, shown
from .audit_stock import stock
from .audit_voids import IDLE

# The number that receipt `r` goes on from: the one before, or a break's last good one. A break that was refused is kept
# like any other, but explains nothing to people.
_BEFORE = "COALESCE(r.good, r.number - 1)"
_SAID_BEFORE = "(CASE WHEN r.state = 'refused' OR r.good IS NULL THEN r.number - 1 ELSE r.good END)"
_OPEN = "EXISTS (SELECT 1 FROM exceptions x WHERE x.receipt_id = r.id AND x.code = '{}' AND x.cleared IS NULL)"
_AT = "EXISTS (SELECT 1 FROM receipts b WHERE b.terminal_kid = r.terminal_kid AND b.number = {}{})"

# Code of an exception: what it is called, and when it has to stand open on receipt `r`.
_STANDING = {
    "fork": ("a fork", _AT.format("r.number", " AND b.id <> r.id")),
    "gap": ("a gap", f"{_SAID_BEFORE} > 0 AND NOT {_AT.format(_SAID_BEFORE, '')}"),
    "chain": (
        "a break of the chain",
        f"""r.previous IS NOT NULL AND CASE WHEN {_SAID_BEFORE} = 0 THEN r.previous <> :nothing
        ELSE {_AT.format(_SAID_BEFORE, "")} AND NOT {_AT.format(_SAID_BEFORE, " AND b.sha256 = r.previous")} END""",
    ),
    "break": ("a loss of receipts", f"{_SAID_BEFORE} < r.number - 1"),
    "void": ("a void that cancels nothing", IDLE),
}

# Each answers with one row for each fault: where.
_QUERIES = {
    "a settlement of no receipt": """
        SELECT s.cti, s.seq FROM settlements s WHERE NOT EXISTS (SELECT 1 FROM receipts r WHERE r.id = s.receipt_id)""",
    "an entry of no receipt": """
        SELECT e.id FROM entries e WHERE NOT EXISTS (SELECT 1 FROM receipts r WHERE r.id = e.receipt_id)""",
    "an entry of no refund": """
        SELECT e.id FROM entries e WHERE e.refund_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM refunds f WHERE f.id = e.refund_id)""",
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
    # what is missing lies below a receipt that is held, and no break says that it was lost; or is the last of all
    "custody runs over a missing number": """
        SELECT t.kid, t.held_number FROM terminals t WHERE t.held_number > 0 AND (
        NOT EXISTS (SELECT 1 FROM receipts r WHERE r.terminal_kid = t.kid AND r.number = t.held_number AND r.streamed)
        OR EXISTS (SELECT 1 FROM receipts r WHERE r.terminal_kid = t.kid AND r.streamed AND r.number > 1
            AND r.number <= t.held_number AND NOT EXISTS (SELECT 1 FROM receipts b
                WHERE b.terminal_kid = t.kid AND b.streamed AND b.number = r.number - 1)
            AND NOT EXISTS (SELECT 1 FROM receipts l WHERE l.terminal_kid = t.kid AND l.anchored
                AND l.good < r.number - 1 AND l.number > r.number - 1)
            AND NOT EXISTS (SELECT 1 FROM receipts k WHERE k.terminal_kid = t.kid AND k.number = r.number AND k.streamed
                AND (k.good = 0 OR k.follows = :nothing OR EXISTS (SELECT 1 FROM receipts g
                    WHERE g.terminal_kid = t.kid AND g.streamed AND g.number = k.good)))))""",
    "custody is behind what it could be": """
        SELECT t.kid, t.held_number FROM terminals t WHERE EXISTS (SELECT 1 FROM receipts r
        WHERE r.terminal_kid = t.kid AND r.number > t.held_number AND r.anchored)""",
    "a receipt counts as joined to number 1, and is not": f"""
        SELECT r.terminal_kid, r.number FROM receipts r WHERE r.anchored AND (NOT r.streamed OR ({_BEFORE} > 0
        AND (r.follows IS NULL OR r.follows <> :nothing) AND NOT {
        _AT.format(_BEFORE, " AND b.anchored AND (b.sha256 = r.previous OR b.sha256 = r.follows OR r.previous IS NULL)")
    }))""",
}


def verify(session: Session, archive: Archive) -> list[str]:
    """One line for each fault; empty where everything adds up."""
    found = stock(session, archive)
    looks = book_faults(session, found.keys), refund_faults(session), _query_faults(session), _standing_faults(session)
    return list(dict.fromkeys(chain(found.faults, *looks)))


def _query_faults(session: Session) -> Iterator[str]:
    for what, query in _QUERIES.items():
        for row in rows(session, query, **_values(query)):
            yield f"{what}: {', '.join(map(shown, row))}"


def _values(query: str) -> dict[str, bytes]:
    return {"nothing": FIRST_PREVIOUS} if ":nothing" in query else {}


def _standing_faults(session: Session) -> Iterator[str]:
    """Exceptions that stand open, or do not, without ground in what else is held."""
    for code, (name, ground) in _STANDING.items():
        there = _OPEN.format(code)
        for what, where in (
            (f"{name} without its exception", f"({ground}) AND NOT {there}"),
            (f"an exception says {code}, and it is none", f"NOT COALESCE({ground}, FALSE) AND {there}"),
        ):
            query = f"SELECT r.terminal_kid, r.number, r.sha256 FROM receipts r WHERE r.state <> 'pending' AND {where}"
            for row in rows(session, query, **_values(query)):
                yield f"{what}: {', '.join(map(shown, row))}"
