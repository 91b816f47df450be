"""Lists of households that officers load, and which household came with which."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "household_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["commune_id"], ["commune.id"], name=op.f("fk_household_import_commune_id_commune")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_import")),
    )
    with op.batch_alter_table("entity") as batch:
        batch.add_column(sa.Column("import_id", sa.Integer(), nullable=True))
        batch.create_index(op.f("ix_entity_import_id"), ["import_id"])


def downgrade() -> None:
    with op.batch_alter_table("entity") as batch:
        batch.drop_index(op.f("ix_entity_import_id"))
        batch.drop_column("import_id")
    op.drop_table("household_import")
