"""The same map as a still SVG, for paper and for browsers without scripts."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

from dashboards.classes import class_of, target_of
from dashboards.maps import label_point
from dashboards.outlines import Outlines
from dashboards.overview import shown
from geo.coverage import Cell, CoverageTable

WIDTH = 680
LETTER = 4.4  # mean width of a letter of a label, in pixels of the drawing
LINE = 10


@dataclass(frozen=True)
class Shape:
    """A thôn as drawn: SVG path, class, where its label stands, and the label's lines."""

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
    south, west, north, east = outlines.bounds
    shrink = math.cos(math.radians((south + north) / 2))
    scale = (WIDTH - 8) / ((east - west) * shrink)

    def place(longitude: float, latitude: float) -> tuple[float, float]:
        return round(4 + (longitude - west) * shrink * scale, 1), round(4 + (north - latitude) * scale, 1)

    def path(shape: BaseGeometry) -> str:
        return "".join(_ring(place(*point) for point in ring) for ring in _rings(shape))

    target = target_of(table, indicator)
    shapes = []
    for village in table.villages:
        outline = outlines.villages.get(village.code)
        if outline is None:
            continue
        latitude, longitude = label_point(outline)
        text = shown(
            village.cells.get(indicator, Cell()), village.judgements.get(indicator), indicator, target
        )
        lines = (village.name, text) if "%" in text else (village.name,)
        room = (outline.bounds[2] - outline.bounds[0]) * shrink * scale
        fits = [line for line in lines if len(line) * LETTER < room * 1.1]
        name = class_of(village, indicator, target, table.min_reach)
        shapes.append(Shape(path(outline), name, *place(longitude, latitude), tuple(fits)))
    height = math.ceil(8 + (north - south) * scale)
    border = path(outlines.commune) if outlines.commune is not None else ""
    return StillMap(WIDTH, height, tuple(shapes), border)


def _rings(shape: BaseGeometry) -> Iterable[Iterable[tuple[float, float]]]:
    for part in shapely.get_parts(shape):
        yield part.exterior.coords
        yield from (ring.coords for ring in part.interiors)


def _ring(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points) + "Z"
