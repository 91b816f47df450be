"""The CSV files made from the tables for one collector: his thôn, their households, the commune's places."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from forms.choices import EntityChoice, VillageChoice, entities_csv, unaccented, villages_csv
from server.entities import HOUSEHOLDS, status
from server.models import Entity, EntityList, Village
from server.phones import Caller

VILLAGES_FILE = "thon.csv"
PLACES = "diem_cong_cong"
BUSINESSES = "doanh_nghiep"

PROPERTIES: Mapping[str, tuple[str, ...]] = {
    HOUSEHOLDS: (
        "thon", "dia_chi", "tinh_trang", "ket_qua", "lan_tham", "ngay_cuoi",
        "g5_viettel", "g5_vinaphone", "g5_mobifone", "g5_khac", "tim", "marker-color",
    ),
    PLACES: ("thon", "loai"),
    BUSINESSES: ("thon", "dia_chi", "nganh"),
}  # fmt: skip
"""Columns of each list after `name,label,__version`: the list's schema on the phone, which drops what is not
here (E4). Everything stands on the phone unencrypted: no ID numbers, no telephone numbers, no points (E5)."""

WHOLE_COMMUNE = frozenset({PLACES})
"""Lists of which a collector gets all of his commune; of any other, his own thôn alone (E6)."""

MOVED = "da_chuyen"

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
_VILLAGES = sa.select(Village.code, Village.name).where(
    Village.id.in_(sa.bindparam("villages", expanding=True))
)
_KNOWN = (
    sa.select(Entity.id, Entity.village_id, Village.commune_id)
    .join(EntityList, EntityList.id == Entity.list_id)
    .outerjoin(Village, Village.id == Entity.village_id)
    .where(EntityList.name == sa.bindparam("list"), Entity.id.in_(sa.bindparam("ids", expanding=True)))
)


def content(connection: sa.Connection, filename: str, caller: Caller) -> bytes | None:
    """The file as it is now for this collector; None where the tables make no file of that name.

    Rows and columns have a fixed order: the bytes change exactly when a row of this collector does (E7).
    """
    if filename == VILLAGES_FILE:
        return villages(connection, caller.village_ids)
    name = filename.removesuffix(".csv")
    if name in PROPERTIES and filename == f"{name}.csv":
        return entities(connection, name, caller)
    return None


def villages(connection: sa.Connection, village_ids: Sequence[int]) -> bytes:
    """`thon.csv`: the thôn with these keys, `name` being the code."""
    rows = connection.execute(_VILLAGES, {"villages": village_ids})
    return villages_csv(VillageChoice(code, name) for code, name in rows)


def entities(connection: sa.Connection, name: str, caller: Caller) -> bytes:
    """An entity list as the phone imports it (E4), with the rows that this collector may have (E6)."""
    if name in WHOLE_COMMUNE:
        rows = connection.execute(_OF_COMMUNE, {"list": name, "commune": caller.commune_id})
    else:
        rows = connection.execute(_OF_VILLAGES, {"list": name, "villages": caller.village_ids})
    return entities_csv((_choice(name, row) for row in rows), PROPERTIES[name])


def deleted(
    connection: sa.Connection, name: str, ids: Iterable[uuid.UUID], caller: Caller
) -> dict[uuid.UUID, bool]:
    """For each id that the server knows, whether it is gone from this collector's list (E10).

    Ids unknown to the server are left out: they are households which a phone made and has not sent yet.
    """
    found = connection.execute(_KNOWN, {"list": name, "ids": list(ids)})
    return {key: not _is_his(name, caller, village, commune) for key, village, commune in found}


def _is_his(name: str, caller: Caller, village_id: int | None, commune_id: int | None) -> bool:
    if name in WHOLE_COMMUNE:
        return commune_id == caller.commune_id
    return village_id in caller.village_ids


def _choice(name: str, row: Sequence[Any]) -> EntityChoice:
    key, label, version, data, ended, village = row
    # the thôn is the table's, not what the form that registered the entity said
    shown = {**data, "thon": village}
    if name == HOUSEHOLDS:
        shown = {**status(()), **shown, "tim": unaccented(f"{label} {data.get('dia_chi') or ''}")}
        if ended:
            shown["tinh_trang"] = MOVED  # marked rather than left out: drafts on phones still name it (E17)
    return EntityChoice(key, label, version, shown)
