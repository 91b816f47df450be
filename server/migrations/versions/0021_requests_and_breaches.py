"""The register of what households ask about their data, and the record of breaches."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "privacy_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("asked", sa.String(), nullable=True),
        sa.Column("answer_due", sa.Date(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("extended_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint("kind in ('view','correct','delete','withdraw')", name="ck_privacy_request_kind"),
        sa.CheckConstraint("state in ('open','done','refused')", name="ck_privacy_request_state"),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name="fk_privacy_request_commune_id_commune"),
        sa.PrimaryKeyConstraint("id", name="pk_privacy_request"),
    )
    op.create_index("ix_privacy_request_open", "privacy_request", ["commune_id", "state", "id"])
    op.create_table(
        "breach",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=True),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("subjects", sa.Integer(), nullable=True),
        sa.Column("is_sensitive", sa.Boolean(), nullable=False),
        sa.Column("due", MOMENT, nullable=False),
        sa.Column("reported_at", MOMENT, nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("measures", sa.String(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name="fk_breach_commune_id_commune"),
        sa.PrimaryKeyConstraint("id", name="pk_breach"),
    )


def downgrade() -> None:
    op.drop_table("breach")
    op.drop_index("ix_privacy_request_open", "privacy_request")
    op.drop_table("privacy_request")
