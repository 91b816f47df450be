"""Posters, what is answered by them, and indicators that count it apart."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

_OF_POSTERS = sa.text("poster_id is not null")
_SUBMISSION = sa.table("submission", sa.column("id"), sa.column("poster_id"))
_INDICATOR = sa.table("indicator", sa.column("id"), sa.column("self_of_id"))


def upgrade() -> None:
    op.create_table(
        "poster",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("village_id", sa.Integer(), nullable=True),
        sa.Column("place_id", sa.Uuid(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follows_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_poster_commune_id_commune")),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_poster_form_id_form")),
        sa.ForeignKeyConstraint(["village_id"], ["village.id"], name=op.f("fk_poster_village_id_village")),
        sa.ForeignKeyConstraint(["follows_id"], ["poster.id"], name=op.f("fk_poster_follows_id_poster")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poster")),
        sa.UniqueConstraint("code", name=op.f("uq_poster_code")),
    )
    op.create_index(op.f("ix_poster_commune_id"), "poster", ["commune_id"])
    op.create_table(
        "judged_self_answers",
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["commune_id"], ["commune.id"], name=op.f("fk_judged_self_answers_commune_id_commune")
        ),
        sa.ForeignKeyConstraint(["form_id"], ["form.id"], name=op.f("fk_judged_self_answers_form_id_form")),
        sa.PrimaryKeyConstraint("commune_id", "form_id", name=op.f("pk_judged_self_answers")),
    )
    with op.batch_alter_table("indicator") as table:
        table.add_column(sa.Column("self_of_id", sa.Integer(), nullable=True))
        table.create_unique_constraint(op.f("uq_indicator_self_of_id"), ["self_of_id"])
        table.create_foreign_key(
            op.f("fk_indicator_self_of_id_indicator"), "indicator", ["self_of_id"], ["id"]
        )
    op.add_column("submission", sa.Column("poster_id", sa.Integer(), nullable=True))
    op.create_index(
        "ix_submission_posters",
        "submission",
        ["poster_id", "id"],
        sqlite_where=_OF_POSTERS,
        postgresql_where=_OF_POSTERS,
    )


def downgrade() -> None:
    """What was answered by posters goes with them: nothing else would know that it was."""
    answered = sa.select(_SUBMISSION.c.id).where(_SUBMISSION.c.poster_id.is_not(None))
    for name in ("submission_review", "attachment", "finding", "difficulty", "interview"):
        table = sa.table(name, sa.column("submission_id"))
        op.execute(sa.delete(table).where(table.c.submission_id.in_(answered)))
    op.execute(sa.delete(_SUBMISSION).where(_SUBMISSION.c.poster_id.is_not(None)))
    apart = sa.select(_INDICATOR.c.id).where(_INDICATOR.c.self_of_id.is_not(None))
    for name in ("tally", "tally_day", "tally_month"):
        table = sa.table(name, sa.column("indicator_id"))
        op.execute(sa.delete(table).where(table.c.indicator_id.in_(apart)))
    op.execute(sa.delete(_INDICATOR).where(_INDICATOR.c.self_of_id.is_not(None)))
    op.drop_index("ix_submission_posters", table_name="submission")
    op.drop_column("submission", "poster_id")
    with op.batch_alter_table("indicator") as table:
        table.drop_constraint(op.f("fk_indicator_self_of_id_indicator"), type_="foreignkey")
        table.drop_constraint(op.f("uq_indicator_self_of_id"), type_="unique")
        table.drop_column("self_of_id")
    op.drop_table("judged_self_answers")
    op.drop_table("poster")
