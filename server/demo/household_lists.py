"""The lists that phones walk by: households with invented heads and addresses, culture houses and other places."""

import uuid
from collections.abc import Iterator
from random import Random
from typing import Any

import sqlalchemy as sa

from geo.illustrative_outlines import VillageSketch
from server.db import db
from server.demo import names
from server.demo.communes_and_forms import villages
from server.demo.scale import COMMUNES, Scale
from server.households.entity_changes import HOUSEHOLDS, status
from server.households.phone_lists import BUSINESSES, PLACES
from server.models import Entity, EntityList, EntityVersion, Village

LISTED = 0.975
"""The share of households that the list knows; the others are for the teams to find."""
_UNNAMED = 6
"""One household in so many is listed without a name."""
_OFFICES = (
    ("tru_so", "Trụ sở Ủy ban nhân dân xã"),
    ("bo_phan_mot_cua", "Trung tâm Phục vụ hành chính công xã"),
    ("tram_y_te", "Trạm Y tế xã"),
    ("truong_hoc", "Trường Tiểu học"),
    ("truong_hoc", "Trường Trung học cơ sở"),
    ("buu_dien", "Điểm Bưu điện - Văn hóa xã"),
    ("cho", "Chợ trung tâm"),
)


def make(scale: Scale) -> int:
    """Store the lists of both communes as they were before anybody walked; how many households. The caller commits."""
    keys = {name: key for key, name in db.session.execute(sa.select(EntityList.id, EntityList.name))}
    ids = {code: key for key, code in db.session.execute(sa.select(Village.id, Village.code))}
    count = 0
    for commune in COMMUNES:
        sketches = villages(commune, scale)
        listed = [row for sketch in sketches for row in _households(sketch, scale)]
        _store(listed, keys[HOUSEHOLDS], ids, scale)
        _store(list(_places(commune, sketches, scale)), keys[PLACES], ids, scale)
        _store(
            [row for sketch in sketches for row in _businesses(sketch, scale)], keys[BUSINESSES], ids, scale
        )
        count += len(listed)
    return count


_TRADES = ("san_xuat", "thuong_mai", "thuong_mai", "dich_vu", "xay_dung", "nong_nghiep")
_NAMED = {
    "san_xuat": "Công ty TNHH Sản xuất",
    "thuong_mai": "Cửa hàng",
    "dich_vu": "Công ty TNHH Dịch vụ",
    "xay_dung": "Công ty TNHH Xây dựng",
    "nong_nghiep": "Hợp tác xã Nông nghiệp",
}


_Row = tuple[uuid.UUID, str, str, dict[str, str]]
"""Id, code of the thôn, label, properties."""


def _households(sketch: VillageSketch, scale: Scale) -> Iterator[_Row]:
    dice = scale.dice("households", sketch.code)
    for address in _addresses(max(1, round(sketch.households * LISTED)), dice):
        label = address if dice.randrange(_UNNAMED) == 0 else f"{names.person(dice)}, {address}"
        yield _id(dice), sketch.code, label, {"thon": sketch.code, "dia_chi": address, **status(())}


def _addresses(count: int, dice: Random) -> list[str]:
    """Lanes of a dozen or so houses each, with gaps in their numbers."""
    lanes = max(1, round(count / 12))
    return [
        f"Ngõ {at % lanes + 1}, số {number}"
        for at, number in enumerate(sorted(dice.sample(range(1, 3 * count + 1), count)))
    ]


def _places(commune: str, sketches: tuple[VillageSketch, ...], scale: Scale) -> Iterator[_Row]:
    dice = scale.dice("places", commune)
    for sketch in sketches:
        properties = {"thon": sketch.code, "loai": "nha_van_hoa"}
        yield _id(dice), sketch.code, f"Nhà văn hóa thôn {sketch.name}", properties
        for lane in dice.sample(range(1, 9), 2):
            yield _id(dice), sketch.code, f"Cụm loa đầu ngõ {lane}", {"thon": sketch.code, "loai": "cum_loa"}
    homes = dice.sample(sketches, k=min(len(_OFFICES), len(sketches)))
    for (kind, label), home in zip(_OFFICES, homes, strict=False):
        yield _id(dice), home.code, label, {"thon": home.code, "loai": kind}


def _businesses(sketch: VillageSketch, scale: Scale) -> Iterator[_Row]:
    dice = scale.dice("businesses", sketch.code)
    for trade in dice.sample(_TRADES, 3):
        address = f"Ngõ {dice.randint(1, 9)}, số {dice.randint(1, 99)}"
        label = f"{_NAMED[trade]} {names.person(dice).rpartition(' ')[2]}"
        yield _id(dice), sketch.code, label, {"thon": sketch.code, "dia_chi": address, "nganh": trade}


def _id(dice: Random) -> uuid.UUID:
    return uuid.UUID(int=dice.getrandbits(128), version=4)


def _store(rows: list[_Row], list_id: int, ids: dict[str, int], scale: Scale) -> None:
    at = scale.published_at
    entities: list[dict[str, Any]] = []
    versions: list[dict[str, Any]] = []
    for key, code, label, data in rows:
        common = {"label": label, "data": data, "version": 1, "created_at": at}
        entities.append({"id": key, "list_id": list_id, "village_id": ids[code], "changed_at": at, **common})
        versions.append({"entity_id": key, "received": data, **common})
    db.session.execute(sa.insert(Entity), entities)
    db.session.execute(sa.insert(EntityVersion), versions)
