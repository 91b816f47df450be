"""What a submission changed is found by an index: a flood is undone in seconds, whatever else is stored."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_entity_version_submission_id",
        "entity_version",
        ["submission_id"],
        sqlite_where=sa.text("submission_id is not null"),
        postgresql_where=sa.text("submission_id is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_entity_version_submission_id", table_name="entity_version")
