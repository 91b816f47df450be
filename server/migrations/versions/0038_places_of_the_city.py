"""The places and enterprises of the whole city are found without reading its households."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_entity_list_id_entity_village_id", "entity", ["list_id", "village_id"])


def downgrade() -> None:
    op.drop_index("ix_entity_list_id_entity_village_id", table_name="entity")
