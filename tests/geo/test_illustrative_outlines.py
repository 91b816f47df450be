"""The demonstration's outlines hang together: everywhere the same, touching, not overlapping, marked as made up."""

import numpy as np
import pytest
import shapely

from geo import illustrative_outlines

COMMUNES = illustrative_outlines.communes()


def shapes_of(sketches: tuple) -> np.ndarray:
    return np.array([sketch.geometry for sketch in sketches], dtype=object)


def test_there_are_the_114_communes_of_hai_phong() -> None:
    assert len({commune.code for commune in COMMUNES}) == 114
    kinds = [commune.kind for commune in COMMUNES]
    assert (kinds.count("xã"), kinds.count("phường"), kinds.count("đặc khu")) == (67, 45, 2)
    named = {commune.code: commune.name for commune in COMMUNES}
    assert (named["11629"], named["10930"]) == ("An Lão", "Mao Điền")


def test_every_sketch_says_that_it_is_illustrative() -> None:
    villages = illustrative_outlines.villages("11629") + illustrative_outlines.villages("10930")
    assert all(sketch.illustrative for sketch in (*COMMUNES, *villages))


def test_communes_touch_but_do_not_overlap() -> None:
    shapes = shapes_of(COMMUNES)
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)


def test_every_commune_holds_its_official_centre() -> None:
    assert all(shapely.contains_xy(c.geometry, c.longitude, c.latitude) for c in COMMUNES)


def test_the_islands_stand_by_themselves() -> None:
    islands = [commune for commune in COMMUNES if commune.kind == "đặc khu"]
    rest = shapely.union_all(shapes_of(tuple(c for c in COMMUNES if c.kind != "đặc khu")))
    assert not any(island.geometry.intersects(rest) for island in islands)


@pytest.mark.parametrize(("code", "count"), [("11629", 38), ("10930", 23)])
def test_villages_fill_their_commune_without_overlapping(code: str, count: int) -> None:
    villages = illustrative_outlines.villages(code)
    shapes = shapes_of(villages)
    commune = next(sketch.geometry for sketch in COMMUNES if sketch.code == code)
    assert [village.code for village in villages] == [f"{code}{number:03d}" for number in range(1, count + 1)]
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.union_all(shapes).symmetric_difference(commune).area < 0.001 * commune.area


@pytest.mark.parametrize("code", ["11629", "10930"])
def test_villages_have_plausible_figures(code: str) -> None:
    villages = illustrative_outlines.villages(code)
    assert sum(village.households for village in villages) == 2_000
    assert all(25 <= village.households <= 110 for village in villages)
    assert len({village.households for village in villages}) > 10
    assert all(village.households < village.adults < village.people for village in villages)


def test_one_name_occurs_twice_in_an_lao_on_purpose() -> None:
    """Thôn are known by code: names repeat in a merged commune."""
    names = [village.name for village in illustrative_outlines.villages("11629")]
    assert names.count("Quyết Tiến") == 2
    assert len(set(names)) == 37


def test_drawing_again_gives_the_same_sketch() -> None:
    assert illustrative_outlines.communes.__wrapped__() == COMMUNES
    again = illustrative_outlines.villages.__wrapped__("10930")
    assert again == illustrative_outlines.villages("10930")


def test_communes_are_drawn_once_and_then_known() -> None:
    """A second time would take a quarter of a second."""
    assert illustrative_outlines.communes() is COMMUNES


def test_another_commune_has_no_villages_drawn() -> None:
    with pytest.raises(KeyError):
        illustrative_outlines.villages("10507")


def test_scattered_houses_stand_inside_their_village() -> None:
    village = illustrative_outlines.villages("11629")[4]
    houses = illustrative_outlines.scatter(village, 80, seed=1)
    assert len(houses) == 80
    assert all(shapely.contains_xy(village.geometry, longitude, latitude) for latitude, longitude in houses)
    assert houses == illustrative_outlines.scatter(village, 80, seed=1)
    assert houses != illustrative_outlines.scatter(village, 80, seed=2)
    assert shapely.contains_xy(village.geometry, village.centre[1], village.centre[0])
