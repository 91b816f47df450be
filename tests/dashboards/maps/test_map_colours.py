"""The classes of a map: the state of each thôn, and a legend that counts each of them once."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.maps.map_colours import COLOURS, UNKNOWN, WITHHELD, class_of, classes, legend, target_of
from dashboards.shown_cells import shown_cell
from geo.compute_coverage import CoverageTable, IndicatorRow
from geo.target_states import Tallied
from tests.leaders import VILLAGES, sample, target, village, visited

FIVE_G = "phu_song_5g"


def shade(table: CoverageTable, number: int, indicator: str = FIVE_G) -> str:
    row = table.villages[number - 1]
    return class_of(row, indicator, target_of(table, indicator))


def row_of(table: CoverageTable, indicator: str = FIVE_G) -> IndicatorRow:
    row = table.indicator(indicator)
    assert row is not None
    return row


def test_the_legend_names_the_states_best_first() -> None:
    table = sample()
    assert [each.label.replace("\u00a0", " ") for each in classes(table, row_of(table))] == [
        "đạt mức giao (≥ 80 %)",
        "đúng tiến độ",
        "nguy cơ",
        "chưa đạt, thiếu dưới 20 điểm hoặc không nêu",
        "chưa đạt, thiếu từ 20 điểm",
        "chưa đủ số liệu: khảo sát dưới 50 % số hộ của thôn",
        "số quá nhỏ nên không nêu",
    ]
    assert len(set(COLOURS.values())) == 6  # what has no number is told apart by its pattern


def test_a_thon_is_blue_exactly_when_it_meets_the_target() -> None:
    rows = (village(1, 100, **visited(100, 80)), village(2, 100, **visited(100, 79)))
    assert [shade(sample(rows, full=True), n) for n in (1, 2)] == ["k-met", "k-at_risk"]


def test_a_strict_target_is_not_met_by_its_own_value() -> None:
    """MD-T05 asks for more than 85 %."""
    rows = (
        village(1, 100, tham_ho=Tallied(100, 100, 100), vneid_18_kich_hoat=Tallied(85, 100, 100)),
        village(2, 100, tham_ho=Tallied(100, 100, 100), vneid_18_kich_hoat=Tallied(851, 1000, 100)),
    )
    table = sample(rows, full=True)
    assert [shade(table, n, "vneid_18_kich_hoat") for n in (1, 2)] == ["k-at_risk", "k-met"]


@pytest.mark.parametrize(
    ("met", "households", "done", "of", "text", "word", "class_name"),
    [
        (30, 40, 26, 30, "> 83,3 %", "đạt", "k-met"),
        (8, 30, 8, 8, "100,0 %", "chưa đủ số liệu", UNKNOWN),
        (12, 26, 1, 12, "< 41,7 %", "chưa đủ số liệu", UNKNOWN),
        (30, 40, 5, 30, "16,6 %", "chưa đạt", "k-far"),
        (30, 40, 22, 30, "73,3 %", "chưa đạt", "k-behind"),
    ],
)
def test_map_and_table_give_a_thon_one_state(
    met: int, households: int, done: int, of: int, text: str, word: str, class_name: str
) -> None:
    """A bound that decides decides everywhere; below half of the households nothing is judged (R7)."""
    told = {"tham_ho": Tallied(met, met, met), FIVE_G: Tallied(done, of, min(of, met))}
    table = sample((*VILLAGES, village(5, households, **told), village(6, 60, **visited(40, 20))))
    assert shade(table, 5) == class_name
    cell = shown_cell(table, table.villages[4], FIVE_G)
    assert cell.state is not None
    assert cell.state.words == word
    if table.villages[4].cells[FIVE_G].suppressed != "secondary":
        assert cell.text.replace("\u00a0", " ") == text


def test_a_bound_that_is_far_below_is_far_behind() -> None:
    """Of 1 of 25 asked "< 20 %" is told: that it is short of 20 points or more is told with it, and never denied."""
    table = sample((*VILLAGES, village(5, 40, **visited(25, 1)), village(6, 60, **visited(40, 20))))
    assert table.villages[4].cells[FIVE_G].bound is not None
    assert shade(table, 5) == "k-far"


def test_readers_of_every_number_are_told_that_the_rest_is_short_of_less() -> None:
    table = sample(full=True)
    assert classes(table, row_of(table))[3].label == "chưa đạt, thiếu dưới 20 điểm"


def test_a_withheld_number_withholds_its_state() -> None:
    """85 to 88 of 102 are withheld; against 85 % they may be met or not, so nothing is said."""
    rows = (*VILLAGES, village(5, 110, **visited(102, 99)), village(6, 110, **visited(102, 51)))
    table = sample(rows, targets=(target("AL-T01", FIVE_G, value=Fraction(98)),))
    assert table.villages[4].cells[FIVE_G].suppressed == "part"
    assert FIVE_G not in table.villages[4].judgements
    assert shade(table, 5) == WITHHELD


def test_a_hidden_thon_has_the_class_of_what_is_withheld() -> None:
    """R25"""
    assert shade(sample((*VILLAGES, village(5, 30, **visited(3, 3)))), 5) == WITHHELD


def test_of_a_target_over_all_households_those_not_visited_count() -> None:
    """AL-T26, R6: 60 of 100, though all that were asked have it; 41 % of the year is gone past it."""
    rows = (village(1, 100, tham_ho=Tallied(60, 60, 60), smart_hai_phong_ho=Tallied(60, 60, 60)),)
    assert shade(sample(rows, full=True), 1, "smart_hai_phong_ho") == "k-at_risk"


def test_an_indicator_without_a_target_is_shown_in_fifths() -> None:
    table = sample(targets=(), full=True)
    assert target_of(table, FIVE_G) is None
    assert shade(table, 1) == "c1"
    assert next(each.label for each in classes(table, row_of(table))).replace("\u00a0", " ") == "từ 80 %"


def test_of_households_met_the_map_shows_the_share_of_all_households() -> None:
    """Of those met all were met: what one wants to know is how many there still are."""
    assert [shade(sample(full=True), n, "tham_ho") for n in (1, 2, 3, 4)] == ["c1", "c2", "c4", "c5"]


AMOUNTS = st.integers(0, 40).flatmap(lambda met: st.integers(0, met).map(lambda done: visited(met, done)))


@given(
    st.lists(AMOUNTS, max_size=9), st.booleans(), st.sampled_from([FIVE_G, "tham_ho", "smart_hai_phong_ho"])
)
def test_the_legend_counts_every_thon_once_as_the_table_does(
    amounts: list, full: bool, indicator: str
) -> None:
    table = sample(tuple(village(n + 1, 50, **told) for n, told in enumerate(amounts)), full=full)
    entries = legend(table, row_of(table, indicator))
    assert sum(each.count for each in entries) == len(table.villages)
    if target_of(table, indicator) is None:
        return
    in_table = [shown_cell(table, row, indicator).state for row in table.villages]
    counted = {each.shown.name.removeprefix("k-"): each.count for each in entries}
    counted["behind"] += counted.pop("far")
    withheld = counted.pop("withheld", 0)
    assert withheld == in_table.count(None)
    assert counted == {name: sum(state == name for state in in_table) for name in counted}
