"""What the checks of a form say of each visit, and how often it answers "không biết"."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("interview") as table:
        table.add_column(sa.Column("checked", sa.JSON(), nullable=True))
        table.add_column(sa.Column("unknown", sa.Integer(), nullable=True))
        table.add_column(sa.Column("could_be_unknown", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("interview") as table:
        table.drop_column("could_be_unknown")
        table.drop_column("unknown")
        table.drop_column("checked")
