"""Outlines for trying things out, "minh họa": rough shapes of our own around official centres, not boundaries.

Everything is drawn from the official communes' centres and areas and from fixed seeds, so that a demonstration looks
the same everywhere and is mistaken for nobody's survey.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.random import Generator, default_rng
from shapely.geometry.base import BaseGeometry

from geo.official_communes import centres

_ORIGIN = (106.6, 20.8)  # longitude, latitude: the plane of the sketches is flat around it
_METRES = np.array([111_320 * math.cos(math.radians(_ORIGIN[1])), 110_704])  # a degree of each there
_COMMUNE_GRAIN_M = 480.0  # how coarse the borders are drawn
_GRAINS_A_VILLAGE = 30
_COAST = 1.22  # how far a commune without a neighbour may reach, in radii of a disc of its area
_COAST_WAVES = 0.2  # how far bays and capes depart from that
_INLET_M = 2_500.0  # gaps among discs narrower than twice this are land
_HOUSEHOLDS = 2_000  # in each commune with villages
_SMALLEST, _LARGEST = 25, 110  # households of a village

_VILLAGES = {
    "11629": (
        "Quyết Tiến", "Đồng Xuân", "An Khê", "Phú Lộc", "Tân Thịnh", "Xuân Lai", "Đông Hà", "Cầu Vàng",
        "Bến Đò", "Kim Châu", "Lương Quán", "Thượng Đồng", "Trung Đồng", "Hạ Đồng", "Bình Lục", "Hòa Mỹ",
        "Ngọc Khê", "Vạn Phúc", "Cẩm La", "Tiên Động", "Quyết Tiến", "Đức Hậu", "Liên Hoa", "Minh Tân",
        "Thạch Bàn", "Gò Me", "Đầm Sen", "Trại Giữa", "Nam Thái", "Bắc Thái", "Phương Đình", "Yên Lạc",
        "Phúc Hải", "Thanh Lãng", "Đình Đông", "Miếu Đoài", "Hưng Thịnh", "Tràng An",
    ),
    "10930": (
        "Đông Giang", "Ngọc Trục", "Phú An", "Mậu Lương", "Bình Cách", "Thái Lai", "Hòa Tô", "Kim Đôi",
        "Lê Xá", "Cao Duệ", "Bối Đông", "Chương Xá", "Tân An", "Văn Thịnh", "Đồng Khê", "Yên Phú",
        "Thượng Cốc", "Hạ Cốc", "Nghĩa Lộ", "Phượng Hoàng", "Quang Minh", "Trại Mới", "Hà Xá",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CommuneSketch:
    """A commune of Hải Phòng: official code, name, kind, centre and area; the outline (EPSG:4326) is made up."""

    code: str
    name: str
    kind: str
    latitude: float
    longitude: float
    area_km2: float
    geometry: shapely.MultiPolygon
    illustrative: bool = True


@dataclass(frozen=True, slots=True)
class VillageSketch:
    """A made-up thôn: invented name, figures and outline (EPSG:4326); `centre` is (latitude, longitude)."""

    code: str
    name: str
    households: int
    people: int
    adults: int
    geometry: shapely.MultiPolygon
    centre: tuple[float, float]
    illustrative: bool = True


@lru_cache(maxsize=1)
def communes() -> tuple[CommuneSketch, ...]:
    """The 114 communes with rough outlines that touch but do not overlap, in the order of their codes."""
    rows = centres()
    middles = _to_plane(np.array([(float(row["longitude"]), float(row["latitude"])) for row in rows]))
    radii = np.sqrt(np.array([float(row["area_km2"]) for row in rows]) * 1e6 / math.pi)
    shapes = _commune_shapes(middles, radii)
    return tuple(_sketch(row, shape) for row, shape in zip(rows, shapes, strict=True))


def _sketch(row: dict[str, str], shape: shapely.MultiPolygon) -> CommuneSketch:
    latitude, longitude, area = (float(row[column]) for column in ("latitude", "longitude", "area_km2"))
    return CommuneSketch(row["code"], row["name"], row["kind"], latitude, longitude, area, shape)


@lru_cache(maxsize=4)
def villages(commune_code: str) -> tuple[VillageSketch, ...]:
    """The made-up thôn of An Lão (11629) or Mao Điền (10930); together they fill the commune's sketch.

    Raises KeyError for any other commune.
    """
    names = _VILLAGES[commune_code]
    random = default_rng(int(commune_code))
    commune = next(sketch for sketch in communes() if sketch.code == commune_code)
    plane = shapely.transform(commune.geometry, _to_plane)
    shapes, centres = _village_shapes(plane, len(names), random)
    sizes = _sizes(len(names), random)
    sketches = []
    for number, (name, households, shape, centre) in enumerate(
        zip(names, sizes, shapes, centres, strict=True), 1
    ):
        people = round(households * random.uniform(3.1, 3.7))
        adults = round(people * random.uniform(0.70, 0.76))
        code = f"{commune_code}{number:03d}"
        sketches.append(VillageSketch(code, name, households, people, adults, shape, centre))
    return tuple(sketches)


def scatter(village: VillageSketch, count: int, seed: int = 0) -> list[tuple[float, float]]:
    """`count` points (latitude, longitude) inside a thôn, thicker around its centre, as houses stand."""
    random = default_rng([int(village.code), seed])
    west, south, east, north = village.geometry.bounds
    latitude, longitude = village.centre
    points: list[tuple[float, float]] = []
    while len(points) < count:
        if random.random() < 0.7:
            point = random.normal((latitude, longitude), ((north - south) / 6, (east - west) / 6))
        else:
            point = random.uniform((south, west), (north, east))
        at = round(float(point[0]), 6), round(float(point[1]), 6)
        if shapely.contains_xy(village.geometry, at[1], at[0]):
            points.append(at)
    return points


def _commune_shapes(centres: np.ndarray, radii: np.ndarray) -> list[shapely.MultiPolygon]:
    """Grains of land go to the commune whose disc holds them deepest; those outside all discs are water."""
    discs = shapely.union_all(shapely.buffer(shapely.points(centres), _COAST * radii))
    closed = discs.buffer(_INLET_M).buffer(-_INLET_M)
    land = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(closed)])
    inland = land.buffer(-_INLET_M / 2)
    # and a rim of water around the farthest cape, to bound the outermost grains
    rim = land.buffer(_COAST_WAVES * _COAST * radii.max() + 3 * _COMMUNE_GRAIN_M)
    west, south, east, north = rim.bounds
    grains = _grains(np.array([west, south]), np.array([east, north]), _COMMUNE_GRAIN_M, default_rng(31))
    shapely.prepare([rim, inland])
    grains = grains[shapely.contains_xy(rim, grains)]
    apart = np.hypot(*_apart(grains, centres))
    owner = np.argmin(apart**2 - radii**2 / 2, axis=1)
    ashore = apart[np.arange(len(grains)), owner] < _COAST * radii[owner] * (
        1 + _COAST_WAVES * _waves(grains)
    )
    owner[~(ashore | shapely.contains_xy(inland, grains))] = -1
    shapes = _grown(grains, owner, len(centres), _COMMUNE_GRAIN_M / 6)
    return [_to_degrees(_largest(shape)) for shape in shapes]


def _waves(points: np.ndarray) -> np.ndarray:
    """A smooth number from -1 to 1 for each point of the plane, rising and falling every few kilometres."""
    east, north = points[:, 0] / 1000, points[:, 1] / 1000
    across, along = np.sin(0.9 * east + np.sin(0.7 * north)), np.sin(1.1 * north + 2 * np.sin(0.45 * east))
    return np.asarray((across + along) / 2)


def _village_shapes(
    commune: shapely.MultiPolygon, count: int, random: Generator
) -> tuple[list[shapely.MultiPolygon], list[tuple[float, float]]]:
    """The commune cut into `count` pieces of about one size around made settlements, and the settlements."""
    grain = math.sqrt(commune.area / (count * _GRAINS_A_VILLAGE))
    west, south, east, north = commune.buffer(4 * grain).bounds
    grains = _grains(np.array([west, south]), np.array([east, north]), grain, random)
    inside = grains[shapely.contains_xy(commune, grains)]
    centres = random.choice(inside, count, replace=False)
    for _ in range(3):  # a few rounds even the pieces out; more would make a honeycomb of them
        nearest = np.argmin(np.hypot(*_apart(inside, centres)), axis=1)
        centres = np.array([inside[nearest == piece].mean(axis=0) for piece in range(count)])
    owner = np.argmin(np.hypot(*_apart(grains, centres)), axis=1)
    shapes = [_to_degrees(shape.intersection(commune)) for shape in _grown(grains, owner, count, grain / 5)]
    return shapes, [_centre(shape, centre) for shape, centre in zip(shapes, centres, strict=True)]


def _grains(low: np.ndarray, high: np.ndarray, size: float, random: Generator) -> np.ndarray:
    """Points about `size` metres apart, shaken off their grid: the cells around them give borders their waves."""
    columns, rows = (int(cells) + 1 for cells in (high - low) / size)
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
    return np.asarray(low + size * (grid + random.uniform(-0.42, 0.42, grid.shape)))


def _apart(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far each point is from each centre, as two tables (points × centres), east and north, in metres."""
    east = points[:, 0, None] - centres[None, :, 0]
    north = points[:, 1, None] - centres[None, :, 1]
    return east, north


