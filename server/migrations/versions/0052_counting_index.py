"""An index of the submissions that count, by form: lists of them are found and counted without their rows."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None
_WHERE = sa.text("quarantine is null and replaced_by_id is null and review <> 'rejected'")


def upgrade() -> None:
    op.create_index(
        "ix_submission_counting",
        "submission",
        ["form_id", "id", "village_id", "collector_id", "poster_id"],
        sqlite_where=_WHERE,
        postgresql_where=_WHERE,
    )


def downgrade() -> None:
    op.drop_index("ix_submission_counting", "submission")
