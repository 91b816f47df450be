"""What a commune pays its teams, and the sheets of months as they were signed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pay_rates",
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("helped", sa.Integer(), nullable=False),
        sa.CheckConstraint("day >= 0 and visit >= 0 and helped >= 0", name=op.f("ck_pay_rates_rates")),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_pay_rates_commune_id_commune")),
        sa.PrimaryKeyConstraint("commune_id", name=op.f("pk_pay_rates")),
    )
    op.create_table(
        "pay_sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("content", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("xlsx", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("issued_name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_pay_sheet_commune_id_commune")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_sheet")),
        sa.UniqueConstraint("commune_id", "month", name=op.f("uq_pay_sheet_commune_id_month")),
    )


def downgrade() -> None:
    op.drop_table("pay_sheet")
    op.drop_table("pay_rates")
