"""The same map as a still SVG, for paper and for browsers without scripts."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

import shapely
from shapely.geometry.base import BaseGeometry

from dashboards import words
from dashboards.maps.coverage_map import label_point
from dashboards.maps.map_colours import class_of, classes, target_of
from dashboards.maps.map_outlines import Outlines
from dashboards.maps.still_labels import PLAIN_LABEL, LabelSize, Wish, placed
from dashboards.shown_cells import shown
from geo.compute_coverage import Cell, CoverageTable

WIDTH = 680


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
    drawn = [each for each in table.villages if each.code in outlines.villages]
    wishes = {}
    for village in drawn:
        text = shown(village.cells.get(indicator, Cell()), indicator)
        further = (beneath[village.code],) if village.code in beneath else ()
        number = village.code[-3:] if numbered else ""
        texts = _texts(table.name_of(village), number, text, further, label)
        wishes[village.code] = _wish(village.code, outlines.villages[village.code], sheet, texts)
    labels = placed(tuple(wishes.values()), label)
    target = target_of(table, indicator)
    fills = {each.name: each.fill for each in classes(table, row)}
    shapes = []
    for village in drawn:
        name, wish = class_of(village, indicator, target), wishes[village.code]
        path = sheet.path(outlines.villages[village.code])
        shapes.append(Shape(village.code, path, name, fills[name], wish.x, wish.y, labels[village.code]))
    border = sheet.path(outlines.commune) if outlines.commune is not None else ""
    return StillMap(WIDTH, sheet.height, tuple(shapes), border, label)


def _wish(
    code: str, outline: BaseGeometry, sheet: PaperProjection, texts: tuple[tuple[str, ...], ...]
) -> Wish:
    latitude, longitude = label_point(outline)
    west, south, east, north = outline.bounds
    place = sheet.place(longitude, latitude)
    return Wish(code, *place, sheet.across(east - west), (north - south) * sheet.scale, texts)


def _texts(
    name: str, number: str, text: str, further: tuple[str, ...], label: LabelSize
) -> tuple[tuple[str, ...], ...]:
    """What can stand in a thôn, from the least to the most; small labels are percents without their sign."""
    if "%" not in text:
        figure: tuple[str, ...] = ()
    elif label.has_names:
        figure = (text,)
    else:
        return ((text.replace(f"{words.SPACE}%", "").replace(words.SPACE, ""),),)
    known = ((number,), (number, *figure)) if number else ()
    named = ((name, *figure), (name, *figure, *further)) if label.has_names else ()
    return (*known, *(() if number else (figure, (*figure, *further))), *named)


def _rings(shape: BaseGeometry) -> Iterable[Iterable[tuple[float, float]]]:
    for part in shapely.get_parts(shape):
        yield part.exterior.coords
        yield from (ring.coords for ring in part.interiors)


def _ring(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in points) + "Z"
