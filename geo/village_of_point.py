"""From a point to the village it lies in, and how sure that is; shapely only, fast enough for every visit."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

Certainty = Literal["inside", "within_accuracy", "outside"]

VIETNAM = ((102, 6), (118, 24))  # longitude and latitude, with Hoàng Sa and Trường Sa
_METRES_A_DEGREE = 111_320.0  # of longitude on the equator


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a point is: `key` of its village (None when outside all), `distance_m` to it, 0 inside."""

    key: int | None
    certainty: Certainty
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class PointJudgement:
    """A point against the village it should be in (R21).

    `found` is the village it lies in, if any; `distance_m` to the expected one, None where that has no outline.
    """

    verdict: Literal["inside", "within_accuracy", "wrong", "unknown"]
    distance_m: float | None
    found: int | None


class VillageIndex:
    """Outlines to look points up in; EPSG:4326, longitude first. Built once, then safe to share among threads."""

    def __init__(self, pairs: Sequence[tuple[int, BaseGeometry]]) -> None:
        ordered = sorted(pairs, key=lambda pair: pair[0])
        self._keys = [key for key, _ in ordered]
        self._shapes = np.array([shape for _, shape in ordered], dtype=object)
        self._tree = shapely.STRtree(self._shapes)
        self._scale = _metres_a_degree(self._shapes)
        self._flat = shapely.transform(self._shapes, lambda points: points * self._scale)
        self._places = {key: place for place, key in enumerate(self._keys)}
        self._warm()

    @classmethod
    def from_wkb(cls, pairs: Iterable[tuple[int, bytes]]) -> "VillageIndex":
        """An index of outlines as the database keeps them."""
        return cls([(key, shapely.from_wkb(outline)) for key, outline in pairs])

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def keys(self) -> Sequence[int]:
        """The villages that have an outline."""
        return self._keys

    def find(self, latitude: float, longitude: float) -> int | None:
        """The key of the village a point lies in; on a shared edge the smallest key, so never two villages."""
        if not self._keys or not _is_on_earth(latitude, longitude):
            return None
        near = self._tree.query(shapely.Point(longitude, latitude))
        if not len(near):
            return None
        inside = near[shapely.intersects_xy(self._shapes[near], longitude, latitude)]
        return self._keys[inside.min()] if len(inside) else None

    def place(self, latitude: float, longitude: float, accuracy_m: float | None = None) -> Placement:
        """The village of a point: the one it lies in, else the nearest that its accuracy (metres) reaches."""
        key = self.find(latitude, longitude)
        if key is not None:
            return Placement(key, "inside", 0.0)
        point = self._metric(latitude, longitude)
        if point is None or not self._keys:
            return Placement(None, "outside", None)
        distances = shapely.distance(self._flat, point)
        nearest = int(distances.argmin())
        distance = float(distances[nearest])
        if distance <= _reach(accuracy_m):
            return Placement(self._keys[nearest], "within_accuracy", distance)
        return Placement(None, "outside", distance)

    def judge(
        self, latitude: float, longitude: float, accuracy_m: float | None, expected_key: int
    ) -> PointJudgement:
        """Whether a point supports the village a visit names: inside, within accuracy (metres), or wrong."""
        place = self._places.get(expected_key)
        if place is not None and shapely.contains_xy(self._shapes[place], longitude, latitude):
            # as nearly always; on an edge `find` says whose it is
            return PointJudgement("inside", 0.0, expected_key)
        found = self.find(latitude, longitude)
        point = None if place is None else self._metric(latitude, longitude)
        if place is None or point is None:
            return PointJudgement("unknown", None, found)
        distance = float(shapely.distance(self._flat[place], point))
        if distance == 0 or found == expected_key:
            return PointJudgement("inside", 0.0, found)
        verdict: Literal["within_accuracy", "wrong"]
        verdict = "within_accuracy" if distance <= _reach(accuracy_m) else "wrong"
        return PointJudgement(verdict, distance, found)

    def _metric(self, latitude: float, longitude: float) -> shapely.Point | None:
        if not _is_on_earth(latitude, longitude):
            return None
        return shapely.Point(longitude * self._scale[0], latitude * self._scale[1])

    def _warm(self) -> None:
        """Builds now what GEOS would build at the first question: two threads must not build it at once."""
        if not self._keys:
            return
        shapely.prepare(self._shapes)
        middle = shapely.centroid(self._shapes)
        shapely.intersects_xy(self._shapes, shapely.get_x(middle), shapely.get_y(middle))
        self._tree.query(middle[0])


def round_point(latitude: float, longitude: float) -> tuple[float, float]:
    """A point coarse enough to name no house: 3 decimals are about 110 m (R21)."""
    return round(latitude, 3), round(longitude, 3)


def is_in_vietnam(latitude: float, longitude: float) -> bool:
    """Whether a point can lie in any commune at all; by a rectangle, so that the seas and parts of neighbours are."""
    (west, south), (east, north) = VIETNAM
    return south <= latitude <= north and west <= longitude <= east


def _is_on_earth(latitude: float, longitude: float) -> bool:
    return abs(latitude) <= 90 and abs(longitude) <= 180  # false for what is not a number, too


def _reach(accuracy_m: float | None) -> float:
    """An accuracy in metres that can be used: nothing, nonsense and negative count as exact."""
    return accuracy_m if accuracy_m is not None and math.isfinite(accuracy_m) and accuracy_m > 0 else 0.0


def _metres_a_degree(shapes: np.ndarray) -> np.ndarray:
    """Metres a degree of (longitude, latitude) amid these shapes, on the WGS84 ellipsoid."""
    _, south, _, north = shapely.total_bounds(shapes) if len(shapes) else (0, 0, 0, 0)
    middle = math.radians((south + north) / 2) if math.isfinite(south + north) else 0.0
    squash = 1 - 0.00669438 * math.sin(middle) ** 2  # 1 − e² sin² φ
    eastward = _METRES_A_DEGREE * math.cos(middle) / math.sqrt(squash)
    northward = _METRES_A_DEGREE * (1 - 0.00669438) / squash**1.5
    return np.array([eastward, northward])
