"""A percent says of what, and is judged only when enough of its own subjects were asked (R6)."""

import dataclasses
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import words
from geo.compute_coverage import CommuneInput, CountedIndicator, VillageInput, table
from geo.estimate import wilson
from geo.period_targets import judge_surveyed_periods
from geo.reach import Enough, Reach
from geo.target_states import Tallied, TargetFigure, TargetState, cut, gap_shown, judge
from geo.weekly_pace import pace_of
from geo.weeks import Week

AUTUMN = date(2026, 11, 29)


def figure(comparator: str, value: str, unit: str = "percent", period: str = "year") -> TargetFigure:
    return TargetFigure(
        id="T1", label="", section="I", comparator=comparator, value=Fraction(value), unit=unit, period=period,
        start=date(2026, 1, 1), deadline=date(2026, 12, 31), indicator="x",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "asked_for", "told", "expected", "met", "is_met", "says"),
    [
        ("business", ">= 100", (2, 2, 2), 114, None, False, "mới khảo sát 2/114 doanh nghiệp"),
        ("business", ">= 100", (60, 60, 60), 114, None, False, None),
        ("business", ">= 100", (114, 114, 114), 114, True, True, "đạt"),
        ("place", ">= 90", (20, 20, 20), 143, None, False, "mới khảo sát 20/143 điểm công cộng"),
        ("place", ">= 90", (80, 80, 80), 143, True, True, "đạt"),
        ("village", ">= 100", (13, 13, 13), 23, None, False, None),
        ("village", ">= 100", (22, 22, 22), 23, None, False, None),
        ("village", ">= 100", (23, 23, 23), 23, True, True, "đạt"),
        ("village", ">= 100", (22, 23, 23), 23, False, False, None),
        ("household", ">= 80", (900, 1000, 1000), 2000, True, True, "đạt"),
        ("household", ">= 80", (400, 450, 450), 2000, None, False, "mới khảo sát 450/2.000 hộ"),
        ("adult", "> 60", (70, 90, 44), 90, None, False, "mới khảo sát 44/90 hộ"),
    ],
)
def test_a_target_is_met_only_when_enough_of_its_own_subjects_were_asked(
    unit, asked_for, told, expected, met, is_met, says
):
    """R6: 2 of 114 enterprises, 13 of 23 thôn and 450 of 2,000 households are not met."""
    reach = Reach(unit=unit, subjects=told[2], expected=expected)
    found = judge(figure(*asked_for.split()), Tallied(*told), reach, over=AUTUMN)
    assert (found.met, found.state is TargetState.MET) == (met, is_met)
    assert says is None or found.words == says
    if unit not in ("household", "adult"):
        assert "hộ" not in found.words


def test_people_picked_by_chance_have_a_number_asked_and_an_interval_and_no_reach():
    asked = CountedIndicator("hai_long", "Hài lòng", "person", "state", is_sample=True)
    reach = Reach(unit="person", subjects=9, is_sample=True)
    found = judge(figure(">=", "90"), Tallied(9, 9, 9), reach, over=AUTUMN)
    assert (found.state, found.met, found.reach) == (TargetState.UNKNOWN, None, None)
    assert found.words == "mới hỏi 9 người, cần từ 100 người để kết luận"
    thon = tuple(
        VillageInput(code=str(n), name="", households=50, visited=0, tallied={"hai_long": Tallied(1, 1, 1)})
        for n in range(9)
    )
    given_ = CommuneInput(
        code="11629", name="", as_of=AUTUMN, received_until=None, households=450, households_source=None,
        villages=thon, indicators=(asked,), targets=(),
    )  # fmt: skip
    told = table(given_)
    cell = told.indicators[0].cell
    assert (cell.done, cell.of, cell.reach) == (9, 9, None)  # though each thôn had one
    assert all(row.cells["hai_long"].subjects is None for row in told.villages)
    said = words.reach(cell, asked).replace("\u00a0", " ")
    assert said == "đã hỏi 9 người (khoảng 95 %: 70,1–100 %)"
    enough = Reach(unit="person", subjects=100, is_sample=True)
    assert judge(figure(">=", "90"), Tallied(95, 100, 100), enough, over=AUTUMN).state is TargetState.MET


