"""Shifts: what a terminal sold in each, and what its `close` says."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from cabinpay.wire import cose
from cabinpay.wire.receipts import CLOSE, OPEN, SALE, VOID, Close, Open, Receipt, read_receipt
from cabinpay.wire.schema import U32

from .. import codec
from .ends import Ends
from .models import ReceiptRow, Terminal

# (currency, kind, count, sum): a sale's kind and what was sold, or a void's and what was given back
Row = tuple[int, int, int, int]
# (airline, number, days since 1970)
Flight = tuple[str, int, int]
# (first number, last number)
Span = tuple[int, int]


@dataclass(frozen=True)
class CashUp:
    """A shift (number of its `open`) as its sales add up, and as its `close` says: None while no `close` is held.
    numbers: from the open to what came before the close, and covers: what the close says they are; ended: by a close,
    a later open, or a break.

    A sale counts whether or not anybody was debited: the crew handed the goods out. A void counts where it stands.
    """

    terminal: str
    shift: int
    crew: str | None
    flight: Flight | None
    sold: tuple[Row, ...]
    closed: tuple[Row, ...] | None
    numbers: Span | None
    covers: Span | None
    ended: bool

    @property
    def differs(self) -> bool:
        return self.closed is not None and (self.closed != self.sold or self.covers != self.numbers)


def cash_ups(session: Session, terminal_kid: bytes | None = None) -> list[CashUp]:
    """Every shift of one terminal or of all, by terminal and shift."""
    query = select(Terminal).order_by(Terminal.label, Terminal.kid)
    terminals = session.scalars(query if terminal_kid is None else query.where(Terminal.kid == terminal_kid))
    return [cash_up for terminal in terminals.all() for cash_up in _shifts(session, terminal)]


def flight_of(session: Session, terminal_kid: bytes, shift: int) -> Flight | None:
    """The flight that a shift was opened for; None while its `open` is not held."""
    opened = next(_trusted(session, terminal_kid, OPEN, ReceiptRow.number == shift), None)
    return _flight(opened)


def _flight(opened: Receipt | None) -> Flight | None:
    if not isinstance(opened, Open):
        return None
    airline, number, day = opened.flight
    return airline, number, day


def _trusted(session: Session, kid: bytes, kind: int, *where: ColumnElement[bool]) -> Iterator[Receipt]:
    """A terminal's receipts of a kind, those that are its word, by number."""
    query = select(ReceiptRow.raw).where(ReceiptRow.terminal_kid == kid, ReceiptRow.kind == kind, *where)
    ordered = query.where(ReceiptRow.word).order_by(ReceiptRow.number, ReceiptRow.sha256)
    for raw in session.scalars(ordered):
        yield read_receipt(cose.parse(raw, codec).payload, codec)


def _shifts(session: Session, terminal: Terminal) -> list[CashUp]:
    opened = {r.shift: r for r in _trusted(session, terminal.kid, OPEN)}
    closed = {r.shift: r for r in _trusted(session, terminal.kid, CLOSE)}
    sold = _sold(session, terminal.kid)
    ends = Ends(session, [(terminal.kid, 0, U32 + 1)])
    return [
        _cash_up(
            terminal.label,
            shift,
            opened.get(shift),
            closed.get(shift),
            tuple(sorted(sold[shift])),
            ends.between(terminal.kid, shift, U32 + 1) is not None,
        )
        for shift in sorted(opened.keys() | closed.keys() | sold.keys())
    ]


def _sold(session: Session, kid: bytes) -> defaultdict[int, list[Row]]:
    """By shift: its sales, and of these what was cancelled."""
    sums = func.count(), func.sum(ReceiptRow.amount)
    query = (
        select(ReceiptRow.shift, ReceiptRow.currency, *sums)
        .where(ReceiptRow.terminal_kid == kid, ReceiptRow.kind == SALE, ReceiptRow.word)
        .group_by(ReceiptRow.shift, ReceiptRow.currency)
    )
    sold: defaultdict[int, list[Row]] = defaultdict(list)
    for kind, which in ((SALE, query), (VOID, query.where(ReceiptRow.voided_by.is_not(None)))):
        for shift, currency, count, total in session.execute(which):
            if shift is not None and currency is not None and total is not None:
                sold[shift].append((currency, kind, count, int(total)))
    return sold


def _cash_up(
    label: str, shift: int, opened: Receipt | None, closed: Receipt | None, sold: tuple[Row, ...], ended: bool
) -> CashUp:
    crew = opened.crew if isinstance(opened, Open) else None
    if not isinstance(closed, Close):
        return CashUp(label, shift, crew, _flight(opened), sold, None, None, None, ended)
    said = tuple((currency, kind, count, total) for currency, kind, count, total in closed.sums)
    first, last = closed.covers
    return CashUp(label, shift, crew, _flight(opened), sold, said, (shift, closed.number - 1), (first, last), ended)
