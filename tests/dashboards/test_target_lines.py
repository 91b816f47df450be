"""Figures of the plan, line by line, as pages show them."""

import datetime as dt

from dashboards import target_lines
from geo.compute_coverage import CoverageTable
from geo.target_states import Tallied, TargetState
from tests.leaders import TARGETS, sample, target, village, visited


def line(table: CoverageTable, id_: str) -> target_lines.TargetLine:
    return next(line for line in target_lines.lines(table) if line.id == id_)


def test_every_figure_of_the_plan_has_its_line_in_the_plans_order() -> None:
    assert [line.id for line in target_lines.lines(sample())] == [target.id for target in TARGETS]


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


def test_a_bar_ends_at_a_hundred_and_marks_the_target() -> None:
    bar = line(sample(full=True), "AL-T01").bar
    assert bar is not None
    assert (str(bar.value), bar.target) == ("70.5", 80)


def test_counts_of_states_add_up_to_the_figures_of_the_plan() -> None:
    lines = target_lines.lines(sample())
    assert sum(each.count for each in target_lines.summary(lines)) == len(lines)


def test_a_past_deadline_is_shown_as_not_met() -> None:
    late = target("AL-T01", "phu_song_5g", deadline=dt.date(2026, 6, 30))
    assert line(sample(targets=(late,), full=True), "AL-T01").state is TargetState.BEHIND
