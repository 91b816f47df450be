"""How many records the whole installation holds, counted every night for the report to an auditor."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "held_records",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "content", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.CheckConstraint("id = 1", name="ck_held_records_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_held_records"),
    )


def downgrade() -> None:
    op.drop_table("held_records")