def _grown(grains: np.ndarray, owner: np.ndarray, count: int, smooth_m: float) -> list[BaseGeometry]:
    """The cells of each owner's grains as one shape, with borders that neighbours share to the last vertex."""
    cells = np.array(shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(grains), ordered=True)))
    shapes = [shapely.coverage_union_all(cells[owner == piece]) for piece in range(count)]
    return list(shapely.coverage_simplify(shapes, smooth_m))


def _largest(shape: BaseGeometry) -> BaseGeometry:
    parts: list[BaseGeometry] = list(shapely.get_parts(shape))
    return max(parts, key=lambda part: float(part.area))


def _to_plane(degrees: np.ndarray) -> np.ndarray:
    """(longitude, latitude) → metres east and north of the origin."""
    return np.asarray((degrees - np.array(_ORIGIN)) * _METRES)


def _to_degrees(shape: BaseGeometry) -> shapely.MultiPolygon:
    """A shape of the plane as EPSG:4326, to 5 decimals (about a metre)."""
    turned = shapely.transform(shape, lambda metres: np.round(metres / _METRES + np.array(_ORIGIN), 5))
    return shapely.MultiPolygon([part for part in shapely.get_parts(turned) if part.geom_type == "Polygon"])


def _centre(shape: shapely.MultiPolygon, settlement: np.ndarray) -> tuple[float, float]:
    """The settlement as (latitude, longitude) if it lies in the shape, else a point that does."""
    longitude, latitude = settlement / _METRES + np.array(_ORIGIN)
    if not shapely.contains_xy(shape, longitude, latitude):
        inner = shape.representative_point()
        longitude, latitude = inner.x, inner.y
    return round(float(latitude), 5), round(float(longitude), 5)


def _sizes(count: int, random: Generator) -> Sequence[int]:
    """Households of each village: uneven, in all exactly _HOUSEHOLDS."""
    sizes: list[int] = random.integers(_SMALLEST, _LARGEST, count, endpoint=True).tolist()
    while (missing := _HOUSEHOLDS - sum(sizes)) != 0:
        place, step = int(random.integers(count)), 1 if missing > 0 else -1
        if _SMALLEST <= sizes[place] + step <= _LARGEST:
            sizes[place] += step
    return sizes
