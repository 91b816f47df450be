"""What members were spoken to about."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settled_pattern",
        sa.Column("collector_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collector_id"], ["collector.id"], name=op.f("fk_settled_pattern_collector_id_collector")
        ),
        sa.PrimaryKeyConstraint("collector_id", "key", name=op.f("pk_settled_pattern")),
    )


def downgrade() -> None:
    op.drop_table("settled_pattern")
