"""Custody: what may be acked. It asks what the ledger holds, never what it is worth.

A receipt is *anchored* when the ledger holds its branch down to number 1: it is number 1, or an anchored receipt
with the number before is the one it names, or the one the terminal gave just before it, or it cannot be read at all.
The number before a break's is its last good one: what it says was lost in between will never come. What only a phone
handed in is not anchored: an ack would let the terminal free evidence that nobody has pulled.
A number that a terminal holds no more, by its own signed word, will not come either: it freed that receipt on another
ledger's ack (this one was restored from a backup), or has lost it. It stays a `gap` exception, and custody passes over
it; but only where everything that the terminal does hold below was given in the same pull, from its beginning.
So no content blocks an ack; a missing number does, and so does a receipt that says it follows one which this ledger
never got (a terminal restored from a backup, a clone): acking that one would let the terminal free what nobody holds.
Then `rewind` says where to pull from again: one back, to see whether the terminal means it, and else from the start.
"""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import FIRST_PREVIOUS

from .archive import ORDER, Record, u64
from .models import ReceiptRow, Terminal

# What a receipt follows whose terminal holds nothing before it any more
NOTHING = FIRST_PREVIOUS
# (number, SHA-256) of what a terminal gave last in a pull, and its beginning
Given = tuple[int, bytes]
BEGINNING: Given = (0, b"")


def settle(session: Session, terminal: Terminal, given: list[ReceiptRow], after: Given | None) -> list[Record]:
    """Moves what `terminal` is acked for, after `given` (one delivery, ascending numbers) was stored; what is new of
    its order, for the archive. after: what the terminal gave just before, where it has signed for all of it."""
    records = _note_order(given)
    advance(session, terminal, given)
    while after is not None and (row := _gap(session, terminal.kid, given, after)):
        row.follows = NOTHING
        records.append(_order(row, NOTHING))
        advance(session, terminal, given)
    return records


def _gap(session: Session, kid: bytes, given: list[ReceiptRow], after: Given) -> ReceiptRow | None:
    """The first of `given` that is not anchored, where all it lacks is what the terminal does not hold."""
    number, sha256 = after
    solid = after == BEGINNING or sha256 in _solid(session, kid, number, number)[number]
    for row in given:
        if not row.anchored:
            return row if solid and _before(row) > number and row.follows is None else None
        number, solid = row.number, True
    return None


def _order(row: ReceiptRow, before: bytes) -> Record:
    return Record(ORDER, (row.terminal_kid, u64(row.number), row.sha256, before))


def _note_order(given: list[ReceiptRow]) -> list[Record]:
    """Writes down what each of `given` (one delivery, ascending numbers) came after, where the receipt does not say
    it; what is new of that, for the archive. What is anchored keeps what it is anchored by: a clone may give it again
    after something else."""
    last: dict[int, bytes] = {}
    records = []
    for row in given:
        before = last.get(_before(row))
        said = row.previous, row.follows
        if before is not None and before not in said and row.follows != NOTHING and not row.anchored:
            row.follows = before
            records.append(_order(row, before))
        last[row.number] = row.sha256
    return records


def _before(row: ReceiptRow) -> int:
    return row.number - 1 if row.good is None else row.good


def advance(session: Session, terminal: Terminal, given: list[ReceiptRow]) -> None:
    """Moves what `terminal` is acked for, after `given` was stored and its order is known."""
    joined = _anchor(session, terminal.kid)
    # of two branches that reach as far, the one that the terminal has now
    anchored = joined + [r for r in given if r.anchored]
    best = max(reversed(anchored), key=lambda r: r.number, default=None)
    if best is not None and best.number >= terminal.held_number:
        terminal.held_number, terminal.held_head = best.number, best.sha256
    terminal.rewind = _rewind(terminal, given)


def _anchor(session: Session, kid: bytes) -> list[ReceiptRow]:
    """Receipts that are anchored from now on."""
    mine = select(ReceiptRow).where(ReceiptRow.terminal_kid == kid, ReceiptRow.streamed)
    loose = session.scalars(mine.where(ReceiptRow.anchored.is_(False)).order_by(ReceiptRow.number)).all()
    if not loose:
        return []
    solid = _solid(session, kid, min(_before(row) for row in loose), loose[-1].number)
    joined = []
    for row in loose:
        if _joins(row, solid[_before(row)]):
            row.anchored = True
            solid[row.number].add(row.sha256)
            joined.append(row)
    return joined


def _solid(session: Session, kid: bytes, low: int, high: int) -> defaultdict[int, set[bytes]]:
    query = select(ReceiptRow.number, ReceiptRow.sha256).where(
        ReceiptRow.terminal_kid == kid, ReceiptRow.anchored.is_(True), ReceiptRow.number.between(low, high)
    )
    solid: defaultdict[int, set[bytes]] = defaultdict(set)
    for number, sha256 in session.execute(query):
        solid[number].add(sha256)
    return solid


def _joins(row: ReceiptRow, before: set[bytes]) -> bool:
    if _before(row) == 0 or row.follows == NOTHING:
        return True
    return row.previous in before or row.follows in before or (row.previous is None and bool(before))


def _rewind(terminal: Terminal, given: list[ReceiptRow]) -> int | None:
    if given[-1].anchored:
        return None
    loose = min((r for r in given if not r.anchored), key=lambda r: r.number)
    if loose.good is not None:
        return 1 if loose.good <= terminal.held_number else terminal.rewind
    lowest = loose.number
    if lowest > terminal.held_number + 1:
        return terminal.rewind  # a gap: the pull goes on where custody ends
    return max(1, lowest - 1) if lowest == terminal.held_number + 1 else 1
