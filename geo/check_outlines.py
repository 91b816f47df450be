"""Whether outlines can be counted on: polygons, sound rings, in Việt Nam, inside their commune, not overlapping."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from geo.boundary_problems import Label, OutlineProblem, Severity
from geo.vietnamese_writing import number
from geo.village_of_point import VIETNAM

REPAIR_CHANGE = 0.001  # share of the area a repair may change
OVERLAP_NOTED_M2 = 10.0  # digitising leaves slivers; smaller ones are nobody's matter
OVERLAP_REFUSED_M2 = 1_000.0
OVERLAP_REFUSED_SHARE = 0.01  # of the smaller of the two
OUTSIDE_NOTED_SHARE = 0.01
OUTSIDE_REFUSED_SHARE = 0.10
MOST_CROSSINGS = (
    1_000  # of one outline, to be repaired: some 0.3 s; repairing takes their number and half of it again
)
MOST_TOUCHES = 10  # of each of its lines with others but its neighbours, beyond the first MOST_CROSSINGS
MOST_OVERLAPS = 50
GAP_NOTED_M2 = 1_000.0
GAP_EDGE = 0.00015  # degrees, about 16 m: a commune and its thôn are digitised by different offices
MOST_GAPS = 20

_ELLIPSOID = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class CheckedOutline:
    """One outline after its checks: None where it was refused."""

    outline: shapely.MultiPolygon | None
    problems: list[OutlineProblem] = field(default_factory=list)


def area_m2(shape: BaseGeometry) -> float:
    """The area on the WGS84 ellipsoid of a sound shape in degrees, longitude first."""
    return sum(abs(_ELLIPSOID.geometry_area_perimeter(part)[0]) for part in _polygons(shape))


def check(label: Label, shape: BaseGeometry | None, commune_outline: BaseGeometry | None) -> CheckedOutline:
    """One row by itself; `shape` in EPSG:4326, longitude first."""
    if shape is None or shape.is_empty:
        return _refused(label, "empty", "không có ranh giới (hình trống hoặc hỏng)")
    if shape.geom_type == "GeometryCollection" and all(
        part.geom_type in _AREAS for part in shapely.get_parts(shape)
    ):
        shape = _multi(shape)
    if shape.geom_type not in _AREAS:
        kind = _KINDS.get(shape.geom_type, "hình khác")
        way_out = "; hãy đổi đường khép kín thành vùng (Polygon) rồi xuất lại" if "đường" in kind else ""
        return _refused(label, "not_polygon", f"ranh giới phải là vùng, ở đây là {kind}{way_out}")
    if not _in_vietnam(shape):
        return _refused(label, "outside_vietnam", "tọa độ nằm ngoài lãnh thổ Việt Nam")
    outline, problems = _sound(label, shape)
    if outline is None:
        return CheckedOutline(None, problems)
    if commune_outline is not None:
        problems += _outside(label, outline, commune_outline)
    return CheckedOutline(outline, problems)


def overlaps(
    rows: Sequence[tuple[Label, BaseGeometry]], kept: Sequence[tuple[Label, BaseGeometry]] = ()
) -> list[OutlineProblem]:
    """Rows that share ground with each other or with the outlines kept: refused above a sliver, noted below.

    At most MOST_OVERLAPS are told.
    """
    everything = [*rows, *kept]
    shapes = [shape for _, shape in everything]
    shapely.prepare(shapes)
    tree = shapely.STRtree(shapes)
    problems: list[OutlineProblem] = []
    for here, (label, shape) in enumerate(rows):
        for there in sorted(int(place) for place in tree.query(shape, predicate="intersects")):
            if there > here:
                problems += _overlap(label, shape, *everything[there])
            if len(problems) >= MOST_OVERLAPS:
                return problems
    return problems


def gaps(shapes: Sequence[BaseGeometry], commune_outline: BaseGeometry | None) -> list[OutlineProblem]:
    """Ground that no thôn covers: holes between them, and parts of the commune beyond a sliver along its edge."""
    covered = shapely.union_all(list(shapes), grid_size=1e-7)
    holes = [shapely.Polygon(ring) for part in _polygons(covered) for ring in part.interiors]
    bare = list(holes)
    if commune_outline is not None:
        rest = commune_outline.difference(shapely.union_all([covered, *holes]))
        bare += _polygons(rest.buffer(-GAP_EDGE).buffer(GAP_EDGE))
    sized = [(area, gap) for gap in bare if (area := area_m2(gap)) > GAP_NOTED_M2]
    sized.sort(key=lambda pair: -pair[0])
    return [_gap(area, gap) for area, gap in sized[:MOST_GAPS]]


def _gap(area: float, gap: BaseGeometry) -> OutlineProblem:
    inner = gap.representative_point()
    size = f"{area / 10_000:,.1f} ha".replace(",", " ").replace(".", ",")
    words = f"Khoảng {size} gần {inner.y:.5f}, {inner.x:.5f} không thuộc thôn nào."
    return OutlineProblem("gap", words, "warning", place=gap)


_AREAS = ("Polygon", "MultiPolygon")
_KINDS = {
    "Point": "một điểm",
    "MultiPoint": "các điểm",
    "LineString": "một đường",
    "LinearRing": "một đường",
    "MultiLineString": "các đường",
}


def _in_vietnam(shape: BaseGeometry) -> bool:
    points, (low, high) = shapely.get_coordinates(shape), VIETNAM
    return bool(((low <= points) & (points <= high)).all())


def _refused(label: Label, kind: str, words: str) -> CheckedOutline:
    return CheckedOutline(None, [label.problem(kind, words)])


def _sound(label: Label, shape: BaseGeometry) -> tuple[shapely.MultiPolygon | None, list[OutlineProblem]]:
    """The shape as a valid MultiPolygon, repaired only where that leaves its area alone."""
    if shape.is_valid:
        return _multi(shape), []
    fault = _place_of_fault(shape)
    where = f" gần {fault.y:.5f}, {fault.x:.5f}" if fault else ""
    if is_tangled(shape):
        words = f"đường ranh giới tự cắt quá nhiều chỗ, ví dụ{where}: các đỉnh sai thứ tự, cần vẽ lại"
        return None, [label.problem("invalid", words, place=fault)]
    repaired = _multi(shapely.make_valid(shape))
    before, after = shape.area, repaired.area
    if after > 0 and abs(after - before) <= REPAIR_CHANGE * before:
        words = f"đường ranh giới tự cắt{where}, đã sửa tự động (diện tích đổi không quá 0,1 %)"
        return repaired, [label.problem("repaired", words, "warning", fault)]
    words = f"đường ranh giới tự cắt hoặc sai{where}, cần vẽ lại"
    return None, [label.problem("invalid", words, place=fault)]


def is_tangled(shape: BaseGeometry) -> bool:
    """Whether an outline crosses itself too often to be repaired, found without repairing it.

    Lines are asked a few at first, then more: of a tangle the first ones tell already.
    """
    lines, ring = _lines(shape)
    tree = shapely.STRtree(lines)
    crossings = touches = done = 0
    size = 16
    while done < len(lines):
        asked, met = tree.query(lines[done : done + size], predicate="intersects")
        asked = asked + done
        is_apart = (met > asked + 1) & ~((ring[met] == ring[asked]) & _closes(ring, asked, met))
        asked, met = asked[is_apart], met[is_apart]
        touches += len(asked)
        crossings += int(shapely.crosses(lines[asked], lines[met]).sum())
        if crossings > MOST_CROSSINGS or touches > MOST_CROSSINGS + MOST_TOUCHES * len(lines):
            return True
        done, size = done + size, min(2 * size, 4_096)
    return False


def _lines(shape: BaseGeometry) -> tuple[np.ndarray, np.ndarray]:
    """The straight lines of all rings, in their order, and the number of the ring of each."""
    rings = shapely.get_rings(shape)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    pairs = np.stack([points[:-1], points[1:]], axis=1)
    is_line = (ring[:-1] == ring[1:]) & (points[:-1] != points[1:]).any(axis=1)
    return shapely.linestrings(pairs[is_line]), ring[:-1][is_line]


def _closes(ring: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Whether two lines are the first and the last of a ring, which meet where it closes."""
    edge = np.diff(ring, prepend=-1, append=-1) != 0
    closes: np.ndarray = edge[:-1][first] & edge[1:][last]
    return closes


