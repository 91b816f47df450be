"""The outlines that a commune's map is drawn of: read from the tables, made light for the wire, edges still shared."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from server.db import db
from server.models import Commune, Village

TOLERANCE = 0.00008
"""Degrees, about 9 m: less than a pixel at the zoom at which a commune fills a screen."""

DECIMALS = 5
"""About 1 m."""


@dataclass(frozen=True)
class Outlines:
    """Simplified outlines, EPSG:4326, longitude first. `villages` by code, those that have one."""

    commune: BaseGeometry | None
    villages: Mapping[str, BaseGeometry]
    is_illustrative: bool

    @property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """South, west, north, east; None where nothing has an outline."""
        shapes = [*self.villages.values(), *([self.commune] if self.commune is not None else [])]
        if not shapes:
            return None
        west, south, east, north = shapely.total_bounds(shapes)
        return float(south), float(west), float(north), float(east)


def of_commune(commune: Commune) -> Outlines:
    """The outlines of a commune and of its thôn that are valid now. One statement."""
    rows = db.session.execute(
        sa.select(Village.code, Village.outline, Village.illustrative)
        .where(Village.commune_id == commune.id, Village.valid_to.is_(None), Village.outline.is_not(None))
        .order_by(Village.code)
    ).all()
    shapes = simplified(tuple(bytes(row.outline) for row in rows))
    border = simplified((commune.outline,))[0] if commune.outline else None
    return Outlines(
        commune=border,
        villages=dict(zip((row.code for row in rows), shapes, strict=True)),
        is_illustrative=any(row.illustrative for row in rows) or (bool(border) and commune.illustrative),
    )


@lru_cache(maxsize=256)
def simplified(outlines: tuple[bytes, ...]) -> tuple[BaseGeometry, ...]:
    """WKB polygons with fewer points; what two share is simplified once, so no gaps open between neighbours."""
    if not outlines:
        return ()
    shapes = shapely.coverage_simplify(shapely.from_wkb(list(outlines)), TOLERANCE)
    return tuple(shapely.transform(shape, lambda points: points.round(DECIMALS)) for shape in shapes)
