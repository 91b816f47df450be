"""Outlines derived from where households are: one for every thôn of which anything is known, none overlapping."""

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import illustrative_outlines
from geo.derive_outlines import Spot, derive

COMMUNE = shapely.box(106.50, 20.80, 106.56, 20.84)


def spots(key: int, latitude: float, longitude: float, number: int = 5) -> list[Spot]:
    return [Spot(key, latitude + 0.0021 * n, longitude) for n in range(number)]


def test_two_thon_part_the_commune_between_their_households() -> None:
    found = derive([1, 2], [*spots(1, 20.81, 106.511), *spots(2, 20.81, 106.551)], COMMUNE)
    assert found.bare == ()
    assert shapely.union_all(list(found.outlines.values())).symmetric_difference(COMMUNE).area < 1e-9
    assert shapely.contains_xy(found.outlines[1], 106.51, 20.82)
    assert shapely.contains_xy(found.outlines[2], 106.55, 20.82)


def test_a_thon_of_which_nothing_is_known_gets_none() -> None:
    found = derive([1, 2, 3], [*spots(1, 20.81, 106.511), *spots(2, 20.81, 106.551)], COMMUNE)
    assert found.bare == (3,)


def test_a_centre_stands_in_where_no_household_was_met() -> None:
    found = derive([1, 2], spots(1, 20.81, 106.511), COMMUNE, centres=[Spot(2, 20.82, 106.55)])
    assert shapely.contains_xy(found.outlines[2], 106.55, 20.82)


def test_one_misplaced_household_does_not_move_the_border() -> None:
    many = [Spot(1, 20.81, 106.511, weight=30), Spot(2, 20.81, 106.551, weight=30)]
    found = derive([1, 2], [*many, Spot(2, 20.81, 106.511)], COMMUNE)
    assert shapely.contains_xy(found.outlines[1], 106.511, 20.81)


def test_households_outside_the_commune_are_left_out() -> None:
    found = derive([1, 2], [*spots(1, 20.81, 106.511), Spot(2, 20.95, 106.9)], COMMUNE)
    assert found.bare == (2,)


def test_without_an_outline_the_commune_reaches_a_little_beyond_its_households() -> None:
    found = derive([1, 2], [*spots(1, 20.81, 106.511), *spots(2, 20.81, 106.551)], None)
    west, south, east, north = shapely.total_bounds(list(found.outlines.values()))
    assert west < 106.511
    assert east > 106.551
    assert east - west < 0.06
    assert north - south < 0.03


def test_without_anything_nothing_is_derived() -> None:
    assert derive([1, 2], [], COMMUNE).bare == (1, 2)


def test_derived_outlines_find_most_of_their_own_households() -> None:
    sketches = illustrative_outlines.villages("10930")
    commune = shapely.union_all([sketch.geometry for sketch in sketches])
    where = [
        Spot(key, *point)
        for key, sketch in enumerate(sketches)
        for point in illustrative_outlines.scatter(sketch, 60)
    ]
    found = derive(range(len(sketches)), where, commune)
    right = sum(
        bool(shapely.contains_xy(found.outlines[s.key], s.longitude, s.latitude))
        for s in where
        if s.key in found.outlines
    )
    assert right > 0.8 * len(where)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(Spot, st.integers(1, 6), st.floats(20.79, 20.85), st.floats(106.49, 106.57)), max_size=40
    )
)
def test_derived_outlines_never_overlap_and_fill_the_commune(where: list[Spot]) -> None:
    found = derive(range(1, 7), where, COMMUNE)
    shapes = list(found.outlines.values())
    assert set(found.bare) == set(range(1, 7)) - set(found.outlines)
    assert all(shape.is_valid for shape in shapes)
    if shapes:
        together = shapely.union_all(shapes)
        assert abs(sum(shape.area for shape in shapes) - together.area) < 1e-9
        assert abs(together.area - COMMUNE.area) < 1e-9
