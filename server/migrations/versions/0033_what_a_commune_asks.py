"""What one commune asks is found by indexes: its collectors, the visits of its thôn, what waits, what differs."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_OPEN = sa.text(
    "replaced_by_id is null and (review = 'has_issues' or (quarantine is not null or flags is not null "
    "or missing_files is not null) and review = 'received')"
)
_CONFLICT = sa.text("conflict is not null and settled_at is null")


def upgrade() -> None:
    op.create_index("ix_collector_commune_id", "collector", ["commune_id"])
    op.create_index("ix_collector_village_village_id", "collector_village", ["village_id"])
    op.create_index("ix_submission_village_id_submission_form_id", "submission", ["village_id", "form_id"])
    op.create_index(
        "ix_submission_open", "submission", ["collector_id", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_index(
        "ix_entity_version_conflict",
        "entity_version",
        ["entity_id"],
        sqlite_where=_CONFLICT,
        postgresql_where=_CONFLICT,
    )


def downgrade() -> None:
    op.drop_index("ix_entity_version_conflict", table_name="entity_version")
    op.drop_index("ix_submission_open", table_name="submission")
    op.drop_index("ix_submission_village_id_submission_form_id", table_name="submission")
    op.drop_index("ix_collector_village_village_id", table_name="collector_village")
    op.drop_index("ix_collector_commune_id", table_name="collector")
