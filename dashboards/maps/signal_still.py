"""The surface of 5G and the public places as still SVGs, for paper and for browsers without scripts."""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from dashboards.maps.map_outlines import Outlines
from dashboards.maps.signal_map import COLOURS, MARKS, MarkStyle
from dashboards.maps.still_map import WIDTH, PaperProjection
from geo.signal import CELL, SignalSquare
from server.coverage.signal_points import Wifi


@dataclass(frozen=True)
class Square:
    """A measured square of the ground: SVG path and colour."""

    path: str
    colour: str


@dataclass(frozen=True)
class PlaceMark:
    """A public place, in pixels of the drawing."""

    x: float
    y: float
    style: MarkStyle
    name: str


@dataclass(frozen=True)
class StillSignal:
    """A drawing `width` by `height` pixels: squares or marks over the outlines of the thôn."""

    width: int
    height: int
    thon: tuple[str, ...]
    border: str
    squares: tuple[Square, ...] = ()
    marks: tuple[PlaceMark, ...] = ()


def still_surface(cells: Sequence[SignalSquare], outlines: Outlines) -> StillSignal | None:
    """The squares in which something was measured; None where no outline is known."""
    if outlines.bounds is None:
        return None
    sheet = PaperProjection.of(outlines.bounds)
    squares = [
        Square(
            sheet.path(shapely.box(cell.west, cell.south, cell.west + CELL, cell.south + CELL)),
            COLOURS[cell.state],
        )
        for cell in cells
    ]
    return StillSignal(WIDTH, sheet.height, *_ground(sheet, outlines), squares=tuple(squares))


def still_places(places: Sequence[Wifi], outlines: Outlines) -> StillSignal | None:
    """The places whose point is known; None where no outline is."""
    if outlines.bounds is None:
        return None
    sheet = PaperProjection.of(outlines.bounds)
    marks = []
    for place in places:
        if place.point is not None:
            latitude, longitude = place.point
            marks.append(PlaceMark(*sheet.place(longitude, latitude), MARKS[place.works], place.name))
    return StillSignal(WIDTH, sheet.height, *_ground(sheet, outlines), marks=tuple(marks))


def _ground(sheet: PaperProjection, outlines: Outlines) -> tuple[tuple[str, ...], str]:
    thon = tuple(sheet.path(shape) for shape in outlines.villages.values())
    return thon, sheet.path(outlines.commune) if outlines.commune is not None else ""
