"""Version 3: evidence says whether a phone gave it, and sales are judged by more rules."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# CBOR's array of two, pass and payment: a terminal's evidence has three items or four
_PHONES = {"sqlite": "substr(raw, 1, 1) = x'82'", "postgresql": "get_byte(raw, 0) = 130"}


def upgrade() -> None:
    op.add_column("evidence", sa.Column("handed", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(f"UPDATE evidence SET handed = {sa.true()} WHERE {_PHONES[op.get_bind().dialect.name]}")
    with op.batch_alter_table("evidence") as evidence:
        evidence.alter_column("handed", server_default=None)
    op.execute("UPDATE receipts SET state = 'pending', revision = revision + 1 WHERE kind = 1")
    op.execute("UPDATE meta SET schema_version = 3")
