"""Finds households of a commune and tells what is known of one: versions, visits, acts, conflicts."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import sqlalchemy as sa

from server.db import db, in_vietnamese_order
from server.errors import Problem
from server.households import household_parts, household_states
from server.households.entity_changes import ADDRESS, HOUSEHOLDS
from server.households.household_problems import HouseholdProblem
from server.households.rebuild_entity import COMPUTED
from server.households.same_household import Known, Likeness, are_alike
from server.models import (
    Collector,
    Commune,
    Entity,
    EntityAct,
    EntityList,
    EntityVersion,
    Form,
    Submission,
    Village,
)
from server.places import communes, merged_villages

PAGE = 50
MOST_DOUBLES = 200
"""Pairs that are shown at once: what is merged makes room for the next."""


@dataclass(frozen=True)
class HouseholdFilter:
    """Which households a page lists."""

    text: str = ""
    village_id: int | None = None
    state: str | None = None
    page: int = 1


@dataclass(frozen=True)
class HouseholdRow:
    """A household in a list; label and address are personal and shown only to those who asked for them."""

    id: uuid.UUID
    label: str
    address: str
    village: str
    state: str
    visits: str
    ended: str | None


@dataclass(frozen=True)
class HouseholdPage:
    """Some of the households that were asked for."""

    lines: tuple[HouseholdRow, ...]
    is_last: bool


@dataclass(frozen=True)
class VisitLine:
    """A submission about a household, in a list."""

    id: int
    form: str
    collector: str | None
    observed_at: dt.datetime
    result: str | None
    review: str
    quarantined: bool
    replaced: bool


@dataclass(frozen=True)
class HouseholdFolder:
    """All that an officer sees of a household."""

    row: Any
    village: Village
    visits: tuple[VisitLine, ...]
    versions: tuple[Any, ...]
    acts: tuple[Any, ...]
    alike: tuple[HouseholdRow, ...] = field(default=())

    @property
    def facts(self) -> dict[str, str]:
        """Its properties, but for those that the server computes and the thôn, which the table has."""
        return {k: v for k, v in self.row.data.items() if v and k not in COMPUTED and k != "thon"}


_COLUMNS = (
    Entity.id, Entity.label, Entity.data, Entity.ended_reason, Entity.village_id, Village.name.label("village"),
    Village.code,
)  # fmt: skip


def _of(commune: Commune) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(*_COLUMNS)
        .join(Village, Village.id == Entity.village_id)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(EntityList.name == HOUSEHOLDS, Village.commune_id == commune.id)
    )


def listed(commune: Commune, wanted: HouseholdFilter) -> HouseholdPage:
    """Households of a commune, a page of them; found by name, lane or number, marks typed or not."""
    query = _of(commune).order_by(Village.code, in_vietnamese_order(Entity.label), Entity.id)
    if wanted.village_id is not None:
        query = query.where(Entity.village_id.in_(merged_villages.of(wanted.village_id)))
    if wanted.state is not None:
        query = query.where(Entity.data["tinh_trang"].as_string() == wanted.state)
    start = (wanted.page - 1) * PAGE
    if not wanted.text.strip():
        rows: Sequence[Any] = db.session.execute(query.offset(start).limit(PAGE + 1)).all()
    else:
        rows = list(islice(_holding(query, wanted.text), start, start + PAGE + 1))
    today, called = merged_villages.merged(commune), communes.called(commune)
    return HouseholdPage(tuple(_line(row, today, called) for row in rows[:PAGE]), len(rows) <= PAGE)


def _holding(query: sa.Select[*tuple[Any, ...]], text: str) -> Iterator[Any]:
    """The rows of a query whose label or address hold these words, marks typed or not; one statement."""
    rows: Iterable[Any] = db.session.execute(query)
    return (row for row in rows if household_parts.holds(household_parts.of_row(row.label, row.data), text))


MOST_NAMED = 200


def named(commune: Commune, text: str) -> tuple[uuid.UUID, ...]:
    """The households of a commune that these words name, however they are written; at most MOST_NAMED."""
    query = _of(commune).order_by(Village.code, Entity.id)
    return tuple(row.id for row in islice(_holding(query, text), MOST_NAMED))


def _line(row: Any, today: Mapping[int, Village], called: Mapping[str, str]) -> HouseholdRow:
    """`today` is which thôn merged ones are now, `called` what the thôn of today are called by their codes."""
    home = today.get(row.village_id)
    village = called.get(home.code, home.name) if home else called.get(row.code, row.village)
    own = household_parts.of_row(row.label, row.data)
    return HouseholdRow(
        row.id, own.called, own.address, village, household_states.word(row.data.get("tinh_trang")),
        row.data.get("lan_tham") or "0", household_states.ENDS.get(row.ended_reason or ""),
    )  # fmt: skip


def one(commune: Commune, entity_id: uuid.UUID) -> HouseholdFolder:
    """A household of this commune; Problem HOUSEHOLD_UNKNOWN for any other."""
    query = (
        sa.select(*Entity.__table__.c)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(Entity.id == entity_id, EntityList.name == HOUSEHOLDS)
    )
    row = db.session.execute(query).first()
    village = db.session.get(Village, row.village_id) if row is not None and row.village_id else None
    if row is None or village is None or village.commune_id != commune.id:
        raise Problem(HouseholdProblem.HOUSEHOLD_UNKNOWN)
    versions = sa.select(*EntityVersion.__table__.c).where(EntityVersion.entity_id == entity_id)
    given = sa.and_(EntityAct.kind == "visit", EntityAct.detail["from"].as_string() == str(entity_id))
    acts = sa.select(*EntityAct.__table__.c).where(sa.or_(EntityAct.entity_id == entity_id, given))
    return HouseholdFolder(
        row,
        merged_villages.current(village),
        tuple(_visits(entity_id)),
        tuple(db.session.execute(versions.order_by(EntityVersion.version.desc()))),
        tuple(db.session.execute(acts.order_by(EntityAct.id.desc()))),
        tuple(_alike(commune, row)) if row.ended_at is None else (),
    )


def _visits(entity_id: uuid.UUID) -> Iterable[VisitLine]:
    query = (
        sa.select(
            Submission.id, Form.title, Collector.name, Submission.observed_at, Submission.result,
            Submission.review, Submission.quarantine.is_not(None), Submission.replaced_by_id.is_not(None),
        )
        .join(Form, Form.id == Submission.form_id)
        .outerjoin(Collector, Collector.id == Submission.collector_id)
        .where(Submission.entity_id == entity_id)
        .order_by(Submission.observed_at.desc(), Submission.id.desc())
    )  # fmt: skip
    rows: Iterable[Any] = db.session.execute(query)
    return (VisitLine(*row) for row in rows)


def _alike(commune: Commune, row: Any) -> Iterable[HouseholdRow]:
    """Other households of its thôn that are perhaps the same one, listed twice."""
    query = _of(commune).where(
        Entity.village_id.in_(merged_villages.around(row.village_id)),
        Entity.id != row.id,
        Entity.ended_at.is_(None),
    )
    today, called = merged_villages.merged(commune), communes.called(commune)
    rows = db.session.execute(query)
    own = household_parts.of_row(row.label, row.data)
    return (
        _line(other, today, called)
        for other in rows
        if are_alike(own, household_parts.of_row(other.label, other.data))
    )


@dataclass(frozen=True)
class Doubles:
    """Two households of one thôn that are perhaps one; the first is the longer in the list."""

    first: HouseholdRow
    second: HouseholdRow
    is_sure: bool
    """One name and one address, to the letter."""


def doubles(commune: Commune) -> list[Doubles]:
    """The likely doubles of a commune, the surest first, at most MOST_DOUBLES; each household with its most alike.

    Of the households that are only compared, no more is read than what they are called. Four statements.
    """
    today, called = merged_villages.merged(commune), communes.called(commune)
    query = _of(commune).with_only_columns(Entity.id, Entity.village_id, Entity.label, ADDRESS)
    rows: Iterable[Any] = db.session.execute(
        query.where(Entity.ended_at.is_(None)).order_by(Entity.created_at, Entity.id)
    )
    known: defaultdict[int, Known[uuid.UUID]] = defaultdict(Known)
    found: list[tuple[uuid.UUID, uuid.UUID, bool]] = []
    for key, village_id, label, where in rows:
        home = today[village_id].id if village_id in today else village_id
        there, own = known[home], household_parts.read(label, str(where or ""))
        for likeness, other in there.like(own)[:1]:
            found.append((other, key, likeness is Likeness.SAME))
        there.add(own, key)
    shown = sorted(found, key=lambda each: not each[2])[:MOST_DOUBLES]
    keys = {key for first, second, _ in shown for key in (first, second)}
    lines = {
        row.id: _line(row, today, called)
        for row in db.session.execute(_of(commune).where(Entity.id.in_(keys)))
    }
    return [Doubles(lines[first], lines[second], is_sure) for first, second, is_sure in shown]
