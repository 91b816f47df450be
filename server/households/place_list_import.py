"""Public places and enterprises from a table into the lists that phones share; what is there already stays as it is."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from geo import names
from geo.plain import one_line, words
from server import audit, clock
from server.counting import writer
from server.db import db
from server.files.tables.read_table import RowFault, TableColumn, TableKind, TableRead, TableRow
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


def plan(reading: TableRead, commune: Commune) -> tuple[list[PlannedPlace], list[RowFault]]:
    """What each row means, and all that is wrong."""
    named = "place_name" if reading.kind.name == PLACE_TABLE.name else "business_name"
    places = merged_villages.by_words(commune)
    there = _there(commune, LISTS[reading.kind.name])
    rows: list[PlannedPlace] = []
    wrong: list[RowFault] = []
    for row in reading.rows:
        label = one_line(row.text(named))[:LONGEST]
        code, place = row.text("village_code"), row.text("village")
        village = places.find(code, place) if code or place else "chưa ghi thôn"
        if not label:
            wrong.append(RowFault(row, "chưa ghi tên", named))
        if isinstance(village, str):
            wrong.append(RowFault(row, village, "village"))
        elif label:
            key = (village.id, names.plain(label))
            rows.append(PlannedPlace(row, label, village, _data(row, village), key in there))
            there.add(key)
    return rows, wrong


def store(rows: list[PlannedPlace], commune: Commune, list_name: str, *, actor: str) -> int:
    """Add those that are not there yet; how many. The caller commits."""
    writer.hold(db.session.connection())
    new = [row for row in rows if not row.is_there]
    at = clock.now()
    list_id = _list(list_name)
    for row in new:
        key = uuid.uuid4()
        data = dict(row.data)
        db.session.add(
            Entity(id=key, list_id=list_id, village_id=row.village.id, label=row.label, data=data, version=1,
                   created_at=at, changed_at=at)
        )  # fmt: skip
        db.session.flush()
        db.session.add(
            EntityVersion(entity_id=key, version=1, label=row.label, data=data, received=data, created_at=at)
        )
    audit.add(actor, "places.list", f"commune:{commune.id}", {"list": list_name, "added": len(new)})
    return len(new)


def _data(row: TableRow, village: Village) -> dict[str, str]:
    if "business_name" in row.cells:
        trade = row.text("trade")
        known = _TRADES.get(words(trade), "khac") if trade else ""
        told = {"dia_chi": one_line(row.text("address"))[:LONGEST], "nganh": known}
    else:
        told = {"loai": words(row.text("place_kind")).replace(" ", "_")[:LONGEST]}
    return {"thon": village.code, **{name: value for name, value in told.items() if value}}


def _there(commune: Commune, list_name: str) -> set[tuple[int, str]]:
    today = merged_villages.merged(commune)
    query = (
        sa.select(Entity.village_id, Entity.label)
        .join(EntityList, EntityList.id == Entity.list_id)
        .join(Village, Village.id == Entity.village_id)
        .where(EntityList.name == list_name, Village.commune_id == commune.id, Entity.ended_at.is_(None))
    )
    return {
        (today[village].id if village in today else village, names.plain(label))
        for village, label in db.session.execute(query)
        if village is not None
    }


def _list(name: str) -> int:
    found = db.session.scalar(sa.select(EntityList.id).where(EntityList.name == name))
    if found is None:
        row = EntityList(name=name)
        db.session.add(row)
        db.session.flush()
        found = row.id
    return found
