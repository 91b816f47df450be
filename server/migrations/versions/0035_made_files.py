"""Files that are made beside the server: what was asked for, how far it is, and the content until it is taken."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "made_file",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("outside_url", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("of", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("file_name", sa.String(), nullable=True),
        sa.Column("media_type", sa.String(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column(
            "audit", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.CheckConstraint("state in ('waiting','making','ready','failed')", name="ck_made_file_state"),
        sa.ForeignKeyConstraint(
            ["commune_id"], ["commune.id"], name="fk_made_file_commune_id_commune", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_made_file"),
    )
    op.create_index("ix_made_file_state_made_file_asked_at", "made_file", ["state", "asked_at"])
    op.create_table(
        "made_file_piece",
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["made_file.id"], name="fk_made_file_piece_file_id_made_file", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "number", name="pk_made_file_piece"),
    )


def downgrade() -> None:
    op.drop_table("made_file_piece")
    op.drop_table("made_file")
