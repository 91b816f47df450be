"""The list of households as it goes out: as the table that an import takes, and lane by lane for those who walk."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from server.db import db
from server.households import household_parts, household_states, list_comparison
from server.households.entity_changes import STATE
from server.households.list_comparison import ListedHousehold, own_code
from server.households.list_import import HOUSEHOLD_TABLE
from server.models import Commune, Entity, Village

TO_VISIT: Mapping[str, tuple[str, ...]] = {
    "chua_tham": (household_states.NOT_VISITED,),
    "con_phai_den": (household_states.NOT_VISITED, household_states.AWAY, household_states.REVISIT),
    "tat_ca": household_states.TO_WORK_THROUGH,
}
"""What a list on paper may hold, by the states of its households."""


def households(
    commune: Commune,
    village_ids: Collection[int] | None = None,
    states: Collection[str] | None = None,
    *,
    with_closed: bool = True,
) -> list[ListedHousehold]:
    """The households on a commune's list, or on that of some thôn, thôn by thôn in their walking order; with or
    without those that were tried often enough."""
    return [
        each
        for each in list_comparison.listed(commune, village_ids)
        if (states is None or each.state in states) and (with_closed or not each.is_closed)
    ]


def numbers(commune: Commune, states: Collection[str] | None = None) -> dict[Village, int]:
    """How many households each thôn's list has, those that were tried often enough too; thôn by their codes, without
    those that have none. One statement beside those for thôn."""
    homes = list_comparison.homes_today(commune)
    listed = sa.select(Entity.village_id).where(*list_comparison.is_listed(homes))
    if states is not None:
        listed = listed.where(STATE.in_(sorted(states)))
    there = listed.subquery()
    rows: Iterable[Any] = db.session.execute(
        sa.select(there.c.village_id, sa.func.count()).group_by(there.c.village_id)
    )
    found: Counter[Village] = Counter()
    for key, number in rows:
        found[homes[key]] += number
    return dict(sorted(found.items(), key=lambda each: each[0].code))


def table_row(household: ListedHousehold) -> Sequence[str]:
    """The cells of HOUSEHOLD_TABLE: a list that comes back as it went out changes nothing."""
    name, lane, number, address = household_parts.filed(household.parts)
    told = {
        "household_head": name,
        "village_code": household.village.code,
        "village": household.village.name,
        "lane": lane,
        "house_number": number,
        "address": address,
        "household_code": household.code or own_code(household.id),
    }
    # by what each column holds: one that only reading knows, as a side lane beside its lane, stays empty
    return [told.get(column.meaning, "") for column in HOUSEHOLD_TABLE.columns]


@dataclass(frozen=True)
class LaneOnPaper:
    """The households of one lane; "" where none is known."""

    name: str
    households: tuple[ListedHousehold, ...]


@dataclass(frozen=True)
class VillageOnPaper:
    """The households of a thôn, lane by lane."""

    village: Village
    lanes: tuple[LaneOnPaper, ...]

    @property
    def count(self) -> int:
        return sum(len(lane.households) for lane in self.lanes)


def on_paper(found: Iterable[ListedHousehold]) -> list[VillageOnPaper]:
    """Households in their walking order, as `households` gives them, by thôn and lane."""
    return [
        VillageOnPaper(
            village,
            tuple(
                LaneOnPaper(lane, tuple(own))
                for lane, own in groupby(homes, key=lambda each: each.parts.lane)
            ),
        )
        for village, homes in groupby(found, key=lambda each: each.village)
    ]
