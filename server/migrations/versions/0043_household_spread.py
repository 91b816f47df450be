"""How much the households of a thôn differ in what they say of persons, kept every night for the city's pages."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "household_spread",
        sa.Column("village_id", sa.Integer(), nullable=False),
        sa.Column("indicator_id", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("done2", sa.Integer(), nullable=False),
        sa.Column("of2", sa.Integer(), nullable=False),
        sa.Column("both", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["village_id"],
            ["village.id"],
            name=op.f("fk_household_spread_village_id_village"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["indicator_id"],
            ["indicator.id"],
            name=op.f("fk_household_spread_indicator_id_indicator"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("village_id", "indicator_id", name=op.f("pk_household_spread")),
    )


def downgrade() -> None:
    op.drop_table("household_spread")
