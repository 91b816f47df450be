"""Appointments with households, and those that were tried often enough opened again."""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

_BEFORE = "kind in ('fix','move','end','split','merge','list','visit','remark')"
_NOW = "kind in ('fix','move','end','split','merge','list','visit','remark','appoint','reopen')"


def upgrade() -> None:
    with op.batch_alter_table("entity_act") as batch:
        batch.drop_constraint(op.f("ck_entity_act_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_entity_act_kind"), _NOW)


def downgrade() -> None:
    """What was said stays as it is; it cannot be undone any more."""
    op.execute("UPDATE entity_version SET act_id = NULL WHERE act_id IN "
               "(SELECT id FROM entity_act WHERE kind IN ('appoint','reopen'))")  # fmt: skip
    op.execute("DELETE FROM entity_act WHERE kind IN ('appoint','reopen')")
    with op.batch_alter_table("entity_act") as batch:
        batch.drop_constraint(op.f("ck_entity_act_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_entity_act_kind"), _BEFORE)
