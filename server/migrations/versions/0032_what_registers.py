"""A submission says whether it registers what nobody knew: more of them than a person walks to are set aside."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_REGISTERS = sa.text("registers is not null")


def upgrade() -> None:
    with op.batch_alter_table("submission") as batch:
        batch.add_column(sa.Column("registers", sa.Boolean(), nullable=True))
    op.create_index(
        "ix_submission_registrations", "submission", ["collector_id", "observed_at"],
        sqlite_where=_REGISTERS, postgresql_where=_REGISTERS,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_submission_registrations", "submission")
    with op.batch_alter_table("submission") as batch:
        batch.drop_column("registers")