def _place_of_fault(shape: BaseGeometry) -> shapely.Point | None:
    """The point in GEOS's "Self-intersection[106.5 20.8]"; None where it names no place."""
    words = shapely.is_valid_reason(shape).partition("[")[2].rstrip("]").split()
    try:
        longitude, latitude = float(words[0]), float(words[1])
    except (IndexError, ValueError):
        return None
    return shapely.Point(longitude, latitude)


def _outside(label: Label, outline: BaseGeometry, commune_outline: BaseGeometry) -> list[OutlineProblem]:
    beyond = outline.difference(commune_outline)
    share = beyond.area / outline.area
    if share <= OUTSIDE_NOTED_SHARE:
        return []
    words = f"{_percent(share)} diện tích nằm ngoài ranh giới xã"
    severity: Severity = "error" if share > OUTSIDE_REFUSED_SHARE else "warning"
    return [label.problem("outside_commune", words, severity, beyond)]


def _overlap(
    label: Label, shape: BaseGeometry, other: Label, its_shape: BaseGeometry
) -> list[OutlineProblem]:
    common = shape.intersection(its_shape)
    shared = area_m2(common)
    if shared <= OVERLAP_NOTED_M2:
        return []
    limit = min(OVERLAP_REFUSED_M2, OVERLAP_REFUSED_SHARE * min(area_m2(shape), area_m2(its_shape)))
    area = number(round(shared))
    words = f"chồng lên {str(other)[:1].lower()}{str(other)[1:]} khoảng {area} m²"
    return [label.problem("overlap", words, "error" if shared > limit else "warning", common)]


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _multi(shape: BaseGeometry) -> shapely.MultiPolygon:
    return shapely.MultiPolygon(list(_polygons(shape)))


def _polygons(shape: BaseGeometry) -> Iterator[shapely.Polygon]:
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon" and not part.is_empty:
            yield part
        elif part.geom_type in ("MultiPolygon", "GeometryCollection"):
            yield from _polygons(part)
