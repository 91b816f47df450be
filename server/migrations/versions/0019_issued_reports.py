"""Reports that were issued, with their files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "snapshot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("cut_off", sa.Date(), nullable=False),
        sa.Column("received_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_submission_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content", DOCUMENT, nullable=False),
        sa.Column("docx", sa.LargeBinary(), nullable=False),
        sa.Column("docx_sha256", sa.String(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("pdf_sha256", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("issued_name", sa.String(), nullable=False),
        sa.CheckConstraint("number > 0", name="ck_snapshot_number"),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name="fk_snapshot_commune_id_commune"),
        sa.PrimaryKeyConstraint("id", name="pk_snapshot"),
        sa.UniqueConstraint("commune_id", "number", name="uq_snapshot_commune_id_number"),
    )
    op.create_index("ix_snapshot_commune_id_snapshot_issued_at", "snapshot", ["commune_id", "issued_at"])


def downgrade() -> None:
    op.drop_table("snapshot")
