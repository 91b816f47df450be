"""The CSV files made from the tables for one collector: their thôn, their households, the commune's places."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import current_app

from forms.list_csv import EntityChoice, VillageChoice, entities_csv, md5, villages_csv
from geo import village_names
from geo.vietnamese_order import sort_key
from server import clock
from server.households import (
    areas_on_phones,
    backcheck_list,
    door_remarks,
    household_parts,
    next_try,
    row_on_phones,
    sample_list,
)
from server.households.areas_on_phones import PhoneAreas, WalkingPlace
from server.households.cached_lists import KeptLists
from server.households.entity_changes import HOUSEHOLDS, status
from server.households.household_states import MOVED
from server.models import Entity, EntityList, EntityVersion, Submission, Tombstone, Village
from server.models.privacy import of_entity
from server.phones.phone_access import PhoneCaller
from server.places import merged_villages

VILLAGES_FILE = "thon.csv"
PLACES = "diem_cong_cong"
BUSINESSES = "doanh_nghiep"

PROPERTIES: Mapping[str, tuple[str, ...]] = {
    HOUSEHOLDS: (
        "thon", "dia_chi", "tinh_trang", "ket_qua", "lan_tham", "ngay_cuoi",
        "g5_viettel", "g5_vinaphone", "g5_mobifone", "g5_khac", "tim", "hien_ten", "loi_nhan", "marker-color",
    ),
    PLACES: ("thon", "loai"),
    BUSINESSES: ("thon", "dia_chi", "nganh"),
}  # fmt: skip
"""Columns that the server makes of each list, after `name,label,__version`. What forms save of their own follows:
together they are the list's schema on the phone, which drops what is not in it (E4). Everything stands on the phone
unencrypted: no ID numbers, no telephone numbers, no points of homes (E5)."""

WHOLE_COMMUNE = frozenset({PLACES})
"""Lists of which a collector gets all of their commune; of any other, their own thôn alone (E6)."""


@dataclass(frozen=True)
class ListPlan:
    """What the list of households says beyond the rows: the day, remarks, samples, and when nobody was at home."""

    today: dt.date
    most_tries: int
    remarks: Mapping[uuid.UUID, str] = field(default_factory=dict)
    tries: Mapping[uuid.UUID, dt.datetime] = field(default_factory=dict)
    sampled: frozenset[uuid.UUID] = frozenset()
    """Those that are to be asked now for a sample."""
    places: Mapping[uuid.UUID, WalkingPlace] = field(default_factory=dict)


_EVERYBODYS = WalkingPlace(is_own=True)
"""Where a household stands in a thôn that is not split."""

_ROWS = (
    sa.select(
        Entity.id, Entity.label, Entity.version, Entity.data, Entity.ended_at.is_not(None), Village.code
    )
    .join(EntityList, EntityList.id == Entity.list_id)
    .join(Village, Village.id == Entity.village_id)
    .where(EntityList.name == sa.bindparam("list"))
)
_OF_VILLAGES = _ROWS.where(Entity.village_id.in_(sa.bindparam("villages", expanding=True)))
_OF_COMMUNE = _ROWS.where(
    Entity.village_id.in_(sa.select(Village.id).where(Village.commune_id == sa.bindparam("commune")))
)
_MARK = (
    Entity.id, Entity.version, Entity.changed_at, Entity.label, Entity.ended_at.is_not(None), Village.code
)  # fmt: skip
"""What tells whether a row is as it was, without its properties: whatever changes those raises the version."""
_MARKS_OF_VILLAGES = _OF_VILLAGES.with_only_columns(*_MARK, maintain_column_froms=True)
_MARKS_OF_COMMUNE = _OF_COMMUNE.with_only_columns(*_MARK, maintain_column_froms=True)
_KEPT = "tungnha.lists"

_VILLAGES = sa.select(Village.id, Village.code, Village.name, Village.valid_to, Village.merged_into_id).where(
    Village.id.in_(sa.bindparam("villages", expanding=True))
)
_LIST = sa.select(EntityList.properties).where(EntityList.name == sa.bindparam("list"))
_OWN_UNPLACED = (
    sa.select(
        Entity.id,
        Entity.label,
        Entity.version,
        Entity.data,
        Entity.ended_at.is_not(None),
        sa.null().label("code"),
    )
    .join(EntityList, EntityList.id == Entity.list_id)
    .join(EntityVersion, sa.and_(EntityVersion.entity_id == Entity.id, EntityVersion.version == 1))
    .join(Submission, Submission.id == EntityVersion.submission_id)
    .where(
        EntityList.name == sa.bindparam("list"),
        Entity.village_id.is_(None),
        Submission.collector_id == sa.bindparam("collector"),
    )
)
"""Of a list that a form declares: what this collector registered where no thôn is known."""
_KNOWN = (
    sa.select(Entity.id, Entity.village_id, Village.commune_id)
    .join(EntityList, EntityList.id == Entity.list_id)
    .outerjoin(Village, Village.id == Entity.village_id)
    .where(EntityList.name == sa.bindparam("list"), Entity.id.in_(sa.bindparam("ids", expanding=True)))
)


_VERSIONS = (
    sa.select(
        EntityVersion.entity_id,
        EntityVersion.version,
        EntityVersion.label,
        EntityVersion.data,
        EntityVersion.created_at,
    )
    .join(Entity, Entity.id == EntityVersion.entity_id)
    .join(EntityList, EntityList.id == Entity.list_id)
    .where(EntityList.name == sa.bindparam("list"), Entity.id.in_(sa.bindparam("entities", expanding=True)))
    .order_by(EntityVersion.version)
)


def content(connection: sa.Connection, filename: str, caller: PhoneCaller) -> bytes | None:
    """The file as it is now for this collector; None where the tables make no file of that name.

    Rows and columns have a fixed order: the bytes change exactly when a row of this collector does (E7).
    """
    if filename == VILLAGES_FILE:
        return villages(connection, caller.village_ids)
    if filename == backcheck_list.FILE:
        return backcheck_list.content(connection, caller)
    name = filename.removesuffix(".csv")
    columns = schema(connection, name) if filename == f"{name}.csv" else None
    if columns is None:
        return None
    if name in PROPERTIES:
        return entities(connection, name, caller, columns)
    return _of_a_form(connection, name, caller, columns)


def as_they_were(
    connection: sa.Connection, filename: str, named: Mapping[uuid.UUID, int | None], before: dt.datetime
) -> bytes | None:
    """Of an entity list the rows of these entities: at that version, or the last one made before then.

    None where the tables make no entity list of that name; without those of which there was none.
    """
    name = filename.removesuffix(".csv")
    columns = None if filename == VILLAGES_FILE else schema(connection, name)
    if columns is None:
        return None
    made = connection.execute(_VERSIONS, {"list": name, "entities": list(named)})
    found: dict[uuid.UUID, Any] = {}
    for row in made:  # oldest first
        wanted = named[row.entity_id]
        if row.version == wanted or (wanted is None and row.created_at < before):
            found[row.entity_id] = row
    rows = ((row.entity_id, row.label, row.version, row.data, False, None) for row in found.values())
    return entities_csv((_choice(name, row) for row in rows), columns)


def schema(connection: sa.Connection, name: str) -> tuple[str, ...] | None:
    """A list's columns after `name,label,__version`; None where no form that writes it was published."""
    own = connection.execute(_LIST, {"list": name}).first()
    if own is None and name not in PROPERTIES:
        return None
    return tuple(dict.fromkeys((*PROPERTIES.get(name, ()), *(own.properties if own else ()))))


