"""A ledger from its archive alone: same id, same receipts, same decisions, and so the same money and exceptions.

Receipts are judged anew, and nothing of a judgement depends on the order in which they came. What differs is what the
archive does not say: when and from where each receipt was taken, when an exception was raised, cleared exceptions.

A record that is damaged is passed over. What hangs on it (a terminal's receipts, where the record of the terminal is
lost) stays in the new archive and waits for it: once it has been given again, that archive makes a whole ledger.
A decision that is the last record of all was never confirmed (whoever made it was told that it failed, or nothing) and
is retracted: it may never have been committed.
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
from .settle import payment_of
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
) -> tuple[Ledger, list[str]]:
    """The new ledger at `url`, with an archive of its own at `archive`, a copy of `source`; and what of `source` is not
    in the ledger, a line each. HostError, and nothing remains, where that fails."""
    old, new = arc.Archive(Path(source)), arc.Archive(Path(archive))
    engine = db.connect(db.parsed(url), wait)
    ident = old.ident()
    with db.closed_on_error(engine):
        registry.refuse_existing(engine, new)
    with registry.undone_on_error(new, engine):
        length, damaged = _copy(old, new)
        every = [record for record, _ in new.records()]
        missing = [f"bytes {start} to {end - 1} of the archive are damaged" for start, end in damaged]
        if every and every[-1].kind in arc.DECISIONS:
            missing.append(f"{_named(every[-1])} was never confirmed: see whether it was meant to stand")
            every.append(arc.retraction(every[-1]))
            length = new.append(every[-1:], length)
        records = arc.standing(every)
        _start(engine, ident, length, records)
        ledger = Ledger(engine, new, ident, clock)
        waiting = _replay(engine, records, int(clock()))
        ledger.judge_pending()
        waiting += _decide_again(ledger, engine, records)
        if waiting:
            missing.append(f"{waiting} records hang on one that is lost, and wait in the new archive")
        with db.writing(engine) as (session, _):
            session.execute(update(Meta).values(schema_version=SCHEMA))
    return ledger, missing


def _named(decision: arc.Record) -> str:
    if decision.kind == arc.REFUND:
        return f"a refund of {_int(decision.fields[4])} minor units for receipt {_int(decision.fields[2])}"
    words = {arc.BATCH: "a batch", arc.ANSWER: "an issuer's answers", arc.WORKED: "what came of an exception"}
    words |= {arc.LOST: "a terminal's loss", arc.ROLE: "an auditor's naming", arc.TERMINAL: "a terminal's registration"}
    return words.get(decision.kind, "an enrolment")


def _start(engine: Engine, ident: bytes, length: int, records: list[arc.Record]) -> None:
    roots = [r.fields[0] for r in records if r.kind == arc.ROOT]
    policy = next((r.fields[0].decode() for r in records if r.kind == arc.POLICY), None)
    if policy is None:
        line = "the archive does not say any more who bears overspends: take it from its backup"
        raise HostError("archive_damaged", line, Exit.STORAGE)
    meta = Meta(ident=ident, schema_version=UNFINISHED, archive_length=length, overspend=policy)
    registry.start_database(engine, meta, roots)


def _copy(old: arc.Archive, new: arc.Archive) -> tuple[int, list[tuple[int, int]]]:
    try:
        return old.copy(new.path)
    except OSError as e:
        raise HostError("archive_failed", f"cannot make {new.path}: {e.strerror}", Exit.STORAGE) from e


def _replay(engine: Engine, records: list[arc.Record], now: int) -> int:
    """Everything but what is decided about judged receipts: that waits until they are; how many records cannot be taken
    for want of another."""
    waiting = 0
    order = {r.fields[:3]: r.fields[3] for r in records if r.kind == arc.ORDER}
    for batch in _batches(records):
        try:
            with db.writing(engine) as (session, _):
                if batch[0].kind in _GIVEN:
                    _take(session, batch, order, now)
                else:
                    _apply(session, batch[0])
        except HostError as e:
            if e.exit_code == Exit.STORAGE:
                raise
            waiting += len(batch)
    return waiting


def _batches(records: list[arc.Record]) -> Iterator[list[arc.Record]]:
    """Receipts of one terminal that lie together, some hundred at a time; anything else alone. First what others hang
    on: it may have been given again behind them."""
    rest = [r for r in records if r.kind not in (arc.ROOT, arc.POLICY, arc.ORDER, *_LATER)]
    rest.sort(key=lambda r: r.kind not in (arc.TERMINAL, arc.FILE))
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


def _decide_again(ledger: Ledger, engine: Engine, records: list[arc.Record]) -> int:
    """What was decided about judged receipts; how much of it hangs on something that is not held."""
    waiting = 0
    for record in records:
        if record.kind in _LATER:
            with db.writing(engine) as (session, _):
                waiting += not _decided(ledger, session, record)
    return waiting


def _decided(ledger: Ledger, session: Session, record: arc.Record) -> bool:
    """False where what it is about is not held."""
    if record.kind == arc.REFUND:
        sale = _refund(session, record)
        if sale is not None:
            ledger.restate(session, [sale])
        return sale is not None
    if record.kind == arc.BATCH:
        batches.put(session, record.fields)
        return True
    put = batches.put_answers if record.kind == arc.ANSWER else workings.put
    return put(session, record.fields)


def _refund(session: Session, record: arc.Record) -> ReceiptRow | None:
    ident, kid, number, sha256, amount, reason, author, made = record.fields
    query = select(ReceiptRow).where(ReceiptRow.terminal_kid == kid, ReceiptRow.number == _int(number))
    sale = session.scalars(query.where(ReceiptRow.sha256 == sha256)).one_or_none()
    if sale is None or payment_of(sale) is None:
        return None
    asked = decisions.Asked(kid, _int(number), _int(amount), reason.decode(), author.decode(), sha256)
    decisions.add_refund(session, ident, sale, asked, _int(made))
    return sale


def _int(octets: bytes) -> int:
    return int.from_bytes(octets, "big")
