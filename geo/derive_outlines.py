"""Outlines of thôn for which nobody has a map: derived from where their households and centres are.

Each place is given to the nearest known one (Voronoi), cut at the commune's outline. Good enough to be looked at,
not to judge a point by; a map of them says "suy ra".
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

CELL = 0.002
"""Degrees, about 210 m: wider than the cells that households' points are kept in, so that no door stands out."""
MARGIN = 0.004
"""Degrees, about 420 m: how far beyond the outermost cell a commune without an outline is taken to reach."""
MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Derived:
    """The outline of each thôn by key, and the thôn of which nothing is known to derive one from."""

    outlines: Mapping[int, shapely.MultiPolygon]
    bare: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """So many households (or a centre) of a thôn at about this point."""

    key: int
    latitude: float
    longitude: float
    weight: int = 1


def derive(
    keys: Sequence[int], spots: Iterable[Spot], commune: BaseGeometry | None, centres: Iterable[Spot] = ()
) -> Derived:
    """An outline for each thôn of `keys` that has households or a centre; `commune` in EPSG:4326 or None.

    A cell belongs to the thôn with most households in it; a centre decides where no household does.
    """
    owners = _owners(spots)
    for centre in centres:
        owners.setdefault(_cell(centre), centre.key)
    owners = {cell: key for cell, key in owners.items() if key in set(keys)}
    middles = np.array([((x + 0.5) * CELL, (y + 0.5) * CELL) for x, y in owners]).reshape(-1, 2)
    if commune is not None and len(middles):
        inside = shapely.contains_xy(commune.buffer(CELL), middles)
        owners = {cell: key for (cell, key), near in zip(owners.items(), inside, strict=True) if near}
        middles = middles[inside]
    if not owners:
        return Derived({}, tuple(keys))
    area = commune if commune is not None else _around(middles)
    shapes = _shapes(middles, list(owners.values()), area)
    return Derived(shapes, tuple(key for key in keys if key not in shapes))


def _owners(spots: Iterable[Spot]) -> dict[tuple[int, int], int]:
    """The thôn with most households in each cell; a tie is nobody's. The fullest cells, where there are too many."""
    counted: dict[tuple[int, int], Counter[int]] = {}
    for spot in spots:
        counted.setdefault(_cell(spot), Counter())[spot.key] += spot.weight
    owners = {}
    for cell, counts in sorted(counted.items(), key=lambda item: (-item[1].total(), item[0]))[:MOST_CELLS]:
        (key, most), *others = counts.most_common(2)
        if not others or others[0][1] < most:
            owners[cell] = key
    return owners


def _cell(spot: Spot) -> tuple[int, int]:
    return int(spot.longitude // CELL), int(spot.latitude // CELL)


def _around(middles: np.ndarray) -> BaseGeometry:
    return shapely.MultiPoint(middles).convex_hull.buffer(MARGIN)


def _shapes(
    middles: np.ndarray, owners: Sequence[int], area: BaseGeometry
) -> dict[int, shapely.MultiPolygon]:
    """The cells of the Voronoi diagram of each thôn, as one shape within the area."""
    if len(set(owners)) == 1:
        return {owners[0]: _multi(area)}
    diagram = shapely.voronoi_polygons(shapely.multipoints(middles), extend_to=area, ordered=True)
    pieces = np.array(shapely.get_parts(diagram), dtype=object)
    kept = np.array(owners)
    shapes = {}
    for key in dict.fromkeys(owners):
        shape = _multi(shapely.intersection(shapely.coverage_union_all(pieces[kept == key]), area))
        if not shape.is_empty:
            shapes[int(key)] = shape
    return shapes


def _multi(shape: BaseGeometry) -> shapely.MultiPolygon:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)