def _of_a_form(connection: sa.Connection, name: str, caller: PhoneCaller, columns: Sequence[str]) -> bytes:
    """A list that a form declares: what lies in the collector's thôn, and what they registered without one."""
    rows = connection.execute(_OF_VILLAGES, {"list": name, "villages": sorted(caller.village_ids)}).all()
    unplaced = connection.execute(_OWN_UNPLACED, {"list": name, "collector": caller.collector_id}).all()
    return entities_csv((_choice(name, row) for row in (*rows, *unplaced) if not row[4]), columns)


def villages(connection: sa.Connection, village_ids: Sequence[int]) -> bytes:
    """`thon.csv`: the thôn with these keys, `name` being the code.

    One that was merged stays beside the new one, and says so: drafts and households on the phone name it (E17).
    """
    rows = connection.execute(_VILLAGES, {"villages": village_ids}).all()
    homes = merged_villages.on_day(rows, clock.today())
    called = village_names.told_apart({row.code: row.name for row in rows if homes[row.id] == row.id})
    names = {row.id: called.get(row.code, row.name) for row in rows}
    return villages_csv(
        VillageChoice(
            row.code,
            names[row.id] if homes[row.id] == row.id else f"{row.name} (nay thuộc {names[homes[row.id]]})",
        )
        for row in rows
    )


