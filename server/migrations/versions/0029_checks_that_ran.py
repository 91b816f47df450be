"""Which checks a draft went through."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    with op.batch_alter_table("form_draft") as batch:
        batch.add_column(sa.Column("checks", kind, nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("form_draft") as batch:
        batch.drop_column("checks")
