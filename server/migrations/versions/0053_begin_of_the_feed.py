"""From which key on the feed of changes holds, after a backup was restored."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_start",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("after", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_feed_start_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_start")),
    )


def downgrade() -> None:
    op.drop_table("feed_start")
