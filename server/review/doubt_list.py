"""One list of what is doubtful in a commune, by weight and age, with the act proposed and what was already done."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from forms.visit_checks import ACTS
from server import clock
from server.db import db
from server.households import door_remarks
from server.households.door_remarks import Remark
from server.models import Backcheck, BackcheckDraw, Collector, Commune, Entity, Form, Submission, Village
from server.places import merged_villages
from server.review import doubt_acts, waiting_reasons
from server.review.doubt_acts import ProposedAct
from server.review.waiting_reasons import Reason

PAGE = 50
MOST = 2_000
"""Doubtful visits that are ranked; more than these nobody looks at one by one."""
TODO, WAITING = "can_lam", "dang_cho"
STATES: Mapping[str, str] = {TODO: "cần làm", WAITING: "đã hỏi, đang chờ"}
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class DoubtFilter:
    """What the list is asked for; `villages` are those that the reader may see, None for all."""

    state: str = TODO
    village_id: int | None = None
    act: str | None = None
    villages: frozenset[int] | None = None
    page: int = 1


@dataclass(frozen=True)
class DoubtRow:
    """A doubtful visit, without anything that was answered."""

    id: int
    form: str
    village: str | None
    collector: str | None
    household_id: uuid.UUID | None
    household: str | None
    """Its label, for readers who may see the records of its thôn (R24)."""
    received_at: dt.datetime
    days: int
    """That it has waited."""
    reasons: tuple[Reason, ...]
    proposed: ProposedAct
    asked: Remark | None = None
    """The newest remark to the team about this visit."""
    check_id: int | None = None
    """The second visit that it was drawn for."""
    is_drawable: bool = False
    """The next draw of second visits will have it."""

    @property
    def rank(self) -> int:
        """A week of waiting weighs as much as one step of weight."""
        return self.proposed.weight + self.days // WEEK.days

    @property
    def is_waiting(self) -> bool:
        """Somebody has acted, and the answer is still to come."""
        return self.check_id is not None or (self.asked is not None and self.asked.answered_by is None)


@dataclass(frozen=True)
class DoubtPage:
    """Some of the rows asked for, the heaviest first; `counts` are of both states."""

    rows: tuple[DoubtRow, ...]
    counts: Mapping[str, int]
    page: int
    is_last: bool


def listed(commune: Commune, wanted: DoubtFilter) -> DoubtPage:
    """A page of the doubtful visits of a commune, or of these thôn of it, that nobody has decided on."""
    rows = _done(commune, [row for each in _found(commune, wanted) if (row := _row(each)) is not None])
    if wanted.act in ACTS:
        rows = [row for row in rows if row.proposed.act == wanted.act]
    counts = {state: sum(row.is_waiting is (state == WAITING) for row in rows) for state in STATES}
    shown = [row for row in rows if row.is_waiting is (wanted.state == WAITING)]
    shown.sort(key=lambda row: (-row.rank, -len(row.reasons), row.received_at))
    first = PAGE * (wanted.page - 1)
    return DoubtPage(
        tuple(shown[first : first + PAGE]), counts, wanted.page, is_last=len(shown) <= first + PAGE
    )


def one(commune: Commune, submission_id: int) -> DoubtRow | None:
    """The doubt about one visit of a commune; None where there is none, or somebody has decided."""
    query = _query(commune).where(Submission.id == submission_id)
    rows = [row for each in db.session.execute(query) if (row := _row(each)) is not None]
    return next(iter(_done(commune, rows)), None)


def _query(commune: Commune) -> sa.Select[*tuple[Any, ...]]:
    columns = (
        Submission.id, Form.title.label("form"), Village.name.label("village"), Collector.name.label("collector"),
        Submission.entity_id, Entity.label.label("household"), Submission.received_at, Submission.observed_at,
        Submission.flags,
    )  # fmt: skip
    return (
        sa.select(*columns)
        .join(Form, Form.id == Submission.form_id)
        .join(Collector, Collector.id == Submission.collector_id)
        .outerjoin(Village, Village.id == Submission.village_id)
        .outerjoin(Entity, Entity.id == Submission.entity_id)
        .where(
            waiting_reasons.OPEN,
            waiting_reasons.IS_FLAGGED,
            Submission.quarantine.is_(None),
            Collector.commune_id == commune.id,
        )
    )


def _found(commune: Commune, wanted: DoubtFilter) -> Sequence[Any]:
    query = _query(commune)
    if wanted.villages is not None:
        query = query.where(Submission.village_id.in_(_with_merged(wanted.villages)))
    if wanted.village_id is not None:
        query = query.where(Submission.village_id.in_(merged_villages.of(wanted.village_id)))
    # planned without the limit: PostgreSQL would walk through the visits of the whole city until it has met so many
    found = query.cte().prefix_with("MATERIALIZED", dialect="postgresql")
    return db.session.execute(sa.select(found).order_by(found.c.id).limit(MOST)).all()


def _with_merged(villages: frozenset[int]) -> list[int]:
    return sorted({each for village in villages for each in merged_villages.of(village)})


def _row(found: Any) -> DoubtRow | None:
    proposed = doubt_acts.proposed(found.flags)
    if proposed is None:
        return None
    return DoubtRow(
        found.id, found.form, found.village, found.collector, found.entity_id, found.household, found.received_at,
        max((clock.today() - clock.day_of(found.received_at)).days, 0),
        waiting_reasons.reasons(None, found.flags, 0), proposed,
    )  # fmt: skip


def _done(commune: Commune, rows: Sequence[DoubtRow]) -> list[DoubtRow]:
    """With what was done about each: asked again, drawn for a second visit, or coming to the next draw."""
    asked = door_remarks.about(
        db.session.connection(), {row.id: row.household_id for row in rows if row.household_id is not None}
    )
    ids = [row.id for row in rows]
    query = sa.select(Backcheck.submission_id, Backcheck.id).where(Backcheck.submission_id.in_(ids))
    checks = {row.submission_id: row.id for row in db.session.execute(query)}
    newest = sa.select(sa.func.max(BackcheckDraw.until_id)).where(BackcheckDraw.commune_id == commune.id)
    drawn_until = db.session.scalar(newest) or 0
    return [
        replace(row, asked=asked.get(row.id), check_id=checks.get(row.id), is_drawable=row.id > drawn_until)
        for row in rows
    ]
