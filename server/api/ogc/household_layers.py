"""The layers `ho-diem` (where households were met) and `nhiem-vu` (which are still to be visited), by right.

Who may not see single records is told of households by thôn alone, what the coverage table tells and no more.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import audit
from server.accounts import access, client_access, person_keys
from server.accounts.callers import Caller
from server.accounts.roles import Right
from server.api.ogc import map_layer, village_layer
from server.api.ogc.column_kinds import Kind, LayerColumn
from server.api.ogc.map_layer import Feature, LayerScope, MapLayer, named, reads_sums
from server.coverage import household_points, whom_to_visit
from server.coverage.household_points import KnownHousehold
from server.db import db
from server.households import household_states
from server.models import Commune, Village
from server.places import communes, merged_villages

_WHERE = (
    LayerColumn("commune", Kind.TEXT, "Mã xã, phường"),
    LayerColumn("village", Kind.TEXT, "Mã thôn"),
    LayerColumn("village_name", Kind.TEXT, "Tên thôn"),
)
_POINTS = named(
    *_WHERE,
    LayerColumn("households", Kind.INTEGER, "Số hộ (1 nếu là điểm của một hộ)"),
    LayerColumn("visited", Kind.INTEGER, "Số hộ đã gặp"),
    LayerColumn("state", Kind.TEXT, "Kết quả thăm hộ; để trống nếu là điểm chung của thôn"),
    LayerColumn("visits", Kind.INTEGER, "Số lần thăm"),
    LayerColumn("last_day", Kind.DAY, "Ngày thăm gần nhất"),
)
_TASKS = named(
    *_WHERE,
    LayerColumn("label", Kind.TEXT, "Hộ"),
    LayerColumn("address", Kind.TEXT, "Ngõ, số nhà"),
    LayerColumn("state", Kind.TEXT, "Tình trạng"),
    LayerColumn("state_words", Kind.TEXT, "Tình trạng, bằng chữ"),
    LayerColumn("visits", Kind.INTEGER, "Số lần thăm"),
    LayerColumn("last_day", Kind.DAY, "Ngày thăm gần nhất"),
)


@dataclass(frozen=True)
class SeenVillages:
    """The thôn of a commune whose records the reader may see."""

    commune: Commune
    homes: Mapping[int, Village]
    """For each of them and of its parts, the thôn in which it counts today."""


def points(scope: LayerScope) -> list[Feature]:
    """Single households where the reader may see records, else one point a thôn; each reading of records is logged."""
    seen = _seen(scope)
    _note(seen, "points")
    of_households = [feature for each in seen for feature in _households(each, only_with_point=True)]
    summed = [commune for commune in scope.communes if not access.sees_records(commune)]
    open_to = {village.code for each in seen for village in each.homes.values()}
    of_villages = [
        each
        for each in _of_villages(LayerScope(summed, scope.day))
        if each.properties["village"] not in open_to
    ]
    place = {commune.id: at for at, commune in enumerate(scope.communes)}
    return sorted(of_households + of_villages, key=lambda each: place[each.commune.id])


def _seen(scope: LayerScope) -> list[SeenVillages]:
    """The thôn whose records the reader may see, of each commune that has such."""
    found = []
    for commune in scope.communes:
        ids = access.villages_seen(commune)
        if ids is None or ids:
            villages = {village.id: village for village in communes.villages_by_code(commune, ids)}
            homes = merged_villages.homes(villages)
            found.append(SeenVillages(commune, {key: villages[home] for key, home in homes.items()}))
    return [each for each in found if each.homes]


def _households(
    seen: SeenVillages, states: Collection[str] | None = None, *, only_with_point: bool = False
) -> Iterator[Feature]:
    """Households with their thôn alone, which `fill` completes."""
    where = {
        key: {"commune": seen.commune.code, "village": village.code, "village_name": village.name}
        for key, village in seen.homes.items()
    }
    places = household_points.of_villages(seen.homes, states, only_with_point=only_with_point)
    shapes = map_layer.points([each.point for each in places])
    for place, shape in zip(places, shapes, strict=True):
        yield Feature(str(place.id), seen.commune, shape, where[place.village_id])


def _of_villages(scope: LayerScope) -> Iterator[Feature]:
    """A point in each thôn that has an outline, which `fill` gives its numbers."""
    for feature in village_layer.read(scope):
        if feature.shape is not None:
            told = feature.properties
            where = {"commune": told["commune"], "village": told["code"], "village_name": told["name"]}
            yield Feature(feature.id, feature.commune, feature.shape.representative_point(), where)


def fill_points(features: Sequence[Feature], scope: LayerScope) -> list[Feature]:
    """The same with what came of the visits: of households their own, of thôn what the table tells."""
    villages = [each for each in features if each.id == each.properties["village"]]
    told = {each.id: each.properties for each in village_layer.fill(villages, scope)}
    households = _known(features)
    return [
        each.with_more(
            _of_household(households[each.id]) if each.id in households else _of_village(told[each.id])
        )
        for each in features
        if each.id in households or each.id in told
    ]


def _of_household(household: KnownHousehold) -> dict[str, Any]:
    met = household.state in (household_states.MET, household_states.REVISIT)
    return {"households": 1, "visited": int(met), **_visits(household)}


def _of_village(told: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {"households": told.get("households"), "visited": told.get("visited")}
    return {**numbers, **dict.fromkeys(("state", "visits", "last_day"))}


def tasks(scope: LayerScope) -> list[Feature]:
    """The households that are still to be visited, in the thôn that the reader looks after."""
    seen = _seen(scope)
    _note(seen, "tasks")
    return [feature for each in seen for feature in _households(each, whom_to_visit.TO_VISIT)]


def fill_tasks(features: Sequence[Feature], _scope: LayerScope) -> list[Feature]:
    """The same with their names, unless a key asks that was not made for personal answers."""
    caller = access.signed_in()
    by_name = caller.is_person or person_keys.PERSONAL in caller.reads
    households = _known(features)
    return [
        each.with_more(_task(households[each.id], by_name=by_name))
        for each in features
        if each.id in households
    ]


def _task(household: KnownHousehold, *, by_name: bool) -> dict[str, Any]:
    return {
        "label": household.parts.called if by_name else None,
        "address": household.parts.address if by_name else None,
        "state_words": household_states.word(household.state),
        **_visits(household),
    }


def _visits(household: KnownHousehold) -> dict[str, Any]:
    day = household.last_day.isoformat() if household.last_day else None
    return {"state": household.state, "visits": household.visits, "last_day": day}


def _known(features: Sequence[Feature]) -> dict[str, KnownHousehold]:
    """What is known of those features that are households, by their id."""
    households = {
        uuid.UUID(each.id): each.commune.id for each in features if each.id != each.properties["village"]
    }
    if not households:
        return {}
    here = sa.select(Village.id).where(Village.commune_id.in_(set(households.values())))
    found = household_points.known(households.keys(), db.session.scalars(here).all())
    return {str(key): household for key, household in found.items()}


def _note(seen: Sequence[SeenVillages], what: str) -> None:
    """One row of the audit for each time that single households are shown."""
    homes = {key: (each.commune, village) for each in seen for key, village in each.homes.items()}
    shown = [homes[key] for key in household_points.villages_with_any(homes)] if homes else []
    if shown:
        first = min((commune for commune, _ in shown), key=lambda commune: commune.code)
        codes = sorted({village.code for _, village in shown})
        audit.note_reading("household.list", f"commune:{first.code}", {"layer": what, "villages": codes})


def _leads(caller: Caller) -> bool:
    return caller.may(Right.LEAD_TEAM)


POINTS = MapLayer(
    name="ho-diem",
    title="Hộ theo điểm",
    description="Người được xem hồ sơ từng hộ: điểm của hộ (làm tròn khoảng 110 m) và kết quả thăm. Người khác: mỗi "
    "thôn một điểm với số hộ và số hộ đã gặp.",
    columns=lambda: _POINTS,
    read=points,
    declared=client_access.sums("coverage"),
    is_open_to=reads_sums,
    cheap=frozenset(column.name for column in _WHERE),
    fill=fill_points,
)
TASKS = MapLayer(
    name="nhiem-vu",
    title="Hộ cần đến",
    description="Hộ chưa đến, vắng nhà hoặc cần thăm lại, của các thôn mà người đọc phụ trách.",
    columns=lambda: _TASKS,
    read=tasks,
    declared=client_access.client(Right.LEAD_TEAM, records=True),
    is_open_to=_leads,
    cheap=frozenset(column.name for column in _WHERE),
    fill=fill_tasks,
)
