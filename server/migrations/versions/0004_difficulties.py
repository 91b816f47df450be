"""What became of each difficulty that people told."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "difficulty",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("submission_id", BIG, nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("village_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('new','working','answered','closed')", name=op.f("ck_difficulty_state")
        ),
        sa.ForeignKeyConstraint(
            ["commune_id"], ["commune.id"], name=op.f("fk_difficulty_commune_id_commune")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"],
            ["submission.id"],
            name=op.f("fk_difficulty_submission_id_submission"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["village_id"], ["village.id"], name=op.f("fk_difficulty_village_id_village")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difficulty")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_difficulty_submission_id")),
    )
    op.create_index(
        op.f("ix_difficulty_commune_id_difficulty_state_difficulty_id"),
        "difficulty",
        ["commune_id", "state", "id"],
    )
    op.create_table(
        "difficulty_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("difficulty_id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.CheckConstraint("act in ('take','answer','close','reopen')", name=op.f("ck_difficulty_step_act")),
        sa.ForeignKeyConstraint(
            ["difficulty_id"],
            ["difficulty.id"],
            name=op.f("fk_difficulty_step_difficulty_id_difficulty"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_difficulty_step_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difficulty_step")),
    )
    op.create_index(op.f("ix_difficulty_step_difficulty_id"), "difficulty_step", ["difficulty_id"])


def downgrade() -> None:
    op.drop_table("difficulty_step")
    op.drop_table("difficulty")
