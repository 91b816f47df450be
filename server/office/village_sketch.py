"""A sketch of a thôn with the places of a visit in it, as numbers for an SVG; no map service is asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from server.db import db
from server.models import Village
from server.review.answer_words import AnsweredPlace

SIZE = 300
_MARGIN = 20
_CELL = 0.0005
"""Half of the cell, in degrees, that a point with 3 decimals stands for."""
_LEAST = 0.002
"""Degrees that a sketch shows at least, some 200 m: a single point needs something around it."""
KINDS = {"geopoint": "điểm", "geotrace": "đường", "geoshape": "vùng"}


@dataclass(frozen=True)
class SketchMark:
    """A place that was answered: its number on the sketch, what it is, and how it is drawn ("" for a point)."""

    number: int
    said: str
    path: str
    at: tuple[float, float]
    is_area: bool


@dataclass(frozen=True)
class Sketch:
    """The outline as an SVG path ("" for none), the cell of the visit's rounded point: left, top, width, height,
    and the places that were answered."""

    outline: str
    cell: tuple[float, float, float, float] | None
    marks: tuple[SketchMark, ...] = ()
    size: int = SIZE


def of(
    village_id: int | None, point: tuple[float, float] | None, places: Sequence[AnsweredPlace] = ()
) -> Sketch | None:
    """None where there is no place to show. What was answered is drawn as answered, the visit's point as its cell."""
    shown = [each for each in places if each.points]
    stored = (
        db.session.scalar(sa.select(Village.outline).where(Village.id == village_id)) if village_id else None
    )
    if not shown and (point is None or stored is None):
        return None
    outline = shapely.simplify(shapely.from_wkb(stored), 0.0001) if stored is not None else None
    cell = _cell(point) if point is not None and not shown else None
    drawn = _SketchFrame([outline, cell, *(_shape(each) for each in shown)])
    return Sketch(
        "".join(drawn.path(ring.exterior.coords) + "Z" for ring in shapely.get_parts(outline))
        if outline
        else "",
        drawn.box(cell) if cell is not None else None,
        tuple(drawn.mark(number, each) for number, each in enumerate(shown, 1)),
    )


def _cell(point: tuple[float, float]) -> shapely.Polygon:
    latitude, longitude = point
    return shapely.box(longitude - _CELL, latitude - _CELL, longitude + _CELL, latitude + _CELL)


def _shape(place: AnsweredPlace) -> shapely.MultiPoint:
    return shapely.MultiPoint([(longitude, latitude) for latitude, longitude in place.points])


class _SketchFrame:
    """Turns degrees into the sketch's units, so that all that is shown has room."""

    def __init__(self, shapes: Iterable[BaseGeometry | None]) -> None:
        bounds = [shape.bounds for shape in shapes if shape is not None]
        west, south = (min(each[at] for each in bounds) for at in (0, 1))
        east, north = (max(each[at] for each in bounds) for at in (2, 3))
        self.span = max(east - west, north - south, _LEAST)
        self.west, self.north = (west + east - self.span) / 2, (south + north + self.span) / 2
        self.scale = (SIZE - 2 * _MARGIN) / self.span

    def at(self, longitude: float, latitude: float) -> tuple[float, float]:
        return (
            round(_MARGIN + (longitude - self.west) * self.scale, 1),
            round(_MARGIN + (self.north - latitude) * self.scale, 1),
        )

    def path(self, corners: Iterable[Sequence[float]]) -> str:
        return "M" + "L".join(f"{x} {y}" for x, y in (self.at(*corner[:2]) for corner in corners))

    def box(self, cell: shapely.Polygon) -> tuple[float, float, float, float]:
        west, _, _, north = cell.bounds
        side = max(5.0, round(2 * _CELL * self.scale, 1))
        return (*self.at(west, north), side, side)

    def mark(self, number: int, place: AnsweredPlace) -> SketchMark:
        latitude, longitude = place.points[0]
        corners = [(lon, lat) for lat, lon in place.points]
        is_area = place.kind == "geoshape"
        path = "" if len(corners) == 1 else self.path(corners) + ("Z" if is_area else "")
        return SketchMark(
            number, f"{place.question} ({KINDS[place.kind]})", path, self.at(longitude, latitude), is_area
        )
