"""The mark by which a database says that it is a demonstration."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("demonstration"):  # `flask demo` makes it before all other tables
        return
    op.create_table(
        "demonstration",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("persons", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")),
        sa.Column("collectors", sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")),
        sa.Column("audit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("id = 1", name="ck_demonstration_one_row"),
        sa.PrimaryKeyConstraint("id", name="pk_demonstration"),
    )


def downgrade() -> None:
    op.drop_table("demonstration")
