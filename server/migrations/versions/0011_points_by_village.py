"""An index of the visits that are about no household, so that a commune's check points cost no more than they are."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_submission_points",
        "submission",
        ["village_id", "form_id"],
        sqlite_where=sa.text("entity_id is null"),
        postgresql_where=sa.text("entity_id is null"),
    )


def downgrade() -> None:
    op.drop_index("ix_submission_points", "submission")
