"""What people ask a ledger. Each function takes a `Ledger.reading()` session and changes nothing.

Shifts are in cashup.py, the check of the whole ledger in audit.py.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import Evidence

from .. import codec
from .cashup import Flight, flight_of
from .models import Enrolment, EvidenceRow, ExceptionRow, Posting, ReceiptRow, Settlement, Terminal


@dataclass(frozen=True)
class Balance:
    """amount: minor units, debit positive."""

    account: str
    currency: int
    amount: int


@dataclass(frozen=True)
class StatementLine:
    """A debit. terminal: its label; number: the receipt's; flight: None while the shift's `open` is not held;
    lines: (sku, quantity, unit price)."""

    time: int
    terminal: str
    number: int
    flight: Flight | None
    lines: tuple[tuple[int, int, int], ...]
    amount: int
    currency: int


@dataclass(frozen=True)
class Holding:
    """A terminal and what is held of it: custody up to `held`, `receipts` in all."""

    kid: bytes
    label: str
    airline: str
    held: int
    receipts: int


@dataclass(frozen=True)
class Raised:
    """An exception; cleared: when it ceased to be one, else None."""

    terminal: str
    number: int
    sha256: bytes
    code: str
    detail: str
    raised: int
    cleared: int | None


def balances(session: Session) -> list[Balance]:
    total = func.sum(Posting.amount)
    query = select(Posting.account, Posting.currency, total).group_by(Posting.account, Posting.currency)
    rows = session.execute(query.order_by(Posting.account, Posting.currency))
    return [Balance(account, currency, int(amount)) for account, currency, amount in rows]


def trial_balance(session: Session) -> dict[int, int]:
    """Sum of all postings by currency: zero each, or the books are wrong."""
    query = select(Posting.currency, func.sum(Posting.amount)).group_by(Posting.currency).order_by(Posting.currency)
    return {currency: int(amount) for currency, amount in session.execute(query)}


def holdings(session: Session) -> list[Holding]:
    """Every registered terminal, by label."""
    count = select(func.count()).where(ReceiptRow.terminal_kid == Terminal.kid).scalar_subquery()
    query = select(Terminal, count).order_by(Terminal.label, Terminal.kid)
    return [Holding(t.kid, t.label, t.airline, t.held_number, n) for t, n in session.execute(query)]


def statement_of_passenger(session: Session, passenger: str) -> list[StatementLine]:
    """Every debit of a passenger, by the platform's reference, over all passes."""
    theirs = select(Enrolment.cti).where(
        Enrolment.issuer_kid == Settlement.issuer_kid,
        Enrolment.cti == Settlement.cti,
        Enrolment.passenger == passenger,
    )
    return _statement(session, theirs.exists())


def statement_of_pass(session: Session, issuer_kid: bytes, cti: bytes) -> list[StatementLine]:
    return _statement(session, (Settlement.issuer_kid == issuer_kid) & (Settlement.cti == cti))


def exceptions(session: Session, *, cleared: bool = False) -> list[Raised]:
    """What stands open, or with `cleared` all that ever did; by time raised."""
    query = (
        select(ExceptionRow, ReceiptRow.number, ReceiptRow.sha256, Terminal.label)
        .join(ReceiptRow, ReceiptRow.id == ExceptionRow.receipt_id)
        .join(Terminal, Terminal.kid == ReceiptRow.terminal_kid)
        .order_by(ExceptionRow.raised, ExceptionRow.id)
    )
    rows = session.execute(query if cleared else query.where(ExceptionRow.cleared.is_(None)))
    return [Raised(label, number, sha, e.code, e.detail, e.raised, e.cleared) for e, number, sha, label in rows]


def _statement(session: Session, whose: ColumnElement[bool]) -> list[StatementLine]:
    judged_by = (EvidenceRow.receipt_id == ReceiptRow.id) & (EvidenceRow.sha256 == ReceiptRow.evidence_sha256)
    query = (
        select(ReceiptRow, EvidenceRow.raw, Terminal.label)
        .join(Settlement, Settlement.receipt_id == ReceiptRow.id)
        .join(EvidenceRow, judged_by)
        .join(Terminal, Terminal.kid == ReceiptRow.terminal_kid)
        .where(whose)
        .order_by(ReceiptRow.time, ReceiptRow.terminal_kid, ReceiptRow.number)
    )
    return [_line(session, row, evidence, label) for row, evidence, label in session.execute(query).all()]


def _line(session: Session, row: ReceiptRow, evidence: bytes, label: str) -> StatementLine:
    assert row.time is not None and row.shift is not None and row.amount is not None and row.currency is not None
    flight = flight_of(session, row.terminal_kid, row.shift)
    lines = tuple((sku, quantity, price) for sku, quantity, price in Evidence.unpack(evidence, codec).lines)
    return StatementLine(row.time, label, row.number, flight, lines, row.amount, row.currency)
