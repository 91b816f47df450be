"""Difficulties that people meet: taken in from submissions, listed, answered, closed and opened again."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from server import clock
from server.db import db
from server.errors import Problem
from server.models import (
    Commune,
    Difficulty,
    DifficultyStep,
    Entity,
    Form,
    Person,
    Submission,
    Village,
)
from server.places import merged_villages
from server.review.review_problems import ReviewProblem

FORM = "phan_anh"

STATES: Mapping[str, str] = {
    "new": "mới",
    "working": "đang xử lý",
    "answered": "đã trả lời",
    "closed": "đã đóng",
}
OPEN = ("new", "working")
"""Those that wait for the office."""

KINDS: Mapping[str, str] = {
    "song_mang": "Sóng điện thoại, Internet",
    "wifi": "Wi-Fi công cộng",
    "dvc": "Dịch vụ công trực tuyến",
    "vneid": "VNeID, chữ ký số",
    "smart": "Smart Hải Phòng",
    "thiet_bi": "Thiếu điện thoại, máy tính",
    "lua_dao": "Lừa đảo trên mạng",
    "loa": "Loa truyền thanh",
    "khac": "Việc khác",
}
"""The choices of `loai`, as lists and filters name them."""

PAGE = 50
LOOKED_BACK = 5_000
"""How many of the newest submissions are looked through for difficulties that committed late."""

_Rows = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class DifficultyAct:
    """Something the office may do: from which states, to which, and whether it has to say why."""

    name: str
    label: str
    before: frozenset[str]
    after: str
    needs_text: bool


ACTS: Mapping[str, DifficultyAct] = {
    act.name: act
    for act in (
        DifficultyAct("take", "Nhận xử lý", frozenset({"new"}), "working", needs_text=False),
        DifficultyAct(
            "answer", "Trả lời", frozenset({"new", "working", "answered"}), "answered", needs_text=True
        ),
        DifficultyAct("close", "Đóng", frozenset({"new", "working", "answered"}), "closed", needs_text=False),
        DifficultyAct("reopen", "Mở lại", frozenset({"answered", "closed"}), "working", needs_text=True),
    )
}


@dataclass(frozen=True)
class DifficultyFilter:
    """What a list is asked for; None is everything. `villages` are those that the reader may see."""

    state: str | None = "open"
    village_id: int | None = None
    kind: str | None = None
    villages: frozenset[int] | None = None
    page: int = 1


@dataclass(frozen=True)
class DifficultyRow:
    """A difficulty in a list; `days` since the office received it."""

    id: int
    kind: str
    state: str
    village: str | None
    text: str
    days: int
    changed_at: dt.datetime
    is_self_answered: bool = False
    """Somebody wrote it down by themselves, by a poster."""


@dataclass(frozen=True)
class DifficultyPage:
    """Some of the difficulties asked for; `counts` are of all states, whatever state was asked for."""

    lines: tuple[DifficultyRow, ...]
    counts: Mapping[str, int]
    page: int
    is_last: bool


@dataclass(frozen=True)
class OfficeStep:
    """What the office did."""

    at: dt.datetime
    person: str
    act: str
    text: str | None


@dataclass(frozen=True)
class OpenedDifficulty:
    """One difficulty with all that was told and done."""

    id: int
    submission_id: int
    village_id: int | None
    village: str | None
    kind: str
    state: str
    text: str
    place: str
    wants_answer: bool
    household: str | None
    """Its label: personal, to be shown to those alone who may see it (R24)."""
    observed_at: dt.datetime
    received_at: dt.datetime
    steps: tuple[OfficeStep, ...]
    is_self_answered: bool

    @property
    def acts(self) -> tuple[DifficultyAct, ...]:
        """What may be done now."""
        return tuple(act for act in ACTS.values() if self.state in act.before)


def gather() -> None:
    """Take in the difficulties that have arrived since the last time; in a transaction of its own.

    Done when somebody looks, so that a visit costs no more for it. What was set aside is taken in once a person
    has approved it (`take_in`).
    """
    newest = sa.select(sa.func.coalesce(sa.func.max(Difficulty.submission_id), 0)).scalar_subquery()
    with db.engine.connect() as connection:
        forms = connection.scalars(sa.select(Form.id).where(Form.form_id == FORM)).all()
        if not forms:
            return
        # by form and number: where nobody has told a difficulty yet, all of the city's visits would be read
        arrived = _ARRIVED.where(Submission.form_id.in_(forms), Submission.id > newest - LOOKED_BACK)
        found = connection.execute(arrived).all()
    _store(found)


def take_in(submission_id: int) -> None:
    """Take in one submission, if it tells a difficulty that counts; in a transaction of its own."""
    with db.engine.connect() as connection:
        found = connection.execute(_ARRIVED.where(Submission.id == submission_id)).all()
    _store(found)


_ARRIVED: _Rows = (
    sa.select(
        sa.func.coalesce(Submission.root_id, Submission.id).label("id"),
        Submission.id.label("submission_id"),
        Village.commune_id,
        Submission.village_id,
        Submission.answers["loai"].as_string().label("kind"),
        Submission.received_at,
    )
    .join(Form, Form.id == Submission.form_id)
    .join(Village, Village.id == Submission.village_id)
    .where(
        Form.form_id == FORM,
        Submission.quarantine.is_(None),
        Submission.replaced_by_id.is_(None),
        Submission.review != "rejected",
        ~sa.exists().where(Difficulty.submission_id == Submission.id),
    )
    .order_by(Submission.id)
)


def _store(found: Sequence[Any]) -> None:
    """An edit takes the place of what it edits: the same difficulty, told anew."""
    if not found:
        return
    kind = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {**row._mapping, "kind": row.kind or "khac", "state": "new", "changed_at": row.received_at}
        for row in found
    ]
    with db.engine.connect().execution_options(writes=True) as connection:
        for row in rows:
            adding = kind(Difficulty).values(row)
            told = {name: adding.excluded[name] for name in ("submission_id", "kind", "village_id")}
            connection.execute(adding.on_conflict_do_update(index_elements=[Difficulty.id], set_=told))
        connection.commit()
    db.session.rollback()  # what the session has begun to read on SQLite was there before these


_STANDS = sa.and_(Submission.replaced_by_id.is_(None), Submission.review != "rejected")


def open_count(commune: Commune) -> int:
    """How many difficulties of a commune wait for the office."""
    gather()
    counted = (
        sa.select(sa.func.count())
        .select_from(Difficulty)
        .join(Submission, Submission.id == Difficulty.submission_id)
        .where(Difficulty.commune_id == commune.id, Difficulty.state.in_(OPEN), _STANDS)
    )
    return db.session.scalar(counted) or 0


def listed(commune: Commune, wanted: DifficultyFilter) -> DifficultyPage:
    """A page of a commune's difficulties: the oldest first of those that wait, the newest first of all others."""
    gather()
    shown = _FROM.where(Difficulty.commune_id == commune.id, _STANDS, *_filters(wanted))
    states = OPEN if wanted.state == "open" else (wanted.state,) if wanted.state in STATES else tuple(STATES)
    first = wanted.state in ("open", "new", "working")
    order = Difficulty.id.asc() if first else Difficulty.id.desc()
    text = Submission.answers["noi_dung"].as_string().label("text")
    columns = (text, Village.name.label("village"), Submission.poster_id.is_not(None))
    query = shown.add_columns(Difficulty, *columns).where(Difficulty.state.in_(states)).order_by(order)
    rows: Sequence[Any] = db.session.execute(query.limit(PAGE + 1).offset(PAGE * (wanted.page - 1))).all()
    counted = shown.add_columns(Difficulty.state, sa.func.count()).group_by(Difficulty.state)
    counts = {row[0]: row[1] for row in db.session.execute(counted)}
    lines = tuple(_line(*row) for row in rows[:PAGE])
    return DifficultyPage(lines, counts, wanted.page, len(rows) <= PAGE)


