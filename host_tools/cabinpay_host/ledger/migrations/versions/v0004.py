"""Version 4: settlement batches, exceptions worked through, and indexes of those rows only that are looked for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SPARSE = {
    "receipts_state": ("receipts", ["state"], "state = 'pending'"),
    "receipts_target": ("receipts", ["terminal_kid", "target"], "target IS NOT NULL"),
    "receipts_good": ("receipts", ["terminal_kid", "good"], "good IS NOT NULL"),
    "receipts_shifts": ("receipts", ["terminal_kid", "kind", "number"], "kind <> 1"),
    "exceptions_open": ("exceptions", ["code"], "cleared IS NULL"),
}


_WIDER = {
    "receipts": ["id", "voided_by"],
    "evidence": ["id", "receipt_id"],
    "settlements": ["receipt_id"],
    "refunds": ["id", "receipt_id"],
    "entries": ["id", "receipt_id", "refund_id"],
    "postings": ["id", "entry_id"],
    "exceptions": ["id", "receipt_id"],
}
_Ident = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _widen()
    _batches()
    _workings()
    op.drop_index("receipts_state", "receipts")
    op.drop_index("receipts_target", "receipts")
    for name, (table, columns, where) in _SPARSE.items():
        op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.execute("UPDATE meta SET schema_version = 4")


def _widen() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return  # whose integers are of any size
    for table, columns in _WIDER.items():
        for column in columns:
            op.alter_column(table, column, type_=sa.BigInteger)


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", _Ident, primary_key=True),
        sa.Column("ident", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("issuer_kid", sa.LargeBinary, nullable=False),
        sa.Column("currency", sa.Integer, nullable=False),
        sa.Column("author", sa.String(160), nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "batch_lines",
        sa.Column("batch_id", _Ident, sa.ForeignKey("batches.id"), primary_key=True),
        sa.Column("cti", sa.LargeBinary, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(160), nullable=False),
        sa.Column("told", sa.BigInteger),
    )


def _workings() -> None:
    op.create_table(
        "workings",
        sa.Column("id", _Ident, primary_key=True),
        sa.Column("ident", sa.LargeBinary, nullable=False),
        sa.Column("receipt_id", _Ident, sa.ForeignKey("receipts.id"), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(160), nullable=False),
        sa.Column("author", sa.String(160), nullable=False),
        sa.Column("made", sa.BigInteger, nullable=False),
    )
    op.create_index("workings_receipt", "workings", ["receipt_id", "code"])
