"""A thôn as its parts are planned: households and lanes of each, how many are still to be visited, and by whom."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from geo.area_lanes import WalkedHome
from server import clock
from server.db import db
from server.households import areas_on_phones, household_parts, household_states, next_try, walking_areas
from server.households.entity_changes import HOUSEHOLDS
from server.households.household_parts import Parts
from server.households.next_try import NextTry
from server.models import Collector, Commune, Entity, EntityList, Village, WalkingArea
from server.places import communes, merged_villages

_TO_VISIT = (household_states.NOT_VISITED, household_states.AWAY, household_states.REVISIT)


@dataclass(frozen=True)
class PlannedHome:
    """A household in the order of walking, its state, and when it is to be tried next."""

    id: uuid.UUID
    parts: Parts
    state: str
    last_day: str
    tried: NextTry

    @property
    def is_to_visit(self) -> bool:
        """Whether somebody is still to go there: an appointment calls even to one that refused."""
        return (self.state in _TO_VISIT and not self.tried.is_closed) or self.tried.appointment is not None


@dataclass(frozen=True)
class PlannedLane:
    """A lane, or that share of it which a part has; `name` is "" where none is known, `key` is what says it is one."""

    key: str
    name: str
    homes: tuple[PlannedHome, ...]
    is_whole: bool

    @property
    def span(self) -> str:
        """“số 2–31” of a divided lane; "" of a whole one and where numbers are not known."""
        numbers = [home.parts.number for home in self.homes if home.parts.number]
        return "" if self.is_whole or not numbers else f"số {numbers[0]}–{numbers[-1]}"

    @property
    def to_visit(self) -> tuple[PlannedHome, ...]:
        return tuple(home for home in self.homes if home.is_to_visit)


@dataclass(frozen=True)
class PlannedArea:
    """A part with its lanes."""

    row: WalkingArea
    lanes: tuple[PlannedLane, ...]

    @cached_property
    def homes(self) -> tuple[PlannedHome, ...]:
        return tuple(home for lane in self.lanes for home in lane.homes)

    @property
    def to_visit(self) -> int:
        return sum(home.is_to_visit for home in self.homes)

    @property
    def met(self) -> int:
        return sum(home.state in (household_states.MET, household_states.REVISIT) for home in self.homes)

    @property
    def called_today(self) -> tuple[PlannedHome, ...]:
        """Those that want to be visited today."""
        today = clock.today()
        return tuple(
            home for home in self.homes if home.tried.appointment and home.tried.appointment.day == today
        )


@dataclass(frozen=True)
class PlannedThon:
    """A thôn with its households as one walks, its team, and its parts, if it is split."""

    village: Village
    homes: tuple[PlannedHome, ...]
    team: tuple[Collector, ...]
    areas: tuple[PlannedArea, ...]

    @property
    def walked(self) -> list[WalkedHome[uuid.UUID]]:
        return areas_on_phones.walked((home.id, home.parts) for home in self.homes)


def of(village: Village) -> PlannedThon:
    """All of a thôn's plan, with those merged into it."""
    homes = _homes(parts_of(village))
    rows = walking_areas.areas(village)
    own = {home.id: home.parts for home in homes}
    placed = areas_on_phones.of_village(db.session.connection(), village.id, own.items()) if rows else {}
    sizes = Counter(areas_on_phones.lane_key(home.parts) for home in homes)
    areas = tuple(
        PlannedArea(row, _lanes([home for home in homes if placed.get(home.id) == row.id], sizes))
        for row in rows
    )
    return PlannedThon(village, homes, tuple(walking_areas.team(village)), areas)


def parts_of(village: Village) -> Sequence[int]:
    """The keys of a thôn and of those merged into it."""
    return merged_villages.of(village.id)


def _homes(village_ids: Sequence[int]) -> tuple[PlannedHome, ...]:
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(Entity.id, Entity.label, Entity.data)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(Entity.village_id.in_(village_ids), EntityList.name == HOUSEHOLDS, Entity.ended_at.is_(None))
    )
    today, most = clock.today(), next_try.most()
    rows: Any = db.session.execute(query)
    found = [
        PlannedHome(
            row.id,
            household_parts.of_row(row.label, row.data),
            str(row.data.get("tinh_trang") or household_states.NOT_VISITED),
            str(row.data.get("ngay_cuoi") or ""),
            next_try.of(row.data, today, most),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda home: (home.parts.walking, home.id.hex)))


def _lanes(homes: Sequence[PlannedHome], sizes: Mapping[str, int]) -> tuple[PlannedLane, ...]:
    """Households under their lanes, those of one lane together however it is written."""
    first: dict[str, int] = {}
    for number, home in enumerate(homes):
        first.setdefault(areas_on_phones.lane_key(home.parts), number)
    ordered = sorted(homes, key=lambda home: first[areas_on_phones.lane_key(home.parts)])
    lanes = []
    for key, group in groupby(ordered, key=lambda home: areas_on_phones.lane_key(home.parts)):
        own = tuple(group)
        lanes.append(PlannedLane(key, own[0].parts.lane, own, len(own) == sizes[key]))
    return tuple(lanes)


@dataclass(frozen=True)
class ThonInPlan:
    """A line of a commune's list: a thôn, its team, its parts, and those of them that nobody walks."""

    village: Village
    team: int
    areas: int
    free: int


def villages(commune: Commune, ids: frozenset[int] | None) -> list[ThonInPlan]:
    """The thôn of a commune that are valid now, all or these, by code."""
    found = communes.villages_by_code(commune, ids)
    keys = [village.id for village in found]
    teams, parts, walked = (
        walking_areas.team_sizes(keys), walking_areas.part_numbers(keys), walking_areas.part_numbers(keys, walked=True)
    )  # fmt: skip
    return [
        ThonInPlan(each, teams[each.id], parts[each.id], parts[each.id] - walked[each.id]) for each in found
    ]
