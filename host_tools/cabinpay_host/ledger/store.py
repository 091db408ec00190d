"""The ledger: what is given to it is durable before anybody is told so, whatever it is worth."""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import URL, Engine, func, select
from sqlalchemy.orm import Session

from cabinpay.wire.keys import kid

from ..errors import Exit, HostError
from . import ahead, batches, beyond, custody, db, decisions, handin, intake, registry, roles, straight, workings
from .archive import COMMITTED, DECISIONS, HAND_IN, Archive, Record
from .book import book, restate
from .custody import Given
from .flags import Flags
from .judge import check_all
from .models import PASSENGER, PENDING, ExceptionRow, ReceiptRow, Terminal
from .pending import load_cases, load_world

# Receipts judged in one transaction: other writers get their turn in between.
CHUNK = 256
# Seconds a writer waits for another one
WAIT = 5.0


@dataclass(frozen=True)
class Taken:
    """What a delivery came to. new, known: receipts not held before, and held; exceptions: (number, code) that stand
    open on what was given; pending: how many of it could not be judged now (the next `take` or `judge_pending` will).
    """

    new: int
    known: int
    pending: int
    exceptions: tuple[tuple[int, str], ...]


class Ledger:
    """A ledger at a database URL with its archive file. Threads may share one; processes open their own."""

    def __init__(self, engine: Engine, archive: Archive, ident: bytes, clock: Callable[[], float]) -> None:
        self.id = ident
        self.archive = archive
        self._engine = engine
        self._clock = clock
        # threads of one process wait for each other here, and not for the database's lock, which has an end
        self._writing = threading.Lock()
        # nor do several check the same signatures: who comes second finds them judged
        self._judging = threading.Lock()
        # a gateway lets other processes do it (judges.py)
        self.judge_ahead = ahead.judge

    @classmethod
    def create(
        cls,
        url: str | URL,
        archive: str | Path,
        roots: list[bytes],
        *,
        overspend: str = PASSENGER,
        wait: float = WAIT,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """A new ledger that accepts bundles under `roots` (public keys, 32 bytes each). overspend: who bears what goes
        over a pass's limits: passenger, airline or issuer."""
        engine = db.connect(db.parsed(url), wait)
        ident = secrets.token_bytes(16)
        with db.closed_on_error(engine):
            registry.found(engine, Archive(Path(archive)), ident, roots, overspend)
        return cls(engine, Archive(Path(archive)), ident, clock)

    @classmethod
    def open(
        cls, url: str | URL, archive: str | Path, *, wait: float = WAIT, clock: Callable[[], float] = time.time
    ) -> Self:
        """The ledger that is there; HostError for anything else."""
        engine = db.connect(db.parsed(url), wait)
        with db.closed_on_error(engine):
            ident = registry.identify(engine)
            if Archive(Path(archive)).ident() != ident:
                line = f"{archive} belongs to another ledger: name the right one"
                raise HostError("wrong_archive", line, Exit.STORAGE)
        return cls(engine, Archive(Path(archive)), ident, clock)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def reading(self) -> contextlib.AbstractContextManager[Session]:
        """A session for queries, on one state of the ledger."""
        return db.reading(self._engine)

    def add_bundle(self, data: bytes, files: dict[str, bytes] | None = None) -> int:
        """Accepts a trust bundle that verifies against the roots, of any version; its version. files: by name, those
        that travel with it. Receipts that were refused are judged again by it, and those that were flagged looked at
        again."""
        with self._recording() as (session, records):
            bundle = registry.add_bundle(session, data, files or {}, records)
            if records:
                session.flush()
                self.restate(session, beyond.touched_by(session, bundle))
            version = bundle.version
        with contextlib.suppress(HostError):
            self.judge_pending()
        return version

    def add_terminal(self, public_key: bytes, label: str, airline: str) -> bytes:
        """Registers a terminal; its kid. Again with the same key: the label may change, the airline may not."""
        with self._recording() as (session, records):
            return registry.add_terminal(session, public_key, label, airline, records)

    def knows_terminal(self, public_key: bytes) -> bool:
        """Is a terminal registered with exactly this key?"""
        with self.reading() as session:
            terminal = session.get(Terminal, kid(public_key))
            return terminal is not None and terminal.public_key == public_key

    def add_enrolment(self, issuer_kid: bytes, cti: bytes, sub: str, passenger: str) -> None:
        """Says who stands behind a pass; `passenger` is the platform's reference."""
        with self._recording() as (session, records):
            registry.add_enrolment(session, (issuer_kid, cti, sub, passenger), records)

    def next_number(self, terminal_kid: bytes) -> int:
        """Where a pull goes on. After a pull ended, at or below what it gave: the terminal is on a branch whose
        beginning is not held, pull again from there (in batches of two receipts at least) before acking."""
        with self.reading() as session:
            terminal = registry.terminal(session, terminal_kid)
            return terminal.rewind or terminal.held_number + 1

    def custody(self, terminal_kid: bytes) -> tuple[int, bytes] | None:
        """(number, SHA-256 of its receipt) to ack: everything down to number 1 on that branch is held."""
        with self.reading() as session:
            terminal = registry.terminal(session, terminal_kid)
            return (terminal.held_number, terminal.held_head) if terminal.held_number else None

    def take(self, terminal_kid: bytes, items: Iterable[intake.Item], source: str, after: Given | None = None) -> Taken:
        """Keeps (number, receipt, evidence) as streamed by a terminal, durably, all or nothing, and judges: what comes
        next on its one branch before it is kept (ahead.py), anything else after.

        after: (number, SHA-256) of the receipt that it gave just before in this pull, or BEGINNING, where the terminal
        has signed that it sent just this: then a number left out is one that it does not hold.

        On return everything is committed and in the archive, so custody may be acked; no content raises.
        HostError: nothing of it was kept.
        """
        given = intake.in_order(items)
        if not given:
            return Taken(0, 0, 0, ())
        taken = self._take_straight(terminal_kid, given, source)
        if taken is not None:
            return taken
        with self._recording() as (session, records):
            terminal = registry.terminal(session, terminal_kid)
            delivery = intake.store(session, terminal, given, source, self.now())
            records += delivery.records + custody.settle(session, terminal, delivery.rows, after)
            idents = [row.id for row in delivery.rows]
        return self._judged(idents, delivery.new)

    def _take_straight(self, terminal_kid: bytes, items: list[intake.Item], source: str) -> Taken | None:
        """None, and nothing is kept, where `items` must go the general way."""
        with self.reading() as session:
            known = ahead.look(session, terminal_kid, items)
        if known is None:
            return None
        basis, world = known
        sound = self.judge_ahead(terminal_kid, items, basis.head, world)
        if sound is None:
            return None
        delivery = straight.Delivery(basis, items, sound)
        with self._recording() as (session, records):
            kept = straight.keep(session, terminal_kid, delivery, source, self.now())
            if kept is None:
                return None
            records += kept.records
        if kept.open or kept.waiting:
            return self._judged(list(kept.new), len(kept.new))
        return Taken(len(kept.new), 0, 0, ())

    def hand_in(self, receipt: bytes, signed_pass: bytes = b"", payment: bytes = b"", source: str = "phone") -> Taken:
        """Keeps a receipt (COSE bytes) from a phone, with the pass and payment it was made over; then judges.

        Before or after the terminal's sync, or without one: the postings are the same, once. The lines are unknown
        until that sync: the amount is the receipt's, and a challenged payment, whose bill cannot be rebuilt without
        lines and nonce, is taken on its own terms (amount, currency). A cancelled sale's void is taken alone.

        HostError, and nothing is kept, for what is no sale or void of a registered terminal, signed by it over this
        pass and payment: a phone is no terminal, and what it says of one must not look like that one's word.
        Custody does not move: the terminal still has to give the receipt, with all its evidence.
        """
        with self._recording() as (session, records):
            terminal, item = handin.checked(session, receipt, signed_pass, payment)
            delivery = intake.store(session, terminal, [item], source, self.now(), HAND_IN)
            records += delivery.records
            idents = [row.id for row in delivery.rows]
        return self._judged(idents, delivery.new)

    def report_lost(self, terminal_kid: bytes, at: int) -> None:
        """Closes a terminal at a number: whatever it signs above is a `lost_terminal` exception and debits nobody,
        and what was debited is reversed. Again with another number: that one holds."""
        with self._recording() as (session, records):
            decisions.lose(session, registry.terminal(session, terminal_kid), at, self.now(), records)
        with contextlib.suppress(HostError):
            self.judge_pending()

    def refund(
        self, terminal_kid: bytes, number: int, amount: int, reason: str, author: str, receipt: bytes | None = None
    ) -> bytes:
        """Gives `amount` (minor units) of a debit back, for good; the refund's id. All refunds of a payment together
        never exceed its debit. receipt: SHA-256 of the sale's receipt, where a fork has several of that number."""
        self.judge_pending()
        asked = decisions.Asked(terminal_kid, number, amount, reason, author, receipt)
        with self._recording() as (session, records):
            refund, sale = decisions.refund(session, asked, self.now(), records)
            self.restate(session, [sale])
            return refund.ident

    def make_batch(self, issuer_kid: bytes, currency: int, author: str) -> bytes:
        """Asks an issuer for what it has to collect; the batch's id. HostError("nothing_due")."""
        with self._recording() as (session, records):
            return bytes(batches.make(session, issuer_kid, currency, author, self.now(), records).ident)

    def answer(self, answers: Iterable[batches.Answer]) -> int:
        """Writes down what an issuer answers on its batches, all or nothing; how many lines were new."""
        with self._recording() as (session, records):
            return batches.answer(session, answers, self.now(), records)

    def work_through(self, terminal_kid: bytes, number: int, code: str, reason: str, author: str) -> int:
        """Says what came of an exception; on how many receipts with that number it stands open."""
        with self._recording() as (session, records):
            where = terminal_kid, number, code
            return workings.work_through(session, where, reason, author, self.now(), records)

    def name_auditor(self, name: str, author: str, given: bool = True) -> None:
        """Lets `name` read evidence, or no longer; see roles.py."""
        with self._recording() as (session, records):
            roles.name(session, name, author, given, self.now(), records)

    def _judged(self, idents: list[int], new: int) -> Taken:
        # what is kept is kept: a judgement that cannot be written now is no reason to give it again
        with contextlib.suppress(HostError):
            self.judge_pending()
        return self._account(idents, new)

    def judge_pending(self) -> int:
        """Judges what waits for it; how many receipts. Harmless at any time, by several at once too."""
        judged = 0
        with self._judging:
            while True:
                with self.reading() as session:
                    world, cases = load_world(session), load_cases(session, CHUNK)
                if not cases:
                    return judged
                findings = check_all(cases, world)
                with self._writing, db.writing(self._engine) as (session, _):
                    judged += book(session, findings, self.now())

    def restate(self, session: Session, rows: list[ReceiptRow]) -> None:
        """Brings the books up to what is held of `rows`, in a writer's session."""
        restate(session, Flags(session, self.now()), rows, self.now())

    @contextlib.contextmanager
    def _recording(self) -> Iterator[tuple[Session, list[Record]]]:
        """A writer's session, and the records that the archive must hold before it commits."""
        records: list[Record] = []
        with self._writing, db.writing(self._engine) as (session, length):
            yield session, records
            session.flush()
            if records:
                db.set_length(session, self.archive.append(records, length))
        if any(record.kind in DECISIONS for record in records):
            self.confirm()

    def confirm(self) -> None:
        """Says in the archive that a decision was committed. Where that fails, whatever is appended next says it."""
        with contextlib.suppress(HostError), self._writing, db.writing(self._engine) as (session, length):
            db.set_length(session, self.archive.append([Record(COMMITTED, ())], length))

    def standing(self, terminal_kid: bytes, first: int, last: int) -> list[tuple[int, str]]:
        """(number, code) of what stands open on a terminal's receipts from `first` to `last`, each once."""
        mine = (ReceiptRow.terminal_kid == terminal_kid) & ReceiptRow.number.between(first, last)
        flags = select(ReceiptRow.number, ExceptionRow.code).join(ExceptionRow)
        with self.reading() as session:
            found = session.execute(flags.where(mine, ExceptionRow.cleared.is_(None)))
            return sorted({(number, code) for number, code in found})

    def _account(self, idents: list[int], new: int) -> Taken:
        open_flags = (
            select(ReceiptRow.number, ExceptionRow.code)
            .join(ExceptionRow, ExceptionRow.receipt_id == ReceiptRow.id)
            .where(ReceiptRow.id.in_(idents), ExceptionRow.cleared.is_(None))
            .order_by(ReceiptRow.number, ExceptionRow.code)
        )
        waiting = select(func.count()).where(ReceiptRow.id.in_(idents), ReceiptRow.state == PENDING)
        with self.reading() as session:
            flags = tuple((number, code) for number, code in session.execute(open_flags))
            return Taken(new, len(idents) - new, session.scalar(waiting) or 0, flags)

    def now(self) -> int:
        return int(self._clock())
