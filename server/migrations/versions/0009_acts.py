"""What officers do to households: corrections, moves, ends, splits and merges."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.create_table(
        "entity_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("detail", DOCUMENT, nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.CheckConstraint("kind in ('fix','move','end','split','merge')", name=op.f("ck_entity_act_kind")),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name=op.f("fk_entity_act_entity_id_entity"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entity_act")),
    )
    op.create_index(op.f("ix_entity_act_entity_id"), "entity_act", ["entity_id"])
    with op.batch_alter_table("entity") as batch:
        batch.add_column(sa.Column("merged_into_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("split_from_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("turns", DOCUMENT, nullable=True))
    with op.batch_alter_table("entity_version") as batch:
        batch.add_column(sa.Column("act_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("entity_version") as batch:
        batch.drop_column("act_id")
    with op.batch_alter_table("entity") as batch:
        batch.drop_column("turns")
        batch.drop_column("split_from_id")
        batch.drop_column("merged_into_id")
    op.drop_index(op.f("ix_entity_act_entity_id"), table_name="entity_act")
    op.drop_table("entity_act")
