"""Daily bundles of sums between installations."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "bundle_signer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("private_key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", _BIG, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_bundle_signer_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle_signer")),
    )
    op.create_table(
        "bundle_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("trusted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trusted_by", sa.String(), nullable=False),
        sa.Column("number", _BIG, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["commune_id"], ["commune.id"], name=op.f("fk_bundle_source_commune_id_commune")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle_source")),
        sa.UniqueConstraint("commune_id", name=op.f("uq_bundle_source_commune_id")),
        sa.UniqueConstraint("public_key", name=op.f("uq_bundle_source_public_key")),
    )


def downgrade() -> None:
    op.drop_table("bundle_source")
    op.drop_table("bundle_signer")
