"""The ledger's tables. Nothing here is SQLite's own: PostgreSQL takes the same model.

Raw bytes and entries are written once. What changes on a receipt is what was found out about it (`state` and the
fields below it, `anchored`, `streamed`); exceptions are opened and cleared, never deleted.
"""

from typing import Annotated

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

SCHEMA = 5
# schema_version while a ledger is being rebuilt
UNFINISHED = 0

# Receipt.state
PENDING, SOUND, REFUSED = "pending", "sound", "refused"
# Entry.kind
SALE, REPLAY, REVERSAL, REFUND, OVERSPEND = "sale", "replay", "reversal", "refund", "overspend"
# BatchLine.state
OPEN, SETTLED, DECLINED = "open", "settled", "declined"
# Meta.overspend
PASSENGER, AIRLINE, ISSUER = BEARERS = "passenger", "airline", "issuer"

Octets = Annotated[bytes, mapped_column(LargeBinary)]
Long = Annotated[int, mapped_column(BigInteger)]
# SQLite counts rows in its INTEGER PRIMARY KEY only; 2^31 postings are a hundred days of ten million receipts
Ident = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"))]
Word = Annotated[str, mapped_column(String(16))]
Text = Annotated[str, mapped_column(String(160))]


class Base(DeclarativeBase):
    pass


def sparse(name: str, *columns: str, where: str) -> Index:
    """An index of few rows of a large table."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Meta(Base):
    """One row. A writer locks it, so that writers (and appends to the archive) come one after another. overspend: who
    bears what goes over a pass's limits, said once and for all when the ledger is made."""

    __tablename__ = "meta"
    ident: Mapped[Octets] = mapped_column(primary_key=True)
    schema_version: Mapped[int]
    archive_length: Mapped[Long]
    overspend: Mapped[Word]


class Root(Base):
    __tablename__ = "roots"
    public_key: Mapped[Octets] = mapped_column(primary_key=True)


class BundleRow(Base):
    """A trust bundle that verified against a pinned root."""

    __tablename__ = "bundles"
    sha256: Mapped[Octets] = mapped_column(primary_key=True)
    version: Mapped[Long]
    airline: Mapped[str] = mapped_column(String(2))
    raw: Mapped[Octets]


class BundleFile(Base):
    """A file that travels with bundles, as given; two bundles may name the same one."""

    __tablename__ = "files"
    sha256: Mapped[Octets] = mapped_column(primary_key=True)
    name: Mapped[Word]
    raw: Mapped[Octets]


class Terminal(Base):
    """held_*: custody, see custody.py; rewind: where a pull goes back to, because the branch given is not joined;
    lost_at: reported lost, and nothing above this number is its word (None: it is not)."""

    __tablename__ = "terminals"
    kid: Mapped[Octets] = mapped_column(primary_key=True)
    public_key: Mapped[Octets]
    label: Mapped[Text]
    airline: Mapped[str] = mapped_column(String(2))
    held_number: Mapped[Long] = mapped_column(default=0)
    held_head: Mapped[Octets] = mapped_column(default=bytes(32))
    rewind: Mapped[Long | None]
    lost_at: Mapped[Long | None]


class Enrolment(Base):
    """Who stands behind a pass: `passenger` is the platform's reference, never a name or card number."""

    __tablename__ = "enrolments"
    issuer_kid: Mapped[Octets] = mapped_column(primary_key=True)
    cti: Mapped[Octets] = mapped_column(primary_key=True)
    sub: Mapped[str] = mapped_column(String(8))
    passenger: Mapped[Text] = mapped_column(index=True)


