"""Thôn that become one: old codes with their last day, counted in the new one from its first day on (R4)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
import sqlalchemy as sa

from geo.boundaries import Outline
from geo.check_outlines import area_m2
from server import audit, clock
from server.boundaries import stored_outlines
from server.db import db
from server.households import households_on_days
from server.models import CollectorVillage, Commune, Village, VillageFigure
from server.models.people import person_village
from server.phones import phone_access
from server.places import communes, household_numbers
from server.places.communes import PlacesRejected

SOURCE = "cộng từ các thôn hợp nhất"
MOST_AHEAD = dt.timedelta(days=31)
"""How long before its first day a merger may be recorded: old thôn take no new outlines or lists from then on."""


@dataclass(frozen=True)
class Merged:
    """What a merger changed: thôn that ended, collectors who walk all of it now."""

    ended: int
    collectors: int
    households: int | None


def merge(
    commune: Commune, old: Sequence[Village], new: Village, first_day: dt.date, actor: str, decision: str = ""
) -> Merged:
    """End the old thôn on the day before `first_day` and count them in the new one; the caller commits.

    Old codes stay good for ever: those who walked any of these thôn walk them all, so that a phone that still has
    an old code is met, and its visit counts in the new unit. `decision` is the number of the document that says
    so. The commune's households stay as many as they were. Raises PlacesRejected where that makes no sense.
    """
    _check(commune, old, new, first_day)
    every = [*old, new]
    households = _figures(every, new, first_day, f"{SOURCE}, {decision}" if decision else SOURCE)
    _outline(commune, every, new, actor)
    for village in old:
        village.valid_to, village.merged_into_id = first_day - dt.timedelta(days=1), new.id
    walked = _shared(every)
    detail = {
        "old": [village.code for village in old],
        "new": new.code,
        "day": first_day.isoformat(),
        "decision": decision,
    }
    audit.add(actor, "places.merge", f"village:{new.id}", detail)
    communes.forget_index()
    phone_access.forget()
    return Merged(len(old), walked, households)


def _check(commune: Commune, old: Sequence[Village], new: Village, first_day: dt.date) -> None:
    wrong = [] if old else ["Chưa chọn thôn nào để nhập; hãy chọn ít nhất một thôn."]
    earliest = first_day - MOST_AHEAD
    if clock.today() < earliest:
        wrong.append(
            f"Ngày {first_day:%d/%m/%Y} còn xa; hãy ghi việc hợp nhất này từ ngày {earliest:%d/%m/%Y}."
        )
    for village in dict.fromkeys(old):
        if old.count(village) > 1:
            wrong.append(f"{_named(village)} được ghi hai lần; hãy bỏ bớt một lần.")
    if new in old:
        wrong.append(f"{_named(new)} không thể nhập vào chính nó; hãy chọn một thôn khác để nhập vào.")
    for village in dict.fromkeys([*old, new]):
        wrong += _unfit(commune, village, first_day, is_new=village is new)
    if wrong:
        raise PlacesRejected(wrong)


def _unfit(commune: Commune, village: Village, first_day: dt.date, *, is_new: bool) -> list[str]:
    """Why a thôn cannot take part, and what to do instead."""
    if village.commune_id != commune.id:
        return [
            f"{_named(village)} không thuộc {commune.kind} {commune.name}; "
            f"chỉ hợp nhất được các thôn của cùng một {commune.kind}."
        ]
    if village.valid_to is not None and village.merged_into_id is not None:
        into = db.session.get_one(Village, village.merged_into_id)
        return [
            f"{_named(village)} đã hết hiệu lực từ {village.valid_to:%d/%m/%Y}, đã nhập vào {_named(into)}; "
            "hãy chọn thôn ấy."
        ]
    if village.valid_to is not None:
        return [f"{_named(village)} đã hết hiệu lực từ {village.valid_to:%d/%m/%Y}; hãy chọn thôn đang dùng."]
    if village.valid_from >= first_day and not is_new:
        return [f"{_named(village)} mới có từ {village.valid_from:%d/%m/%Y}; hãy chọn ngày sau ngày ấy."]
    return []


def _named(village: Village) -> str:
    return f"Thôn {village.name.removeprefix('Thôn ').removeprefix('thôn ')} (mã {village.code})"


def _figures(every: Sequence[Village], new: Village, first_day: dt.date, source: str) -> int | None:
    """The households of all of them together on the first day; None where nothing is known of any.

    Where a document tells the number of at least one of them, their sum is the new thôn's from the first day on,
    and again from each later day on which one of them has another number. Where none does, the list goes on
    being counted.
    """
    keys = [village.id for village in every]
    days = {first_day} | set(
        db.session.scalars(
            sa.select(VillageFigure.day).where(
                VillageFigure.village_id.in_(keys), VillageFigure.day > first_day
            )
        )
    )
    sums = {day: household_numbers.total(households_on_days.households(keys, day).values()) for day in days}
    told = {day: number for day, number in sums.items() if household_numbers.newest(keys, day)}
    for day, number in told.items():
        same = sa.delete(VillageFigure).where(
            VillageFigure.village_id == new.id, VillageFigure.day == day, VillageFigure.source == source
        )
        db.session.execute(same)  # of an earlier merger into this thôn, whose number is in this one's sum
        db.session.add(VillageFigure(village_id=new.id, day=day, source=source, households=number))
    db.session.flush()
    return sums[first_day]


def _outline(commune: Commune, every: Sequence[Village], new: Village, actor: str) -> None:
    """The outlines of all of them together, where each that ends has one."""
    drawn = [village for village in every if village.outline is not None]
    if len(drawn) < len([village for village in every if village is not new]):
        return
    whole = shapely.union_all([shapely.from_wkb(village.outline) for village in drawn], grid_size=1e-7)
    parts = [part for part in shapely.get_parts(whole) if part.geom_type == "Polygon"]
    shape = shapely.MultiPolygon(parts)
    row = Outline(new.code, new.name, shape, area_m2(shape), 1)
    stored_outlines.store_outlines(
        [row],
        "village",
        commune=commune,
        source="hợp của các thôn hợp nhất",
        illustrative=any(village.illustrative for village in drawn),
        derived=any(village.derived for village in drawn),
        actor=actor,
    )


def _shared(every: Sequence[Village]) -> int:
    """Let everybody who walks or leads one of these thôn have them all; how many collectors that are."""
    keys = [village.id for village in every]
    rows = db.session.scalars(sa.select(CollectorVillage).where(CollectorVillage.village_id.in_(keys))).all()
    have = {(row.collector_id, row.village_id): row for row in rows}
    collectors = {row.collector_id for row in rows if row.until is None}
    for collector in sorted(collectors):
        for key in keys:
            row = have.get((collector, key))
            if row is None:
                db.session.add(CollectorVillage(collector_id=collector, village_id=key))
            else:
                row.until = None
    leads: set[tuple[int, int]] = {
        (row.person_id, row.village_id)
        for row in db.session.execute(sa.select(person_village).where(person_village.c.village_id.in_(keys)))
    }
    missing = [
        {"person_id": person, "village_id": key}
        for person in sorted({person for person, _ in leads})
        for key in keys
        if (person, key) not in leads
    ]
    if missing:
        db.session.execute(sa.insert(person_village), missing)
    return len(collectors)
