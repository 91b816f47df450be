"""The city's communes as a light SVG map, with the islands that every map of the city or the country must show."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely.geometry.base import BaseGeometry

WIDTH = 760
INSET = 132  # the side of an inset, in pixels

BACH_LONG_VI, CAT_HAI = "11948", "11914"
ISLANDS = {BACH_LONG_VI: ("Bạch Long Vĩ", 107.73, 20.135), CAT_HAI: ("Cát Hải", 107.03, 20.75)}
"""Special units of the city, longitude first: drawn as a mark where their outline has not been loaded."""

HOANG_SA = ((112.34, 16.83), (111.61, 16.53), (111.2, 15.78), (112.73, 16.67), (111.7, 16.45), (111.58, 16.5))
TRUONG_SA = (
    (111.92, 8.64), (114.33, 11.43), (114.36, 10.18), (114.33, 9.88), (114.48, 10.37), (112.92, 7.87),
    (113.3, 8.18), (113.7, 8.97), (111.67, 8.67),
)  # fmt: skip
ARCHIPELAGOS = (
    ("Quần đảo Hoàng Sa", "TP Đà Nẵng", HOANG_SA),
    ("Quần đảo Trường Sa", "tỉnh Khánh Hòa", TRUONG_SA),
)
"""Where some of their islands lie, roughly: enough for an inset that says they belong to Việt Nam."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Area:
    """A commune as drawn: its code, and its SVG path."""

    code: str
    path: str


@dataclass(frozen=True)
class IslandDot:
    """A mark for an island; `label` is empty where the inset has a name for all."""

    x: float
    y: float
    label: str = ""


@dataclass(frozen=True)
class Inset:
    """A small frame of its own scale, placed with its upper left corner at (x, y)."""

    x: float
    y: float
    title: str
    under: str
    dots: tuple[IslandDot, ...]
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True)
class CityMap:
    """Lengths in pixels of the drawing."""

    width: int
    height: int
    areas: tuple[Area, ...]
    dots: tuple[IslandDot, ...]
    insets: tuple[Inset, ...]
    side: int = INSET


@dataclass(frozen=True)
class _Frame:
    """Turns degrees into pixels of a frame with its upper left corner at (x, y)."""

    west: float
    north: float
    shrink: float
    scale: float
    x: float
    y: float

    @classmethod
    def around(cls, bounds: Sequence[float], width: float, height: float, x: float, y: float) -> "_Frame":
        """The largest that shows `bounds` (west, south, east, north) within width and height, with an edge."""
        west, south, east, north = bounds
        shrink = math.cos(math.radians((south + north) / 2))
        across, up = max((east - west) * shrink, 1e-6), max(north - south, 1e-6)
        scale = min((width - 12) / across, (height - 12) / up)
        left, top = (width - across * scale) / 2, (height - up * scale) / 2
        return cls(west, north, shrink, scale, x + left, y + top)

    def place(self, longitude: float, latitude: float) -> Point:
        across = self.x + (longitude - self.west) * self.shrink * self.scale
        return round(across, 1), round(self.y + (self.north - latitude) * self.scale, 1)

    def path(self, shape: BaseGeometry) -> str:
        return "".join(
            "M" + "L".join(f"{x} {y}" for x, y in _distinct(self.place(*point) for point in ring)) + "Z"
            for ring in _rings(shape)
        )


def draw(outlines: Mapping[str, BaseGeometry]) -> CityMap | None:
    """The communes that have an outline, and the insets beside them; None where none has."""
    near = {code: shape for code, shape in outlines.items() if code != BACH_LONG_VI}
    if not near:
        return None
    bounds = [float(each) for each in shapely.total_bounds(list(near.values()))]
    across = (bounds[2] - bounds[0]) * math.cos(math.radians(bounds[1]))
    wide = WIDTH - INSET - 12
    height = max(3 * INSET + 24, min(720, math.ceil(wide * (bounds[3] - bounds[1]) / max(across, 1e-6))))
    frame = _Frame.around(bounds, wide, height, 0, 0)
    return CityMap(
        width=WIDTH,
        height=height,
        areas=tuple(Area(code, frame.path(shape)) for code, shape in near.items()),
        dots=tuple(_island(frame, CAT_HAI) if CAT_HAI not in near and _is_within(bounds, CAT_HAI) else ()),
        insets=_insets(outlines, has_cat_hai=CAT_HAI in near or _is_within(bounds, CAT_HAI)),
    )


def _is_within(bounds: Sequence[float], code: str) -> bool:
    _, longitude, latitude = ISLANDS[code]
    return bounds[0] <= longitude <= bounds[2] and bounds[1] <= latitude <= bounds[3]


def _island(frame: _Frame, code: str) -> tuple[IslandDot, ...]:
    name, longitude, latitude = ISLANDS[code]
    return (IslandDot(*frame.place(longitude, latitude), name),)


def _insets(outlines: Mapping[str, BaseGeometry], *, has_cat_hai: bool) -> tuple[Inset, ...]:
    x = WIDTH - INSET
    found = [_of_city(outlines, x, has_cat_hai=has_cat_hai)]
    for number, (title, under, places) in enumerate(ARCHIPELAGOS, start=1):
        y = number * (INSET + 12)
        bounds = shapely.total_bounds(shapely.points(places))
        frame = _Frame.around([float(each) for each in bounds], INSET - 24, INSET - 52, x + 12, y + 40)
        found.append(
            Inset(x, y, title, f"({under})", tuple(IslandDot(*frame.place(*place)) for place in places))
        )
    return tuple(found)


def _of_city(outlines: Mapping[str, BaseGeometry], x: float, *, has_cat_hai: bool) -> Inset:
    """Bạch Long Vĩ, by its outline or a mark; and Cát Hải where the map beside does not reach it."""
    marked = [BACH_LONG_VI] if has_cat_hai else [BACH_LONG_VI, CAT_HAI]
    title = "Đặc khu " + ", ".join(ISLANDS[code][0] for code in marked)
    shape = outlines.get(BACH_LONG_VI)
    if shape is not None and has_cat_hai:
        frame = _Frame.around([float(each) for each in shape.bounds], INSET - 48, INSET - 64, x + 24, 44)
        return Inset(x, 0, title, "(TP Hải Phòng)", (), (Area(BACH_LONG_VI, frame.path(shape)),))
    places = [ISLANDS[code][1:] for code in marked]
    bounds = shapely.total_bounds(shapely.points(places))
    frame = _Frame.around([float(each) for each in bounds], INSET - 48, INSET - 64, x + 24, 44)
    dots = tuple(IslandDot(*frame.place(*place)) for place in places)
    return Inset(x, 0, title, "(TP Hải Phòng)", dots)


def _rings(shape: BaseGeometry) -> Iterable[Iterable[Point]]:
    for part in shapely.get_parts(shape):
        if part.geom_type != "Polygon":
            continue
        yield part.exterior.coords
        yield from (ring.coords for ring in part.interiors)


def _distinct(points: Iterable[Point]) -> Iterable[Point]:
    """Without points that fall on the pixel of the one before."""
    before: Point | None = None
    for point in points:
        if point != before:
            yield point
        before = point
