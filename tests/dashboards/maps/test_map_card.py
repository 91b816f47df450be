"""The card of a thôn: how far it is short, in points and in people, and nothing that the table of thôn withholds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.maps.map_card import MapCard, card
from dashboards.shown_cells import shown_cell
from geo.compute_coverage import CoverageTable
from geo.target_states import TargetState
from tests.leaders import VILLAGES, sample, village, visited

FIVE_G = "phu_song_5g"


def card_of(table: CoverageTable, number: int, indicator: str = FIVE_G) -> MapCard:
    row = table.indicator(indicator)
    assert row is not None
    return card(table, table.villages[number - 1], row, ("Đỗ Thị Yến",))


def plain(*texts: str) -> list[str]:
    return [text.replace("\u00a0", " ") for text in texts]


def test_the_card_tells_percent_gap_in_points_and_in_people_reach_and_team() -> None:
    """50 of 90 asked in a thôn of 120: 24.5 points short, 80 % of 120 are 96, and 66.6 are expected."""
    found = card_of(sample(full=True), 2)
    assert plain(found.name, found.value, found.required) == ["Thôn 2", "55,5 %", "≥ 80 %"]
    assert found.state is TargetState.BEHIND
    assert found.gap == "thiếu 24,5 điểm, khoảng 30 hộ"
    assert plain(*found.lines) == ["55,5 % (50/90 hộ)", "Khảo sát 90/120 hộ (75,0 %)"]
    assert found.team == ("Đỗ Thị Yến",)


def test_a_thon_that_is_met_or_not_judged_has_no_gap() -> None:
    """A third of the households met says nothing of how far the thôn is."""
    table = sample(full=True)
    assert [card_of(table, number).gap for number in (1, 3, 4)] == ["", "", ""]
    assert [card_of(table, number).state for number in (1, 3)] == [TargetState.MET, TargetState.UNKNOWN]


def test_without_a_target_there_is_neither_state_nor_gap() -> None:
    found = card_of(sample(targets=(), full=True), 2)
    assert (found.state, found.gap, found.required) == (None, "", "")


def test_the_card_of_a_hidden_thon_tells_no_number() -> None:
    """R25"""
    found = card_of(sample((*VILLAGES, village(5, 30, **visited(3, 3)))), 5)
    assert (found.value, found.gap, found.state) == ("dưới 5 hộ", "", None)
    assert found.lines == ("Số quá nhỏ, không nêu để giữ kín cho từng hộ",)


AMOUNTS = st.integers(0, 40).flatmap(lambda met: st.integers(0, met).map(lambda done: visited(met, done)))


@pytest.mark.parametrize("indicator", [FIVE_G, "tham_ho", "smart_hai_phong_ho"])
@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=9))
def test_a_card_tells_no_more_than_the_row_of_the_table(indicator: str, amounts: list) -> None:
    """R25: what the cell withholds is in no sentence of the card; the state is the table's."""
    table = sample(tuple(village(n + 1, 50, **told) for n, told in enumerate(amounts)))
    for number, row in enumerate(table.villages, start=1):
        found, cell = card_of(table, number, indicator), row.cells[indicator]
        assert found.value == shown_cell(table, row, indicator).text
        if cell.done is None:
            assert not any("(" in line and "/" in line.partition("(")[2] for line in found.lines)
            assert "khoảng" not in found.gap
        if cell.subjects is None:
            assert not re.search(r"\d", "".join(found.lines) + found.gap)
        if row.judgements.get(indicator) is None:
            assert (found.state, found.gap) == (None, "")
