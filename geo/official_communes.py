"""The 114 communes of Hải Phòng by their official codes, names, kinds, centres (to 3 decimals) and areas."""

import csv
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry

from geo.vietnamese_order import sort_key

_METRES_OF_A_DEGREE = 104_000  # of longitude here; of latitude a little more


@dataclass(frozen=True, slots=True)
class OfficialCommune:
    """A commune of Hải Phòng by its official code, name and kind (xã, phường, đặc khu)."""

    code: str
    name: str
    kind: str


def official_communes() -> tuple[OfficialCommune, ...]:
    """All 114 in the order of their names."""
    rows = [OfficialCommune(row["code"], row["name"], row["kind"]) for row in centres()]
    return tuple(sorted(rows, key=lambda row: (sort_key(row.name), row.code)))


@lru_cache(maxsize=1)
def centres() -> tuple[dict[str, str], ...]:
    """The rows of the list, by its columns: code, name, kind, latitude, longitude, area_km2."""
    with Path(__file__).with_name("official_communes.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def about(code: str) -> BaseGeometry | None:
    """A disc around a commune's official centre, with room to spare: where it lies, not what shape it has."""
    row = next((row for row in centres() if row["code"] == code), None)
    if row is None:
        return None
    radius_m = 2 * math.sqrt(float(row["area_km2"]) * 1e6 / math.pi)
    centre = shapely.Point(float(row["longitude"]), float(row["latitude"]))
    return centre.buffer(radius_m / _METRES_OF_A_DEGREE)
