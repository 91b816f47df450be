"""On PostgreSQL answers are kept as json, the text that was written, and no longer taken apart (decision 0030)."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _become("json")


def downgrade() -> None:
    _become("jsonb")


def _become(kind: str) -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps text in any case
        op.execute(f"ALTER TABLE submission ALTER COLUMN answers TYPE {kind} USING answers::{kind}")
