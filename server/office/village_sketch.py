"""A sketch of a thôn with the rounded point of a visit in it, as numbers for an SVG; no map service is asked."""

from dataclasses import dataclass

import shapely
import sqlalchemy as sa

from server.db import db
from server.models import Village

SIZE = 300
_MARGIN = 12
_CELL = 0.0005
"""Half of the cell, in degrees, that a point with 3 decimals stands for."""


@dataclass(frozen=True)
class Sketch:
    """The outline as an SVG path, and the cell of the point: left, top, width, height."""

    outline: str
    cell: tuple[float, float, float, float]
    size: int = SIZE


def of(village_id: int | None, point: tuple[float, float] | None) -> Sketch | None:
    """None where the thôn has no outline, or the visit no point."""
    if village_id is None or point is None:
        return None
    outline = db.session.scalar(sa.select(Village.outline).where(Village.id == village_id))
    if outline is None:
        return None
    latitude, longitude = point
    shape = shapely.simplify(shapely.from_wkb(outline), 0.0001)
    cell = shapely.box(longitude - _CELL, latitude - _CELL, longitude + _CELL, latitude + _CELL)
    west, south, east, north = shapely.union(shape.envelope, cell).bounds
    scale = (SIZE - 2 * _MARGIN) / max(east - west, north - south)

    def at(x: float, y: float) -> tuple[float, float]:
        return round(_MARGIN + (x - west) * scale, 1), round(_MARGIN + (north - y) * scale, 1)

    rings = [polygon.exterior.coords for polygon in shapely.get_parts(shape)]
    path = "".join(
        "M" + "L".join(f"{px} {py}" for px, py in (at(x, y) for x, y, *_ in ring)) + "Z" for ring in rings
    )
    left, top = at(longitude - _CELL, latitude + _CELL)
    side = max(5.0, round(2 * _CELL * scale, 1))
    return Sketch(path, (left, top, side, side))
