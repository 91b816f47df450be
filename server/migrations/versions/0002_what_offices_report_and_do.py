"""What offices report of a target by period, and the tasks of a plan with their progress."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reported_value",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=True),
        sa.Column("denominator", sa.Integer(), nullable=True),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("entered_name", sa.String(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_name", sa.String(), nullable=True),
        sa.Column("replaced_why", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(value is null) <> (numerator is null) and (numerator is null) = (denominator is null)",
            name=op.f("ck_reported_value_value_or_share"),
        ),
        sa.CheckConstraint(
            "numerator >= 0 and numerator <= denominator and denominator > 0",
            name=op.f("ck_reported_value_share"),
        ),
        sa.CheckConstraint("period_start <= period_end", name=op.f("ck_reported_value_period")),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_reported_value_target_id_target"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reported_value")),
    )
    with op.batch_alter_table("reported_value", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reported_value_target_id"), ["target_id"], unique=False)
        batch_op.create_index(
            "uq_reported_value_current",
            ["target_id", "period_start", "period_end"],
            unique=True,
            sqlite_where=sa.text("replaced_at is null"),
            postgresql_where=sa.text("replaced_at is null"),
        )

    op.create_table(
        "task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=True),
        sa.Column("coordinating", sa.String(), nullable=True),
        sa.Column("deadline", sa.String(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("state", sa.String(), server_default="not_begun", nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('task','appendix','responsibility')", name=op.f("ck_task_kind")),
        sa.CheckConstraint("state in ('not_begun','doing','done','stopped')", name=op.f("ck_task_state")),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name=op.f("fk_task_plan_id_plan"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name=op.f("fk_task_target_id_target"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("code", name=op.f("uq_task_code")),
    )
    with op.batch_alter_table("task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_task_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "task_update",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("entered_by", sa.String(), nullable=False),
        sa.Column("entered_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('not_begun','doing','done','stopped')", name=op.f("ck_task_update_state")
        ),
        sa.ForeignKeyConstraint(
            ["task_id"], ["task.id"], name=op.f("fk_task_update_task_id_task"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_update")),
    )
    with op.batch_alter_table("task_update", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_task_update_task_id"), ["task_id"], unique=False)


def downgrade() -> None:
    op.drop_table("task_update")
    op.drop_table("task")
    op.drop_table("reported_value")
