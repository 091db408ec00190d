"""What was sold, by day, flight, aircraft, crew and currency: the terminals' word, whoever was debited in the end."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import OPEN, SALE, Open

from .models import ReceiptRow, Terminal
from .reading import receipt_of

# (terminal kid, number of its open)
_Shift = tuple[bytes, int]


@dataclass(frozen=True)
class Group:
    """Where and by whom; day: of the flight's departure, days since 1970. None of it is known where the shift's `open`
    is not held: day -1 and no words."""

    day: int
    flight: str
    aircraft: str
    crew: str


@dataclass
class Sum:
    sales: int = 0
    sold: int = 0
    voids: int = 0
    cancelled: int = 0
    terminals: set[str] = field(default_factory=set)

    @property
    def net(self) -> int:
        return self.sold - self.cancelled


NOBODY = Group(-1, "", "", "")


def totals(session: Session, day: int | None = None) -> dict[tuple[Group, int], Sum]:
    """By group and currency, in order; of one day, or of all."""
    groups = _groups(session)
    found: defaultdict[tuple[Group, int], Sum] = defaultdict(Sum)
    for label, shift, currency, cancelled, count, amount in _sales(session):
        group = groups.get(shift, NOBODY)
        if day is None or group.day == day:
            _add(found[group, currency], label, cancelled, count, amount)
    order = sorted(found, key=lambda k: (k[0].day, k[0].flight, k[0].aircraft, k[0].crew, k[1]))
    return {key: found[key] for key in order}


def days(session: Session) -> list[int]:
    """Of which anything is known, the latest last."""
    return sorted({group.day for group in _groups(session).values()})


def _add(total: Sum, label: str, cancelled: bool, count: int, amount: int) -> None:
    total.sales += count
    total.sold += amount
    total.terminals.add(label)
    if cancelled:
        total.voids += count
        total.cancelled += amount


def _groups(session: Session) -> dict[_Shift, Group]:
    query = select(ReceiptRow.terminal_kid, ReceiptRow.number, ReceiptRow.raw)
    found = {}
    for kid, number, raw in session.execute(query.where(ReceiptRow.kind == OPEN, ReceiptRow.word)):
        _, opened = receipt_of(raw)
        assert isinstance(opened, Open)
        airline, flight, day = opened.flight
        found[kid, number] = Group(day, f"{airline}{flight}", opened.aircraft, opened.crew)
    return found


def _sales(session: Session) -> Iterator[tuple[str, _Shift, int, bool, int, int]]:
    cancelled = ReceiptRow.voided_by.is_not(None)
    columns = Terminal.label, ReceiptRow.terminal_kid, ReceiptRow.shift, ReceiptRow.currency, cancelled
    query = (
        select(*columns, func.count(), func.sum(ReceiptRow.amount))
        .join(Terminal, Terminal.kid == ReceiptRow.terminal_kid)
        .where(ReceiptRow.kind == SALE, ReceiptRow.word)
        .group_by(*columns)
    )
    for label, kid, shift, currency, is_cancelled, count, amount in session.execute(query):
        yield label, (kid, shift or 0), currency or 0, bool(is_cancelled), count, int(amount or 0)
