"""Questions by whose answers submissions are found through an index."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "indexed_question",
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_indexed_question_form_id_form")),
        sa.PrimaryKeyConstraint("form_id", "path", name=op.f("pk_indexed_question")),
    )


def downgrade() -> None:
    op.drop_table("indexed_question")
