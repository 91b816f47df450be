"""Check points get the subject that the server makes of them: commune, cell, operator, indoors or outdoors."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from geo.series import Rule, SeriesEntry, steps

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_LOCAL = timezone(timedelta(hours=7))
_finding = sa.table(
    "finding",
    sa.column("submission_id", sa.BigInteger),
    sa.column("indicator_id", sa.Integer),
    sa.column("subject", sa.Uuid),
    sa.column("village_id", sa.Integer),
    sa.column("done", sa.Integer),
    sa.column("of", sa.Integer),
    sa.column("observed_at", sa.DateTime),
    sa.column("received_at", sa.DateTime),
    sa.column("counts", sa.Boolean),
)
_submission = sa.table(
    "submission",
    sa.column("id", sa.BigInteger),
    sa.column("instance_id", sa.String),
    sa.column("collector_id", sa.Integer),
    sa.column("latitude", sa.Float),
    sa.column("longitude", sa.Float),
    sa.column("answers", sa.JSON),
)
_collector = sa.table("collector", sa.column("id", sa.Integer), sa.column("commune_id", sa.Integer))
_indicator = sa.table(
    "indicator",
    sa.column("id", sa.Integer),
    sa.column("unit", sa.String),
    sa.column("kind", sa.String),
    sa.column("valid_days", sa.Integer),
)
_subject = sa.table("subject", sa.column("id", sa.Uuid), sa.column("changes", sa.Integer))
_AMOUNT = ("done", "of", "subjects")
_tally = sa.table(
    "tally",
    *(sa.column(name, sa.Integer) for name in ("village_id", "indicator_id")),
    sa.column("day", sa.Date),
    *(sa.column(name, sa.Integer) for name in _AMOUNT),
)
_ROWS = (
    sa.select(
        *_finding.c,
        _submission.c.instance_id,
        _submission.c.latitude,
        _submission.c.longitude,
        _submission.c.answers,
        _collector.c.commune_id,
    )
    .join(_submission, _submission.c.id == _finding.c.submission_id)
    .join(_collector, _collector.c.id == _submission.c.collector_id)
    .join(_indicator, sa.and_(_indicator.c.id == _finding.c.indicator_id, _indicator.c.unit == "point"))
    .order_by(_finding.c.subject, _finding.c.indicator_id)
)


def upgrade() -> None:
    _rekey(_made_by_the_server)


def downgrade() -> None:
    _rekey(_as_sent)


def _rekey(new_subject: Callable[[Any], uuid.UUID | None]) -> None:
    connection = op.get_bind()
    rules = {
        row.id: Rule(row.kind == "event", row.valid_days, at_home=False)
        for row in connection.execute(sa.select(*_indicator.c).where(_indicator.c.unit == "point"))
    }
    moved: dict[tuple[int, int], uuid.UUID] = {}
    before: dict[tuple[uuid.UUID, int], list[Any]] = {}
    rows = connection.execute(_ROWS).all()
    for row in rows:
        new = new_subject(row) or row.subject
        before.setdefault((row.subject, row.indicator_id), []).append(row)
        if new != row.subject:
            moved[row.submission_id, row.indicator_id] = new
    if not moved:
        return
    _move(connection, moved)
    now = sorted(rows, key=lambda row: _key(row, moved))
    after = {key: list(group) for key, group in groupby(now, lambda row: _key(row, moved))}
    _correct(connection, before, after, rules)


def _key(row: Any, moved: Mapping[tuple[int, int], uuid.UUID]) -> tuple[uuid.UUID, int]:
    return moved.get((row.submission_id, row.indicator_id), row.subject), row.indicator_id


def _move(connection: sa.Connection, moved: Mapping[tuple[int, int], uuid.UUID]) -> None:
    update = (
        sa.update(_finding)
        .where(
            _finding.c.submission_id == sa.bindparam("s", type_=sa.BigInteger),
            _finding.c.indicator_id == sa.bindparam("i", type_=sa.Integer),
        )
        .values(subject=sa.bindparam("new", type_=sa.Uuid))
    )
    connection.execute(update, [{"s": s, "i": i, "new": new} for (s, i), new in moved.items()])
    new = set(moved.values())
    known = set(connection.scalars(sa.select(_subject.c.id).where(_subject.c.id.in_(new))))
    if new - known:
        connection.execute(sa.insert(_subject), [{"id": each, "changes": 1} for each in sorted(new - known)])


def _correct(
    connection: sa.Connection,
    before: Mapping[tuple[uuid.UUID, int], list[Any]],
    after: Mapping[tuple[uuid.UUID, int], list[Any]],
    rules: Mapping[int, Rule],
) -> None:
    """Append to the tally what two communes' points add once they are two."""
    sums: dict[tuple[int, int, Any], list[int]] = {}
    for sign, series in ((-1, before), (1, after)):
        for (_, indicator_id), rows in series.items():
            for (village_id, day), amount in steps(_entries(rows), rules[indicator_id]).items():
                had = sums.setdefault((village_id, indicator_id, day), [0, 0, 0])
                had[:] = [old + sign * new for old, new in zip(had, amount[:3], strict=True)]
    rows = [
        {"village_id": village_id, "indicator_id": indicator_id, "day": day}
        | dict(zip(_AMOUNT, each, strict=True))
        for (village_id, indicator_id, day), each in sums.items()
        if any(each)
    ]
    if rows:
        connection.execute(sa.insert(_tally), rows)


def _entries(rows: Iterable[Any]) -> list[SeriesEntry]:
    return [
        SeriesEntry(
            _utc(row.observed_at), _utc(row.received_at), row.submission_id,
            _utc(row.observed_at).astimezone(_LOCAL).date(), row.village_id, row.done, row.of,
        )
        for row in rows
        if row.counts
    ]  # fmt: skip


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _answers(row: Any) -> Mapping[str, Any]:
    return json.loads(row.answers) if isinstance(row.answers, str) else row.answers or {}


def _made_by_the_server(row: Any) -> uuid.UUID | None:
    """As `server/intake/signal_check_points.py` made it when this step was written."""
    answers = _answers(row)
    if "nha_mang" in answers or "trong_ngoai" in answers:
        if row.latitude is None or row.longitude is None:
            return None
        cell = f"{int(row.latitude * 1000)} {int(row.longitude * 1000)}"
        return _of(
            row.commune_id, cell, str(answers.get("nha_mang") or ""), str(answers.get("trong_ngoai") or "")
        )
    if row.subject == uuid.uuid5(uuid.NAMESPACE_URL, row.instance_id):
        return None
    return _of(row.commune_id, str(row.subject))


def _of(commune_id: int, *parts: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, "|".join(("check-point", str(commune_id), *parts)))


def _as_sent(row: Any) -> uuid.UUID | None:
    named = str(_answers(row).get("chi_tieu/doi_tuong") or "")
    try:
        return uuid.UUID(named)
    except ValueError:
        return None
