"""Public places and enterprises from a table into the lists that phones share; what is there already stays as it is."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from geo import village_names
from geo.plain_words import one_line, words
from server import audit, clock
from server.counting import writer_lock
from server.db import db
from server.files.tables.read_table import RowFault, TableRead, TableRow
from server.files.tables.table_kinds import TableColumn, TableKind
from server.households.phone_lists import BUSINESSES, PLACES
from server.models import Commune, Entity, EntityList, EntityVersion, Village
from server.places import merged_villages

LONGEST = 200
_VILLAGE = (TableColumn("village_code", "Mã thôn"), TableColumn("village", "Thôn", "Thôn Đông"))
PLACE_TABLE = TableKind(
    "diem-cong-cong",
    (TableColumn("place_name", "Tên điểm", "Nhà văn hóa thôn Đông"), *_VILLAGE,
     TableColumn("place_kind", "Loại", "nhà văn hóa")),
    (("place_name",), ("village_code", "village")),
)  # fmt: skip
BUSINESS_TABLE = TableKind(
    "doanh-nghiep",
    (TableColumn("business_name", "Tên doanh nghiệp", "Công ty TNHH An Bình"), *_VILLAGE,
     TableColumn("address", "Địa chỉ", "Ngõ 4, số 12"), TableColumn("trade", "Ngành", "buôn bán")),
    (("business_name",), ("village_code", "village")),
)  # fmt: skip
LISTS: Mapping[str, str] = {PLACE_TABLE.name: PLACES, BUSINESS_TABLE.name: BUSINESSES}

_TRADES = {
    "san xuat": "san_xuat", "che bien": "san_xuat", "san xuat che bien": "san_xuat", "xay dung": "xay_dung",
    "buon ban": "thuong_mai", "thuong mai": "thuong_mai", "dich vu": "dich_vu", "nong nghiep": "nong_nghiep",
    "thuy san": "nong_nghiep", "nong nghiep thuy san": "nong_nghiep",
}  # fmt: skip
"""Names of the choices of the library's form doanh_nghiep."""


@dataclass(frozen=True)
class PlannedPlace:
    """A row of the list: its thôn, and whether the list on phones has it already."""

    row: TableRow
    label: str
    village: Village
    data: Mapping[str, str]
    is_there: bool


@dataclass(frozen=True)
class NewPlace:
    """A place or business to be listed under a key of its own."""

    key: uuid.UUID
    label: str
    village: Village
    data: Mapping[str, str]


def plan(reading: TableRead, commune: Commune) -> tuple[list[PlannedPlace], list[RowFault]]:
    """What each row means, and all that is wrong."""
    named = "place_name" if reading.kind.name == PLACE_TABLE.name else "business_name"
    places = merged_villages.by_words(commune)
    there = listed(commune, LISTS[reading.kind.name])
    rows: list[PlannedPlace] = []
    wrong: list[RowFault] = []
    for row in reading.rows:
        uncomputed = list(row.uncomputed(reading.kind))
        if uncomputed:
            wrong += uncomputed
            continue
        label = one_line(row.text(named))[:LONGEST]
        code, place = row.text("village_code"), row.text("village")
        village = places.find(code, place) if code or place else "chưa ghi thôn"
        if not label:
            wrong.append(RowFault(row, "chưa ghi tên", named))
        if isinstance(village, str):
            wrong.append(RowFault(row, village, "village"))
        elif label:
            key = (village.id, village_names.plain(label))
            rows.append(PlannedPlace(row, label, village, _data(row, village), key in there))
            there.setdefault(key, None)
    return rows, wrong


def store(rows: list[PlannedPlace], commune: Commune, list_name: str, *, actor: str) -> int:
    """Add those that are not there yet; how many. The caller commits."""
    writer_lock.hold(db.session.connection())
    new = [row for row in rows if not row.is_there]
    add([NewPlace(uuid.uuid4(), row.label, row.village, row.data) for row in new], list_name)
    audit.add(actor, "places.list", f"commune:{commune.id}", {"list": list_name, "added": len(new)})
    return len(new)


def add(places: Iterable[NewPlace], list_name: str) -> None:
    """List them, each with its first version. The caller holds the writer's lock, notes the act and commits."""
    at, list_id = clock.now(), _list(list_name)
    for each in places:
        data = dict(each.data)
        db.session.add(
            Entity(id=each.key, list_id=list_id, village_id=each.village.id, label=each.label, data=data, version=1,
                   created_at=at, changed_at=at)
        )  # fmt: skip
        db.session.flush()
        db.session.add(
            EntityVersion(
                entity_id=each.key, version=1, label=each.label, data=data, received=data, created_at=at
            )
        )


def told(list_name: str, *, kind: str = "", address: str = "", trade: str = "") -> dict[str, str]:
    """What a list says of a place in the words of its list: the kind of a public place, the trade of a business by
    the choices of the library's form; what is empty is left out.
    """
    if list_name == PLACES:
        said = {"loai": words(kind).replace(" ", "_")[:LONGEST]}
    else:
        plain = words(trade)
        known = plain.replace(" ", "_")
        known = known if known in _TRADES.values() else _TRADES.get(plain, "khac") if trade else ""
        said = {"dia_chi": one_line(address)[:LONGEST], "nganh": known}
    return {name: value for name, value in said.items() if value}


def _data(row: TableRow, village: Village) -> dict[str, str]:
    is_business = "business_name" in row.cells
    said = told(
        BUSINESSES if is_business else PLACES,
        kind="" if is_business else row.text("place_kind"),
        address=row.text("address") if is_business else "",
        trade=row.text("trade") if is_business else "",
    )
    return {"thon": village.code, **said}


def listed(commune: Commune, list_name: str) -> dict[tuple[int, str], uuid.UUID | None]:
    """The places of a list that are there, by today's thôn and name without marks."""
    today = merged_villages.merged(commune)
    query = (
        sa.select(Entity.id, Entity.village_id, Entity.label)
        .join(EntityList, EntityList.id == Entity.list_id)
        .join(Village, Village.id == Entity.village_id)
        .where(EntityList.name == list_name, Village.commune_id == commune.id, Entity.ended_at.is_(None))
    )
    return {
        (
            today[row.village_id].id if row.village_id in today else row.village_id,
            village_names.plain(row.label),
        ): row.id
        for row in db.session.execute(query)
        if row.village_id is not None
    }


def _list(name: str) -> int:
    found = db.session.scalar(sa.select(EntityList.id).where(EntityList.name == name))
    if found is None:
        row = EntityList(name=name)
        db.session.add(row)
        db.session.flush()
        found = row.id
    return found