@given(st.integers(1, 500), st.integers(0, 500))
def test_the_interval_of_a_share_holds_the_share(of, done):
    done = min(done, of)
    found = wilson(done, of)
    assert 0 <= found.low <= 100 * done / of + 1e-9
    assert 100 * done / of - 1e-9 <= found.high <= 100


@pytest.mark.parametrize(
    ("comparator", "target", "unit", "value", "shown"),
    [
        (">", "59", "count", "59", "59"),
        (">", "12", "count", "13", "13"),
        (">", "85", "percent", "85", "84.9"),
        (">=", "85", "percent", "85", "85.0"),
    ],
)
def test_a_count_is_shown_as_it_is_and_a_percent_never_as_its_strict_limit(
    comparator, target, unit, value, shown
):
    assert cut(Fraction(value), figure(comparator, target, unit)) == Decimal(shown)


@given(st.integers(1, 3000), st.integers(0, 3000), st.integers(0, 100), st.sampled_from([">=", ">"]))
def test_what_is_shown_and_what_is_missing_add_up_to_the_target(of, done, value, comparator):
    target = figure(comparator, str(value))
    percent = Fraction(100 * min(done, of), of)
    gap = gap_shown(target, percent)
    if target.met_by(percent):
        assert gap == 0
    else:
        assert cut(percent, target) + gap == value


SMART = CountedIndicator("smart", "Smart", "household", "state")
VISITED = CountedIndicator("tham_ho", "Hộ", "household", "state")


def commune(*numbers: tuple[int | None, int]) -> CommuneInput:
    """Thôn with a number of households given for them, and of those met."""
    villages = tuple(
        VillageInput(
            code=f"{n:08}", name="", households=there, visited=met,
            tallied={"tham_ho": Tallied(met, met, met), "smart": Tallied(met, met, met)},
        )
        for n, (there, met) in enumerate(numbers)
    )  # fmt: skip
    return CommuneInput(
        code="11629", name="", as_of=AUTUMN, received_until=None, villages=villages, households_source=None,
        households=sum(there or 0 for there, _ in numbers), indicators=(VISITED, SMART), targets=(),
    )  # fmt: skip


def test_more_met_than_the_list_holds_is_a_doubt_and_closes_no_other_gap():
    """Households 10, 0 and 60, met 35, 30 and 12: 48 are left, not none."""
    found = table(commune((10, 35), (0, 30), (60, 12)), full=True)
    week = (Week(AUTUMN, Tallied(77, 77, 77)),)
    old = Week(date(2026, 11, 1), Tallied(0, 0, 0))
    paced = pace_of((old, old, old, old, *week), 70, date(2026, 12, 31), surplus=found.surplus)
    assert paced is not None
    assert paced.left == 48
    assert found.reach == Fraction(22, 70)
    cells = [row.cells["tham_ho"] for row in found.villages]
    said = [words.reach(cell, VISITED, verb="gặp").replace("\u00a0", " ") for cell in cells]
    assert said == [
        "gặp 35 hộ, nhiều hơn số đã nêu (10): cần xem lại số hộ",
        "gặp 30 hộ, nhiều hơn số đã nêu (0): cần xem lại số hộ",
        "gặp 12/60 hộ (20,0 %)",
    ]
    assert [cell.reach for cell in cells] == [1, None, Fraction(1, 5)]


@pytest.mark.parametrize(
    ("subjects", "expected", "surplus", "why"),
    [
        (40, 60, 15, "mới khảo sát 25/60 hộ"),  # 35 in a thôn of 20: 40/60 would be enough
        (55, 40, 30, "mới khảo sát 25/40 hộ"),
        (30, 0, 30, "mới khảo sát 30 hộ, số hộ đã nêu là 0"),
    ],
)
def test_what_was_met_beyond_the_number_given_is_in_no_fraction(subjects, expected, surplus, why):
    reach = Reach(unit="household", subjects=subjects, expected=expected, surplus=surplus)
    assert reach.short(Enough(reach=Fraction(4, 5))) == why


