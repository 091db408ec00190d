"""Which sales are cancelled. A void stands when it is its terminal's word and names a sale of the same terminal and
shift, with a lower number, while that shift is open, that no void before it has cancelled. Any other is a `void`
exception and cancels nothing: what is given back after the shift is a refund.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import SALE

from .ends import ENDS, Ends
from .flags import Flags
from .models import ReceiptRow
from .pairs import among

# (terminal kid, SHA-256 of a sale's receipt)
_Named = tuple[bytes, bytes]


def restate(session: Session, flags: Flags, rows: list[ReceiptRow]) -> list[ReceiptRow]:
    """Decides every void that `rows` touch (voids, sales they name, ends of shifts); the sales that are named."""
    named = set(_named([*rows, *_later(session, rows)]))
    voids = _by_name(session, named)
    sales = _sales(session, voids.keys())
    flags.load(void.id for same in voids.values() for void in same)
    spans = [(sale.terminal_kid, sale.number, v.number) for name, sale in sales.items() for v in voids[name]]
    ends = Ends(session, spans)
    for name, same in voids.items():
        _decide(flags, same, sales.get(name), ends)
    return list(sales.values())


def _later(session: Session, rows: list[ReceiptRow]) -> list[ReceiptRow]:
    """The voids above each terminal's first end of a shift among `rows`."""
    first: dict[bytes, int] = {}
    for row in rows:
        if row.kind in ENDS:
            first[row.terminal_kid] = min(row.number, first.get(row.terminal_kid, row.number))
    found: list[ReceiptRow] = []
    for kid, number in first.items():
        above = (ReceiptRow.terminal_kid == kid) & (ReceiptRow.number > number)
        found += session.scalars(select(ReceiptRow).where(above, ReceiptRow.target.is_not(None)))
    return found


def _named(rows: Iterable[ReceiptRow]) -> Iterator[_Named]:
    for row in rows:
        if row.target is not None:
            yield row.terminal_kid, row.target
        elif row.kind == SALE:
            yield row.terminal_kid, row.sha256


def _by_name(session: Session, named: set[_Named]) -> dict[_Named, list[ReceiptRow]]:
    voids: defaultdict[_Named, list[ReceiptRow]] = defaultdict(list)
    query = (
        select(ReceiptRow)
        .where(among(ReceiptRow.terminal_kid, ReceiptRow.target, named), ReceiptRow.target.is_not(None))
        .order_by(ReceiptRow.number, ReceiptRow.sha256)
    )
    for void in session.scalars(query) if named else ():
        assert void.target is not None
        voids[void.terminal_kid, void.target].append(void)
    return voids


def _sales(session: Session, named: Iterable[_Named]) -> dict[_Named, ReceiptRow]:
    names = list(named)
    these = among(ReceiptRow.terminal_kid, ReceiptRow.sha256, names)
    query = select(ReceiptRow).where(these, ReceiptRow.kind == SALE, ReceiptRow.word)
    return {(sale.terminal_kid, sale.sha256): sale for sale in session.scalars(query)} if names else {}


def _decide(flags: Flags, voids: list[ReceiptRow], sale: ReceiptRow | None, ends: Ends) -> None:
    first: ReceiptRow | None = None
    for void in voids:
        fault = _fault(void, sale, first, ends) if void.word else ""
        flags.put(void.id, ("void",), {"void": fault} if fault else {})
        if void.word and not fault:
            first = void
    if sale is not None:
        sale.voided_by = first.id if first else None


def _fault(void: ReceiptRow, sale: ReceiptRow | None, first: ReceiptRow | None, ends: Ends) -> str:
    if sale is None:
        return "cancels a sale of which nothing is held"
    if sale.number >= void.number:
        return f"cancels sale {sale.number}, which came later"
    if sale.shift != void.shift:
        return f"cancels sale {sale.number} of another shift"
    end = ends.between(sale.terminal_kid, sale.number, void.number)
    if end is not None:
        return f"cancels sale {sale.number}, whose shift had ended at {end}"
    return f"sale {sale.number} was cancelled by {first.number} already" if first else ""
