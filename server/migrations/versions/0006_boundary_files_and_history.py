"""Boundary files that wait for confirmation, the history of outlines, and which outlines were derived."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite may not copy this table, to which others point: the default is a plain word, the column dropped in place
    with op.batch_alter_table("village", recreate="never") as batch_op:
        batch_op.add_column(sa.Column("derived", sa.Boolean(), server_default="0", nullable=False))

    op.create_table(
        "boundary_upload",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["commune_id"],
            ["commune.id"],
            name=op.f("fk_boundary_upload_commune_id_commune"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boundary_upload")),
    )

    op.create_table(
        "boundary_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("epsg", sa.Integer(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.CheckConstraint("level in ('commune','village')", name=op.f("ck_boundary_import_level")),
        sa.ForeignKeyConstraint(
            ["commune_id"],
            ["commune.id"],
            name=op.f("fk_boundary_import_commune_id_commune"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_boundary_import")),
    )
    with op.batch_alter_table("boundary_import", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_boundary_import_commune_id"), ["commune_id"], unique=False)

    op.create_table(
        "outline_before",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("village_id", sa.Integer(), nullable=True),
        sa.Column("outline", sa.LargeBinary(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("illustrative", sa.Boolean(), nullable=False),
        sa.Column("derived", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["boundary_import.id"],
            name=op.f("fk_outline_before_import_id_boundary_import"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["village_id"],
            ["village.id"],
            name=op.f("fk_outline_before_village_id_village"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outline_before")),
    )
    with op.batch_alter_table("outline_before", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outline_before_import_id"), ["import_id"], unique=False)


def downgrade() -> None:
    op.drop_table("outline_before")
    op.drop_table("boundary_import")
    op.drop_table("boundary_upload")
    with op.batch_alter_table("village", recreate="never") as batch_op:
        batch_op.drop_column("derived")