def entities(connection: sa.Connection, name: str, caller: PhoneCaller, columns: Sequence[str]) -> bytes:
    """An entity list as the phone imports it (E4), with the rows that this collector may have (E6)."""
    whole = name in WHOLE_COMMUNE
    slice_: tuple[int, ...] = (caller.commune_id,) if whole else tuple(sorted(caller.village_ids))
    values = {"list": name, "commune": caller.commune_id} if whole else {"list": name, "villages": slice_}
    marks = connection.execute(_MARKS_OF_COMMUNE if whole else _MARKS_OF_VILLAGES, values).all()
    plan, own = None, PhoneAreas()
    if name == HOUSEHOLDS:
        plan = ListPlan(clock.today(), next_try.most())
        own = areas_on_phones.of_phone(connection, slice_, caller.collector_id)
    mark = md5(repr((columns, plan, own.mark, sorted(map(tuple, marks)))).encode())
    kept: KeptLists = current_app.extensions.setdefault(_KEPT, KeptLists())
    kept_as = (name, slice_, own.own)
    if (known := kept.find(kept_as, mark)) is not None:
        return known
    rows = connection.execute(_OF_COMMUNE if whole else _OF_VILLAGES, values).all()
    if plan is not None:
        told, tried = door_remarks.waiting(connection, slice_), next_try.last_tries(connection, slice_)
        sampled = sample_list.told(connection, slice_)
        places = _places(connection, own, rows)
        plan = dataclasses.replace(plan, remarks=told, tries=tried, sampled=sampled, places=places)
    # a place that is gone is picked no more
    shown = (row for row in rows if name == HOUSEHOLDS or not row[4])
    made = entities_csv((_choice(name, row, plan) for row in shown), columns)
    kept.keep(kept_as, mark, made)
    return made


def _places(connection: sa.Connection, own: PhoneAreas, rows: Sequence[Any]) -> dict[uuid.UUID, WalkingPlace]:
    """Whose part each household is in; nothing where no part is this collector's."""
    if not own.areas:
        return {}
    homes = [(row[0], row[5], household_parts.of_row(row[1], row[3])) for row in rows if not row[4]]
    return areas_on_phones.places(connection, own, homes)


def deleted(
    connection: sa.Connection, name: str, ids: Iterable[uuid.UUID], caller: PhoneCaller
) -> dict[uuid.UUID, bool]:
    """For each id that the server knows, whether it is gone from this collector's list (E10).

    What was deleted is gone. Ids unknown to the server are left out: they are households which a phone made and
    has not sent yet.
    """
    asked = list(ids)
    found = connection.execute(_KNOWN, {"list": name, "ids": asked})
    keys = {of_entity(key): key for key in asked}
    gone = connection.scalars(sa.select(Tombstone.key).where(Tombstone.key.in_(list(keys))))
    return {keys[key]: True for key in gone} | {
        key: not _is_his(name, caller, village, commune) for key, village, commune in found
    }


def _is_his(name: str, caller: PhoneCaller, village_id: int | None, commune_id: int | None) -> bool:
    if name in WHOLE_COMMUNE:
        return commune_id == caller.commune_id
    return village_id in caller.village_ids or (village_id is None and name not in PROPERTIES)


def _choice(name: str, row: Sequence[Any], plan: ListPlan | None = None) -> EntityChoice:
    key, label, version, data, ended, village = row
    # the thôn is the table's, not what the form that registered the entity said
    shown = {**data, "thon": village} if village else dict(data)
    order: tuple[Any, ...] = (sort_key(label),)
    if name == HOUSEHOLDS:
        own = household_parts.of_row(label, data)
        shown = {**status(()), **shown, "tim": own.search}
        place, said = _planned(key, shown, plan, ended=ended) if plan else ((0,), {"remark": ""})
        order = *place, own.walking
        shown["hien_ten"] = row_on_phones.told(label, shown, ended=ended, **said)
        shown["loi_nhan"] = said["remark"]
        if ended:
            shown["tinh_trang"] = MOVED  # marked rather than left out: drafts on phones still name it (E17)
    return EntityChoice(key, label, version, shown, order)


def _planned(
    key: uuid.UUID, shown: Mapping[str, str], plan: ListPlan, *, ended: bool
) -> tuple[tuple[int, ...], dict[str, str]]:
    """Where a household stands in the list (first what is theirs to walk), and what its label says beside its state."""
    remark, tried = plan.remarks.get(key, ""), next_try.of(shown, plan.today, plan.most_tries)
    is_due = tried.appointment is not None and tried.appointment.day == plan.today
    is_sampled = key in plan.sampled
    place = row_on_phones.place_in_list(
        shown, ended=ended, remark=remark, is_closed=tried.is_closed, is_due=is_due, is_sampled=is_sampled
    )
    walk = plan.places.get(key, _EVERYBODYS)
    return (int(ended or not walk.is_own), place), {
        "area": walk.area,
        "remark": remark,
        "away": next_try.away_words(tried, plan.tries.get(key), plan.most_tries, plan.today),
        "appointment": tried.appointment.words if tried.appointment else "",
        "sampled": row_on_phones.SAMPLED if is_sampled else "",
        "year": f"{plan.today:%Y}",
    }
