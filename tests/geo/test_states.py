"""One table of every state that a figure of a plan can be in, and figures counted by period (R6 and 6.7)."""

from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.compute_coverage import CommuneInput, CountedIndicator, VillageInput, table
from geo.derived_indicators import FIBRE, MOBILE, connected
from geo.period_targets import Reported, judge_each_period, judge_reported, periods
from geo.reach import Reach
from geo.target_states import Tallied, TargetFigure, TargetState, judge
from geo.weekly_pace import pace_of
from geo.weeks import shown_weeks, week_ends

MIDYEAR, LATE = date(2026, 7, 2), date(2027, 1, 1)  # 183 of 365 days gone; the first day after
MET, ON_TRACK, AT_RISK, BEHIND, UNKNOWN = (
    TargetState.MET,
    TargetState.ON_TRACK,
    TargetState.AT_RISK,
    TargetState.BEHIND,
    TargetState.UNKNOWN,
)


def figure(comparator: str, value: str, **other: Any) -> TargetFigure:
    fields: dict[str, Any] = {
        "id": "T1",
        "label": "",
        "section": "I",
        "unit": "percent",
        "period": "year",
        "start": date(2026, 1, 1),
        "deadline": date(2026, 12, 31),
        "indicator": "x",
    }
    return TargetFigure(comparator=comparator, value=Fraction(value), **(fields | other))


@pytest.mark.parametrize(
    ("comparator", "value", "told", "as_of", "state", "met"),
    [
        # persons, 1,000 households: the figure itself, a hair under, 5 points under, and what is strict
        (">=", "85", (850, 1000, 500), MIDYEAR, MET, True),
        (">", "85", (850, 1000, 500), MIDYEAR, AT_RISK, False),
        (">", "85", (8501, 10000, 500), MIDYEAR, MET, True),
        (">=", "85", (8001, 10000, 500), MIDYEAR, AT_RISK, False),
        (">=", "85", (800, 1000, 500), MIDYEAR, BEHIND, False),
        (">", "85", (800, 1000, 500), MIDYEAR, BEHIND, False),
        (">=", "85", (849, 1000, 500), LATE, BEHIND, False),
        (">", "85", (850, 1000, 500), LATE, BEHIND, False),
        # met among those asked, too few asked: the share of time gone decides, and nothing is judged
        (">=", "85", (90, 100, 499), MIDYEAR, UNKNOWN, None),
        (">=", "85", (90, 100, 499), date(2026, 6, 30), ON_TRACK, None),
        (">=", "85", (80, 100, 499), date(2026, 6, 30), UNKNOWN, None),
        (">=", "85", (90, 100, 499), LATE, BEHIND, None),
        (">=", "85", (0, 0, 0), MIDYEAR, UNKNOWN, None),
        # upper limits
        ("<=", "10", (10, 100, 500), MIDYEAR, MET, True),
        ("<", "10", (10, 100, 500), MIDYEAR, AT_RISK, False),
        ("<", "10", (15, 100, 500), MIDYEAR, BEHIND, False),
    ],
)
def test_a_surveyed_percent(comparator, value, told, as_of, state, met):
    reach = Reach(unit="person", subjects=told[2], expected=1000)
    found = judge(figure(comparator, value), Tallied(*told), reach, over=as_of)
    assert (found.state, found.met) == (state, met)


@pytest.mark.parametrize(
    ("comparator", "unit", "told", "as_of", "state", "met"),
    [
        (">=", "percent", (84, 100), MIDYEAR, MET, True),
        (">", "percent", (84, 100), MIDYEAR, AT_RISK, False),
        (">=", "percent", (80, 100), MIDYEAR, AT_RISK, False),
        (">=", "percent", (79, 100), MIDYEAR, BEHIND, False),
        (">=", "percent", (83, 100), LATE, BEHIND, False),
        (">=", "percent", None, MIDYEAR, UNKNOWN, None),
        # a count of 84, cumulative in the year: its share is held against the share of time gone (50.1 %)
        (">=", "count", 84, MIDYEAR, MET, True),
        (">", "count", 84, MIDYEAR, ON_TRACK, False),
        (">=", "count", 43, MIDYEAR, ON_TRACK, False),
        (">=", "count", 42, MIDYEAR, AT_RISK, False),
        (">=", "count", 37, MIDYEAR, BEHIND, False),
        (">=", "count", 83, LATE, BEHIND, False),
        (">=", "count", None, MIDYEAR, UNKNOWN, None),
    ],
)
def test_a_reported_figure(comparator, unit, told, as_of, state, met):
    target = figure(comparator, "84", unit=unit, how="office")
    share = told if isinstance(told, tuple) else (None, None)
    value = Fraction(told) if isinstance(told, int) else None
    report = Reported(at=date(2026, 6, 30), source="Văn phòng", value=value, done=share[0], of=share[1])
    found = judge_reported(target, [report] if told else [], as_of=as_of, over=as_of)
    assert (found.state, found.met) == (state, met)


MONTHS = [date(2026, month, 1) for month in range(1, 7)]  # gone on 2 July


