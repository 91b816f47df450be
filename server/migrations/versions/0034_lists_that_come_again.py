"""Lists that come again change households; visits go to another household; remarks go to phones."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
_BEFORE = "kind in ('fix','move','end','split','merge')"
_NOW = "kind in ('fix','move','end','split','merge','list','visit','remark')"


def upgrade() -> None:
    with op.batch_alter_table("entity_act") as batch:
        batch.add_column(sa.Column("import_id", sa.Integer(), nullable=True))
        batch.drop_constraint(op.f("ck_entity_act_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_entity_act_kind"), _NOW)
    op.create_index(op.f("ix_entity_act_import_id"), "entity_act", ["import_id"])
    with op.batch_alter_table("entity_version") as batch:
        batch.add_column(sa.Column("is_elsewhere", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("household_import") as batch:
        batch.add_column(sa.Column("choice", DOCUMENT, nullable=False, server_default="{}"))
        batch.add_column(sa.Column("changed", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("ended", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """What lists changed stays as they left it; it cannot be undone any more."""
    op.execute("UPDATE entity_version SET act_id = NULL WHERE act_id IN "
               "(SELECT id FROM entity_act WHERE kind IN ('list','visit','remark'))")  # fmt: skip
    op.execute("DELETE FROM entity_act WHERE kind IN ('list','visit','remark')")
    with op.batch_alter_table("household_import") as batch:
        batch.drop_column("ended")
        batch.drop_column("changed")
        batch.drop_column("choice")
    with op.batch_alter_table("entity_version") as batch:
        batch.drop_column("is_elsewhere")
    op.drop_index(op.f("ix_entity_act_import_id"), table_name="entity_act")
    with op.batch_alter_table("entity_act") as batch:
        batch.drop_constraint(op.f("ck_entity_act_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_entity_act_kind"), _BEFORE)
        batch.drop_column("import_id")
