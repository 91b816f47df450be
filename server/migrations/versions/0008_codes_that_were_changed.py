"""Codes that were changed, thôn that were taken back, and what each phone holds."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "old_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("collector_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("ha1_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["collector_id"],
            ["collector.id"],
            name=op.f("fk_old_key_collector_id_collector"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_old_key")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_old_key_token_hash")),
    )
    op.create_index(op.f("ix_old_key_collector_id"), "old_key", ["collector_id"])
    op.create_table(
        "device_form",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_device_form_device_id_device"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("device_id", "form_id", name=op.f("pk_device_form")),
    )
    op.create_index(op.f("ix_submission_collector_id_submission_id"), "submission", ["collector_id", "id"])
    with op.batch_alter_table("collector") as batch:
        batch.add_column(sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("collector_village") as batch:
        batch.add_column(sa.Column("until", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("device") as batch:
        batch.add_column(sa.Column("unsent", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("unsent_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("device") as batch:
        batch.drop_column("unsent_at")
        batch.drop_column("unsent")
    with op.batch_alter_table("collector_village") as batch:
        batch.drop_column("until")
    with op.batch_alter_table("collector") as batch:
        batch.drop_column("rotated_at")
    op.drop_index(op.f("ix_submission_collector_id_submission_id"), table_name="submission")
    op.drop_table("device_form")
    op.drop_index(op.f("ix_old_key_collector_id"), table_name="old_key")
    op.drop_table("old_key")
