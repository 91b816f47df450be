"""The folded tally by whole months, so that a page of the whole city does not read every day."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FILL = """
INSERT INTO tally_month (indicator_id, village_id, month, done, of, subjects)
SELECT indicator_id, village_id, month, sum(done), sum(of), sum(subjects)
FROM (SELECT tally_day.*, {month} AS month FROM tally_day) AS each GROUP BY indicator_id, village_id, month
"""
MONTH = {"postgresql": "date_trunc('month', day)::date", "sqlite": "date(day, 'start of month')"}


def upgrade() -> None:
    op.create_table(
        "tally_month",
        sa.Column("indicator_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("village_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("subjects", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("indicator_id", "village_id", "month", name=op.f("pk_tally_month")),
        sqlite_with_rowid=False,
    )
    op.execute(FILL.format(month=MONTH[op.get_bind().dialect.name]))


def downgrade() -> None:
    op.drop_table("tally_month")
