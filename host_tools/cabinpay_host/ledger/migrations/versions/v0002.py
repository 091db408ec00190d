"""Version 2: the first that is brought up to date. Its tables were made without migrations."""

revision = "0002"
down_revision = None


def upgrade() -> None:
    pass
