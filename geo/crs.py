"""Which coordinate system a boundary file is in: as given, as declared, or guessed from where it lands.

Two VN-2000 zones meet in one city: read in the other's zone a commune moves 26 km, and without the datum shift
224 m. So systems are known by EPSG code alone (a PROJ string drops the datum), and a guess needs the commune's outline.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError
from shapely.geometry.base import BaseGeometry

from geo.boundary_problems import OutlineProblem

WGS84 = 4326
VN2000_DEGREES = 4756
UNITS = {"mét": 1, "xăng-ti-mét": 100, "mi-li-mét": 1_000}
"""How many of a drawing's units are a metre."""
VN2000 = {
    9210: "VN-2000 TM-3 kinh tuyến trục 105°45', Hải Phòng trước 7/2025",
    9209: "VN-2000 TM-3 kinh tuyến trục 105°30', Hải Dương trước 7/2025",
    3405: "VN-2000 UTM múi 48N",
}
DEGREES = {
    WGS84: "WGS84, kinh độ và vĩ độ",
    VN2000_DEGREES: "VN-2000, kinh độ và vĩ độ (lệch WGS84 khoảng 200 m)",
}
SYSTEMS = {**VN2000, **DEGREES}
"""The systems of this city, in the order they are offered."""
_TM3 = {
    102.0: 5896, 103.0: 9205, 104.0: 9206, 104.5: 9207, 104.75: 9208, 105.0: 5897, 105.5: 9209, 105.75: 9210,
    106.0: 9211, 106.25: 9212, 106.5: 9213, 107.0: 9214, 107.25: 9215, 107.5: 9216, 107.75: 5899, 108.0: 5898,
    108.25: 9217, 108.5: 9218,
}  # fmt: skip
"""Central meridian of each provincial zone of VN-2000 (3 degrees wide, scale 0.9999) → EPSG code."""
_UTM = {105.0: 3405, 111.0: 3406}
# (longitude of the central meridian, scale on it) as hand-written .prj files give it, all with 500 000 m east
_ZONES = {(meridian, 0.9999): epsg for meridian, epsg in _TM3.items()} | {
    (meridian, 0.9996): epsg for meridian, epsg in _UTM.items()
}


def _meridian(degrees: float) -> str:
    return f"{int(degrees)}°{round(degrees % 1 * 60):02d}'"


WGS84_UTM = {3405: 32648, 3406: 32649}
"""From a zone of VN-2000 to the one of WGS84 that differs from it by the datum alone: 224 m."""
EVERY_ZONE = VN2000 | {
    epsg: f"VN-2000 {kind} kinh tuyến trục {_meridian(meridian)}"
    for kind, zones in (("TM-3", _TM3), ("UTM", _UTM))
    for meridian, epsg in zones.items()
    if epsg not in VN2000
}
"""All zones of VN-2000: the city's first, those of other provinces after them."""
_OF_WGS84 = {
    other: f"WGS84 UTM kinh tuyến trục {_meridian(meridian)} (máy định vị; lệch VN-2000 khoảng 200 m)"
    for meridian, epsg in _UTM.items()
    if (other := WGS84_UTM[epsg])
}
EVERY_SYSTEM = {**EVERY_ZONE, **_OF_WGS84, **DEGREES}
"""All that a person may choose."""
_WITHIN = 0.99
"""Share of a file's ground that must lie in the commune where two zones differ by hundreds of metres only."""


@dataclass(frozen=True, slots=True)
class Crs:
    """The system a file was read in, by EPSG code, and how it is known."""

    epsg: int
    how: Literal["given", "declared", "guessed"]


def settle(
    shapes: Sequence[BaseGeometry], declared: str | None, given: int | None, outline: BaseGeometry | None
) -> Crs | OutlineProblem:
    """The system to read these shapes in, or why it cannot be told (the choices are then named).

    `declared` is WKT or "EPSG:…" from the file, `given` an EPSG code from the person who loads it, `outline`
    the commune's, longitude first in degrees.
    """
    middle = _middle(shapes)
    if middle is None:
        return OutlineProblem("empty", "Tệp không có ranh giới nào đọc được.")
    odd = _odd_numbers(middle)
    if odd is not None:
        return odd
    stated = _stated(middle, declared, given)
    if isinstance(stated, Crs):
        return _wrong_zone(middle, stated, outline) or stated
    return stated or _guess(middle, shapes, outline)