def test_a_reach_in_words_is_the_fraction_that_is_judged():
    cell = table(commune((20, 35), (40, 5)), full=True).indicators[0].cell
    assert words.reach(cell, VISITED).replace("\u00a0", " ") == (
        "khảo sát 25/60 hộ (41,6 %), chưa kể 15 hộ nhiều hơn số đã nêu"
    )


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), min_size=1, max_size=8))
def test_the_gap_of_a_commune_is_that_of_its_thon_together(numbers):
    found = table(commune(*numbers), full=True)
    left = sum(max(0, there - met) for there, met in numbers)
    beyond_of_few = sum(max(0, met - there) for there, met in numbers if 0 < met < 5)
    assert found.households - (found.visited - found.surplus) == left - beyond_of_few


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=8))
def test_all_readers_are_told_the_same_reach_and_state_of_the_commune(numbers):
    """What a thôn that is hidden from some has too many would else be subtracted for those alone who see it."""
    target = dataclasses.replace(figure(">=", "50"), indicator="smart")
    given_ = dataclasses.replace(commune(*numbers), targets=(target,))
    full, told = table(given_, full=True), table(given_)
    assert (full.surplus, full.visited) == (
        told.surplus,
        told.visited if told.visited is not None else full.visited,
    )
    shown = told.indicator("smart").judgement
    if told.indicator("smart").cell.suppressed is None:
        assert shown == full.indicator("smart").judgement
    elif shown.state is not TargetState.UNKNOWN:
        assert shown.state is full.indicator("smart").judgement.state


def test_households_met_in_a_thon_without_a_number_close_no_other_thons_gap():
    """R6: 20 met where nobody knows how many live are not among the 150 of the others."""
    numbers = ((100, 60), (50, 50), (None, 20), (0, 30))
    thon = tuple(
        VillageInput(
            code=f"1162900{n}", name=f"Thôn {n}", households=households, visited=met,
            tallied={"x": Tallied(met, met, met)},
        )
        for n, (households, met) in enumerate(numbers)
    )  # fmt: skip
    every = dataclasses.replace(figure(">=", "100"), over_households=True)
    found = table(
        CommuneInput(
            code="11629", name="An Lão", as_of=AUTUMN, received_until=None, households=150, households_source=None,
            villages=thon, indicators=(CountedIndicator("x", "X", "household", "state"),), targets=(every,),
        ),
        full=True,
    )  # fmt: skip
    assert (found.visited, found.surplus, found.reach) == (160, 50, Fraction(110, 150))
    [row] = found.targets
    assert (row.judgement.reach, row.judgement.value) == (Fraction(110, 150), Fraction(100 * 160, 200))
    assert found.villages[2].cells["x"].surplus == 0  # in itself nothing is wrong


def test_weeks_before_the_first_visit_are_unknown_and_weeks_without_visits_are_empty():
    weekly = figure(">=", "70", period="week")
    told = {date(2026, 9, 7): Tallied(3, 4, 4), date(2026, 9, 14): Tallied(), date(2026, 8, 31): Tallied()}
    found = judge_surveyed_periods(weekly, told, as_of=date(2026, 9, 20), over=date(2026, 9, 20))
    by_start = {period.start: period for period in found.periods}
    assert (found.state, found.words) == (TargetState.MET, "đạt 1/1 tuần có số liệu")
    assert all(by_start[day].met is None for day in (date(2026, 1, 5), date(2026, 8, 31), date(2026, 9, 14)))
    assert by_start[date(2026, 9, 7)].value == 75
    assert [by_start[day].is_empty for day in (date(2026, 1, 5), date(2026, 8, 31), date(2026, 9, 14))] == [
        False,
        False,
        True,
    ]
    assert judge_surveyed_periods(weekly, {}, as_of=AUTUMN, over=AUTUMN).state is TargetState.UNKNOWN
