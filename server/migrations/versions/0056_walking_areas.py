"""Thôn split into parts to walk, each with one or two members."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "walking_area",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("village_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("lanes", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["village_id"], ["village.id"], name=op.f("fk_walking_area_village_id_village")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_walking_area")),
        sa.UniqueConstraint("village_id", "position", name=op.f("uq_walking_area_village_id_position")),
    )
    op.create_table(
        "walking_household",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name=op.f("fk_walking_household_entity_id_entity"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["area_id"], ["walking_area.id"], name=op.f("fk_walking_household_area_id_walking_area"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("entity_id", name=op.f("pk_walking_household")),
    )  # fmt: skip
    op.create_index(op.f("ix_walking_household_area_id"), "walking_household", ["area_id"])
    op.create_table(
        "walking_member",
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("collector_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_id"], ["walking_area.id"], name=op.f("fk_walking_member_area_id_walking_area"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["collector_id"], ["collector.id"], name=op.f("fk_walking_member_collector_id_collector"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("area_id", "collector_id", name=op.f("pk_walking_member")),
    )  # fmt: skip
    op.create_index(op.f("ix_walking_member_collector_id"), "walking_member", ["collector_id"])


def downgrade() -> None:
    op.drop_table("walking_member")
    op.drop_table("walking_household")
    op.drop_table("walking_area")
