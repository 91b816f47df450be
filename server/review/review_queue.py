"""The queue of submissions that a person looks at, and all that one of them says, by the words of its questions."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.definition import NONE, Definition, Field
from server.db import db, in_vietnamese_order
from server.errors import Problem
from server.households import household_parts
from server.models import Collector, Commune, Entity, Form, FormVersion, Submission, Village
from server.places import merged_villages
from server.review import submission_states, waiting_reasons
from server.review.review_problems import ReviewProblem
from server.review.waiting_reasons import Reason

PAGE = 50
WAITING = "cho_soat"
"""What waits for a person: with a flag, set aside or incomplete, and not decided on yet."""
EVERY = "tat_ca"
HIDDEN = "(không hiển thị)"

_ASKED = frozenset(
    {
        "select_one",
        "select_multiple",
        "integer",
        "decimal",
        "text",
        "date",
        "time",
        "dateTime",
        "geopoint",
        "binary",
    }
)
_Rows = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Wanted:
    """What the queue is asked for; None does not narrow it."""

    state: str = WAITING
    flag: str | None = None
    village_id: int | None = None
    collector_id: int | None = None
    form_id: int | None = None
    quarantined: bool = False
    before: int | None = None


@dataclass(frozen=True)
class Line:
    """A submission in the queue, without anything that was answered."""

    id: int
    form: str
    village: str | None
    collector: str | None
    received_at: dt.datetime
    observed_at: dt.datetime
    state: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Queue:
    """Some of those asked for, the newest first; `before` is where the next page begins, None at the end."""

    lines: tuple[Line, ...]
    before: int | None


@dataclass(frozen=True)
class Answered:
    """A question with its answer, in words."""

    question: str
    answer: str


@dataclass(frozen=True)
class OtherVisit:
    """Another visit to the same household."""

    id: int
    observed_at: dt.datetime
    result: str | None
    collector: str | None
    state: str


@dataclass(frozen=True)
class Neighbour:
    """A household of the same lane: whether it was met, and its label where that may be shown."""

    label: str
    state: str


@dataclass(frozen=True)
class Opened:
    """One submission with all that a decision needs."""

    line: Line
    answers: tuple[Answered, ...]
    hidden: int
    """Answers that are personal and not shown."""
    household: str | None
    point: tuple[float, float] | None
    village_id: int | None
    is_replaced: bool
    others: tuple[OtherVisit, ...]
    neighbours: tuple[Neighbour, ...]


CHAIN = 50
"""Versions of one submission that its page names."""
_COLUMNS = (
    Submission.id,
    Form.title.label("form"),
    Village.name.label("village"),
    Collector.name.label("collector"),
    Submission.received_at,
    Submission.observed_at,
    Submission.review,
    Submission.quarantine,
    Submission.flags,
    Submission.missing_files,
)
_FROM: _Rows = (
    sa.select(*_COLUMNS)
    .join(Form, Form.id == Submission.form_id)
    .join(Collector, Collector.id == Submission.collector_id)
    .outerjoin(Village, Village.id == Submission.village_id)
)


def queue(commune: Commune, wanted: Wanted) -> Queue:
    """A page of the queue of a commune: what its collectors sent. One statement."""
    query = _FROM.where(
        Collector.commune_id == commune.id, Submission.replaced_by_id.is_(None), *_filters(wanted)
    )
    rows = db.session.execute(query.order_by(Submission.id.desc()).limit(PAGE + 1)).all()
    lines = tuple(_line(row) for row in rows[:PAGE])
    return Queue(lines, lines[-1].id if len(rows) > PAGE else None)


def _filters(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.state == WAITING:
        found += [waiting_reasons.NEEDS_A_LOOK, Submission.review.in_(("received", "has_issues"))]
    elif wanted.state != EVERY:
        found.append(Submission.review == wanted.state)
    if wanted.flag is not None:
        found.append(sa.cast(Submission.flags, sa.String).contains(f'"{wanted.flag}"', autoescape=True))
    if wanted.quarantined:
        found.append(waiting_reasons.IS_QUARANTINED)
    if wanted.before is not None:
        found.append(Submission.id < wanted.before)
    if wanted.village_id is not None:
        found.append(Submission.village_id.in_(merged_villages.of(wanted.village_id)))
    equal = ((Submission.collector_id, wanted.collector_id), (Submission.form_id, wanted.form_id))
    return [*found, *(column == value for column, value in equal if value is not None)]


def _line(row: Any) -> Line:
    reasons = waiting_reasons.reasons(row.quarantine, row.flags or (), len(row.missing_files or ()))
    return Line(
        row.id, row.form, row.village, row.collector, row.received_at, row.observed_at, row.review, reasons
    )


def find(commune: Commune, submission_id: int) -> Any:
    """The row of a submission that this commune's collectors sent; Problem SUBMISSION_UNKNOWN for any other."""
    more = (
        Submission.replaced_by_id,
        Submission.entity_id,
        Submission.form_version_id,
        Submission.answers,
        Submission.latitude,
        Submission.longitude,
        Submission.village_id,
        Form.form_id.label("form_code"),
        Entity.label.label("household"),
        Entity.data.label("household_data"),
    )
    query = _FROM.add_columns(*more).outerjoin(Entity, Entity.id == Submission.entity_id)
    row = db.session.execute(
        query.where(Submission.id == submission_id, Collector.commune_id == commune.id)
    ).one_or_none()
    if row is None:
        raise Problem(ReviewProblem.SUBMISSION_UNKNOWN)
    return row


