"""The tally keeps sums of squares of what persons are counted in: an interval no longer reads every household."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from geo.series import Rule, SeriesEntry, Turn, steps

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

_LOCAL = dt.timezone(dt.timedelta(hours=7))
_SQUARES = ("done2", "of2", "done_of")
_TABLES = ("tally", "tally_day", "tally_month")
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT_ONCE = 5_000
"""Rows of findings that are in memory at once."""
_finding = sa.table(
    "finding",
    sa.column("subject", sa.Uuid),
    sa.column("indicator_id", sa.Integer),
    sa.column("observed_at", sa.DateTime),
    sa.column("received_at", sa.DateTime),
    sa.column("submission_id", sa.BigInteger),
    sa.column("village_id", sa.Integer),
    sa.column("done", sa.Integer),
    sa.column("of", sa.Integer),
    sa.column("counts", sa.Boolean),
)
_indicator = sa.table(
    "indicator",
    sa.column("id", sa.Integer),
    sa.column("unit", sa.String),
    sa.column("kind", sa.String),
    sa.column("valid_days", sa.Integer),
)
_entity = sa.table("entity", sa.column("id", sa.Uuid), sa.column("turns", sa.JSON))
_tally = sa.table(
    "tally",
    *(sa.column(name, sa.Integer) for name in ("village_id", "indicator_id")),
    sa.column("day", sa.Date),
    *(sa.column(name, sa.BigInteger) for name in ("done", "of", "subjects", *_SQUARES)),
)


def upgrade() -> None:
    for table in _TABLES:
        for name in _SQUARES:
            op.add_column(table, sa.Column(name, _BIG, nullable=False, server_default="0"))
    _fill(op.get_bind())
    op.drop_table("household_spread")


def _fill(connection: sa.Connection) -> None:
    """Append what is missing to the tally, which is folded into days and months as visits are."""
    sums: dict[tuple[int, int, dt.date], list[int]] = {}
    for indicator_id, found in _found(connection):
        for (village_id, day), amount in found.items():
            had = sums.setdefault((village_id, indicator_id, day), [0, 0, 0])
            had[:] = [old + new for old, new in zip(had, amount[3:], strict=True)]
    nothing = dict.fromkeys(("done", "of", "subjects"), 0)
    rows = [
        {"village_id": village_id, "indicator_id": indicator_id, "day": day, **nothing}
        | dict(zip(_SQUARES, each, strict=True))
        for (village_id, indicator_id, day), each in sums.items()
        if any(each)
    ]
    if rows:
        connection.execute(sa.insert(_tally), rows)


def _found(connection: sa.Connection) -> Iterator[tuple[int, dict[Any, Any]]]:
    """The steps of every series that counts persons, with its indicator."""
    of_persons = sa.and_(_indicator.c.kind == "state", _indicator.c.unit.in_(("person", "adult")))
    rules = {
        row.id: Rule(valid_days=row.valid_days, of_persons=True)
        for row in connection.execute(sa.select(*_indicator.c).where(of_persons))
    }
    turned = {
        row.id: _turns(row.turns)
        for row in connection.execute(sa.select(*_entity.c).where(_entity.c.turns.is_not(sa.null())))
    }
    query = sa.select(*_finding.c).where(_finding.c.counts, _finding.c.indicator_id.in_(list(rules)))
    query = query.order_by(_finding.c.subject, _finding.c.indicator_id)
    rows = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
    for (subject, indicator_id), series in groupby(rows, lambda row: (row.subject, row.indicator_id)):
        yield indicator_id, steps(_entries(series), rules[indicator_id], turned.get(subject, ()))


def _turns(kept: Any) -> tuple[Turn, ...]:
    told = json.loads(kept) if isinstance(kept, str) else kept or ()
    return tuple(
        Turn(dt.date.fromisoformat(each["day"]), each["before"], each["after"], each["persons_only"])
        for each in told
    )


def _entries(rows: Iterable[Any]) -> list[SeriesEntry]:
    return [
        SeriesEntry(
            row.observed_at, row.received_at, row.submission_id, _day(row.observed_at), row.village_id,
            row.done, row.of,
        )
        for row in rows
    ]  # fmt: skip


def _day(moment: dt.datetime) -> dt.date:
    known = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return known.astimezone(_LOCAL).date()


def downgrade() -> None:
    for table in _TABLES:
        for name in _SQUARES:
            op.drop_column(table, name)
    op.create_table(
        "household_spread",
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("village_id", "indicator_id")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("asked", "done", "of", "done2", "of2", "both")),
        sa.ForeignKeyConstraint(
            ["village_id"], ["village.id"], name=op.f("fk_household_spread_village_id_village"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["indicator_id"],
            ["indicator.id"],
            name=op.f("fk_household_spread_indicator_id_indicator"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("village_id", "indicator_id", name=op.f("pk_household_spread")),
    )  # fmt: skip
