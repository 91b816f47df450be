"""Outlines of thôn that nobody has drawn, derived from the rounded points of households and of public places."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from forms.definition import HOUSEHOLD_LIST
from geo.boundaries import Outline
from geo.check_outlines import area_m2
from geo.derive_outlines import Derived, Spot, derive
from server.boundaries import stored_outlines
from server.db import db
from server.households.phone_lists import PLACES
from server.models import Commune, Entity, EntityList, Submission, Village
from server.places import merged_villages

SOURCE = "suy ra từ điểm của các hộ và nhà văn hóa"


@dataclass(frozen=True)
class DerivedOutlines:
    """How many thôn got a derived outline, and the names of those of which nothing is known."""

    count: int
    bare: tuple[str, ...]


def outlines_of(commune: Commune, actor: str) -> DerivedOutlines:
    """Derive and store an outline for each thôn without a drawn one; the caller commits."""
    villages = db.session.scalars(
        sa.select(Village)
        .where(Village.commune_id == commune.id, Village.valid_to.is_(None))
        .order_by(Village.code)
    ).all()
    wanting = {village.id: village for village in villages if village.outline is None or village.derived}
    drawn = [
        shapely.from_wkb(village.outline)
        for village in villages
        if village.outline is not None and not village.derived
    ]
    found = _derived(list(wanting), commune, drawn)
    if found.outlines:
        rows = [
            Outline(wanting[key].code, wanting[key].name, shape, area_m2(shape), row)
            for row, (key, shape) in enumerate(found.outlines.items(), start=1)
        ]
        stored_outlines.store_outlines(
            rows, "village", commune=commune, source=SOURCE, derived=True, actor=actor
        )
    return DerivedOutlines(len(found.outlines), tuple(wanting[key].name for key in found.bare))


def _derived(keys: list[int], commune: Commune, drawn: list[BaseGeometry]) -> Derived:
    """Within the commune, and only where no drawn thôn is."""
    area: BaseGeometry | None = shapely.from_wkb(commune.outline) if commune.outline is not None else None
    taken = shapely.union_all(drawn) if drawn else None
    if area is not None and taken is not None:
        area = area.difference(taken)
    spots = _spots(keys, HOUSEHOLD_LIST)
    return derive(keys, spots, area, _spots(keys, PLACES))


def _spots(keys: list[int], list_name: str) -> list[Spot]:
    """Where the entities of a list were visited, by thôn, to 3 decimals. Reads the rows of these thôn alone."""
    parts = merged_villages.homes(keys)
    latitude, longitude = (
        sa.func.round(sa.cast(column, sa.Numeric), 3)
        for column in (Submission.latitude, Submission.longitude)
    )
    rows: Iterable[Any] = db.session.execute(
        sa.select(
            Entity.village_id, latitude.label("latitude"), longitude.label("longitude"), sa.func.count()
        )
        .join(EntityList, EntityList.id == Entity.list_id)
        .join(Submission, Submission.entity_id == Entity.id)
        .where(
            EntityList.name == list_name,
            Entity.village_id.in_(list(parts)),
            Submission.latitude.is_not(None),
            Submission.quarantine.is_(None),
        )
        .group_by(Entity.village_id, latitude, longitude)
    )
    return [Spot(parts[key], float(lat), float(lon), weight) for key, lat, lon, weight in rows]
