"""Which sales are cancelled. A void stands when it is its terminal's word and names a sale of the same terminal and
shift, with a lower number, that no void before it has cancelled. Any other is a `void` exception and cancels nothing.

Whether its shift was closed by then is not asked here: a void after the close makes the cash-up differ.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import SALE

from .flags import Flags
from .models import ReceiptRow

# (terminal kid, SHA-256 of a sale's receipt)
_Named = tuple[bytes, bytes]


def restate(session: Session, flags: Flags, rows: Iterable[ReceiptRow]) -> list[ReceiptRow]:
    """Decides every void that `rows` touch (voids, or sales they name); the sales that are named."""
    named = set(_named(rows))
    voids = _by_name(session, named)
    sales = _sales(session, voids.keys())
    flags.load(void.id for same in voids.values() for void in same)
    for name, same in voids.items():
        _decide(flags, same, sales.get(name))
    return list(sales.values())


def _named(rows: Iterable[ReceiptRow]) -> Iterator[_Named]:
    for row in rows:
        if row.target is not None:
            yield row.terminal_kid, row.target
        elif row.kind == SALE:
            yield row.terminal_kid, row.sha256


def _by_name(session: Session, named: set[_Named]) -> dict[_Named, list[ReceiptRow]]:
    voids: defaultdict[_Named, list[ReceiptRow]] = defaultdict(list)
    columns = tuple_(ReceiptRow.terminal_kid, ReceiptRow.target)
    query = select(ReceiptRow).where(columns.in_(named)).order_by(ReceiptRow.number, ReceiptRow.sha256)
    for void in session.scalars(query) if named else ():
        assert void.target is not None
        voids[void.terminal_kid, void.target].append(void)
    return voids


def _sales(session: Session, named: Iterable[_Named]) -> dict[_Named, ReceiptRow]:
    names = list(named)
    columns = tuple_(ReceiptRow.terminal_kid, ReceiptRow.sha256)
    query = select(ReceiptRow).where(columns.in_(names), ReceiptRow.kind == SALE, ReceiptRow.word)
    return {(sale.terminal_kid, sale.sha256): sale for sale in session.scalars(query)} if names else {}


def _decide(flags: Flags, voids: list[ReceiptRow], sale: ReceiptRow | None) -> None:
    first: ReceiptRow | None = None
    for void in voids:
        fault = _fault(void, sale, first) if void.word else ""
        flags.put(void.id, ("void",), {"void": fault} if fault else {})
        if void.word and not fault:
            first = void
    if sale is not None:
        sale.voided_by = first.id if first else None


def _fault(void: ReceiptRow, sale: ReceiptRow | None, first: ReceiptRow | None) -> str:
    if sale is None:
        return "cancels a sale of which nothing is held"
    if sale.number >= void.number:
        return f"cancels sale {sale.number}, which came later"
    if sale.shift != void.shift:
        return f"cancels sale {sale.number} of another shift"
    return f"sale {sale.number} was cancelled by {first.number} already" if first else ""
