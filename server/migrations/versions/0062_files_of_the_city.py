"""Files that are made beside the server may hold the whole city: such a row has no commune."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("made_file") as batch:
        batch.alter_column("commune_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    """What holds the whole city cannot be told any more, and is asked for again in no time."""
    op.execute(
        "DELETE FROM made_file_piece WHERE file_id IN (SELECT id FROM made_file WHERE commune_id IS NULL)"
    )
    op.execute("DELETE FROM made_file WHERE commune_id IS NULL")
    with op.batch_alter_table("made_file") as batch:
        batch.alter_column("commune_id", existing_type=sa.Integer(), nullable=False)
