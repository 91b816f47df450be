"""Tombstones of what was deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tombstone",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("reason in ('request','retention')", name="ck_tombstone_reason"),
        sa.PrimaryKeyConstraint("key", name="pk_tombstone"),
    )


def downgrade() -> None:
    op.drop_table("tombstone")
