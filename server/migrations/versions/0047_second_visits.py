"""Draws of visits that are visited again, and what waits for it."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "backcheck_draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("share", sa.String(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("until_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["commune_id"], ["commune.id"], name=op.f("fk_backcheck_draw_commune_id_commune")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backcheck_draw")),
    )
    op.create_index(
        op.f("ix_backcheck_draw_commune_id_backcheck_draw_id"), "backcheck_draw", ["commune_id", "id"]
    )
    op.create_table(
        "backcheck",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("village_id", sa.Integer(), nullable=False),
        sa.Column("collector_id", sa.Integer(), nullable=False),
        sa.Column("checker_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.CheckConstraint("reason in ('chance','doubt')", name=op.f("ck_backcheck_reason")),
        sa.CheckConstraint("outcome in ('met','absent','refused')", name=op.f("ck_backcheck_outcome")),
        sa.ForeignKeyConstraint(
            ["draw_id"], ["backcheck_draw.id"], name=op.f("fk_backcheck_draw_id_backcheck_draw"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_backcheck_submission_id_submission"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["village_id"], ["village.id"], name=op.f("fk_backcheck_village_id_village")),
        sa.ForeignKeyConstraint(
            ["collector_id"], ["collector.id"], name=op.f("fk_backcheck_collector_id_collector")
        ),
        sa.ForeignKeyConstraint(
            ["checker_id"], ["collector.id"], name=op.f("fk_backcheck_checker_id_collector")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backcheck")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_backcheck_submission_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_backcheck_draw_id"), "backcheck", ["draw_id"])
    op.create_index(op.f("ix_backcheck_village_id"), "backcheck", ["village_id"])


def downgrade() -> None:
    op.drop_table("backcheck")
    op.drop_table("backcheck_draw")
