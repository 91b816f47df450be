"""Persons who work for several communes."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_commune",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_person_commune_person_id_person", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name="fk_person_commune_commune_id_commune"),
        sa.PrimaryKeyConstraint("person_id", "commune_id", name="pk_person_commune"),
    )


def downgrade() -> None:
    op.drop_table("person_commune")
