"""Exports that are asked for again and again under one name; what hooks call this server."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("hook") as batch:
        batch.add_column(sa.Column("outside_url", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "export_setting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "wish", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql"), nullable=False
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["commune_id"],
            ["commune.id"],
            name=op.f("fk_export_setting_commune_id_commune"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["form_id"], ["form.id"], name=op.f("fk_export_setting_form_id_form"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_setting")),
        sa.UniqueConstraint("uid", name=op.f("uq_export_setting_uid")),
        sa.UniqueConstraint(
            "commune_id",
            "form_id",
            "name",
            name=op.f("uq_export_setting_commune_id_form_id_name"),
        ),
    )


def downgrade() -> None:
    op.drop_table("export_setting")
    with op.batch_alter_table("hook") as batch:
        batch.drop_column("outside_url")