class ReceiptRow(Base):
    """A receipt as a terminal or a phone gave it, and what is known about it.

    previous: what it claims, None where it cannot be read; good: a break's last good number; follows: SHA-256 of what
    the terminal gave just before it, where that is not `previous` (zeros: it holds nothing there any more);
    streamed: given by its terminal, not only by a phone; anchored: joined, receipt by receipt, to number 1;
    revision: rises whenever there is reason to judge again;
    word: it is its terminal's word; target: SHA-256 of the sale that a void cancels; voided_by: id of the void that
    cancels this sale;
    evidence_sha256: the evidence it was judged by; booked: kind of its standing entry.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        UniqueConstraint("terminal_kid", "number", "sha256"),
        Index("receipts_payment", "issuer_kid", "cti", "seq"),
        sparse("receipts_state", "state", where="state = 'pending'"),
        sparse("receipts_target", "terminal_kid", "target", where="target IS NOT NULL"),
        sparse("receipts_good", "terminal_kid", "good", where="good IS NOT NULL"),
        sparse("receipts_shifts", "terminal_kid", "kind", "number", where="kind <> 1"),
    )
    id: Mapped[Ident] = mapped_column(primary_key=True)
    terminal_kid: Mapped[Octets] = mapped_column(ForeignKey("terminals.kid"))
    number: Mapped[Long]
    sha256: Mapped[Octets]
    raw: Mapped[Octets]
    received: Mapped[Long]
    source: Mapped[Text]
    previous: Mapped[Octets | None]
    good: Mapped[Long | None]
    follows: Mapped[Octets | None]
    streamed: Mapped[bool] = mapped_column(default=True)
    anchored: Mapped[bool] = mapped_column(default=False)
    state: Mapped[Word] = mapped_column(default=PENDING)
    revision: Mapped[int] = mapped_column(default=0)
    word: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[int | None]
    time: Mapped[Long | None]
    shift: Mapped[Long | None]
    mode: Mapped[int | None]
    amount: Mapped[Long | None]
    currency: Mapped[int | None]
    issuer_kid: Mapped[Octets | None]
    cti: Mapped[Octets | None]
    seq: Mapped[Long | None]
    evidence_sha256: Mapped[Octets | None]
    target: Mapped[Octets | None]
    voided_by: Mapped[Ident | None]
    booked: Mapped[Word | None]


class EvidenceRow(Base):
    """Evidence as given. A receipt may come with several (a phone's, a terminal's): any that holds is enough.
    handed: a phone gave it, whoever else did: only then may it be without lines."""

    __tablename__ = "evidence"
    __table_args__ = (UniqueConstraint("receipt_id", "sha256"),)
    id: Mapped[Ident] = mapped_column(primary_key=True)
    receipt_id: Mapped[Ident] = mapped_column(ForeignKey("receipts.id"))
    sha256: Mapped[Octets]
    raw: Mapped[Octets]
    handed: Mapped[bool] = mapped_column(default=False)


class Settlement(Base):
    """The one debit of a payment. That there is one only is the database's constraint, not our care.

    voided: its sale was cancelled, and nothing is debited. The payment stays settled: no replay ever debits it again.
    borne: how much of the debit was moved from the passenger to who bears overspends.
    """

    __tablename__ = "settlements"
    issuer_kid: Mapped[Octets] = mapped_column(primary_key=True)
    cti: Mapped[Octets] = mapped_column(primary_key=True)
    seq: Mapped[Long] = mapped_column(primary_key=True, autoincrement=False)
    receipt_id: Mapped[Ident] = mapped_column(ForeignKey("receipts.id"), unique=True)
    amount: Mapped[Long]
    currency: Mapped[int]
    limit_total: Mapped[Long]
    limit_sale: Mapped[Long]
    limit_count: Mapped[int]
    voided: Mapped[bool] = mapped_column(default=False)
    borne: Mapped[Long] = mapped_column(default=0)


class Refund(Base):
    """Money that a person gave back, in part or whole, for the payment of the receipt named. Never changed, but for
    posted: what stands on the books, less than amount where there is no such debit any more (a void came in later)."""

    __tablename__ = "refunds"
    __table_args__ = (Index("refunds_payment", "issuer_kid", "cti", "seq"),)
    id: Mapped[Ident] = mapped_column(primary_key=True)
    ident: Mapped[Octets] = mapped_column(unique=True)
    receipt_id: Mapped[Ident] = mapped_column(ForeignKey("receipts.id"))
    issuer_kid: Mapped[Octets]
    cti: Mapped[Octets]
    seq: Mapped[Long]
    amount: Mapped[Long]
    reason: Mapped[Text]
    author: Mapped[Text]
    made: Mapped[Long]
    posted: Mapped[Long] = mapped_column(default=0)


class Role(Base):
    """Who may read evidence: AUDITOR is the only role yet. See roles.py for what this keeps out and what it cannot."""

    __tablename__ = "roles"
    name: Mapped[Text] = mapped_column(primary_key=True)
    role: Mapped[Word] = mapped_column(primary_key=True)
    author: Mapped[Text]
    made: Mapped[Long]


class Entry(Base):
    """refund_id: set on a refund's entries and on their reversals."""

    __tablename__ = "entries"
    __table_args__ = (sparse("entries_refund", "refund_id", where="refund_id IS NOT NULL"),)
    id: Mapped[Ident] = mapped_column(primary_key=True)
    receipt_id: Mapped[Ident] = mapped_column(ForeignKey("receipts.id"), index=True)
    refund_id: Mapped[Ident | None] = mapped_column(ForeignKey("refunds.id"))
    kind: Mapped[Word]
    made: Mapped[Long]
    postings: Mapped[list["Posting"]] = relationship(lazy="selectin")


