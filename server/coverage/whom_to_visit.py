"""What a team leader asks of their thôn: whom to visit, how fast it goes, what was helped with, what looks wrong."""

import datetime as dt
import itertools
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from geo.target_states import Pace, pace
from server import clock
from server.counting import tally, tally_sums
from server.coverage.commune_input import VISITED
from server.db import db
from server.households import household_parts, household_states, next_try
from server.households.entity_changes import HOUSEHOLDS
from server.households.household_parts import Parts
from server.households.household_states import AWAY, CLOSED, MET, NOT_VISITED, REFUSED, REVISIT
from server.households.next_try import Appointment, NextTry
from server.models import (
    Collector,
    Commune,
    Difficulty,
    Entity,
    EntityList,
    Form,
    Indicator,
    Plan,
    Submission,
    Target,
    Village,
)
from server.places import merged_villages
from server.review import waiting_reasons
from server.review.waiting_reasons import Reason

STATES: Mapping[str, str] = {
    state: household_states.WORDS[state] for state in household_states.TO_WORK_THROUGH
}
"""The lists of a thôn, in the order in which they are worked through."""
TODAY = "hom_nay"
"""The list of those to knock at today: not visited yet, absent or to be visited again, as one walks."""
TO_VISIT = (NOT_VISITED, AWAY, REVISIT)
PAGE = 40
MOST_DOUBTS = 20
_FOUR_WEEKS = dt.timedelta(weeks=4)


@dataclass(frozen=True)
class TeamProgress:
    """Households of a thôn by what came of the visits, and the pace that is needed.

    `closed`: those among the absent that were tried often enough; `called`: those that refused and want to be
    visited today all the same.
    """

    village: Village
    parts: tuple[int, ...]
    """Keys of the thôn and of those that were merged into it: what is asked of it is asked of them all."""
    by_state: Mapping[str, int]
    pace: Pace
    deadline: dt.date
    closed: int = 0
    called: int = 0

    @property
    def households(self) -> int:
        return sum(self.by_state.values())

    @property
    def met(self) -> int:
        return self.by_state.get(MET, 0) + self.by_state.get(REVISIT, 0)

    @property
    def to_visit(self) -> int:
        return sum(self.by_state.get(state, 0) for state in TO_VISIT) - self.closed + self.called

    @property
    def listed(self) -> Mapping[str, int]:
        """How many households each list of the page has: a closed one is in its own and not among the absent."""
        by_state = dict(self.by_state)
        return {
            **by_state,
            AWAY: by_state.get(AWAY, 0) - self.closed,
            CLOSED: self.closed,
            TODAY: self.to_visit,
        }


@dataclass(frozen=True)
class TeamHousehold:
    """A household in a list: its label, where it is, and when somebody was last there."""

    id: uuid.UUID
    label: str
    address: str
    lane: str
    state: str
    visits: int
    last_day: dt.date | None
    last_try: dt.datetime | None = None
    """The moment of the last visit, of one that met nobody: at which hour to come another time."""
    appointment: Appointment | None = None
    is_closed: bool = False


@dataclass(frozen=True)
class Homes:
    """A page of a thôn's households, lane by lane."""

    homes: tuple[TeamHousehold, ...]
    found: int
    page: int
    is_last: bool
    due: tuple[TeamHousehold, ...] = ()
    """Those of today's list that want to be visited today, before all others."""

    @property
    def lanes(self) -> tuple["WalkedLane", ...]:
        """The same, under the lane in which each stands."""
        walked = (home for home in self.homes if home not in self.due)
        grouped = itertools.groupby(walked, key=lambda home: home.lane)
        return tuple(WalkedLane(name, tuple(homes)) for name, homes in grouped)


@dataclass(frozen=True)
class WalkedLane:
    """A lane with its households, as one walks; the name is "" where none is known."""

    name: str
    homes: tuple[TeamHousehold, ...]


@dataclass(frozen=True)
class Helped:
    """People helped with one thing this week."""

    label: str
    people: int


@dataclass(frozen=True)
class Doubtful:
    """A visit that looks doubtful, each with its reasons; to be asked about, not a verdict."""

    id: int
    form: str
    household: str | None
    sender: str | None
    observed_at: dt.datetime
    reasons: tuple[Reason, ...]


