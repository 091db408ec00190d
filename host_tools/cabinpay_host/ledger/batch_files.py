"""Settlement batches and their answers as CSV."""

import csv
import io

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import money
from ..errors import Exit, HostError
from . import batches
from .batches import Answer
from .models import DECLINED, SETTLED, Enrolment
from .pain008 import Collection, parse_reference, reference

_COLUMNS = ("reference", "issuer", "pass", "passenger", "amount", "currency")


def collection(session: Session, ident: bytes) -> Collection:
    batch = batches.named(session, ident)
    query = select(Enrolment.cti, Enrolment.passenger).where(Enrolment.issuer_kid == batch.issuer_kid)
    names = {row.cti: row.passenger for row in session.execute(query)}
    debits = [(x.cti, names.get(x.cti, x.cti.hex()), x.amount) for x in batches.lines(session, batch)]
    return Collection(batch.ident, batch.issuer_kid, batch.currency, batch.made, debits)


def write(found: Collection) -> bytes:
    """amount: in minor units, so that no reader can mistake it."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(_COLUMNS)
    for cti, name, amount in found.debits:
        where = found.issuer_kid.hex(), cti.hex()
        rows.writerow((reference(found.ident, cti), *where, _inert(name), amount, money.name(found.currency)))
    return out.getvalue().encode()


def _inert(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name


def read(data: bytes) -> list[Answer]:
    """Rows of reference, settled or declined, reason; the first may name the columns."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error):
        raise HostError("bad_return", "this file is no CSV in UTF-8", Exit.INPUT) from None
    return [_answer(row) for row in rows if row and row[0] != "reference"]


def _answer(row: list[str]) -> Answer:
    batch, cti = parse_reference(row[0])
    state = row[1].strip().lower() if len(row) > 1 else ""
    if state not in (SETTLED, DECLINED):
        raise HostError("bad_return", f"{row[0]} is neither settled nor declined", Exit.INPUT)
    return Answer(batch, cti, state, row[2].strip()[:160] if len(row) > 2 else "")
