"""The feed of changes; what is there already is in it, in the order in which it came."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "change",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("submission_id", _BIG, nullable=True),
        sa.Column("village_id", sa.Integer(), nullable=True),
        sa.Column("collector_id", sa.Integer(), nullable=True),
        sa.Column("poster_id", sa.Integer(), nullable=True),
        sa.Column("commune_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.CheckConstraint("kind in ('submission','deleted','coverage')", name=op.f("ck_change_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO change (at, kind, submission_id, village_id, collector_id, poster_id) "
        "SELECT received_at, 'submission', id, village_id, collector_id, poster_id FROM submission "
        "WHERE facts IS NULL ORDER BY id"
    )
    op.create_index(op.f("ix_change_village_id_change_id"), "change", ["village_id", "id"])
    op.create_index(
        op.f("ix_change_submission_id_change_village_id_change_id"),
        "change",
        ["submission_id", "village_id", "id"],
    )


def downgrade() -> None:
    op.drop_table("change")
