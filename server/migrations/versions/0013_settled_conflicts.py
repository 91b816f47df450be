"""Who settled a conflict between two changes to one household, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("entity_version") as batch:
        batch.add_column(sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("settled_by", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("entity_version") as batch:
        batch.drop_column("settled_by")
        batch.drop_column("settled_at")
