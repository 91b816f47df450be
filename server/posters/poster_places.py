"""The public places on which posters may hang: by kind and thôn, and by names that tell one from another."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from geo.vietnamese_order import sort_key
from server.db import db
from server.models import Commune, Entity, EntityList, Village

PLACES = "diem_cong_cong"
KINDS = {
    "ben_xe": "Bến xe",
    "benh_vien": "Bệnh viện",
    "bo_phan_mot_cua": "Bộ phận một cửa",
    "buu_dien": "Bưu điện",
    "cho": "Chợ",
    "cong_vien": "Công viên",
    "cum_loa": "Cụm loa",
    "diem_buu_dien": "Điểm bưu điện",
    "nha_van_hoa": "Nhà văn hóa",
    "thu_vien": "Thư viện",
    "tram_y_te": "Trạm y tế",
    "tru_so": "Trụ sở",
    "truong_hoc": "Trường học",
}
"""Kinds by their names in lists, which have no marks; others are shown as the commune's list wrote them."""
NO_KIND = "Điểm khác"


@dataclass(frozen=True)
class PublicPlace:
    """A public place that stands on the commune's list, in the thôn where it lies."""

    entity: Entity
    village: str
    has_namesakes: bool
    """Whether another place of the commune bears the same name, as loudspeakers of many thôn do."""

    @property
    def full_name(self) -> str:
        """Its name, with its thôn where the name alone does not tell which one it is."""
        return f"{self.entity.label}, {self.village}" if self.has_namesakes else self.entity.label

    @property
    def kind(self) -> str:
        told = str(self.entity.data.get("loai") or "")
        return KINDS.get(told) or told.replace("_", " ").strip().capitalize() or NO_KIND


def thon_names(commune: Commune) -> dict[int, str]:
    """The thôn of a commune by their keys, with the code beside a name that two of them bear. One statement."""
    query = sa.select(Village.id, Village.name, Village.code, Village.valid_to)
    rows = db.session.execute(query.where(Village.commune_id == commune.id)).all()
    bearers = Counter(row.name for row in rows if row.valid_to is None)
    return {row.id: f"{row.name} ({row.code})" if bearers[row.name] > 1 else row.name for row in rows}


def of_commune(commune: Commune) -> Sequence[PublicPlace]:
    """All of a commune that have not ended, by thôn and then by name. Two statements."""
    thon = thon_names(commune)
    query = (
        sa.select(Entity)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            EntityList.name == PLACES,
            Entity.village_id.in_(sa.select(Village.id).where(Village.commune_id == commune.id)),
            Entity.ended_at.is_(None),
            Entity.merged_into_id.is_(None),
        )
    )
    entities = db.session.scalars(query).all()
    bearers = Counter(each.label for each in entities)
    found = [PublicPlace(each, thon[each.village_id or 0], bearers[each.label] > 1) for each in entities]
    return sorted(
        found, key=lambda each: (sort_key(each.village), sort_key(each.entity.label), str(each.entity.id))
    )


def by_kind(places: Sequence[PublicPlace]) -> list[tuple[str, list[PublicPlace]]]:
    """Kinds in Vietnamese order, those without one last, each with its places as they came."""
    kinds: dict[str, list[PublicPlace]] = defaultdict(list)
    for each in places:
        kinds[each.kind].append(each)
    return sorted(kinds.items(), key=lambda pair: (pair[0] == NO_KIND, sort_key(pair[0])))
