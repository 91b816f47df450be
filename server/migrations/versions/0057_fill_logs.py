"""What Collect's log of each visit says, as figures."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "fill_log",
        sa.Column("submission_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("attachment_id", _BIG, nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("active_seconds", sa.Integer(), nullable=True),
        sa.Column("questions", sa.JSON(), nullable=True),
        sa.Column("changed_late", sa.JSON(), nullable=True),
        sa.Column("sessions", sa.Integer(), nullable=True),
        sa.Column("backwards", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_fill_log_submission_id_submission"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_fill_log")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_fill_log_form_id_fill_log_submission_id"), "fill_log", ["form_id", "submission_id"]
    )
    op.create_index(op.f("ix_fill_log_attachment_id"), "fill_log", ["attachment_id"])


def downgrade() -> None:
    op.drop_table("fill_log")
