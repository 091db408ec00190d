"""A ledger from its archive alone: same id, same receipts, same decisions, and so the same money and exceptions.

Receipts are judged anew, and nothing of a judgement depends on the order in which they came. What differs is what the
archive does not say: when and from where each receipt was taken, when an exception was raised, cleared exceptions.
"""

import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from sqlalchemy import URL, Engine, select, update
from sqlalchemy.orm import Session

from ..errors import Exit, HostError
from . import archive as arc
from . import batches, custody, db, decisions, intake, registry, roles, workings
from .models import SCHEMA, UNFINISHED, Meta, ReceiptRow
from .store import CHUNK, WAIT, Ledger

SOURCE = "archive"
_GIVEN = (arc.RECEIPT, arc.HAND_IN)
# What is decided about receipts once they are judged
_LATER = (arc.REFUND, arc.BATCH, arc.ANSWER, arc.WORKED)


def rebuild(
    source: str | Path,
    url: str | URL,
    archive: str | Path,
    *,
    wait: float = WAIT,
    clock: Callable[[], float] = time.time,
) -> tuple[Ledger, int]:
    """The new ledger at `url`, with an archive of its own at `archive`, a copy of `source`; and how many bytes at the
    end of `source` are torn or damaged and were left out. HostError, and nothing remains, where that fails."""
    old, new = arc.Archive(Path(source)), arc.Archive(Path(archive))
    engine = db.connect(db.parsed(url), wait)
    ident = old.ident()
    with db.closed_on_error(engine):
        registry.refuse_existing(engine, new)
    with registry.undone_on_error(new, engine):
        length = _copy(old, new)
        records = arc.standing([record for record, _ in new.records()])
        _start(engine, ident, length, records)
        ledger = Ledger(engine, new, ident, clock)
        _replay(engine, records, int(clock()))
        ledger.judge_pending()
        _decide_again(ledger, engine, records)
        with db.writing(engine) as (session, _):
            session.execute(update(Meta).values(schema_version=SCHEMA))
    return ledger, old.size() - length


def _start(engine: Engine, ident: bytes, length: int, records: list[arc.Record]) -> None:
    roots = [r.fields[0] for r in records if r.kind == arc.ROOT]
    policy = next((r.fields[0].decode() for r in records if r.kind == arc.POLICY), None)
    if policy is None:
        line = "the archive ends before it says who bears overspends: it holds no receipts, make a new ledger"
        raise HostError("archive_damaged", line, Exit.STORAGE)
    meta = Meta(ident=ident, schema_version=UNFINISHED, archive_length=length, overspend=policy)
    registry.start_database(engine, meta, roots)


def _copy(old: arc.Archive, new: arc.Archive) -> int:
    try:
        return old.copy(new.path)
    except OSError as e:
        raise HostError("archive_failed", f"cannot make {new.path}: {e.strerror}", Exit.STORAGE) from e


def _replay(engine: Engine, records: list[arc.Record], now: int) -> None:
    """Everything but what is decided about judged receipts: that waits until they are."""
    order = {r.fields[:3]: r.fields[3] for r in records if r.kind == arc.ORDER}
    for batch in _batches(records):
        with db.writing(engine) as (session, _):
            if batch[0].kind in _GIVEN:
                _take(session, batch, order, now)
            else:
                _apply(session, batch[0])


def _batches(records: list[arc.Record]) -> Iterator[list[arc.Record]]:
    """Receipts of one terminal that lie together, some hundred at a time; anything else alone."""
    rest = (r for r in records if r.kind not in (arc.ROOT, arc.POLICY, arc.ORDER, *_LATER))
    for (kind, _), group in groupby(rest, lambda r: (r.kind, r.fields[0] if r.kind in _GIVEN else None)):
        same = list(group)
        size = CHUNK if kind in _GIVEN else 1
        yield from (same[i : i + size] for i in range(0, len(same), size))


def _take(session: Session, batch: list[arc.Record], order: dict[tuple[bytes, ...], bytes], now: int) -> None:
    kid, kind = batch[0].fields[0], batch[0].kind
    terminal = registry.terminal(session, kid)
    items = intake.in_order((_int(number), raw, proof) for _, number, raw, proof in (r.fields for r in batch))
    rows = intake.store(session, terminal, items, SOURCE, now, kind).rows
    if kind == arc.HAND_IN:
        return
    for row in rows:
        row.follows = order.get((kid, arc.u64(row.number), row.sha256))
    custody.advance(session, terminal, rows)


def _apply(session: Session, record: arc.Record) -> None:
    fields = record.fields
    if record.kind == arc.FILE:
        registry.add_file(session, fields[0].decode(), fields[1])
    elif record.kind == arc.BUNDLE:
        registry.add_bundle(session, fields[0], {}, [])
    elif record.kind == arc.TERMINAL:
        registry.add_terminal(session, fields[0], fields[1].decode(), fields[2].decode(), [])
    elif record.kind == arc.ENROLMENT:
        registry.add_enrolment(session, (fields[0], fields[1], fields[2].decode(), fields[3].decode()), [])
    elif record.kind == arc.LOST:
        decisions.mark_lost(session, registry.terminal(session, fields[1]), _int(fields[2]))
    elif record.kind == arc.ROLE:
        roles.put(session, fields[1].decode(), fields[4].decode(), fields[3] == b"\x01", _int(fields[5]))
    else:
        line = f"the archive has records of kind {record.kind}: use the program that wrote it"
        raise HostError("ledger_version", line, Exit.STORAGE)


def _decide_again(ledger: Ledger, engine: Engine, records: list[arc.Record]) -> None:
    for record in records:
        if record.kind in _LATER:
            with db.writing(engine) as (session, _):
                if record.kind == arc.REFUND:
                    ledger.restate(session, [_refund(session, record)])
                elif record.kind == arc.BATCH:
                    batches.put(session, record.fields)
                elif record.kind == arc.ANSWER:
                    batches.put_answer(session, record.fields)
                else:
                    workings.put(session, record.fields)


def _refund(session: Session, record: arc.Record) -> ReceiptRow:
    ident, kid, number, sha256, amount, reason, author, made = record.fields
    query = select(ReceiptRow).where(ReceiptRow.terminal_kid == kid, ReceiptRow.number == _int(number))
    sale = session.scalars(query.where(ReceiptRow.sha256 == sha256)).one()
    asked = decisions.Asked(kid, _int(number), _int(amount), reason.decode(), author.decode(), sha256)
    decisions.add_refund(session, ident, sale, asked, _int(made))
    return sale


def _int(octets: bytes) -> int:
    return int.from_bytes(octets, "big")
