"""What people ask a ledger. Each function takes a `Ledger.reading()` session and changes nothing.

Shifts are in cashup.py, the check of the whole ledger in audit.py.
"""

import contextlib
import hashlib
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cabinpay.wire.errors import WireError

from . import roles, workings
from .cashup import Flight, flight_of
from .models import Enrolment, EvidenceRow, ExceptionRow, Posting, ReceiptRow, Refund, Settlement, Terminal
from .proof import read_evidence


@dataclass(frozen=True)
class Balance:
    """amount: minor units, debit positive."""

    account: str
    currency: int
    amount: int


@dataclass(frozen=True)
class StatementLine:
    """A debit, or what was given back of one: amount below zero, with its reason. terminal: its label; number: the
    receipt's; flight: None while the shift's `open` is not held; lines: (sku, quantity, unit price), for auditors, and
    none where only a phone handed the receipt in; borne: no refund, but what somebody else bears of an overspend."""

    time: int
    terminal: str
    number: int
    flight: Flight | None
    lines: tuple[tuple[int, int, int], ...]
    amount: int
    currency: int
    reason: str | None = None
    borne: bool = False


@dataclass(frozen=True)
class Holding:
    """A terminal and what is held of it: custody up to `held`, `receipts` in all; lost_at: reported lost there."""

    kid: bytes
    label: str
    airline: str
    held: int
    receipts: int
    lost_at: int | None = None


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
    return [Holding(t.kid, t.label, t.airline, t.held_number, n, t.lost_at) for t, n in session.execute(query)]


def statement_of_passenger(session: Session, passenger: str, *, reader: str | None = None) -> list[StatementLine]:
    """Every debit that stands, and every refund, of a passenger by the platform's reference, over all passes.
    reader: who reads; lines are shown to auditors only (roles.py)."""
    debits = _of(passenger, Settlement.issuer_kid, Settlement.cti)
    refunds = _of(passenger, Refund.issuer_kid, Refund.cti)
    return _statement(session, debits, refunds, reader)


def statement_of_pass(
    session: Session, issuer_kid: bytes, cti: bytes, *, reader: str | None = None
) -> list[StatementLine]:
    debits = (Settlement.issuer_kid == issuer_kid) & (Settlement.cti == cti)
    refunds = (Refund.issuer_kid == issuer_kid) & (Refund.cti == cti)
    return _statement(session, debits, refunds, reader)


def _of(passenger: str, issuer_kid: InstrumentedAttribute[bytes], cti: InstrumentedAttribute[bytes]) -> Exists:
    same = (Enrolment.issuer_kid == issuer_kid) & (Enrolment.cti == cti)
    return select(Enrolment.cti).where(same, Enrolment.passenger == passenger).exists()


def exceptions(session: Session, *, cleared: bool = False, unworked: bool = False) -> list[Raised]:
    """What stands open, or with `cleared` all that ever did, or with `unworked` what nobody has worked through yet; by
    time raised."""
    query = (
        select(ExceptionRow, ReceiptRow.number, ReceiptRow.sha256, Terminal.label)
        .join(ReceiptRow, ReceiptRow.id == ExceptionRow.receipt_id)
        .join(Terminal, Terminal.kid == ReceiptRow.terminal_kid)
        .order_by(ExceptionRow.raised, ExceptionRow.id)
    )
    if unworked:
        query = query.where(~workings.worked())
    rows = session.execute(query if cleared else query.where(ExceptionRow.cleared.is_(None)))
    return [Raised(label, number, sha, e.code, e.detail, e.raised, e.cleared) for e, number, sha, label in rows]


@dataclass(frozen=True)
class Seen:
    """A piece of evidence; lines: (sku, quantity, unit price), none in a phone's."""

    sha256: bytes
    signed_pass: bytes
    payment: bytes
    lines: tuple[tuple[int, int, int], ...]
    nonce: bytes | None


def evidence(session: Session, terminal_kid: bytes, number: int, reader: str) -> list[Seen]:
    """All evidence of the receipts with this number that can be read; HostError("not_auditor") for anybody else."""
    roles.require_auditor(session, reader)
    query = (
        select(EvidenceRow.raw)
        .join(ReceiptRow, ReceiptRow.id == EvidenceRow.receipt_id)
        .where(ReceiptRow.terminal_kid == terminal_kid, ReceiptRow.number == number)
        .order_by(ReceiptRow.sha256, EvidenceRow.sha256)
    )
    seen = []
    for raw in session.scalars(query):
        with contextlib.suppress(WireError):
            e = read_evidence(raw)
            seen.append(Seen(hashlib.sha256(raw).digest(), e.signed_pass, e.payment, _lines(raw), e.nonce))
    return seen


def _statement(
    session: Session, debits: ColumnElement[bool], refunds: ColumnElement[bool], reader: str | None
) -> list[StatementLine]:
    query = (
        select(ReceiptRow, Terminal.label)
        .join(Settlement, Settlement.receipt_id == ReceiptRow.id)
        .join(Terminal, Terminal.kid == ReceiptRow.terminal_kid)
        .where(debits, Settlement.voided.is_(False))
        .order_by(ReceiptRow.time, ReceiptRow.terminal_kid, ReceiptRow.number)
    )
    readable = roles.may_read_evidence(session, reader)
    return [
        _debit(session, row, label, _lines_of(session, row) if readable else ())
        for row, label in session.execute(query).all()
    ] + [*_borne(session, debits), *_refunds(session, refunds)]


def _borne(session: Session, whose: ColumnElement[bool]) -> list[StatementLine]:
    query = (
        select(ReceiptRow, Terminal.label, Settlement.borne)
        .join(Settlement, Settlement.receipt_id == ReceiptRow.id)
        .join(Terminal, Terminal.kid == ReceiptRow.terminal_kid)
        .where(whose, Settlement.borne > 0)
        .order_by(ReceiptRow.time, ReceiptRow.terminal_kid, ReceiptRow.number)
    )
    reason = "overspend that the passenger does not bear"
    return [
        replace(_debit(session, row, label, ()), amount=-borne, reason=reason, borne=True)
        for row, label, borne in session.execute(query).all()
    ]


def _refunds(session: Session, whose: ColumnElement[bool]) -> list[StatementLine]:
    query = (
        select(Refund, ReceiptRow, Terminal.label)
        .join(ReceiptRow, ReceiptRow.id == Refund.receipt_id)
        .join(Terminal, Terminal.kid == ReceiptRow.terminal_kid)
        .where(whose, Refund.posted > 0)
        .order_by(Refund.made, Refund.id)
    )
    return [
        replace(_debit(session, row, label, ()), time=r.made, amount=-r.posted, reason=r.reason)
        for r, row, label in session.execute(query).all()
    ]


def _debit(session: Session, row: ReceiptRow, label: str, lines: tuple[tuple[int, int, int], ...]) -> StatementLine:
    assert row.time is not None and row.shift is not None and row.amount is not None and row.currency is not None
    flight = flight_of(session, row.terminal_kid, row.shift)
    return StatementLine(row.time, label, row.number, flight, lines, row.amount, row.currency)


def _lines_of(session: Session, row: ReceiptRow) -> tuple[tuple[int, int, int], ...]:
    judged_by = (EvidenceRow.receipt_id == row.id) & (EvidenceRow.sha256 == row.evidence_sha256)
    return _lines(session.scalars(select(EvidenceRow.raw).where(judged_by)).one())


def _lines(raw: bytes) -> tuple[tuple[int, int, int], ...]:
    return tuple((sku, quantity, price) for sku, quantity, price in read_evidence(raw).lines)
