"""Distances and areas of points, lines and shapes, as JavaRosa works them out on a globe."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from forms.engine.java_values import Mismatch, Nodes, each, plain, read_point, to_text

_RADIUS = 6_378_100.0
"""Metres, at the equator."""
Point = tuple[float, float]


def area(place: Any) -> float:
    """Square metres within a shape, or within the points of a repeat."""
    points = _shape("area", place)
    if len(points) < 3:
        return 0.0
    metres = 2 * _RADIUS * math.pi / 360.0
    (latitude0, longitude0), rest = points[0], points[1:]
    across = [
        ((lon - longitude0) * metres * math.cos(math.radians(lat)), (lat - latitude0) * metres)
        for lat, lon in rest
    ]
    return abs(sum((y1 * x2 - x1 * y2) / 2 for (x1, y1), (x2, y2) in pairwise(across)))


def distance(*places: Any) -> float:
    """Metres along a line, or from each point to the next."""
    if len(places) > 1:
        return _along([_point(to_text(place)) for place in places])
    (place,) = places
    if isinstance(place, Nodes):
        return _along(_shape("distance", place))
    if isinstance(place, str):
        return _along([_point(part) for part in place.split(";")])
    raise Mismatch("distance() cần một câu hoặc một chuỗi tọa độ")


def inside(point: Any, shape: Any) -> bool:
    """Whether a point lies in a shape."""
    latitude, longitude = _point(to_text(point))
    corners, within = _shape("geofence", shape), False
    for (lat1, lon1), (lat2, lon2) in pairwise(corners):
        crosses = (lat2 > latitude) != (lat1 > latitude)
        if crosses and longitude < (lon1 - lon2) * (latitude - lat2) / (lat1 - lat2) + lon2:
            within = not within
    return within


def _shape(function: str, place: Any) -> Sequence[Point]:
    if not isinstance(place, Nodes):
        raise Mismatch(f"{function}() cần một câu hỏi vị trí")
    if len(place) == 1:
        return [_point(part) for part in to_text(plain(place)).split(";")]
    return [_point(to_text(one)) for one in each(place)]


def _point(text: str) -> Point:
    return read_point(text)[:2]


def _along(points: Sequence[Point]) -> float:
    return math.fsum(_between(a, b) for a, b in pairwise(points))


def _between(a: Point, b: Point) -> float:
    (lat1, lon1), (lat2, lon2) = ([math.radians(part) for part in point] for point in (a, b))
    along = math.cos(lat1) * math.cos(lat2) * math.cos(lon1 - lon2)
    return math.acos(min(1.0, math.sin(lat1) * math.sin(lat2) + along)) * _RADIUS