@pytest.mark.parametrize(
    ("comparator", "counts", "state", "met", "words"),
    [
        (">=", [1, 1, 2, 1, 3, 1], MET, True, "đạt 6/6 tháng"),
        (">", [1, 2, 2, 2, 2, 2], BEHIND, False, "đạt 5/6 tháng"),  # exactly one is not more than one
        (">=", [1, 1, 0, 1, 1, 1], BEHIND, False, "đạt 5/6 tháng"),
        (">=", [1, 1, None, 1, 1, 1], AT_RISK, None, "đạt 5/6 tháng, 1 tháng chưa có số liệu"),
        (">=", [0, 1, None, 1, 1, 1], BEHIND, False, "đạt 4/6 tháng, 1 tháng chưa có số liệu"),
        (">=", [None] * 6, UNKNOWN, None, "chưa có số liệu"),
    ],
)
def test_a_figure_a_month_lists_each_month_met_and_gone(comparator, counts, state, met, words):
    target = figure(comparator, "1", unit="count", period="month", how="office")
    told = {start: Fraction(n) for start, n in zip(MONTHS, counts, strict=True) if n is not None}
    found = judge_each_period(target, told, as_of=MIDYEAR, over=MIDYEAR)
    assert (found.state, found.met, found.words) == (state, met, words)
    begun = [*((month, True) for month in MONTHS), (date(2026, 7, 1), False)]
    assert [(each.start, each.gone) for each in found.periods] == begun
    assert [each.value for each in found.periods[:6]] == [told.get(month) for month in MONTHS]


def test_weeks_begin_on_monday_and_only_whole_periods_of_the_plan_count():
    weeks = periods("week", date(2026, 1, 1), date(2026, 12, 31))
    assert (weeks[0], weeks[-1], len(weeks)) == (
        (date(2026, 1, 5), date(2026, 1, 11)),
        (date(2026, 12, 21), date(2026, 12, 27)),
        51,
    )
    months, quarters = (periods(kind, date(2026, 1, 1), date(2026, 12, 31)) for kind in ("month", "quarter"))
    assert (len(months), months[1]) == (12, (date(2026, 2, 1), date(2026, 2, 28)))
    assert (len(quarters), quarters[-1]) == (4, (date(2026, 10, 1), date(2026, 12, 31)))


@given(
    st.sampled_from(["week", "month", "quarter"]),
    st.dates(date(2025, 1, 1), date(2027, 12, 31)),
    st.integers(0, 900),
)
def test_periods_follow_each_other_without_gap_inside_the_plan(kind, start, days):
    end = date.fromordinal(start.toordinal() + days)
    found = periods(kind, start, end)
    assert all(start <= first <= last <= end for first, last in found)
    assert all(one[1].toordinal() + 1 == other[0].toordinal() for one, other in pairwise(found))


def test_people_helped_a_month_are_judged_by_what_visits_counted():
    """R7: counts per period, from events."""
    helped = CountedIndicator("giup", "Giúp cài", "person", "event")
    target = figure(">=", "20", unit="count", period="month", indicator="giup")
    counted = {month: Tallied(n, n, n) for month, n in zip(MONTHS, (30, 25, 20, 40, 22, 21), strict=True)}
    year = {"giup": Tallied(158, 158, 90)}
    thon = VillageInput(code="a", name="", households=100, visited=90, tallied=year)
    commune = CommuneInput(
        code="11629", name="", as_of=MIDYEAR, received_until=None, households=100, households_source=None,
        villages=(thon,), indicators=(helped,), targets=(target,), by_period={"T1": counted},
    )  # fmt: skip
    found = table(commune).targets[0].judgement
    assert (found.state, found.words, found.source) == (MET, "đạt 6/6 tháng có số liệu", "survey")


@pytest.mark.parametrize(
    ("fibre", "mobile", "expected"),
    [
        ((1, 5), (3, 3), (1, 1)),
        ((0, 5), (3, 3), (0, 1)),
        ((9, 9), (2, 3), (0, 1)),
        ((9, 9), (2, 2), (0, 0)),  # two points are too few to say either way
        ((4, 4), (3, 3), (0, 0)),  # of four households fibre is not told
        (None, (3, 3), (0, 0)),
    ],
)
def test_a_thon_is_connected_by_fibre_to_a_household_and_mobile_at_three_points(fibre, mobile, expected):
    """R16, phu_mang_khu_dan_cu."""
    told = {MOBILE: Tallied(*mobile, mobile[1])} | ({FIBRE: Tallied(*fibre, fibre[1])} if fibre else {})
    found = connected(told)
    assert (found.done, found.of) == expected


def test_three_connected_thon_of_ten_are_not_the_commune():
    """The target of all settlements (MD-T07) waits until most thôn have data."""
    known = {FIBRE: Tallied(5, 5, 5), MOBILE: Tallied(3, 3, 3)}
    thon = [
        VillageInput(code=str(n), name="", households=9, visited=5, tallied=known if n < 3 else {})
        for n in range(10)
    ]
    every = figure(">=", "100", indicator="phu_mang_khu_dan_cu")
    derived = CountedIndicator("phu_mang_khu_dan_cu", "", "village", "derived")

    def found(villages: list[VillageInput]):
        commune = CommuneInput(
            code="10930", name="", as_of=MIDYEAR, received_until=None, households=90, households_source=None,
            villages=tuple(villages), indicators=(derived,), targets=(every,),
        )  # fmt: skip
        return table(commune).targets[0].judgement

    assert (found(thon).met, found(thon).words) == (None, "mới có số liệu của 3/10 thôn")
    assert (found(thon[:5]).met, found(thon[:5]).state) == (None, ON_TRACK)  # two of five may still fail
    assert (found(thon[:3]).met, found(thon[:3]).state) == (True, MET)


def test_the_pace_of_a_week_that_is_not_over_counts_its_days():
    """24 days from a Sunday to a Wednesday: 48 households are 14 a week."""
    ends = week_ends(date(2026, 11, 18), 5)
    weeks = shown_weeks(ends, {"a": [Tallied(n, n, n) for n in (52, 60, 70, 80, 100)]}, hide=False)
    found = pace_of(weeks, 1000, date(2026, 12, 31))
    assert found is not None
    assert (found.recent, found.left, found.since) == (Fraction(14), 900, date(2026, 10, 26))
    assert pace_of(weeks[:4], 1000, date(2026, 12, 31)) is None
