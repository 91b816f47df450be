"""The same map as a still SVG, for paper and for browsers without scripts."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

import shapely
from shapely.geometry.base import BaseGeometry

from dashboards import words
from dashboards.coverage_lines import shown
from dashboards.maps.coverage_map import label_point
from dashboards.maps.map_colours import class_of, classes, target_of
from dashboards.maps.map_outlines import Outlines
from geo.coverage import Cell, CoverageTable, VillageRow

WIDTH = 680


@dataclass(frozen=True)
class LabelSize:
    """Letters of labels, in pixels of the drawing: `height`, and the mean width of one; `has_names` or only numbers."""

    height: float
    letter: float
    has_names: bool = True

    @property
    def line(self) -> float:
        """From one line of a label to the next."""
        return self.height * 1.1


PLAIN_LABEL = LabelSize(9, 4.9)
HALF = LabelSize(13, 7.1)
"""Of a map that is half as wide as a sheet, as large there as all labels elsewhere."""
SMALL = LabelSize(19, 10.4, has_names=False)
"""Of a map that is printed a quarter as wide as a sheet: only numbers, as large there as all labels elsewhere."""


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
    """A thôn as drawn: its code, SVG path, class and its fill, where its label stands, and the label's lines."""

    code: str
    path: str
    name: str
    fill: str
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
    label: LabelSize = PLAIN_LABEL


def still_map(
    table: CoverageTable,
    indicator: str,
    outlines: Outlines,
    *,
    numbered: bool = False,
    label: LabelSize = PLAIN_LABEL,
    beneath: Mapping[str, str] = MappingProxyType({}),
) -> StillMap | None:
    """Draw the thôn that have an outline; None where none has. `beneath` are further words of thôn, by code.

    `numbered`: a thôn without room for its name is known by the last three figures of its code.
    """
    row = table.indicator(indicator)
    if outlines.bounds is None or row is None:
        return None
    sheet = PaperProjection.of(outlines.bounds)
    target = target_of(table, indicator)
    fills = {each.name: each.fill for each in classes(table, row)}
    shapes = []
    for village in table.villages:
        outline = outlines.villages.get(village.code)
        if outline is None:
            continue
        latitude, longitude = label_point(outline)
        text = shown(village.cells.get(indicator, Cell()), indicator)
        room = sheet.across(outline.bounds[2] - outline.bounds[0])
        lines = [*_wanted(table, village, text, label), beneath.get(village.code, "")]
        fits = [line for line in lines if line and len(line) * label.letter < room * 1.1]
        if numbered and fits[:1] != [table.name_of(village)]:
            fits.insert(0, village.code[-3:])
        name = class_of(village, indicator, target)
        place = sheet.place(longitude, latitude)
        shapes.append(Shape(village.code, sheet.path(outline), name, fills[name], *place, tuple(fits)))
    border = sheet.path(outlines.commune) if outlines.commune is not None else ""
    return StillMap(WIDTH, sheet.height, tuple(shapes), border, label)


def _wanted(table: CoverageTable, village: VillageRow, text: str, label: LabelSize) -> list[str]:
    """Name and number of a thôn; small labels are the number without its sign of percent."""
    if label.has_names:
        return [table.name_of(village), *([text] if "%" in text else [])]
    return [text.replace(f"{words.SPACE}%", "").replace(words.SPACE, "")] if "%" in text else []


def _rings(shape: BaseGeometry) -> Iterable[Iterable[tuple[float, float]]]:
    for part in shapely.get_parts(shape):
        yield part.exterior.coords
        yield from (ring.coords for ring in part.interiors)


def _ring(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points) + "Z"