def _odd_numbers(middle: tuple[float, float]) -> OutlineProblem | None:
    """Numbers that are no place in Việt Nam as they stand, but would be with the axes turned or in another unit."""
    for unit, per_metre in UNITS.items():
        x, y = middle[0] / per_metre, middle[1] / per_metre
        if per_metre > 1 and (_is_metres(x, y) or _is_metres(y, x)):
            words = (
                f"Bản vẽ tính bằng {unit}, không phải mét. Hãy chọn “tọa độ tính bằng {unit}” rồi xem lại."
            )
            return OutlineProblem(f"unit_{per_metre}", words)
    if _is_swapped(middle):
        return OutlineProblem(
            "swapped_axes",
            "Tọa độ trong tệp bị đảo trục (vĩ độ trước kinh độ, hoặc Bắc trước Đông). Hãy đánh dấu “Bắc (X) đứng trước "
            "Đông (Y)” rồi xem lại.",
        )
    return None


def straightened(
    shapes: Sequence[BaseGeometry | None], north_first: bool, per_metre: int
) -> list[BaseGeometry | None]:
    """The shapes with east first and in metres, as a person has said that they are to be read."""
    if not north_first and per_metre == 1:
        return list(shapes)

    def turn(points: np.ndarray) -> np.ndarray:
        return (points[:, ::-1] if north_first else points) / per_metre

    return [None if shape is None else shapely.transform(shape, turn) for shape in shapes]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One system that a file may be in, where it would put the file, and whether that is in the commune."""

    epsg: int
    words: str
    shapes: tuple[BaseGeometry | None, ...]
    lands: bool


def candidates(shapes: Sequence[BaseGeometry | None], outline: BaseGeometry | None) -> tuple[Candidate, ...]:
    """The systems to choose from, each with the shapes as it would place them (EPSG:4326)."""
    middle = _middle([shape for shape in shapes if shape is not None])
    if middle is None or _odd_numbers(middle) is not None:
        return ()
    choices = DEGREES if _is_degrees(middle) else _offered(middle, outline)
    return tuple(
        Candidate(
            epsg,
            words,
            tuple(to_wgs84(shapes, epsg)),
            outline is not None and _lands(middle, epsg, outline),
        )
        for epsg, words in choices.items()
    )


def to_wgs84(shapes: Sequence[BaseGeometry | None], epsg: int) -> list[BaseGeometry | None]:
    """The shapes in EPSG:4326, longitude first; coordinates that cannot be turned become infinite."""
    if epsg == WGS84:
        return list(shapes)

    def turn(points: np.ndarray) -> np.ndarray:
        return np.column_stack(_transformer(epsg).transform(points[:, 0], points[:, 1]))

    return [None if shape is None else shapely.transform(shape, turn) for shape in shapes]


def in_order_of(shape: BaseGeometry, epsg: int) -> BaseGeometry:
    """A shape of EPSG:4326, longitude first, in another system and in the order of that system's own axes: north
    before east where its definition says so, as programs expect that name it by its code.
    """

    def turn(points: np.ndarray) -> np.ndarray:
        return np.column_stack(_outward(epsg).transform(points[:, 0], points[:, 1]))

    return shapely.transform(shape, turn)


def box_to_degrees(box: tuple[float, float, float, float], epsg: int) -> tuple[float, float, float, float]:
    """A box in the order of the system's own axes (least first, least second, most first, most second) as west,
    south, east, north in degrees; infinite where the system has no such place.
    """
    west, south, east, north = _outward(epsg).transform_bounds(*box, direction="INVERSE")
    return float(west), float(south), float(east), float(north)


def recognise(declared: str | None) -> int | None:
    """The EPSG code of a declared system, VN-2000 zones also by their parameters; None if it is another."""
    if not declared:
        return None
    try:
        code = declared.removeprefix("EPSG:")
        system = (
            pyproj.CRS.from_epsg(int(code))
            if re.fullmatch(r"[0-9]{4,6}", code)
            else pyproj.CRS.from_wkt(declared)
        )
        return system.to_epsg() or _zone(system)
    except (CRSError, ProjError):
        return None


def of_mapinfo(declared: str | None) -> str | None:
    """The system of a MapInfo file: MapInfo has no datum for VN-2000, so its zones are written down on WGS84 there.

    Nobody draws in these zones on WGS84 itself; in a .prj the same numbers stay unknown.
    """
    if not declared:
        return None
    try:
        zone = _zone(pyproj.CRS.from_wkt(declared), datum_counts=False)
    except (CRSError, ProjError):
        return declared
    return f"EPSG:{zone}" if zone is not None else declared


def _zone(system: pyproj.CRS, *, datum_counts: bool = True) -> int | None:
    """A VN-2000 zone told by its numbers; where the datum counts, not when it says WGS84, 224 m away from VN-2000."""
    plain = system.source_crs if system.is_bound else system
    if plain is None or plain.coordinate_operation is None or not plain.is_projected:
        return None
    datum = plain.geodetic_crs.datum.name if plain.geodetic_crs and plain.geodetic_crs.datum else ""
    values: dict[str, Any] = {
        parameter.name: parameter.value for parameter in plain.coordinate_operation.params
    }
    says_wgs84 = "World Geodetic" in datum or "WGS" in datum
    if (datum_counts and says_wgs84) or values.get("False easting") != 500_000:
        return None
    meridian = round(values.get("Longitude of natural origin", 0), 4)
    return _ZONES.get((meridian, round(values.get("Scale factor at natural origin", 0), 6)))


def _stated(
    middle: tuple[float, float], declared: str | None, given: int | None
) -> Crs | OutlineProblem | None:
    """What a person or the file says; None where nothing is said, or it says degrees and the numbers are metres.

    Numbers in degrees of which a file says that they are metres may be those of either datum: a person is asked.
    """
    if given is not None:
        return (
            Crs(given, "given")
            if _known(given)
            else OutlineProblem("unknown_crs", _refusal(middle, f"EPSG:{given} lạ"))
        )
    epsg = recognise(declared)
    if declared and epsg is None:
        return OutlineProblem("unknown_crs", _refusal(middle, "Hệ tọa độ khai trong tệp không nhận ra được"))
    if epsg is None or (_is_geographic(epsg) and not _is_degrees(middle)):
        return None
    if _is_degrees(middle) and not _is_geographic(epsg):
        why = "Tệp khai hệ tọa độ tính bằng mét mà số trong tệp là độ, theo WGS84 hay VN-2000 (lệch nhau khoảng 200 m)"
        return OutlineProblem("unknown_crs", _refusal(middle, why))
    return Crs(epsg, "declared")


def _guess(
    middle: tuple[float, float], shapes: Sequence[BaseGeometry], outline: BaseGeometry | None
) -> Crs | OutlineProblem:
    if _is_degrees(middle):
        return OutlineProblem(
            "unknown_crs",
            _refusal(middle, "Tệp ghi độ mà không nói theo WGS84 hay VN-2000 (lệch nhau khoảng 200 m)"),
        )
    if outline is None:
        return OutlineProblem(
            "unknown_crs", _refusal(middle, "Tệp không ghi hệ tọa độ, và xã chưa có ranh giới để đối chiếu")
        )
    landing = _landing(middle, outline)
    fitting = [epsg for epsg in landing if len(landing) == 1 or _is_within(shapes, epsg, outline)]
    if len(fitting) == 1:
        return Crs(fitting[0], "guessed")
    why = "nhiều múi cùng đưa nó vào xã" if landing else "không múi nào đưa nó vào đúng ranh giới xã"
    offered = _offered(middle, outline) if landing else VN2000
    return OutlineProblem("unknown_crs", _refusal(middle, f"Tệp không ghi hệ tọa độ, và {why}", offered))


def _landing(middle: tuple[float, float], outline: BaseGeometry) -> list[int]:
    """The zones that bring a file into its commune: the city's, else another province's.

    On 105° two zones differ by their scale alone: 690 m at this latitude, and both may land. A zone of UTM is used on
    WGS84 too, by receivers.
    """
    own = [epsg for epsg in VN2000 if _lands(middle, epsg, outline)]
    if own and own != [_UTM[105.0]]:
        return own
    every = [epsg for epsg in EVERY_ZONE if _lands(middle, epsg, outline)]
    return every + [WGS84_UTM[epsg] for epsg in every if epsg in WGS84_UTM]


def _offered(middle: tuple[float, float], outline: BaseGeometry | None) -> dict[int, str]:
    """The city's zones, and others that bring a file into its commune."""
    landing = _landing(middle, outline) if outline is not None else []
    return VN2000 | {epsg: EVERY_SYSTEM[epsg] for epsg in landing}


