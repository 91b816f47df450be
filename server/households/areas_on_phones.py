"""The parts of a thôn that members walk: which household belongs to which, and how a list on a phone shows it."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from geo.area_lanes import AreaLanes, WalkedHome, place
from server.households.household_parts import Parts
from server.households.read_address import plain
from server.models import Village, WalkingArea, WalkingHousehold, WalkingMember

LONGEST_NAME = 24
"""Letters of a part's name: it stands behind households' names on phones."""

_AREAS = (
    sa.select(
        WalkingArea.id,
        WalkingArea.village_id,
        WalkingArea.name,
        WalkingArea.lanes,
        WalkingArea.version,
        sa.exists()
        .where(
            WalkingMember.area_id == WalkingArea.id, WalkingMember.collector_id == sa.bindparam("collector")
        )
        .label("is_own"),
    )
    .where(WalkingArea.village_id.in_(sa.bindparam("villages", expanding=True)))
    .order_by(WalkingArea.village_id, WalkingArea.position)
)
_SINGLES = (
    sa.select(WalkingHousehold.entity_id, WalkingHousehold.area_id)
    .join(WalkingArea, WalkingArea.id == WalkingHousehold.area_id)
    .where(WalkingArea.village_id.in_(sa.bindparam("villages", expanding=True)))
)
_VILLAGES = sa.select(Village.id, Village.code, Village.merged_into_id).where(
    Village.id.in_(sa.bindparam("villages", expanding=True))
)


@dataclass(frozen=True)
class WalkingPlace:
    """Where a household stands for one collector: whether it is theirs to walk, and whose part else ("" for theirs)."""

    is_own: bool
    area: str = ""


@dataclass(frozen=True)
class PhoneAreas:
    """The parts of the thôn on one collector's phone, where some are theirs; `mark` changes whenever they do."""

    mark: tuple[Any, ...] = ()
    villages: frozenset[int] = frozenset()
    areas: tuple[Any, ...] = field(default=(), repr=False)
    homes: Mapping[str, int] = field(default_factory=dict, repr=False)
    """The thôn (its key) that each of these codes belongs to today."""

    @property
    def own(self) -> tuple[int, ...]:
        return tuple(area.id for area in self.areas if area.is_own)


def lane_key(parts: Parts) -> str:
    """What says that two households stand in one lane, however it is written; "" where none is known."""
    return plain(parts.lane)


def walked(homes: Iterable[tuple[uuid.UUID, Parts]]) -> list[WalkedHome[uuid.UUID]]:
    """Households in the order in which a team walks."""
    ordered = sorted(homes, key=lambda each: (each[1].walking, each[0].hex))
    return [WalkedHome(key, lane_key(parts)) for key, parts in ordered]


def of_phone(connection: sa.Connection, village_ids: Collection[int], collector_id: int) -> PhoneAreas:
    """The parts of these thôn as a collector's list shows them; none (one statement) where none is theirs."""
    asked = {"villages": sorted(village_ids)}
    rows = connection.execute(_AREAS, asked | {"collector": collector_id}).all()
    if not any(row.is_own for row in rows):
        return PhoneAreas()
    villages = connection.execute(_VILLAGES, asked).all()
    merged = {row.id: row.merged_into_id for row in villages}
    homes = {row.code: _home(row.id, merged) for row in villages}
    mark = (*((row.id, row.name, row.version, row.is_own) for row in rows), *sorted(homes.items()))
    return PhoneAreas(mark, frozenset(village_ids), tuple(rows), homes)


def places(
    connection: sa.Connection, found: PhoneAreas, homes: Sequence[tuple[uuid.UUID, str, Parts]]
) -> dict[uuid.UUID, WalkingPlace]:
    """Where each household stands, given with the code of its thôn; a thôn without parts of theirs has none."""
    rows = connection.execute(_SINGLES, {"villages": sorted(found.villages)})
    singles = {row.entity_id: row.area_id for row in rows}
    here: dict[int, list[tuple[uuid.UUID, Parts]]] = defaultdict(list)
    for key, code, parts in homes:
        here[found.homes[code]].append((key, parts))
    names, shown = {area.id: area for area in found.areas}, {}
    for village_id, own in here.items():
        areas = [area for area in found.areas if area.village_id == village_id]
        if any(area.is_own for area in areas):
            for key, area_id in _placed(own, areas, singles).items():
                is_own = names[area_id].is_own
                shown[key] = WalkingPlace(is_own, "" if is_own else names[area_id].name)
    return shown


def _home(village_id: int, merged: Mapping[int, int | None]) -> int:
    """The thôn that one belongs to today, mergers followed as far as these thôn know them."""
    seen = {village_id}
    while (into := merged.get(village_id)) is not None and into in merged and into not in seen:
        village_id = into
        seen.add(into)
    return village_id


def _placed(
    homes: Iterable[tuple[uuid.UUID, Parts]], areas: Sequence[Any], singles: Mapping[uuid.UUID, int]
) -> dict[uuid.UUID, int]:
    lanes = [AreaLanes(area.id, frozenset(area.lanes)) for area in areas]
    return place(walked(homes), lanes, singles)


def of_village(
    connection: sa.Connection, village_id: int, homes: Iterable[tuple[uuid.UUID, Parts]]
) -> dict[uuid.UUID, int]:
    """The part (its key) of each household of a thôn; empty where it is not split."""
    values = {"villages": [village_id], "collector": 0}
    areas = connection.execute(_AREAS, values).all()
    if not areas:
        return {}
    singles = {row.entity_id: row.area_id for row in connection.execute(_SINGLES, values)}
    return _placed(homes, areas, singles)