_FROM: _Rows = (
    sa.select()
    .select_from(Difficulty)
    .join(Submission, Submission.id == Difficulty.submission_id)
    .outerjoin(Village, Village.id == Difficulty.village_id)
)


def _filters(wanted: DifficultyFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.villages is not None:
        found.append(Difficulty.village_id.in_(wanted.villages))
    if wanted.village_id is not None:
        found.append(Difficulty.village_id.in_(merged_villages.of(wanted.village_id)))
    if wanted.kind is not None:
        found.append(Difficulty.kind == wanted.kind)
    return found


def _line(row: Difficulty, text: str | None, village: str | None, is_self_answered: bool) -> DifficultyRow:
    days = (clock.today() - clock.day_of(row.received_at)).days
    return DifficultyRow(
        row.id, row.kind, row.state, village, text or "", days, row.changed_at, is_self_answered
    )


def told(commune: Commune, difficulty_id: int, villages: frozenset[int] | None = None) -> OpenedDifficulty:
    """One difficulty of a commune (of these thôn); Problem DIFFICULTY_UNKNOWN."""
    columns = (
        Submission.answers, Submission.observed_at, Village.name, Entity.label, Submission.poster_id.is_not(None)
    )  # fmt: skip
    query = _FROM.add_columns(Difficulty, *columns).outerjoin(Entity, Entity.id == Submission.entity_id)
    query = query.where(Difficulty.id == difficulty_id, Difficulty.commune_id == commune.id, _STANDS)
    if villages is not None:
        query = query.where(Difficulty.village_id.in_(villages))
    found: Any = db.session.execute(query).one_or_none()
    if found is None:
        raise Problem(ReviewProblem.DIFFICULTY_UNKNOWN)
    row, answers, observed_at, village, household, is_self_answered = found
    return OpenedDifficulty(
        id=row.id,
        submission_id=row.submission_id,
        village_id=row.village_id,
        village=village,
        kind=row.kind,
        state=row.state,
        text=answers.get("noi_dung") or "",
        place=answers.get("o_dau") or "",
        wants_answer=answers.get("muon_tra_loi") == "co",
        household=household,
        observed_at=observed_at,
        received_at=row.received_at,
        steps=_steps(row.id),
        is_self_answered=is_self_answered,
    )


def _steps(difficulty_id: int) -> tuple[OfficeStep, ...]:
    query = (
        sa.select(DifficultyStep.at, Person.name, DifficultyStep.act, DifficultyStep.text)
        .join(Person, Person.id == DifficultyStep.person_id)
        .where(DifficultyStep.difficulty_id == difficulty_id)
        .order_by(DifficultyStep.id)
    )
    return tuple(OfficeStep(*row) for row in db.session.execute(query))


def do(difficulty: OpenedDifficulty, act: DifficultyAct, person_id: int, text: str) -> None:
    """Take one step; the caller commits. Problem DIFFICULTY_CHANGED where somebody else was quicker."""
    moment = clock.now()
    changed = (
        sa.update(Difficulty)
        .where(Difficulty.id == difficulty.id, Difficulty.state == difficulty.state)
        .where(Difficulty.state.in_(act.before))
        .values(state=act.after, changed_at=moment)
    )
    if db.session.execute(changed).rowcount != 1:  # type: ignore[attr-defined]
        raise Problem(ReviewProblem.DIFFICULTY_CHANGED)
    step = DifficultyStep(
        difficulty_id=difficulty.id, at=moment, person_id=person_id, act=act.name, text=text or None
    )
    db.session.add(step)
