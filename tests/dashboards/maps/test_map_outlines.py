"""Outlines as maps draw them: light for the zoom, edges shared, a union where a commune has none of its own."""

import gzip

import shapely
from flask import Flask

from dashboards.maps import map_outlines
from dashboards.maps.map_outlines import CITY, simplified
from geo import illustrative_outlines
from server.db import db
from tests.leaders import fill
from tests.people import make_commune


def test_a_commune_without_an_outline_is_drawn_by_its_thon_together(app: Flask) -> None:
    commune = fill("10930")
    commune.outline = None
    db.session.commit()
    drawn = map_outlines.of_commune(commune)
    assert drawn.is_union
    assert drawn.commune is not None
    assert drawn.commune.is_valid
    thon = shapely.union_all(list(drawn.villages.values()))
    assert drawn.commune.symmetric_difference(thon).area < thon.area * 1e-3


def test_a_commune_with_an_outline_is_drawn_by_it(app: Flask) -> None:
    commune = fill("10930")
    db.session.commit()
    assert not map_outlines.of_commune(commune).is_union


def test_without_any_outline_there_is_nothing_to_draw(app: Flask) -> None:
    drawn = map_outlines.of_commune(make_commune(thon=3))
    assert (drawn.commune, drawn.bounds, drawn.is_union) == (None, None, False)


def test_the_citys_outlines_are_those_of_valid_communes_by_code(app: Flask) -> None:
    fill("10930", villages=1)
    make_commune("99999", "Chưa vẽ")
    db.session.commit()
    assert list(map_outlines.of_city()) == ["10930"]


def test_the_whole_city_is_drawn_in_less_than_100_kb() -> None:
    shapes = simplified(
        tuple(shapely.to_wkb(each.geometry) for each in illustrative_outlines.communes()), CITY
    )
    assert len(shapes) == 114
    assert len(gzip.compress("".join(shapely.to_geojson(list(shapes))).encode(), 5)) < 100_000


def test_neighbouring_communes_still_share_their_edges() -> None:
    shapes = simplified(
        tuple(shapely.to_wkb(each.geometry) for each in illustrative_outlines.communes()), CITY
    )
    together = shapely.union_all(list(shapes)).area
    assert abs(sum(shape.area for shape in shapes) - together) / together < 1e-4
