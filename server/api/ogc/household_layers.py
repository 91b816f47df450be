"""The layers `ho-diem` (where households were met) and `nhiem-vu` (which are still to be visited), by right.

Who may not see single records is told of households by thôn alone, what the coverage table tells and no more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from server import audit
from server.accounts import access, client_access, person_keys
from server.accounts.access import Caller
from server.accounts.roles import Right
from server.api.ogc import map_layer, village_layer
from server.api.ogc.layer_columns import Kind, LayerColumn
from server.api.ogc.map_layer import Feature, LayerScope, MapLayer, named, reads_sums
from server.coverage import household_points, whom_to_visit
from server.coverage.household_points import HouseholdPlace
from server.households import household_states
from server.models import Commune, Village
from server.places import merged_villages

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
class SeenHousehold:
    """A household that the reader may see, with the thôn it counts in today."""

    commune: Commune
    village: Village
    place: HouseholdPlace


def points(scope: LayerScope) -> list[Feature]:
    """Single households where the reader may see records, else one point a thôn; each reading of records is logged."""
    found: list[Feature] = []
    own: list[SeenHousehold] = []
    for commune in scope.communes:
        seen = _seen(commune)
        own += seen
        found += [_point(each) for each in seen if each.place.point is not None]
        if not access.sees_records(commune):
            open_to = {each.code for each in whom_to_visit.villages(commune, access.villages_seen(commune))}
            found += [
                each for each in _of_villages(commune, scope) if each.properties["village"] not in open_to
            ]
    _note(own, "points")
    return found


def _seen(commune: Commune) -> list[SeenHousehold]:
    """The households of the thôn whose records the reader may see, lane by lane."""
    shown = whom_to_visit.villages(commune, access.villages_seen(commune))
    villages = {village.id: village for village in shown}
    homes = merged_villages.homes(villages)
    return [
        SeenHousehold(commune, villages[homes[place.village_id]], place)
        for place in household_points.of_villages(sorted(homes))
    ] if homes else []  # fmt: skip


def _of_villages(commune: Commune, scope: LayerScope) -> Iterator[Feature]:
    """A point in each thôn that has an outline, with its households and those met, as the table tells them."""
    here = LayerScope((commune,), scope.day)
    for feature in village_layer.fill(village_layer.read(here), here):
        if feature.shape is not None:
            told = feature.properties
            yield Feature(
                id=feature.id,
                commune=commune,
                shape=feature.shape.representative_point(),
                properties={
                    "commune": commune.code,
                    "village": told["code"],
                    "village_name": told["name"],
                    "households": told.get("households"),
                    "visited": told.get("visited"),
                    **dict.fromkeys(("state", "visits", "last_day")),
                },
            )


def _point(seen: SeenHousehold) -> Feature:
    met = seen.place.state in (household_states.MET, household_states.REVISIT)
    return _feature(seen, {"households": 1, "visited": int(met)})


def tasks(scope: LayerScope) -> list[Feature]:
    """The households that are still to be visited, in the thôn that the reader looks after.

    With their names, unless a key asks that was not made for personal answers.
    """
    own = [each for commune in scope.communes for each in _seen(commune)]
    caller = access.signed_in()
    by_name = caller.is_person or person_keys.PERSONAL in caller.reads
    _note(own, "tasks")
    return [
        _feature(
            each,
            {
                "label": each.place.parts.called if by_name else None,
                "address": each.place.parts.address if by_name else None,
                "state_words": household_states.word(each.place.state),
            },
        )
        for each in own
        if each.place.state in whom_to_visit.TO_VISIT
    ]


def _feature(seen: SeenHousehold, more: Mapping[str, Any]) -> Feature:
    place = seen.place
    return Feature(
        id=str(place.id),
        commune=seen.commune,
        shape=map_layer.point(place.point),
        properties={
            "commune": seen.commune.code,
            "village": seen.village.code,
            "village_name": seen.village.name,
            "state": place.state,
            "visits": place.visits,
            "last_day": place.last_day.isoformat() if place.last_day else None,
            **more,
        },
    )


def _note(own: list[SeenHousehold], what: str) -> None:
    """One row of the audit for each time that single households are shown."""
    if own:
        codes = sorted({each.village.code for each in own})
        audit.note_reading(
            "household.list", f"commune:{own[0].commune.code}", {"layer": what, "villages": codes}
        )


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
)
TASKS = MapLayer(
    name="nhiem-vu",
    title="Hộ cần đến",
    description="Hộ chưa đến, vắng nhà hoặc cần thăm lại, của các thôn mà người đọc phụ trách.",
    columns=lambda: _TASKS,
    read=tasks,
    declared=client_access.client(Right.LEAD_TEAM, records=True),
    is_open_to=_leads,
)
