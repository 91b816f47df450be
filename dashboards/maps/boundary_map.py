"""The map of a boundary file before it is stored: its outlines, the commune around them, and what is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from dashboards.maps.folium_page import Drawing, Features, collection, feature, inert, label_point
from geo.boundaries import BoundaryReading
from geo.boundary_problems import OutlineProblem
from geo.crs import Candidate

SOUND, NOTED, REFUSED = "#2166ac", "#b36b00", "#b2182b"
STYLES = {
    "sound": {"color": SOUND, "weight": 1.5, "fillColor": SOUND, "fillOpacity": 0.12},
    "warning": {"color": NOTED, "weight": 2, "fillColor": NOTED, "fillOpacity": 0.22},
    "error": {"color": REFUSED, "weight": 2.5, "fillColor": REFUSED, "fillOpacity": 0.3},
}
BORDER = {"color": "#222222", "weight": 3, "fill": False, "dashArray": "8 5"}
PLACES = {
    "warning": {"color": NOTED, "weight": 2, "fillColor": "#ffb000", "fillOpacity": 0.75},
    "error": {"color": REFUSED, "weight": 3, "fillColor": REFUSED, "fillOpacity": 0.75},
}
CHOICES = ("#2166ac", "#b35806", "#1b7837", "#762a83")
"""A colour for each coordinate system to choose from."""
FINE = 0.00002
"""Degrees, about 2 m: what a drawing of a file may leave out."""
MOST_POINTS = 60_000


def of_reading(reading: BoundaryReading, commune: BaseGeometry | None, title: str) -> Drawing:
    """The rows of a file in the colours of what is wrong with them, and the places of what is wrong."""
    worst = _worst(reading.problems)
    shapes = _light(reading.shapes)
    areas = [
        _area(label.row, label.name or label.code or f"dòng {label.row}", shape, reading.problems, worst)
        for label in reading.labels
        if (shape := shapes.get(label.row)) is not None
    ]
    return Drawing(
        title=title,
        bounds=_bounds([*shapes.values(), *([commune] if commune is not None else [])]),
        areas=collection(*areas),
        above=(_border(commune), _places(reading.problems)),
        points=_touched(reading.problems),
    )


def of_candidates(found: Sequence[Candidate], commune: BaseGeometry | None, title: str) -> Drawing:
    """The same file as each coordinate system would place it, each in its colour."""
    areas = []
    for colour, candidate in zip(CHOICES, found, strict=False):
        whole = _whole(candidate.shapes)
        if whole is None:
            continue
        style = {"color": colour, "weight": 2, "fillColor": colour, "fillOpacity": 0.25}
        words = inert(f"{candidate.epsg}: {candidate.words}")
        areas.append(
            feature(
                whole, style, name=str(candidate.epsg), figure="", at=_middle(whole), tip=f"<b>{words}</b>"
            )
        )
    shapes = [_whole(candidate.shapes) for candidate in found]
    seen = [shape for shape in shapes if shape is not None] + ([commune] if commune is not None else [])
    return Drawing(title, _bounds(seen), collection(*areas), above=(_border(commune),))


def _worst(problems: Sequence[OutlineProblem]) -> Mapping[int, str]:
    """The severity of each row's worst problem."""
    found: dict[int, str] = {}
    for problem in problems:
        if problem.row and (problem.severity == "error" or problem.row not in found):
            found[problem.row] = problem.severity
    return found


def _light(shapes: Mapping[int, BaseGeometry]) -> dict[int, BaseGeometry]:
    """The shapes that can be drawn, with fewer points; those of a heavy file with still fewer."""
    sound = {row: shape for row, shape in shapes.items() if not shape.is_empty and _is_finite(shape)}
    points = sum(int(shapely.get_num_coordinates(shape)) for shape in sound.values())
    tolerance = FINE * max(1.0, points / MOST_POINTS)
    return {
        row: shapely.transform(shapely.simplify(shape, tolerance), lambda degrees: degrees.round(6))
        for row, shape in sound.items()
    }


def _is_finite(shape: BaseGeometry) -> bool:
    longitude, latitude = abs(shapely.get_coordinates(shape)).max(axis=0)
    return bool(longitude <= 180 and latitude <= 90)


def _area(
    row: int, name: str, shape: BaseGeometry, problems: Sequence[OutlineProblem], worst: Mapping[int, str]
) -> dict[str, Any]:
    said = [inert(problem.sentence) for problem in problems if problem.row == row][:4]
    tip = "<br>".join([f"<b>{inert(name)}</b>", *said])
    style = STYLES[worst.get(row, "sound")]
    properties: dict[str, Any] = {"tip": tip, "name": inert(name), "figure": "", "at": _middle(shape)}
    return feature(shape, style, **properties)


def _middle(shape: BaseGeometry) -> list[float]:
    if shape.geom_type in ("Polygon", "MultiPolygon") and shape.is_valid and shape.area:
        return label_point(shape)
    west, south, east, north = shape.bounds
    return [(south + north) / 2, (west + east) / 2]


def _places(problems: Sequence[OutlineProblem]) -> Features:
    """The ground that a problem is about."""
    return collection(
        *(
            feature(problem.place, PLACES[problem.severity])
            for problem in problems
            if problem.place is not None and problem.place.geom_type in ("Polygon", "MultiPolygon")
        )
    )


def _touched(problems: Sequence[OutlineProblem]) -> Features:
    """A mark at each place, large enough to be seen and touched where the place itself is a sliver."""
    return collection(
        *(
            feature(
                shapely.Point(problem.place.representative_point().coords[0]),
                PLACES[problem.severity],
                tip=inert(problem.sentence),
            )
            for problem in problems
            if problem.place is not None and not problem.place.is_empty
        )
    )


def _whole(shapes: Sequence[BaseGeometry | None]) -> BaseGeometry | None:
    """A file's shapes as one rough area; None where they land nowhere on Earth."""
    sound = [shape for shape in shapes if shape is not None and not shape.is_empty and _is_finite(shape)]
    if not sound:
        return None
    together = shapely.union_all([shapely.make_valid(shapely.simplify(shape, 0.0002)) for shape in sound])
    return together.buffer(0.0003).buffer(-0.0003)


def _border(commune: BaseGeometry | None) -> Features:
    return (
        collection(feature(shapely.simplify(commune, FINE), BORDER)) if commune is not None else collection()
    )


def _bounds(shapes: Sequence[BaseGeometry]) -> tuple[float, float, float, float] | None:
    if not shapes:
        return None
    west, south, east, north = shapely.total_bounds(list(shapes))
    return float(south), float(west), float(north), float(east)
