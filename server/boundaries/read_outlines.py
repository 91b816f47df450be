"""Files of outlines, read by the reading process; what goes over its bounds is refused as what cannot be read is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from shapely.geometry.base import BaseGeometry

from geo import boundaries
from geo.boundaries import BoundaryReading
from geo.boundary_problems import UnreadableBoundaries
from geo.crs import Candidate
from geo.match_names import ReadAs
from server.files import reading_process
from server.files.reading_process import Stopped

Read = TypeVar("Read")
_REMEDY = (
    "Hãy đơn giản hóa (simplify) các đường ranh, chỉ giữ lớp ranh giới cần nạp, xuất lại thành GeoPackage hoặc "
    "Shapefile nén .zip rồi gửi lại."
)


def read(path: Path, **how: Any) -> BoundaryReading:
    """`geo.boundaries.read`, with its keywords. Raises UnreadableBoundaries."""
    return _read(boundaries.read, path, **how)


def candidates(path: Path, near: BaseGeometry | None, how: ReadAs) -> tuple[Candidate, ...]:
    """`geo.boundaries.candidates`. Raises UnreadableBoundaries."""
    return _read(boundaries.candidates, path, near, how)


def _read(function: Callable[..., Read], path: Path, *given: Any, **named: Any) -> Read:
    try:
        return reading_process.read(function, path.absolute(), *given, **named)
    except Stopped as stopped:
        raise UnreadableBoundaries(stopped.sentence(_REMEDY)) from stopped
