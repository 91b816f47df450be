"""Leaders look first, what was sent on to the office, and shares that are held by chance."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review_rule",
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("leaders_first", sa.Boolean(), nullable=False),
        sa.Column("leader_days", sa.Integer(), nullable=False),
        sa.CheckConstraint("leader_days > 0", name=op.f("ck_review_rule_leader_days")),
        sa.ForeignKeyConstraint(
            ["commune_id"], ["commune.id"], name=op.f("fk_review_rule_commune_id_commune")
        ),
        sa.PrimaryKeyConstraint("commune_id", name=op.f("pk_review_rule")),
    )
    op.create_table(
        "held_share",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=True),
        sa.Column("share", sa.String(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["commune_id"], ["commune.id"], name=op.f("fk_held_share_commune_id_commune")
        ),
        sa.ForeignKeyConstraint(
            ["form_id"], ["form.id"], name=op.f("fk_held_share_form_id_form"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_share")),
    )
    op.create_index(op.f("ix_held_share_commune_id"), "held_share", ["commune_id"])
    with op.batch_alter_table("submission_review") as batch:
        batch.add_column(sa.Column("sends_on", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("submission_review") as batch:
        batch.drop_column("sends_on")
    op.drop_table("held_share")
    op.drop_table("review_rule")
