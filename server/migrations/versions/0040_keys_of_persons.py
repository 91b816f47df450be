"""A key may be a person's: it reads single submissions as this person may, and is told again where its client asks."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("api_token") as batch:
        batch.add_column(sa.Column("person_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("sealed", sa.LargeBinary(), nullable=True))
        batch.create_foreign_key(
            "fk_api_token_person_id_person", "person", ["person_id"], ["id"], ondelete="CASCADE"
        )


def downgrade() -> None:
    op.execute("DELETE FROM api_token WHERE person_id IS NOT NULL")
    with op.batch_alter_table("api_token") as batch:
        batch.drop_constraint("fk_api_token_person_id_person", type_="foreignkey")
        batch.drop_column("sealed")
        batch.drop_column("person_id")