def _is_within(shapes: Sequence[BaseGeometry], epsg: int, outline: BaseGeometry) -> bool:
    """Whether nearly all of a file lies in the commune."""
    points = shapely.get_coordinates(np.asarray(to_wgs84(shapes, epsg), dtype=object))
    whole = shapely.MultiPoint(points).convex_hull
    return bool(whole.intersection(outline.convex_hull).area >= _WITHIN * whole.area > 0)


def _wrong_zone(
    middle: tuple[float, float], stated: Crs, outline: BaseGeometry | None
) -> OutlineProblem | None:
    """A stated system that misses the commune while another reading of the same numbers hits it."""
    if outline is None or _lands(middle, stated.epsg, outline):
        return None
    better = next(
        (epsg for epsg in EVERY_ZONE if epsg != stated.epsg and _lands(middle, epsg, outline)), None
    )
    if better is None:
        return None
    by = "được chọn" if stated.how == "given" else "khai trong tệp"
    return OutlineProblem(
        "wrong_zone",
        f"Sai múi chiếu: hệ EPSG:{stated.epsg} {by} đưa ranh giới ra ngoài xã, còn EPSG:{better} "
        f"({EVERY_ZONE[better]}) thì nằm đúng trong xã. Hãy nạp lại với hệ tọa độ {better}.",
    )


