"""The colour classes of a map."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.maps.map_colours import NONE, class_of, classes, counts, target_of
from geo.coverage import CoverageTable
from geo.targets import Tallied
from tests.leaders import VILLAGES, sample, target, village, visited


def shade(table: CoverageTable, number: int, indicator: str = "phu_song_5g") -> str:
    row = table.villages[number - 1]
    return class_of(row, indicator, target_of(table, indicator), table.min_reach)


def test_five_classes_at_most_and_the_best_is_the_target() -> None:
    legend = classes(target("AL-T01", "phu_song_5g"))
    assert [each.label.replace("\u00a0", " ") for each in legend] == [
        "đạt mức giao (≥ 80 %)",
        "từ 75 đến dưới 80 %, thiếu không quá 5 điểm",
        "từ 55 đến dưới 75 %",
        "từ 25 đến dưới 55 %",
        "dưới 25 %",
    ]


@given(st.fractions(1, 100, max_denominator=20), st.sampled_from([">=", ">"]))
def test_classes_go_down_without_gaps_for_any_target(value: Fraction, comparator: str) -> None:
    legend = classes(target("AL-T01", "phu_song_5g", value=value, comparator=comparator))
    assert 2 <= len(legend) <= 5
    assert len({each.colour for each in legend}) == len(legend)


def test_a_thon_is_blue_exactly_when_it_meets_the_target() -> None:
    rows = (village(1, 100, **visited(100, 80)), village(2, 100, **visited(100, 79)))
    assert [shade(sample(rows, full=True), n) for n in (1, 2)] == ["c1", "c2"]


def test_a_strict_target_is_not_met_by_its_own_value() -> None:
    """MD-T05 asks for more than 85 %."""
    rows = (
        village(1, 100, tham_ho=Tallied(100, 100, 100), vneid_18_kich_hoat=Tallied(85, 100, 100)),
        village(2, 100, tham_ho=Tallied(100, 100, 100), vneid_18_kich_hoat=Tallied(851, 1000, 100)),
    )
    assert [shade(sample(rows, full=True), n, "vneid_18_kich_hoat") for n in (1, 2)] == ["c2", "c1"]


def test_a_thon_with_few_households_asked_is_hatched() -> None:
    """R6: 20 of 60 is less than half."""
    assert shade(sample(full=True), 3) == "h3"


def test_a_thon_without_answers_has_no_class() -> None:
    assert shade(sample(), 4) == NONE


def test_a_hidden_thon_has_no_class() -> None:
    """R25"""
    table = sample((*VILLAGES, village(5, 30, **visited(3, 3))))
    assert shade(table, 5) == NONE


@pytest.mark.parametrize(("done", "expected"), [(99, "c1"), (3, "c5")])
def test_a_bound_counts_where_all_within_it_is_of_one_class(done: int, expected: str) -> None:
    rows = (*VILLAGES, village(5, 110, **visited(102, done)), village(6, 110, **visited(102, 51)))
    table = sample(rows)
    assert table.villages[4].cells["phu_song_5g"].bound is not None
    assert shade(table, 5) == expected


def test_a_target_over_all_households_is_not_hatched_and_counts_those_not_visited() -> None:
    """AL-T26, R6: 40 of 100, though all that were asked have it."""
    rows = (village(1, 100, tham_ho=Tallied(40, 40, 40), smart_hai_phong_ho=Tallied(40, 40, 40)),)
    assert shade(sample(rows, full=True), 1, "smart_hai_phong_ho") == "c4"


def test_an_indicator_without_a_target_is_shown_in_fifths() -> None:
    table = sample(targets=(), full=True)
    assert target_of(table, "phu_song_5g") is None
    assert shade(table, 1) == "c1"
    assert next(each.label.replace("\u00a0", " ") for each in classes(None)) == "từ 80 %"


def test_the_legend_counts_every_thon_once() -> None:
    assert sum(counts(["c1", "h1", "c5", NONE]).values()) == 4
    assert counts(["c1", "h1"])["c1"] == 2


def test_of_households_met_the_map_shows_the_share_of_all_households() -> None:
    """Of those met all were met: what one wants to know is how many there still are."""
    assert [shade(sample(full=True), n, "tham_ho") for n in (1, 2, 3, 4)] == ["c1", "c2", "c4", "c5"]
