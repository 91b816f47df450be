"""Points find at most one village, and are judged against the one they should be in."""

import math

import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import illustrative_outlines
from geo.village_of_point import VillageIndex, round_point

# two fields side by side, about 1,040 m wide and 1,107 m high; the edge between them is at 106.51
WEST = shapely.box(106.50, 20.80, 106.51, 20.81)
EAST = shapely.box(106.51, 20.80, 106.52, 20.81)
FIELDS = VillageIndex([(7, EAST), (3, WEST)])
DEGREES = st.floats(allow_nan=True, allow_infinity=True)


def test_a_point_is_found_in_the_village_it_lies_in() -> None:
    assert FIELDS.find(20.805, 106.505) == 3
    assert FIELDS.find(20.805, 106.515) == 7


def test_a_point_outside_all_villages_is_in_none() -> None:
    assert FIELDS.find(20.805, 106.6) is None
    assert VillageIndex([]).find(20.805, 106.505) is None


def test_a_point_on_a_shared_edge_belongs_to_the_smallest_key() -> None:
    assert FIELDS.find(20.805, 106.51) == 3


def test_an_index_reads_the_outlines_as_the_database_keeps_them() -> None:
    index = VillageIndex.from_wkb([(3, shapely.to_wkb(WEST)), (7, shapely.to_wkb(EAST))])
    assert index.find(20.805, 106.515) == 7


@given(latitude=DEGREES, longitude=DEGREES)
def test_any_two_numbers_get_an_answer(latitude: float, longitude: float) -> None:
    assert FIELDS.find(latitude, longitude) in (3, 7, None)
    assert FIELDS.place(latitude, longitude, 10).certainty in ("inside", "within_accuracy", "outside")
    assert FIELDS.judge(latitude, longitude, math.nan, 3).verdict


@given(latitude=st.floats(20.7, 20.95), longitude=st.floats(106.45, 106.7), data=st.sampled_from(range(38)))
def test_a_point_is_in_at_most_one_village(latitude: float, longitude: float, data: int) -> None:
    """The index agrees with asking every outline by itself, also on their very vertices."""
    sketches = illustrative_outlines.villages("11629")
    index = _an_lao()
    corner = sketches[data].geometry.geoms[0].exterior.coords[0]
    for at in ((latitude, longitude), (corner[1], corner[0])):
        holding = [key for key, v in enumerate(sketches) if shapely.intersects_xy(v.geometry, at[1], at[0])]
        assert index.find(*at) == (min(holding) if holding else None)


def _an_lao() -> VillageIndex:
    return VillageIndex(
        [(key, village.geometry) for key, village in enumerate(illustrative_outlines.villages("11629"))]
    )


def test_a_point_near_a_village_is_placed_there_as_far_as_its_accuracy_reaches() -> None:
    fifty_metres_east = 106.52 + 50 / 104_100
    near = FIELDS.place(20.805, fifty_metres_east, 60)
    assert (near.key, near.certainty) == (7, "within_accuracy")
    far = FIELDS.place(20.805, fifty_metres_east, 40)
    assert (far.key, far.certainty) == (None, "outside")
    assert far.distance_m == pytest.approx(50, abs=0.5)


@pytest.mark.parametrize("accuracy", [None, -5.0, math.nan, math.inf])
def test_a_useless_accuracy_reaches_nowhere(accuracy: float | None) -> None:
    assert FIELDS.place(20.805, 106.521, accuracy).certainty == "outside"


def test_a_visit_is_judged_against_the_village_it_names() -> None:
    """R21: inside, within accuracy, wrong."""
    assert FIELDS.judge(20.805, 106.505, 5, expected_key=3).verdict == "inside"
    assert FIELDS.judge(20.805, 106.51, 5, expected_key=7).verdict == "inside"
    over_the_edge = FIELDS.judge(20.805, 106.5102, 30, expected_key=3)
    assert (over_the_edge.verdict, over_the_edge.found) == ("within_accuracy", 7)
    wrong = FIELDS.judge(20.805, 106.515, 30, expected_key=3)
    assert (wrong.verdict, wrong.found) == ("wrong", 7)


def test_a_village_without_an_outline_judges_nobody() -> None:
    judged = FIELDS.judge(20.805, 106.505, 5, expected_key=99)
    assert (judged.verdict, judged.distance_m, judged.found) == ("unknown", None, 3)


@given(east=st.floats(0, 0.02), north=st.floats(0, 0.02))
def test_distances_are_those_on_the_ellipsoid(east: float, north: float) -> None:
    corner = (106.52, 20.81)
    found = FIELDS.judge(corner[1] + north, corner[0] + east, 0, expected_key=7)
    true = pyproj.Geod(ellps="WGS84").inv(*corner, corner[0] + east, corner[1] + north)[2]
    assert found.distance_m == pytest.approx(true, rel=0.002, abs=0.01)


def test_a_rounded_point_names_no_house() -> None:
    assert round_point(20.834567, 106.549432) == (20.835, 106.549)
