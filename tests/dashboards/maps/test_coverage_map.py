"""The folium map: nothing from elsewhere, nothing executed that users wrote, light enough for a phone."""

import gzip
import re
from fractions import Fraction

import pytest
import shapely
from branca.element import CssLink, Figure, JavascriptLink
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from dashboards import words
from dashboards.maps import coverage_map as maps
from dashboards.maps import map_outlines, map_picture, map_sheet
from dashboards.maps.coverage_map import BaseMap, LocalFigure, coverage_map, features, inert, tooltip
from dashboards.maps.map_outlines import Outlines, simplified
from dashboards.maps.still_labels import SMALL
from dashboards.maps.still_map import still_map
from geo import illustrative_outlines
from geo.compute_coverage import Cell, CountedIndicator, CoverageTable
from geo.target_states import Tallied
from tests.leaders import VILLAGES, sample, target, village, visited

SKETCHES = illustrative_outlines.villages("11629")
SHAPES = dict(zip((v.code for v in VILLAGES), (s.geometry for s in SKETCHES), strict=False))
DRAWN = Outlines(commune=shapely.union_all(list(SHAPES.values())), villages=SHAPES, is_illustrative=True)
URL = re.compile(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""")


def address(name: str) -> str:
    return f"/static/dashboards/{name}"


def page(table: CoverageTable, drawn: Outlines = DRAWN, base_map: BaseMap | None = None) -> str:
    return coverage_map(table, "phu_song_5g", drawn, nonce="N0nce", address=address, base_map=base_map)


def test_a_map_loads_nothing_from_outside() -> None:
    """Only the attribution, a link that a reader may follow, leads out."""
    found = [url for url in URL.findall(page(sample())) if not url.startswith(("/static/dashboards/", "#"))]
    assert found == []
    assert "cdn" not in page(sample())


def test_every_inline_script_and_style_carries_the_nonce() -> None:
    tags = re.findall(r"<(?:script|style)\b[^>]*>", page(sample()))
    assert tags
    assert all("src=" in tag or 'nonce="N0nce"' in tag for tag in tags)
    assert " style=" not in page(sample())


def test_a_link_that_we_have_no_copy_of_is_refused() -> None:
    figure = LocalFigure("Bản đồ", "N0nce", address)
    figure.header.add_child(JavascriptLink("https://cdn.example/heat.js"), name="heat")
    with pytest.raises(LookupError, match="heat"):
        figure.render()


def test_a_stylesheet_that_we_have_no_copy_of_is_refused_too() -> None:
    figure = LocalFigure("Bản đồ", "N0nce", address)
    figure.header.add_child(CssLink("https://cdn.example/heat.css"), name="heat_css")
    with pytest.raises(LookupError):
        figure.render()


def test_foliums_own_pages_stay_as_they_are() -> None:
    """The class lists of folium are global: ours must not change them for others."""
    page(sample())
    other = Figure()
    other.header.add_child(JavascriptLink("https://cdn.example/heat.js"), name="heat")
    assert "cdn.example" in other.render()


@pytest.mark.parametrize(
    "name", ["{{ 9739*6481 }}", "{% raw %}", "</script><script>alert(1)</script>", "<b>x</b>", "a`${1}`"]
)
def test_a_thons_name_is_words_and_nothing_else(name: str) -> None:
    """Names come from imported files; folium compiles as a template what it has rendered once."""
    table = sample((village(1, 100, **visited(80, 72)),))
    shown = table.villages[0].__class__(**{**vars(table.villages[0]), "name": name})
    table = CoverageTable(**{**vars(table), "villages": (shown,)})
    html = page(table)
    assert name not in html
    # folium writes random hexadecimal names: a product of eight digits is not among them by chance
    assert str(9739 * 6481) not in html
    assert "alert(1)</script>" not in html


@given(st.text())
def test_inert_text_holds_no_markup_and_no_braces(text: str) -> None:
    assert not set("<>{}\"'") & set(inert(text))


def test_the_tooltip_tells_percent_numbers_reach_and_state() -> None:
    table = sample(full=True)
    row = table.indicator("phu_song_5g")
    assert row is not None
    said = tooltip(table, table.villages[1], row, row.target).replace("\u00a0", " ")
    assert said == (
        "<b>Thôn 2</b><br>55,5 % (50/90 hộ)<br>khảo sát 90/120 hộ (75,0 %)<br>chưa đạt, mức giao ≥ 80 %"
    )


def test_the_tooltip_of_a_hidden_thon_tells_no_number() -> None:
    """R25"""
    table = sample((*VILLAGES, village(5, 30, **visited(3, 3))))
    row = table.indicator("phu_song_5g")
    assert row is not None
    said = tooltip(table, table.villages[4], row, row.target)
    assert said == "<b>Thôn 5</b><br>số quá nhỏ, không nêu để giữ kín cho từng hộ"


def test_a_thon_without_an_outline_is_left_out_of_the_map() -> None:
    table = sample()
    row = table.indicator("phu_song_5g")
    assert row is not None
    few = Outlines(commune=None, villages={VILLAGES[0].code: SHAPES[VILLAGES[0].code]}, is_illustrative=False)
    assert len(features(table, row, few)["features"]) == 1
    assert "Thôn 2" not in page(table, few)


def test_a_commune_without_outlines_still_has_a_page() -> None:
    empty = Outlines(commune=None, villages={}, is_illustrative=False)
    assert "tungNha.dress" in page(sample(), empty)
    assert still_map(sample(), "phu_song_5g", empty) is None


def test_an_unknown_indicator_is_a_lookup_error() -> None:
    with pytest.raises(LookupError):
        coverage_map(sample(), "khong_co", DRAWN, nonce="n", address=address)


def test_made_up_outlines_are_called_made_up() -> None:
    assert "minh h\\u1ecda" in page(sample())
    real = Outlines(commune=None, villages=SHAPES, is_illustrative=False)
    assert "minh h\\u1ecda" not in page(sample(), real)


def test_no_tiles_unless_an_installation_sets_them() -> None:
    assert "tileLayer" not in page(sample())
    tiled = page(sample(), base_map=BaseMap("https://tiles.example.vn/{z}/{x}/{y}.png", "© <b>ví dụ</b>"))
    assert "tiles.example.vn" in tiled
    assert "<b>ví" not in tiled


def test_a_commune_of_38_thon_is_sent_in_less_than_60_kb() -> None:
    shapes = simplified(tuple(shapely.to_wkb(sketch.geometry) for sketch in SKETCHES))
    rows = tuple(village(n, 100, **visited(80, 72)) for n in range(len(shapes)))
    drawn = Outlines(None, dict(zip((row.code for row in rows), shapes, strict=True)), is_illustrative=True)
    assert len(gzip.compress(page(sample(rows), drawn).encode())) < 60_000


def test_simplified_neighbours_still_share_their_edges() -> None:
    """Gaps between thôn would look like land that belongs to nobody."""
    shapes = simplified(tuple(shapely.to_wkb(sketch.geometry) for sketch in SKETCHES))
    apart = shapely.union_all(list(shapes)).area
    assert abs(sum(shape.area for shape in shapes) - apart) / apart < 1e-4
    whole = sum(sketch.geometry.area for sketch in SKETCHES)
    assert abs(apart - whole) / whole < 0.01


def test_simplified_outlines_have_five_decimals() -> None:
    (shape,) = simplified((shapely.to_wkb(SKETCHES[0].geometry),))
    assert all(
        round(value, map_outlines.DECIMALS) == value for value in shapely.get_coordinates(shape).flatten()
    )


def test_the_label_stands_inside_its_thon() -> None:
    for sketch in SKETCHES:
        latitude, longitude = maps.label_point(sketch.geometry)
        assert sketch.geometry.contains(shapely.Point(longitude, latitude))


def test_the_map_on_paper_draws_the_same_thon_in_the_same_classes() -> None:
    table = sample()
    still = still_map(table, "phu_song_5g", DRAWN)
    row = table.indicator("phu_song_5g")
    assert still is not None
    assert row is not None
    on_screen = [f["properties"]["style"]["fillColor"] for f in features(table, row, DRAWN)["features"]]
    assert [f"url(#{shape.name})" for shape in still.shapes] == on_screen


def test_a_base_map_without_words_of_its_provider_is_drawn() -> None:
    """The words are optional; folium refuses tiles of another address without any."""
    html = page(sample(), base_map=BaseMap("http://127.0.0.1:9/{z}/{x}/{y}.png", ""))
    assert "http://127.0.0.1:9/{z}/{x}/{y}.png" in html


def test_two_thon_of_one_name_are_told_apart() -> None:
    """By the end of their codes, in tooltip and label."""
    table = sample(full=True)
    alike = tuple(
        row.__class__(**{**vars(row), "name": "Quyết Tiến"}) if n < 2 else row
        for n, row in enumerate(table.villages)
    )
    table = CoverageTable(**{**vars(table), "villages": alike})
    row = table.indicator("phu_song_5g")
    assert row is not None
    names = [each["properties"]["name"] for each in features(table, row, DRAWN)["features"]]
    assert names[:3] == ["Quyết Tiến (001)", "Quyết Tiến (002)", "Thôn 3"]
    assert tooltip(table, table.villages[0], row, None).startswith("<b>Quyết Tiến (001)</b>")


def test_the_tooltip_of_an_indicator_of_thon_counts_thon() -> None:
    """13/23 thôn, never households."""
    known = CountedIndicator("phu_mang", "Phủ mạng", "village", "derived")
    cell = Cell(done=13, of=13, reach=Fraction(13, 23), subjects=13, expected=23)
    said = words.reach(cell, known).replace("\u00a0", " ")
    assert said == "13/23 thôn (56,5 %)"


def test_a_thon_without_room_for_its_name_is_numbered_where_a_table_stands_beside() -> None:
    """By the last three figures of its code."""
    long_name = "Thôn có một cái tên rất dài không thể ghi vừa vào trong một thôn nhỏ như thế này được đâu"
    table = sample(full=True)
    rows = tuple(row.__class__(**{**vars(row), "name": long_name}) for row in table.villages)
    table = CoverageTable(**{**vars(table), "villages": rows})
    plain, numbered = (still_map(table, "phu_song_5g", DRAWN, numbered=each) for each in (False, True))
    assert plain is not None
    assert numbered is not None
    assert all(shape.label[:1] != (shape.code[-3:],) for shape in plain.shapes)
    assert [shape.label[0] for shape in numbered.shapes] == [shape.code[-3:] for shape in numbered.shapes]


def test_small_maps_tell_numbers_alone_and_larger() -> None:
    small = still_map(sample(full=True), "phu_song_5g", DRAWN, label=SMALL)
    assert small is not None
    assert {text for shape in small.shapes for text in shape.label} <= {"90,0", "55,5", "60,0"}
    assert small.label.height > 15


def test_head_and_tooltip_of_an_indicator_of_thon_count_thon() -> None:
    """13/23 thôn (56,5 %), above the legend and over the map; households are not spoken of."""
    rows = tuple(
        village(n, 80, phu_mang_khu_dan_cu=Tallied(1, 1, 1) if n < 13 else Tallied()) for n in range(23)
    )
    known = CountedIndicator("phu_mang_khu_dan_cu", "Phủ mạng", "village", "state")
    figures = (target("MD-T07", known.code, label="Phủ mạng khu dân cư", value=Fraction(100)),)
    table = sample(rows, targets=figures, indicators=(known,))
    row = table.indicator(known.code)
    assert row is not None
    said = map_sheet.head(table, row)
    assert said.reach.replace("\u00a0", " ") == "13/23 thôn (56,5 %)"
    drawn = " ".join(tooltip(table, each, row, row.target) for each in table.villages)
    assert "hộ" not in drawn + said.reach


def test_the_picture_counts_every_class_beside_its_swatch(app: Flask) -> None:
    """Those withheld by their dots, those not judged by their hatching: the numbers add up to the thôn."""
    table = sample((*VILLAGES, village(5, 30, **visited(3, 3))))
    row = table.indicator("phu_song_5g")
    assert row is not None
    with app.test_request_context():
        drawn = map_picture.svg(table, row, DRAWN)
    assert drawn is not None
    lines = re.findall(
        r'<rect [^>]*fill="([^"]+)" stroke[^>]*/><text[^>]*>([^<]*): (\d+) thôn</text>', drawn.text
    )
    assert sum(int(count) for _, _, count in lines) == len(table.villages)
    assert ("url(#k-withheld)", "số quá nhỏ nên không nêu") in [(fill, label) for fill, label, _ in lines]
    assert "url(#k-unknown)" in [fill for fill, _, _ in lines]