class Posting(Base):
    """amount: minor units, debit positive, credit negative; an entry's postings sum to zero in each currency."""

    __tablename__ = "postings"
    id: Mapped[Ident] = mapped_column(primary_key=True)
    entry_id: Mapped[Ident] = mapped_column(ForeignKey("entries.id"), index=True)
    account: Mapped[Text]
    amount: Mapped[Long]
    currency: Mapped[int]


class ExceptionRow(Base):
    """What a person has to look at; cleared: when it ceased to be so (a gap was filled, a bundle came)."""

    __tablename__ = "exceptions"
    __table_args__ = (
        UniqueConstraint("receipt_id", "code"),
        sparse("exceptions_open", "code", where="cleared IS NULL"),
    )
    id: Mapped[Ident] = mapped_column(primary_key=True)
    receipt_id: Mapped[Ident] = mapped_column(ForeignKey("receipts.id"))
    code: Mapped[Word]
    detail: Mapped[Text]
    raised: Mapped[Long]
    cleared: Mapped[Long | None]


class Working(Base):
    """An exception that a person has worked through: what came of it, and who says so. Of several the last counts."""

    __tablename__ = "workings"
    __table_args__ = (Index("workings_receipt", "receipt_id", "code"),)
    id: Mapped[Ident] = mapped_column(primary_key=True)
    ident: Mapped[Octets]
    receipt_id: Mapped[Ident] = mapped_column(ForeignKey("receipts.id"))
    code: Mapped[Word]
    reason: Mapped[Text]
    author: Mapped[Text]
    made: Mapped[Long]


class Batch(Base):
    """What an issuer is asked to collect in one currency."""

    __tablename__ = "batches"
    id: Mapped[Ident] = mapped_column(primary_key=True)
    ident: Mapped[Octets] = mapped_column(unique=True)
    issuer_kid: Mapped[Octets]
    currency: Mapped[int]
    author: Mapped[Text]
    made: Mapped[Long]


class BatchLine(Base):
    """Of one pass; state: OPEN until the issuer says SETTLED or DECLINED, when (told) and why."""

    __tablename__ = "batch_lines"
    batch_id: Mapped[Ident] = mapped_column(ForeignKey("batches.id"), primary_key=True)
    cti: Mapped[Octets] = mapped_column(primary_key=True)
    amount: Mapped[Long]
    state: Mapped[Word] = mapped_column(default=OPEN)
    reason: Mapped[Text] = mapped_column(default="")
    told: Mapped[Long | None]
