"""What forms save to each entity list, of those already published as well: columns of the list on phones."""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_LIST = sa.table("entity_list", sa.column("id", sa.Integer), sa.column("name"), sa.column("properties", JSON))
_VERSION = sa.table("form_version", sa.column("id", sa.Integer), sa.column("definition"))


def upgrade() -> None:
    with op.batch_alter_table("entity_list") as batch:
        batch.add_column(sa.Column("properties", JSON, nullable=False, server_default="[]"))
    saved: dict[str, dict[str, None]] = {}
    for row in op.get_bind().execute(sa.select(_VERSION.c.definition).order_by(_VERSION.c.id)):
        definition = json.loads(row[0]) if isinstance(row[0], str) else row[0]
        for field in definition["fields"]:
            if field.get("save_to") and field.get("save_to_list"):
                saved.setdefault(field["save_to_list"], {})[field["save_to"]] = None
    for name, properties in saved.items():
        op.execute(_LIST.update().where(_LIST.c.name == name).values(properties=list(properties)))


def downgrade() -> None:
    with op.batch_alter_table("entity_list") as batch:
        batch.drop_column("properties")
