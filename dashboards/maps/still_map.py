"""The same map as a still SVG, for paper and for browsers without scripts."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import shapely
from shapely.geometry.base import BaseGeometry

from dashboards.coverage_lines import shown
from dashboards.maps.coverage_map import label_point
from dashboards.maps.map_colours import class_of, target_of
from dashboards.maps.map_outlines import Outlines
from geo.coverage import Cell, CoverageTable

WIDTH = 680
LETTER = 4.4  # mean width of a letter of a label, in pixels of the drawing
LINE = 10


@dataclass(frozen=True)
class PaperProjection:
    """Where a place on earth lies on paper: north is up, a metre is as long to the east as to the north."""

    west: float
    north: float
    shrink: float
    """How much shorter a degree of longitude is here than one of latitude."""
    scale: float
    """Pixels of the drawing in a degree of latitude."""
    height: int

    @classmethod
    def of(cls, bounds: tuple[float, float, float, float]) -> Self:
        """A sheet `WIDTH` pixels wide around (south, west, north, east) in degrees."""
        south, west, north, east = bounds
        shrink = math.cos(math.radians((south + north) / 2))
        scale = (WIDTH - 8) / ((east - west) * shrink)
        return cls(west, north, shrink, scale, math.ceil(8 + (north - south) * scale))

    def place(self, longitude: float, latitude: float) -> tuple[float, float]:
        return (
            round(4 + (longitude - self.west) * self.shrink * self.scale, 1),
            round(4 + (self.north - latitude) * self.scale, 1),
        )

    def across(self, degrees: float) -> float:
        """How many pixels degrees of longitude are wide."""
        return degrees * self.shrink * self.scale

    def path(self, shape: BaseGeometry) -> str:
        """An outline as an SVG path."""
        return "".join(_ring(self.place(*point) for point in ring) for ring in _rings(shape))


@dataclass(frozen=True)
class Shape:
    """A thôn as drawn: its code, SVG path, class, where its label stands, and the label's lines."""

    code: str
    path: str
    name: str
    x: float
    y: float
    label: tuple[str, ...]


@dataclass(frozen=True)
class StillMap:
    """A drawing `width` by `height` pixels; `border` is the commune's path, empty where its outline is unknown."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    border: str


def still_map(table: CoverageTable, indicator: str, outlines: Outlines) -> StillMap | None:
    """Draw the thôn that have an outline; None where none has."""
    if outlines.bounds is None:
        return None
    sheet = PaperProjection.of(outlines.bounds)
    target = target_of(table, indicator)
    shapes = []
    for village in table.villages:
        outline = outlines.villages.get(village.code)
        if outline is None:
            continue
        latitude, longitude = label_point(outline)
        text = shown(village.cells.get(indicator, Cell()), indicator)
        own = table.name_of(village)
        lines = (own, text) if "%" in text else (own,)
        room = sheet.across(outline.bounds[2] - outline.bounds[0])
        fits = [line for line in lines if len(line) * LETTER < room * 1.1]
        name = class_of(village, indicator, target)
        shapes.append(
            Shape(village.code, sheet.path(outline), name, *sheet.place(longitude, latitude), tuple(fits))
        )
    border = sheet.path(outlines.commune) if outlines.commune is not None else ""
    return StillMap(WIDTH, sheet.height, tuple(shapes), border)


def _rings(shape: BaseGeometry) -> Iterable[Iterable[tuple[float, float]]]:
    for part in shapely.get_parts(shape):
        yield part.exterior.coords
        yield from (ring.coords for ring in part.interiors)


def _ring(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points) + "Z"
