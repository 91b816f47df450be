"""An index by indicator and day, for the last days of one indicator over the whole city."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tally_day") as batch_op:
        batch_op.create_index(batch_op.f("ix_tally_day_indicator_id_tally_day_day"), ["indicator_id", "day"])


def downgrade() -> None:
    with op.batch_alter_table("tally_day") as batch_op:
        batch_op.drop_index(batch_op.f("ix_tally_day_indicator_id_tally_day_day"))
