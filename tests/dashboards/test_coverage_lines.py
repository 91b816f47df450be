"""From the coverage table to the lines that pages show."""

import dataclasses
import datetime as dt
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dashboards import coverage_lines, words
from geo.coverage import CoverageTable
from geo.target_states import Tallied, TargetState
from geo.weeks import Week, week_ends
from tests.leaders import TARGETS, TODAY, VILLAGES, sample, target, village, visited


def line(table: CoverageTable, id_: str) -> coverage_lines.TargetLine:
    return next(line for line in coverage_lines.lines(table) if line.id == id_)


def test_every_figure_of_the_plan_has_its_line_in_the_plans_order() -> None:
    assert [line.id for line in coverage_lines.lines(sample())] == [target.id for target in TARGETS]


def test_a_surveyed_figure_says_percent_state_and_reach() -> None:
    """R6: reach stands beside percent everywhere. 134 of 190 asked, 190 of 330 households."""
    shown = line(sample(full=True), "AL-T01")
    assert (shown.value, shown.required) == ("70,5\u00a0%", "≥\u00a080\u00a0%")
    assert shown.reach == "khảo sát 190/330\u00a0hộ (57,5\u00a0%)"
    assert shown.state is TargetState.BEHIND


def test_while_reach_is_small_it_says_how_many_were_asked() -> None:
    shown = line(sample((village(1, 100, **visited(30, 27)),), full=True), "AL-T01")
    assert "mới khảo sát 30/100 hộ" in shown.notes
    assert shown.state is TargetState.UNKNOWN


def test_a_figure_that_an_office_reports_names_the_office_and_has_no_number_yet() -> None:
    shown = line(sample(), "AL-T09")
    assert (shown.value, shown.words, shown.indicator) == ("", "chưa đủ số liệu", None)
    assert shown.source == "chờ Văn phòng HĐND và UBND xã báo cáo"


def test_a_figure_over_all_households_tells_both_numbers() -> None:
    """AL-T26"""
    rows = (village(1, 100, tham_ho=Tallied(60, 60, 60), smart_hai_phong_ho=Tallied(45, 60, 60)),)
    shown = line(sample(rows, full=True), "AL-T26")
    assert shown.value == "45,0\u00a0%"
    assert any("75,0\u00a0%" in note for note in shown.notes)


def test_table_and_map_show_the_same_number_of_a_thon_over_all_households() -> None:
    """R24: no two places that disagree."""
    rows = (village(1, 100, tham_ho=Tallied(60, 60, 60), smart_hai_phong_ho=Tallied(45, 60, 60)),)
    table = sample(rows, full=True)
    columns = coverage_lines.columns(table)
    cells = coverage_lines.thons(table, columns, coverage_lines.Order())[0].cells
    assert [column.code for column in columns if not column.is_empty] == ["smart_hai_phong_ho"]
    assert cells[0].text == "45,0\u00a0%"


def test_a_bar_ends_at_a_hundred_and_marks_the_target() -> None:
    bar = line(sample(full=True), "AL-T01").bar
    assert bar is not None
    assert (str(bar.value), bar.target) == ("70.5", 80)


def test_hidden_rows_give_no_number() -> None:
    """R25: three households are hidden whole, and the number of households met with them."""
    table = sample((*VILLAGES, village(5, 30, **visited(3, 3))))
    shown = next(
        row
        for row in coverage_lines.thons(table, coverage_lines.columns(table), coverage_lines.Order())
        if row.code == "11629005"
    )
    assert shown.visited == "không nêu"
    assert shown.cells[0].text == "dưới 5 hộ"
    assert shown.cells[0].reach == ""


@given(st.sampled_from(["ma", "ten", "ho", "gap", "phu_song_5g"]), st.booleans())
def test_thon_without_a_number_stand_last_whichever_way_they_are_sorted(by: str, descending: bool) -> None:
    table = sample((village(4, None), *VILLAGES[:3]), full=True)
    rows = coverage_lines.thons(table, coverage_lines.columns(table), coverage_lines.Order(by, descending))
    assert len(rows) == 4
    if by not in ("ma", "ten"):
        assert rows[-1].code == "11629004"


def test_a_second_click_sorts_the_other_way_round() -> None:
    first = coverage_lines.Order().link("gap")
    assert (first, first.link("gap")) == (coverage_lines.Order("gap"), coverage_lines.Order("gap", True))


def test_an_unknown_column_sorts_by_code() -> None:
    assert coverage_lines.order("1; drop table", "giam", ()) == coverage_lines.Order()


def weeks(*met: int) -> tuple[Week, ...]:
    """So many households met by the ends of the last weeks."""
    ends = week_ends(TODAY, len(met))
    return tuple(Week(end, Tallied(n, n, n)) for end, n in zip(ends, met, strict=True))


def test_the_pace_asked_for_is_a_whole_number_of_households() -> None:
    """190 of 330 met, 39 days left: 140 households in 5 4/7 weeks."""
    table = dataclasses.replace(sample(full=True), weeks=weeks(10, 30, 60, 100, 140, 190))
    found = coverage_lines.met(table)
    assert (found.left, found.needed_a_week, found.recent_a_week) == (140, 26, Fraction(40))
    said = words.pace(Fraction(40), found.since or TODAY, table.as_of)
    assert said == "Từ 26/10 đến 22/11 gặp thêm 40 hộ mỗi tuần"  # this week and the three before it


def test_no_pace_is_told_before_five_weeks_are_counted() -> None:
    table = dataclasses.replace(sample(full=True), weeks=weeks(10, 30))
    assert coverage_lines.met(table).needed_a_week is None


def test_counts_of_states_add_up_to_the_figures_of_the_plan() -> None:
    lines = coverage_lines.lines(sample())
    assert sum(each.count for each in coverage_lines.summary(lines)) == len(lines)


def test_a_past_deadline_is_shown_as_not_met() -> None:
    late = target("AL-T01", "phu_song_5g", deadline=dt.date(2026, 6, 30))
    assert line(sample(targets=(late,), full=True), "AL-T01").state is TargetState.BEHIND