def progress(commune: Commune, shown: Sequence[Village]) -> tuple[TeamProgress, ...]:
    """How far each of these thôn is. Six statements, however many thôn and households."""
    parts = merged_villages.homes(village.id for village in shown)
    today, deadline = clock.today(), _deadline(commune)
    by_state, (closed, called) = _by_state(parts), _set_apart(parts)
    visited = db.session.scalar(sa.select(Indicator.id).where(Indicator.code == VISITED))
    met = tally_sums.at_ends(list(parts), visited, [today - _FOUR_WEEKS, today]) if visited and parts else {}
    recently: Counter[int] = Counter()
    for key, (before, now) in met.items():
        recently[parts[key]] += now.subjects - before.subjects
    found = []
    for village in shown:
        states = by_state[village.id]
        is_met = states[MET] + states[REVISIT]
        speed = pace(
            households=states.total() or None,
            visited=is_met,
            visited_in_four_weeks=max(0, recently[village.id]),
            as_of=today,
            deadline=deadline,
        )
        own = tuple(sorted(key for key, home in parts.items() if home == village.id))
        listed = {state: states[state] for state in STATES}
        found.append(
            TeamProgress(village, own, listed, speed, deadline, closed[village.id], called[village.id])
        )
    return tuple(found)


def _deadline(commune: Commune) -> dt.date:
    """The last deadline of a surveyed figure of this year's plan; the end of the year where there is none."""
    year = clock.today().year
    query = sa.select(sa.func.max(Target.deadline)).join(Plan, Plan.id == Target.plan_id)
    found = db.session.scalar(
        query.where(Plan.commune_id == commune.id, Plan.year == year, Target.how != "office")
    )
    return found or dt.date(year, 12, 31)


def _state(data: Mapping[str, Any]) -> str:
    return str(data.get("tinh_trang") or NOT_VISITED)


def _by_state(parts: Mapping[int, int]) -> dict[int, Counter[str]]:
    """Households by state of each thôn, those of its parts among them."""
    state = sa.func.coalesce(Entity.data["tinh_trang"].as_string(), NOT_VISITED).label("state")
    query = sa.select(Entity.village_id, state).join(EntityList, EntityList.id == Entity.list_id)
    listed = query.where(
        Entity.village_id.in_(list(parts)), EntityList.name == HOUSEHOLDS, Entity.ended_at.is_(None)
    ).subquery()
    rows: Any = db.session.execute(sa.select(*listed.c, sa.func.count()).group_by(*listed.c))
    found: dict[int, Counter[str]] = {home: Counter() for home in parts.values()}
    for village_id, known, number in rows:
        found[parts[village_id]][known or NOT_VISITED] += number if known in STATES or not known else 0
    return found


def _set_apart(parts: Mapping[int, int]) -> tuple[Counter[int], Counter[int]]:
    """How many households of each thôn were tried often enough, and how many that refused are to be visited today."""
    today, most = clock.today(), next_try.most()
    state, visits = Entity.data["tinh_trang"].as_string(), Entity.data["lan_tham"].as_string()
    is_tried = sa.and_(state == AWAY, visits.not_in([str(few) for few in range(most)]))
    is_called = sa.and_(state == REFUSED, Entity.data[next_try.DAY].as_string() == today.isoformat())
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(Entity.village_id, Entity.data)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            Entity.village_id.in_(list(parts)),
            EntityList.name == HOUSEHOLDS,
            Entity.ended_at.is_(None),
            sa.or_(is_tried, is_called),
        )
    )
    found: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    rows: Any = db.session.execute(query)
    for village_id, data in rows:
        tried = next_try.of(data, today, most)
        found[0][parts[village_id]] += tried.is_closed
        found[1][parts[village_id]] += _state(data) == REFUSED and _is_due(tried, today)
    return found


def _is_listed(state: str, data: Mapping[str, Any], tried: NextTry) -> bool:
    """Whether a household belongs to one of the lists of the page."""
    if state == CLOSED or tried.is_closed:
        return state == CLOSED and tried.is_closed
    return _state(data) in (TO_VISIT if state == TODAY else (state,)) or (
        state == TODAY and _is_due(tried, clock.today())
    )