def opened(row: Any, *, names: bool) -> Opened:
    """All that a found submission says; labels and personal answers only with `names` (R24)."""
    definition = _definition(row.form_version_id)
    answers, hidden = _answers(row.answers or {}, definition, names=names) if definition else ((), 0)
    has_point = row.latitude is not None and row.longitude is not None
    return Opened(
        line=_line(row),
        answers=answers,
        hidden=hidden,
        household=row.household if names else None,
        point=(row.latitude, row.longitude) if has_point else None,
        village_id=row.village_id,
        is_replaced=row.replaced_by_id is not None,
        others=_others(row.entity_id, row.id) if row.entity_id else (),
        neighbours=_neighbours(row) if names and row.entity_id else (),
    )


def said(answers: Mapping[str, Any], version_id: int | None) -> tuple[Answered, ...]:
    """Every question that a submission answered, personal ones included, for the household itself."""
    definition = _definition(version_id)
    return _answers(answers, definition, names=True)[0] if definition else ()


def versions(submission_id: int) -> Sequence[Any]:
    """The first submission of a chain of edits and what replaced it, oldest first; empty for one that stands alone.

    Followed by key from one to the next, for chains are short and no index is worth the room; at most CHAIN.
    """
    columns = (Submission.id, Submission.received_at, Submission.root_id, Submission.replaced_by_id)
    known = sa.select(*columns)
    start = db.session.execute(known.where(Submission.id == submission_id)).one()
    found: list[Any] = []
    following = start.root_id or start.id
    while following is not None and len(found) < CHAIN:
        row = db.session.execute(known.where(Submission.id == following)).one_or_none()
        if row is None:  # deleted on request
            break
        found.append(row)
        following = row.replaced_by_id
    return found if len(found) > 1 else []


def _definition(version_id: int | None) -> Definition | None:
    stored = db.session.scalar(sa.select(FormVersion.definition).where(FormVersion.id == version_id))
    return Definition.from_json(stored) if stored else None


def _answers(
    answers: Mapping[str, Any], definition: Definition, *, names: bool
) -> tuple[tuple[Answered, ...], int]:
    """Questions that were answered, in the form's order, and how many answers are kept back."""
    shown, hidden = [], 0
    for each in definition.fields:
        answer = answers.get(each.path)
        if answer in (None, "", []) or each.kind not in _ASKED or not each.labels:
            continue
        if each.sensitivity != NONE and not names:
            hidden += 1
            shown.append(Answered(_told(each.labels, each.name, definition), HIDDEN))
        elif each.choices_file is None:
            shown.append(
                Answered(_told(each.labels, each.name, definition), _words(each, answer, definition))
            )
    return tuple(shown), hidden


def _told(labels: Mapping[str, str], name: str, definition: Definition) -> str:
    """A label in the form's first language; JSON in PostgreSQL keeps no order of languages."""
    return labels.get(definition.default_language) or next(iter(labels.values()), name)


def _words(field: Field, answer: Any, definition: Definition) -> str:
    """An answer as its choices call it."""
    labels = {choice.name: _told(choice.labels, choice.name, definition) for choice in field.choices}
    if isinstance(answer, dict):
        return ", ".join(str(value) for value in answer.values() if value is not None)
    given = answer if isinstance(answer, list) else [answer]
    return ", ".join(labels.get(str(each), str(each)) for each in given)


def _others(entity_id: uuid.UUID, submission_id: int) -> tuple[OtherVisit, ...]:
    query = (
        sa.select(Submission.id, Submission.observed_at, Submission.result, Collector.name, Submission.review)
        .outerjoin(Collector, Collector.id == Submission.collector_id)
        .where(
            Submission.entity_id == entity_id,
            Submission.id != submission_id,
            Submission.replaced_by_id.is_(None),
        )
        .order_by(Submission.observed_at.desc())
        .limit(10)
    )
    return tuple(OtherVisit(*row) for row in db.session.execute(query))


def _neighbours(row: Any) -> tuple[Neighbour, ...]:
    """Up to eight households of the same lane, in the order of walking."""
    lane = household_parts.of_row("", row.household_data or {}).lane
    if not lane:
        return ()
    query = sa.select(Entity.label, Entity.data).where(
        Entity.village_id.in_(merged_villages.around(row.village_id)),
        Entity.id != row.entity_id,
        Entity.ended_at.is_(None),
    )
    rows: Any = db.session.execute(query)
    read = [(household_parts.of_row(label, data), data) for label, data in rows]
    same = sorted((each for each in read if each[0].lane == lane), key=lambda each: each[0].walking)
    return tuple(Neighbour(own.label, data.get("tinh_trang") or "chua_tham") for own, data in same[:8])


def states() -> Mapping[str, str]:
    """What the queue may be asked for, by code."""
    return {WAITING: "chờ soát", **submission_states.WORDS, EVERY: "tất cả"}


def choices(commune: Commune) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    """The thôn, the collectors and the forms by which the queue may be narrowed."""
    valid = (Village.commune_id == commune.id, Village.valid_to.is_(None))
    # names repeat within a merged commune: the code tells them apart
    named = Village.name.concat(" (").concat(Village.code).concat(")")
    villages = db.session.execute(
        sa.select(Village.id, named).where(*valid).order_by(in_vietnamese_order(Village.name), Village.code)
    )
    senders = sa.select(Collector.id, Collector.name).where(Collector.commune_id == commune.id)
    own = sa.or_(Form.commune_id.is_(None), Form.commune_id == commune.id)
    forms = sa.select(Form.id, Form.title).where(own).order_by(Form.title)
    return (
        villages.all(),
        db.session.execute(senders.order_by(in_vietnamese_order(Collector.name))).all(),
        db.session.execute(forms).all(),
    )
