"""Version 5: without the indexes that nothing asked and every receipt paid for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.drop_index("ix_postings_account", "postings")
    op.drop_index("ix_entries_refund_id", "entries")
    few = sa.text("refund_id IS NOT NULL")
    op.create_index("entries_refund", "entries", ["refund_id"], sqlite_where=few, postgresql_where=few)
    op.execute("UPDATE meta SET schema_version = 5")