def homes(
    village_ids: Sequence[int],
    state: str,
    search: str,
    page: int,
    only: Collection[uuid.UUID] | None = None,
) -> Homes:
    """A thôn's households of one list (TODAY: all to visit), found by label or address; lanes in their order.

    Of today's those come first that want to be visited today. `only` these, where a part of the thôn is meant.
    """
    today, most = clock.today(), next_try.most()
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(Entity.id, Entity.label, Entity.data)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            Entity.village_id.in_(village_ids),
            EntityList.name == HOUSEHOLDS,
            Entity.ended_at.is_(None),
        )
    )
    rows: Any = db.session.execute(query)
    found = [
        (key, own, data, tried)
        for key, label, data in rows
        if (only is None or key in only)
        and _is_listed(state, data, tried := next_try.of(data, today, most))
        and household_parts.holds(own := household_parts.of_row(label, data), search)
    ]
    found.sort(key=lambda each: (not (state == TODAY and _is_due(each[3], today)), each[1].walking))
    first = PAGE * (page - 1)
    listed = found[first : first + PAGE]
    tries = _last_tries([key for key, _, data, _ in listed if _state(data) == AWAY])
    shown = tuple(_home(key, own, data, tries.get(key), tried) for key, own, data, tried in listed)
    due = tuple(
        home for home, each in zip(shown, listed, strict=True) if state == TODAY and _is_due(each[3], today)
    )
    return Homes(shown, len(found), page, len(found) <= first + PAGE, due)


def _is_due(tried: NextTry, today: dt.date) -> bool:
    return tried.appointment is not None and tried.appointment.day == today


def _last_tries(households: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, dt.datetime]:
    """When each household was last asked about by a submission that counts."""
    if not households:
        return {}
    rows: Any = db.session.execute(
        sa.select(Submission.entity_id, sa.func.max(Submission.observed_at))
        .where(
            Submission.entity_id.in_(households),
            Submission.review != "rejected",
            Submission.replaced_by_id.is_(None),
            Submission.quarantine.is_(None),
        )
        .group_by(Submission.entity_id)
    )
    return dict(rows.all())


def _home(
    key: uuid.UUID, own: Parts, data: Mapping[str, Any], last_try: dt.datetime | None, tried: NextTry
) -> TeamHousehold:
    last_day = _day(str(data.get("ngay_cuoi") or ""))
    # a later submission that was no visit, about a difficulty say, has no hour to tell
    is_visit = last_try is not None and last_try.astimezone(clock.LOCAL).date() == last_day
    return TeamHousehold(
        key,
        own.called,
        own.address,
        own.lane,
        _state(data),
        tried.visits,
        last_day,
        last_try if is_visit else None,
        tried.appointment,
        tried.is_closed,
    )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def helped(parts: Sequence[int]) -> tuple[Helped, ...]:
    """People helped since Monday, by what with; events of this week's visits."""
    today = clock.today()
    monday = today - dt.timedelta(days=today.weekday())
    rows = tally.tally_rows().subquery().c
    query = (
        sa.select(Indicator.label_vi, sa.func.sum(rows.done))
        .join(Indicator, Indicator.id == rows.indicator_id)
        .where(
            rows.village_id.in_(parts),
            rows.day >= monday,
            rows.day <= today,
            Indicator.kind == "event",
            Indicator.self_of_id.is_(None),
        )
        .group_by(Indicator.position, Indicator.label_vi)
        .order_by(Indicator.position, Indicator.label_vi)
    )
    found: Any = db.session.execute(query)
    return tuple(Helped(label, int(people)) for label, people in found if people)


def doubtful(commune: Commune, parts: Sequence[int]) -> tuple[Doubtful, ...]:
    """The newest visits of a thôn that look doubtful and that nobody has decided on."""
    columns = (
        Submission.id, Form.title, Entity.label, Collector.name, Submission.observed_at,
        Submission.quarantine, Submission.flags, Submission.missing_files,
    )  # fmt: skip
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(*columns)
        .join(Form, Form.id == Submission.form_id)
        .outerjoin(Entity, Entity.id == Submission.entity_id)
        .outerjoin(Collector, Collector.id == Submission.collector_id)
        .where(
            Submission.village_id.in_(parts),
            Submission.collector_id.in_(sa.select(Collector.id).where(Collector.commune_id == commune.id)),
            waiting_reasons.NEEDS_A_LOOK,
            Submission.review.in_(("received", "has_issues")),
            Submission.replaced_by_id.is_(None),
        )
        .order_by(Submission.id.desc())
        .limit(MOST_DOUBTS)
    )
    return tuple(_doubtful(row) for row in db.session.execute(query))


def _doubtful(row: Any) -> Doubtful:
    submission_id, form, household, sender, observed_at, quarantine, flags, missing = row
    reasons = waiting_reasons.reasons(quarantine, flags or (), len(missing or ()))
    return Doubtful(submission_id, form, household, sender, observed_at, reasons)


def answered(parts: Sequence[int]) -> int:
    """Difficulties of a thôn that were answered: somebody has to tell the household."""
    query = sa.select(sa.func.count()).select_from(Difficulty)
    here = Difficulty.village_id.in_(parts)
    return db.session.scalar(query.where(here, Difficulty.state == "answered")) or 0
