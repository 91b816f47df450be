"""An answer that names a place as a GeoJSON geometry (X12); geometries are (longitude, latitude, altitude)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeGuard

from forms import typed_values
from forms.answer_layout import POINT_KINDS as KINDS

__all__ = ["KINDS", "of"]

FEWEST = {"geotrace": 2, "geoshape": 4}
"""Points of a line, and of an outline whose last point is its first."""


def of(kind: str, answer: Any) -> dict[str, Any] | None:
    """The geometry of a geopoint, geotrace or geoshape; None where the answer is none."""
    if kind == "geopoint":
        position = _position(answer)
        return {"type": "Point", "coordinates": position} if position else None
    line = _line(answer)
    if line is None or len(line) < FEWEST[kind]:
        return None
    if kind == "geotrace":
        return {"type": "LineString", "coordinates": line}
    return {"type": "Polygon", "coordinates": [_counterclockwise(line)]} if line[0] == line[-1] else None


def _line(answer: Any) -> list[list[float]] | None:
    if not isinstance(answer, str):
        return None
    try:
        points = [typed_values.point(part) for part in answer.strip().rstrip(";").split(";")]
    except ValueError:
        return None
    return [position for point in points if (position := _position(point))]


def _position(point: Any) -> list[float] | None:
    if not isinstance(point, dict):
        return None
    latitude, longitude, altitude = point.get("lat"), point.get("lon"), point.get("alt")
    if not _is_within(latitude, 90) or not _is_within(longitude, 180):
        return None
    return [longitude, latitude] if altitude is None else [longitude, latitude, altitude]


def _is_within(degrees: Any, most: int) -> TypeGuard[float]:
    return isinstance(degrees, int | float) and -most <= degrees <= most


def _counterclockwise(ring: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """GeoJSON's direction of an outline; XForms have none."""
    twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))
    return list(ring if twice >= 0 else reversed(ring))
