"""Versions of entities say which label came with them; edits are found by the first of their chain."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_RENAMED = """
UPDATE entity_version SET named = label
WHERE received IS NOT NULL AND EXISTS (
  SELECT 1 FROM entity_version AS earlier
  WHERE earlier.entity_id = entity_version.entity_id AND earlier.version = entity_version.version - 1
    AND earlier.label <> entity_version.label
)
"""
"""Which label came with a change is known for those that changed it; the first version's is its label."""


def upgrade() -> None:
    op.add_column("entity_version", sa.Column("named", sa.String(), nullable=True))
    op.execute(_RENAMED)
    op.create_index(
        "ix_submission_edits",
        "submission",
        ["root_id"],
        sqlite_where=sa.text("root_id is not null"),
        postgresql_where=sa.text("root_id is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_submission_edits", table_name="submission")
    with op.batch_alter_table("entity_version") as batch:
        batch.drop_column("named")
