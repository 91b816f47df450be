"""The outlines that maps are drawn of: read from the tables, made light for the zoom, edges still shared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from server.db import db
from server.models import Commune, Village


@dataclass(frozen=True)
class Zoom:
    """How fine outlines are drawn at one zoom: what may be left out, and the decimals of degrees sent."""

    tolerance: float
    """Degrees: less than a pixel where the whole fills a screen."""
    decimals: int


COMMUNE = Zoom(0.00008, 5)  # about 9 m, and 1 m
CITY = Zoom(0.0006, 4)  # about 65 m, and 11 m
DECIMALS = COMMUNE.decimals


@dataclass(frozen=True)
class Outlines:
    """Simplified outlines, EPSG:4326, longitude first. `villages` by code, those that have one."""

    commune: BaseGeometry | None
    villages: Mapping[str, BaseGeometry]
    is_illustrative: bool
    is_union: bool = False
    """The commune has no outline of its own: that of its thôn together stands in."""
    derived: int = 0
    """How many thôn were derived from where households are, and not drawn by anybody."""

    @property
    def note(self) -> str:
        """What every map drawn of them says in its corner."""
        said = []
        if self.is_illustrative:
            said.append("Ranh giới minh họa, không có giá trị pháp lý")
        if self.derived:
            every = "" if self.derived == len(self.villages) else f" của {self.derived} thôn"
            said.append(f"Ranh giới{every} suy ra từ điểm các hộ, không phải đo đạc")
        if self.is_union:
            said.append("Đường bao chung là hợp của các thôn")
        return "; ".join(said)

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
        sa.select(Village.code, Village.outline, Village.illustrative, Village.derived)
        .where(Village.commune_id == commune.id, Village.valid_to.is_(None), Village.outline.is_not(None))
        .order_by(Village.code)
    ).all()
    shapes = simplified(tuple(bytes(row.outline) for row in rows))
    border = simplified((commune.outline,))[0] if commune.outline else _together(shapes)
    return Outlines(
        commune=border,
        villages=dict(zip((row.code for row in rows), shapes, strict=True)),
        is_illustrative=any(row.illustrative for row in rows) or (bool(border) and commune.illustrative),
        is_union=commune.outline is None and border is not None,
        derived=sum(row.derived for row in rows),
    )


def of_city() -> Mapping[str, BaseGeometry]:
    """The communes of the city that are valid now and have an outline, by code, drawn for the city's zoom.

    One statement, and simplified once for as long as they stay as they are.
    """
    rows = db.session.execute(
        sa.select(Commune.code, Commune.outline)
        .where(Commune.valid_to.is_(None), Commune.outline.is_not(None))
        .order_by(Commune.code)
    ).all()
    shapes = simplified(tuple(bytes(row.outline) for row in rows), CITY)
    return dict(zip((row.code for row in rows), shapes, strict=True))


@lru_cache(maxsize=256)
def simplified(outlines: tuple[bytes, ...], zoom: Zoom = COMMUNE) -> tuple[BaseGeometry, ...]:
    """WKB polygons with fewer points; what two share is simplified once, so no gaps open between neighbours.

    Kept by each process: outlines change a few times a year.
    """
    if not outlines:
        return ()
    shapes = shapely.coverage_simplify(shapely.from_wkb(list(outlines)), zoom.tolerance)
    return tuple(shapely.transform(shape, lambda points: points.round(zoom.decimals)) for shape in shapes)


def _together(shapes: Sequence[BaseGeometry]) -> BaseGeometry | None:
    """The thôn as one shape, without the slivers between them; None where there are none."""
    return shapely.make_valid(shapely.union_all(list(shapes), grid_size=10**-DECIMALS)) if shapes else None
