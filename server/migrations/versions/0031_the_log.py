"""Submissions are kept first and applied afterwards (decision 0039); counts of changes guard no more."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_NOT_APPLIED = sa.text("facts is not null")


def upgrade() -> None:
    with op.batch_alter_table("submission") as batch:
        batch.add_column(sa.Column("facts", sa.JSON(none_as_null=True), nullable=True))
        batch.add_column(sa.Column("failure", sa.String(), nullable=True))
    op.create_index(
        "ix_submission_not_applied", "submission", ["id"],
        sqlite_where=_NOT_APPLIED, postgresql_where=_NOT_APPLIED,
    )  # fmt: skip
    op.drop_table("subject")


def downgrade() -> None:
    """What waits to be applied would be lost to the counts: `flask submissions apply` comes first."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM submission WHERE facts is not null")):
        raise RuntimeError("run `flask submissions apply` first: some submissions are not applied yet")
    op.create_table(
        "subject",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.CheckConstraint("changes > 0", name="ck_subject_unchanged_since_read"),
        sa.PrimaryKeyConstraint("id", name="pk_subject"),
    )
    op.execute("INSERT INTO subject (id, changes) SELECT DISTINCT subject, 1 FROM finding")
    op.drop_index("ix_submission_not_applied", "submission")
    with op.batch_alter_table("submission") as batch:
        batch.drop_column("failure")
        batch.drop_column("facts")
