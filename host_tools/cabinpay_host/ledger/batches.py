"""Settlement batches: what each issuer is asked to collect from its passengers in one currency, and what it answers.

A batch asks, for each pass, what its account owes and no earlier batch has asked for; a line that was declined is asked
for again by the next one. What a refund gave back after it was collected is taken off the next batch, and where there
is nothing to take it off it stays on the account. Batches post nothing: the books say what is owed, the batches what
became of it.
"""

import secrets
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import codec
from ..errors import Exit, HostError
from . import archive as arc
from .models import DECLINED, OPEN, SETTLED, Batch, BatchLine, Posting


class Line(NamedTuple):
    cti: bytes
    amount: int


class Answer(NamedTuple):
    """state: SETTLED or DECLINED."""

    batch: bytes
    cti: bytes
    state: str
    reason: str


def due(session: Session, issuer_kid: bytes, currency: int) -> list[Line]:
    """What may be asked for now, by pass."""
    prefix = f"passenger:{issuer_kid.hex()}:"
    owed = (
        select(Posting.account, func.sum(Posting.amount))
        .where(Posting.account.startswith(prefix), Posting.currency == currency)
        .group_by(Posting.account)
    )
    left = Counter({bytes.fromhex(account.removeprefix(prefix)): int(n) for account, n in session.execute(owed)})
    asked = (
        select(BatchLine.cti, func.sum(BatchLine.amount))
        .join(Batch, Batch.id == BatchLine.batch_id)
        .where(Batch.issuer_kid == issuer_kid, Batch.currency == currency, BatchLine.state != DECLINED)
        .group_by(BatchLine.cti)
    )
    left.subtract({cti: int(amount) for cti, amount in session.execute(asked)})
    return [Line(cti, amount) for cti, amount in sorted(left.items()) if amount > 0]


def outstanding(session: Session) -> list[tuple[bytes, int, int, int]]:
    """(issuer kid, currency, passes, amount) of what may be asked for."""
    query = select(Posting.account, Posting.currency).where(Posting.account.startswith("passenger:")).distinct()
    places = {(bytes.fromhex(account.split(":")[1]), currency) for account, currency in session.execute(query)}
    found = [(*place, due(session, *place)) for place in sorted(places)]
    return [(kid, currency, len(lines), sum(x.amount for x in lines)) for kid, currency, lines in found if lines]


def make(
    session: Session, issuer_kid: bytes, currency: int, author: str, now: int, records: list[arc.Record]
) -> Batch:
    lines = due(session, issuer_kid, currency)
    if not lines:
        raise HostError("nothing_due", "this issuer has nothing left to collect in that currency", Exit.REFUSED)
    ident = secrets.token_bytes(8)
    asked = codec.encode([list(line) for line in lines])
    words = (ident, issuer_kid, arc.u64(currency), author.encode(), arc.u64(now), asked)
    records.append(arc.Record(arc.BATCH, words))
    return put(session, words)


def put(session: Session, words: tuple[bytes, ...]) -> Batch:
    """The batch of an archive's record."""
    ident, issuer_kid, currency, author, made, asked = words
    batch = Batch(ident=ident, issuer_kid=issuer_kid, currency=_int(currency), author=author.decode(), made=_int(made))
    session.add(batch)
    session.flush()
    session.add_all(BatchLine(batch_id=batch.id, cti=cti, amount=amount) for cti, amount in codec.decode(asked))
    return batch


def answer(session: Session, answers: Iterable[Answer], now: int, records: list[arc.Record]) -> int:
    """Writes down what the issuer says; how many lines were new. Said again it does nothing, and nothing is taken back:
    what was declined is in the next batch."""
    new = []
    for said in answers:
        line = _line(session, said.batch, said.cti)
        if said.state not in (SETTLED, DECLINED) or len(said.reason) > 160:
            raise HostError("bad_return", f"{said.state} is neither settled nor declined", Exit.INPUT)
        if line.state == said.state:
            continue
        if line.state != OPEN:
            line_ = f"pass {said.cti.hex()} of batch {said.batch.hex()} was {line.state} before: ask the issuer"
            raise HostError("return_differs", line_, Exit.REFUSED)
        line.state, line.reason, line.told = said.state, said.reason, now
        new.append(list(said))
    if new:
        records.append(arc.Record(arc.ANSWER, (secrets.token_bytes(8), arc.u64(now), codec.encode(new))))
    return len(new)


def put_answers(session: Session, words: tuple[bytes, ...]) -> bool:
    """Those of an archive's record; False where a line that they are about is not held."""
    _, told, said = words
    whole = True
    for batch, cti, state, reason in codec.decode(said):
        try:
            line = _line(session, batch, cti)
        except HostError:
            whole = False
            continue
        line.state, line.reason, line.told = state, reason, _int(told)
    return whole


def named(session: Session, ident: bytes) -> Batch:
    found = session.scalars(select(Batch).where(Batch.ident == ident)).one_or_none()
    if found is None:
        raise HostError("unknown_batch", f"there is no batch {ident.hex()} in this ledger", Exit.REFUSED)
    return found


def lines(session: Session, batch: Batch) -> list[BatchLine]:
    return list(session.scalars(select(BatchLine).where(BatchLine.batch_id == batch.id).order_by(BatchLine.cti)))


def _line(session: Session, ident: bytes, cti: bytes) -> BatchLine:
    line = session.get(BatchLine, (named(session, ident).id, cti))
    if line is None:
        raise HostError("unknown_line", f"batch {ident.hex()} asks nothing of pass {cti.hex()}", Exit.REFUSED)
    return line


def _int(octets: bytes) -> int:
    return int.from_bytes(octets, "big")
