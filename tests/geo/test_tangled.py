"""Outlines that cross themselves: a few places are repaired, a tangle is refused at once with its place."""

import json
import math
import random
import time
from pathlib import Path

import pytest
import shapely

from geo.boundaries import read
from geo.check_outlines import is_tangled


def circle(points: int, radius: float = 0.005) -> list[tuple[float, float]]:
    return [
        (
            106.55 + radius * math.cos(2 * math.pi * n / points),
            20.8 + radius * math.sin(2 * math.pi * n / points),
        )
        for n in range(points)
    ]


def shuffled(points: int) -> list[tuple[float, float]]:
    found = circle(points)
    random.Random(17).shuffle(found)
    return found


def geojson(folder: Path, ring: list[tuple[float, float]]) -> Path:
    feature = {
        "type": "Feature",
        "properties": {"ma_thon": "11629001", "ten_thon": "Quyết Tiến"},
        "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
    }
    path = folder / "thon.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


@pytest.mark.parametrize("points", [400, 1_000, 20_000])
def test_a_ring_in_the_wrong_order_is_refused_with_its_place_at_once(tmp_path: Path, points: int) -> None:
    """file-3: 1,001 points, 41 KB, took over 200 s and 5.2 GB to be repaired."""
    path = geojson(tmp_path, shuffled(points))
    began = time.process_time()
    reading = read(path, level="village")
    took = time.process_time() - began
    [problem] = [each for each in reading.errors if each.kind == "invalid"]
    assert "tự cắt quá nhiều chỗ" in problem.sentence
    assert "các đỉnh sai thứ tự" in problem.sentence
    assert problem.place is not None
    assert shapely.dwithin(problem.place, shapely.Point(106.55, 20.8), 0.006)
    assert took < (1 if points <= 1_000 else 5)


def test_a_path_walked_to_and_fro_many_times_is_a_tangle() -> None:
    there = [(106.5 + 0.0001 * n, 20.8 + 0.00001 * (n % 2)) for n in range(100)]
    assert is_tangled(shapely.Polygon([*(there + there[::-1]) * 30, (106.5, 20.9), there[0]]))


def test_an_outline_that_crosses_itself_in_a_few_places_is_repaired(tmp_path: Path) -> None:
    """As digitising leaves it: neighbouring points changed places."""
    ring = circle(2_000)
    for place in range(100, 1_900, 200):
        ring[place], ring[place + 1] = ring[place + 1], ring[place]
    reading = read(geojson(tmp_path, ring), level="village")
    assert [problem.kind for problem in reading.problems] == ["repaired"]


def test_parts_that_share_an_edge_of_many_points_are_no_tangle() -> None:
    edge = [(106.5, 20.8 + 0.00001 * n) for n in range(1_000)]
    west = shapely.Polygon([(106.49, 20.81), (106.49, 20.8), *edge])
    east = shapely.Polygon([(106.51, 20.81), (106.51, 20.8), *edge])
    both = shapely.MultiPolygon([west, east])
    assert not both.is_valid
    assert not is_tangled(both)


@pytest.mark.parametrize("points", [3, 4, 5, 50])
def test_a_sound_ring_is_no_tangle(points: int) -> None:
    assert not is_tangled(shapely.Polygon(circle(points)))
