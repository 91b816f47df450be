"""Samples: draws, what they ask of each thôn, and the households in the order of their lots."""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sample_draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("margin", sa.String(), nullable=True),
        sa.Column("indicator_id", sa.Integer(), nullable=True),
        sa.Column("share", sa.String(), nullable=True),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.CheckConstraint("method in ('commune','village','lqas')", name=op.f("ck_sample_draw_method")),
        sa.CheckConstraint("(method = 'lqas') = (indicator_id is not null)", name=op.f("ck_sample_draw_indicator")),
        sa.CheckConstraint("(method = 'lqas') = (margin is null)", name=op.f("ck_sample_draw_margin")),
        sa.CheckConstraint("(method = 'lqas') = (share is not null)", name=op.f("ck_sample_draw_share")),
        sa.CheckConstraint("tries > 0", name=op.f("ck_sample_draw_tries")),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_sample_draw_commune_id_commune")),
        sa.ForeignKeyConstraint(
            ["indicator_id"], ["indicator.id"], name=op.f("fk_sample_draw_indicator_id_indicator")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sample_draw")),
    )  # fmt: skip
    op.create_index(op.f("ix_sample_draw_commune_id_sample_draw_id"), "sample_draw", ["commune_id", "id"])
    op.create_table(
        "village_sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("village_id", sa.Integer(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint("ended_by in ('every_door','redrawn')", name=op.f("ck_village_sample_ended_by")),
        sa.CheckConstraint("(ended_at is null) = (ended_by is null)", name=op.f("ck_village_sample_ended")),
        sa.CheckConstraint("0 < wanted and wanted <= households", name=op.f("ck_village_sample_wanted")),
        sa.ForeignKeyConstraint(
            ["draw_id"], ["sample_draw.id"], name=op.f("fk_village_sample_draw_id_sample_draw"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["village_id"], ["village.id"], name=op.f("fk_village_sample_village_id_village")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_village_sample")),
    )  # fmt: skip
    op.create_index(op.f("ix_village_sample_draw_id"), "village_sample", ["draw_id"])
    op.create_index(op.f("ix_village_sample_village_id"), "village_sample", ["village_id"])
    op.create_table(
        "sampled_household",
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["village_sample.id"], name=op.f("fk_sampled_household_sample_id_village_sample"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["entity.id"], name=op.f("fk_sampled_household_entity_id_entity"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sample_id", "place", name=op.f("pk_sampled_household")),
    )  # fmt: skip
    op.create_index(op.f("ix_sampled_household_entity_id"), "sampled_household", ["entity_id"])


def downgrade() -> None:
    op.drop_table("sampled_household")
    op.drop_table("village_sample")
    op.drop_table("sample_draw")