def _middle(shapes: Sequence[BaseGeometry]) -> tuple[float, float] | None:
    """The median of the shapes' centres, in the file's own numbers, so that one stray row does not decide."""
    centres = shapely.get_coordinates(shapely.centroid(np.asarray(shapes, dtype=object)))
    centres = centres[np.isfinite(centres).all(axis=1)]
    if not len(centres):
        return None
    x, y = np.median(centres, axis=0)
    return float(x), float(y)


def _lands(middle: tuple[float, float], epsg: int, outline: BaseGeometry) -> bool:
    """Whether the middle of the file falls inside the commune (its convex hull: a commune may be a crescent)."""
    if _is_geographic(epsg) != _is_degrees(middle):
        return False
    longitude, latitude = _transformer(epsg).transform(*middle)
    return bool(shapely.intersects_xy(outline.convex_hull, longitude, latitude))


def _is_degrees(middle: tuple[float, float]) -> bool:
    return abs(middle[0]) <= 360 and abs(middle[1]) <= 360


def _is_swapped(middle: tuple[float, float]) -> bool:
    """Whether the numbers are (north, east), as surveyors write them: Việt Nam has no such (east, north)."""
    x, y = middle
    if _is_degrees(middle):
        return 6 <= x <= 24 and 100 <= y <= 120
    return _is_metres(y, x)


def _is_metres(east: float, north: float) -> bool:
    """Whether this is a place in Việt Nam in metres, in any of its zones."""
    return 900_000 < north < 2_700_000 and 100_000 < east < 900_000


def _refusal(middle: tuple[float, float], reason: str, offered: dict[int, str] = VN2000) -> str:
    choices = []
    for epsg, words in (DEGREES if _is_degrees(middle) else offered).items():
        longitude, latitude = _transformer(epsg).transform(*middle)
        lands = f", đưa giữa tệp tới {latitude:.3f}, {longitude:.3f}" if abs(latitude) <= 90 else ""
        choices.append(f"{epsg} ({words}{lands})")
    return f"{reason}. Hãy nạp lại và chọn hệ tọa độ: {'; '.join(choices)}."


@lru_cache(maxsize=16)
def _known(epsg: int) -> bool:
    try:
        _transformer(epsg)
    except (CRSError, ProjError):
        return False
    return True


@lru_cache(maxsize=32)
def _is_geographic(epsg: int) -> bool:
    return bool(pyproj.CRS.from_epsg(epsg).is_geographic)


@lru_cache(maxsize=32)
def _transformer(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(epsg, WGS84, always_xy=True, allow_ballpark=False)


@lru_cache(maxsize=16)
def _outward(epsg: int) -> pyproj.Transformer:
    """From longitude and latitude to a system with its axes in their own order."""
    return pyproj.Transformer.from_crs("OGC:CRS84", f"EPSG:{epsg}", allow_ballpark=False)
