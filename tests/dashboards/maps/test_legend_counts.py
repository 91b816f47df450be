"""Legends of maps count as many thôn in each class as tables tell, in every state, hidden or not (R7, R25)."""

import random
from collections import Counter

import pytest
import shapely

from dashboards.maps import coverage_map, map_sheet, map_weeks, target_maps
from dashboards.maps.map_colours import legend, target_of
from dashboards.maps.map_outlines import Outlines
from dashboards.maps.still_map import still_map
from dashboards.pages.map_page_request import mapped
from geo.compute_coverage import CountedIndicator, CoverageTable, VillageInput
from geo.coverage_json import to_json
from geo.target_states import Tallied
from tests.leaders import INDICATORS, TARGETS, sample, village
from tests.legend_counts import class_told

TABLES = 40
THON = 8
PLAIN = CountedIndicator("cap_quang_ho", "Hộ kéo được cáp quang", "household", "state")
"""Asked, and judged by nothing: drawn by fifths."""
EVERY_CLASS = {
    "k-met", "k-on_track", "k-at_risk", "k-behind", "k-far", "k-unknown", "k-withheld", "c1", "c2", "c3", "c4", "c5",
}  # fmt: skip
SHAPES = {
    f"1162900{n}": shapely.box(106.5 + n / 50, 20.8, 106.52 + n / 50, 20.82) for n in range(1, THON + 1)
}
DRAWN = Outlines(commune=shapely.union_all(list(SHAPES.values())), villages=SHAPES, is_illustrative=True)


def thon(dice: random.Random, number: int) -> VillageInput:
    """Some households met, some of them asked, some of these with what is asked for."""
    households = dice.randint(8, 120)
    met = round(households * dice.choice((0, 0.1, 0.55, 0.7, 0.9, 1)))
    tallied = {"tham_ho": Tallied(met, met, met)}
    for indicator in ("phu_song_5g", "vneid_18_kich_hoat", "smart_hai_phong_ho", PLAIN.code):
        asked = round(met * dice.choice((0.3, 0.95, 1)))
        people = asked * (3 if indicator.startswith("vneid") else 1)
        share = dice.choice((0, 0.1, 0.3, 0.5, 0.7, 0.77, 0.84, 0.9, 0.97, 1))
        tallied[indicator] = Tallied(round(people * share), people, asked)
    return village(number, households, **tallied)


def drawn_by_chance(seed: int, *, full: bool) -> CoverageTable:
    dice = random.Random(seed)
    villages = tuple(thon(dice, number) for number in range(1, THON + 1))
    return sample(villages, indicators=(*INDICATORS, PLAIN), targets=TARGETS, full=full)


def classes_told(table: CoverageTable, indicator: str) -> dict[str, str]:
    """By the JSON that programs are given."""
    told = to_json(table)
    row = next(each for each in told["indicators"] if each["code"] == indicator)
    return {each["code"]: class_told(each["indicators"].get(indicator, {}), row) for each in told["villages"]}


@pytest.mark.parametrize("full", [True, False])
def test_every_place_has_each_thon_in_the_class_that_the_table_tells(full: bool) -> None:
    met: Counter[str] = Counter()
    for seed in range(TABLES):
        table = drawn_by_chance(seed, full=full)
        for row in mapped(table):
            code = row.indicator.code
            expected = classes_told(table, code)
            met.update(expected.values())
            counted = {entry.shown.name: entry.count for entry in legend(table, row)}
            assert +Counter(counted) == Counter(expected.values()), (seed, code)
            assert {each.code: each.shown.name for each in map_sheet.rows(table, row)} == expected, (
                seed,
                code,
            )
            week = map_weeks.answer([table], row, [""])["days"][0]["counts"]
            assert week == counted, (seed, code)
    missing = EVERY_CLASS - met.keys()
    assert missing <= ({"k-withheld"} if full else set())


@pytest.mark.parametrize("full", [True, False])
def test_every_drawing_has_them_so_too(full: bool) -> None:
    for seed in range(4):
        table = drawn_by_chance(seed, full=full)
        small = {each.code: each for each in target_maps.target_maps(table, DRAWN)}
        for row in mapped(table):
            code = row.indicator.code
            expected = classes_told(table, code)
            paper = still_map(table, code, DRAWN)
            assert paper is not None
            assert {shape.code: shape.name for shape in paper.shapes} == expected, (seed, code)
            frame = coverage_map.features(table, row, DRAWN)["features"]
            fills = {each["properties"]["code"]: each["properties"]["style"]["fillColor"] for each in frame}
            assert fills == {each: f"url(#{name})" for each, name in expected.items()}, (seed, code)
            if code in small:
                counts = {entry.shown.name: entry.count for entry in small[code].counts}
                assert counts == Counter(expected.values()), (seed, code)
        assert {code for code in small if target_of(table, code)} >= {"phu_song_5g", "smart_hai_phong_ho"}
