"""Figures counted anew each week, month or quarter, and numbers that a commune has to reach together (R7, R25)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import words
from geo.compute_coverage import CommuneInput, CountedIndicator, CoverageTable, VillageInput, table
from geo.period_targets import judge_each_period, judge_surveyed_periods, periods
from geo.target_states import Tallied, TargetFigure, TargetState

DAY = dt.date(2026, 11, 29)
HELP = CountedIndicator("giup_nop_ho_so", "Người được giúp nộp hồ sơ", "person", "event")
MET = CountedIndicator("tham_ho", "Hộ đã gặp", "household", "state")


def figure(
    value: str, period: str = "week", unit: str = "count", indicator: str = HELP.code, comparator: str = ">="
) -> TargetFigure:
    return TargetFigure(
        id="T1", label="", section="I", comparator=comparator, value=Fraction(value), unit=unit, period=period,
        start=dt.date(2026, 1, 1), deadline=dt.date(2026, 12, 31), indicator=indicator,
    )  # fmt: skip


def commune(
    target: TargetFigure, indicator: CountedIndicator, *, full: bool = False, **more: object
) -> CoverageTable:
    """Two thôn, of 30 and 60 households, with a share of each counted."""
    villages = tuple(
        VillageInput(
            code=f"10525{n:03}", name=f"Tổ {n}", households=households, visited=met,
            tallied={"tham_ho": Tallied(met, met, met), indicator.code: Tallied(met, met, met)},
        )
        for n, (households, met) in enumerate(((30, 20), (60, 40)), 1)
    )  # fmt: skip
    fields = {"as_of": DAY, "received_until": None, "households": 90, "households_source": None} | more
    given_ = CommuneInput(
        code="10525", name="Hải Tân", villages=villages, indicators=(indicator,), targets=(target,), **fields
    )  # type: ignore[arg-type]
    return table(given_, full=full)


@pytest.mark.parametrize(
    ("value", "period", "unit", "is_judged"),
    [("75", "year", "count", False), ("2", "month", "count", False), ("60", "quarter", "percent", False),
     ("60", "year", "percent", True)],
)  # fmt: skip
def test_only_a_share_over_the_year_is_held_against_a_single_thon(
    value: str, period: str, unit: str, is_judged: bool
) -> None:
    """R7: 75 households of a whole commune are not what a thôn of 30 has to reach."""
    found = commune(figure(value, period, unit, MET.code), MET)
    assert [bool(row.judgements) for row in found.villages] == [is_judged, is_judged]
    [row] = found.targets
    assert period != "year" or row.judgement.state is not TargetState.UNKNOWN


def test_a_number_to_reach_together_is_judged_by_all_thon_together() -> None:
    met = commune(figure("60", "year", "count", MET.code), MET).targets[0].judgement
    short = commune(figure("160", "year", "count", MET.code), MET).targets[0].judgement
    assert (met.state, met.value_shown) == (TargetState.MET, 60)
    assert (short.state, short.value_shown, short.gap) == (TargetState.BEHIND, 60, 100)


MONDAYS = [first for first, last in periods("week", dt.date(2026, 1, 1), DAY)][-4:]


def told(*helped: int | None) -> dict[dt.date, Tallied]:
    return {
        monday: Tallied() if each is None else Tallied(each, each, each)
        for monday, each in zip(MONDAYS, helped, strict=True)
    }


def test_a_week_of_visits_that_helped_nobody_is_missed_and_one_without_visits_is_not() -> None:
    """R7: the week of Tết is not missed; one in which doors were knocked on and nobody was helped is."""
    weeks = told(9, None, None, 12)
    found = judge_surveyed_periods(
        figure("5"), weeks, as_of=DAY, over=DAY, visited=[MONDAYS[0], MONDAYS[1], MONDAYS[3]]
    )
    by_start = {each.start: each for each in found.periods}
    assert [by_start[each].met for each in MONDAYS] == [True, False, None, True]
    assert [by_start[each].is_empty for each in MONDAYS] == [False, False, True, False]
    assert by_start[MONDAYS[1]].value == 0
    assert (found.state, found.words) == (TargetState.BEHIND, "đạt 2/3 tuần có số liệu")
    assert words.judged(figure("5"), found) == "2/3 tuần"


def test_of_a_share_a_week_whose_visits_told_nothing_is_unknown_and_neither_0_nor_empty() -> None:
    weeks = {MONDAYS[0]: Tallied(8, 10, 10), MONDAYS[2]: Tallied(9, 10, 10)}
    found = judge_surveyed_periods(
        figure("70", unit="percent"), weeks, as_of=DAY, over=DAY, visited=MONDAYS[:3]
    )
    by_start = {each.start: each for each in found.periods}
    assert (by_start[MONDAYS[1]].value, by_start[MONDAYS[1]].is_empty) == (None, False)
    assert words.untold_period(by_start[MONDAYS[1]]) == "chưa có số liệu"
    assert words.untold_period(by_start[MONDAYS[3]]) == "không có phiếu trong kỳ"
    assert found.words == "đạt 2/2 tuần có số liệu"


def test_what_is_hidden_takes_its_state_along_and_says_so() -> None:
    """R25: two people a week are not told, nor whether two are enough."""
    given_ = {"by_period": {"T1": told(2, 3, 1, 4)}, "visited_periods": {"T1": MONDAYS}}
    leader, officer = (commune(figure("3"), HELP, full=full, **given_).targets[0] for full in (False, True))
    assert (officer.judgement.words, officer.judgement.state) == (
        "đạt 2/4 tuần có số liệu",
        TargetState.BEHIND,
    )
    found = leader.judgement
    assert (found.state, found.met, found.value_shown, found.words) == (
        TargetState.UNKNOWN, None, None, "4 tuần không nêu",
    )  # fmt: skip
    shown = [each for each in found.periods if each.start in MONDAYS]
    assert all(
        (each.value, each.met, each.is_empty, each.is_hidden) == (None, None, False, True) for each in shown
    )
    assert {words.untold_period(each) for each in shown} == {"không nêu"}
    assert words.judged(leader.target, found) == ""


@given(st.lists(st.one_of(st.none(), st.integers(0, 12)), min_size=4, max_size=4), st.integers(1, 8),
       st.sets(st.sampled_from(MONDAYS)))  # fmt: skip
def test_a_state_that_is_told_is_the_true_one_whatever_is_hidden(
    helped: Sequence[int | None], goal: int, hidden: set[dt.date]
) -> None:
    """R25: nobody is told another state than the officer, and what would depend on the hidden weeks is not told."""
    target, weeks = figure(str(goal)), told(*helped)
    visited = [monday for monday, each in zip(MONDAYS, helped, strict=True) if each is not None]
    true = judge_surveyed_periods(target, weeks, as_of=DAY, over=DAY, visited=visited)
    found = judge_surveyed_periods(target, weeks, as_of=DAY, over=DAY, visited=visited, hidden=hidden)
    assert found.state in (TargetState.UNKNOWN, true.state)
    assert found.met in (None, true.met)
    of_hidden = [each for each in found.periods if each.start in hidden]
    assert all(each.value is None and each.met is None for each in of_hidden)
    others = dict(zip(MONDAYS, helped, strict=True)) | dict.fromkeys(hidden & set(visited), goal)
    again = judge_surveyed_periods(
        target, told(*others.values()), as_of=DAY, over=DAY, visited=visited, hidden=hidden
    )
    assert (again.state, again.words) == (found.state, found.words)


@pytest.mark.parametrize(
    ("period", "last"),
    [("week", dt.date(2026, 11, 15)), ("month", dt.date(2028, 2, 29)), ("month", dt.date(2026, 12, 31)),
     ("quarter", dt.date(2027, 3, 31))],
)  # fmt: skip
def test_a_period_goes_on_until_its_last_day_is_over(period: str, last: dt.date) -> None:
    """R8: on the Sunday itself people may still be helped; the day after, and on a page of that Sunday, it is over."""
    target = replace(figure("3", period), start=dt.date(last.year, 1, 1), deadline=dt.date(last.year, 12, 31))
    begun = [first for first, end in periods(period, target.start, last)]
    counted = {first: Tallied(9, 9, 9) for first in begun[:-1]} | {begun[-1]: Tallied(1, 1, 1)}
    eve = last - dt.timedelta(days=1)
    running, over = (judge_surveyed_periods(target, counted, as_of=last, over=day) for day in (eve, last))
    assert [(each.periods[-1].gone, words.told_period(target, each.periods[-1])) for each in (running, over)] == [
        (False, "1 – đang diễn ra"), (True, "1 – không đạt"),
    ]  # fmt: skip
    assert running.state is (TargetState.MET if begun[:-1] else TargetState.UNKNOWN)
    assert over.met is False


def test_what_an_office_tells_on_the_last_day_of_a_month_is_its_word_for_that_month() -> None:
    """Its books are closed; a month of which it has told nothing is not open before it is over."""
    last, february = dt.date(2028, 2, 29), dt.date(2028, 2, 1)
    target = replace(
        figure("1", "month"), start=dt.date(2028, 1, 1), deadline=dt.date(2028, 12, 31), how="office"
    )
    told = {dt.date(2028, 1, 1): Fraction(2)}
    today = {"as_of": last, "over": dt.date(2028, 2, 28)}
    assert judge_each_period(target, told, **today).words == "đạt 1/1 tháng"
    assert judge_each_period(target, {**told, february: Fraction(0)}, **today).words == "đạt 1/2 tháng"
    assert judge_each_period(target, told, as_of=last, over=last).words == (
        "đạt 1/2 tháng, 1 tháng chưa có số liệu"
    )


def test_a_deadline_is_past_when_its_day_is_over() -> None:
    """R7: on the last day of the year something may still be reached; the report of the year says what was not."""
    near = figure("62", "year", "count", MET.code)  # 60 were met
    states = [
        commune(near, MET, as_of=near.deadline, is_running=is_running).targets[0].judgement.state
        for is_running in (True, False)
    ]
    assert states == [TargetState.AT_RISK, TargetState.BEHIND]


@pytest.mark.parametrize(
    ("comparator", "of", "said"),
    [(">", 20, "84,9 % – không đạt"), (">=", 20, "85,0 % – đạt"), (">", 19, "89,4 % – đạt")],
)
def test_the_share_of_a_week_looks_met_only_when_it_is(comparator: str, of: int, said: str) -> None:
    """R7: 17 of 20 is exactly the 85 % that a strict figure has to pass."""
    target = figure("85", unit="percent", comparator=comparator)
    found = judge_surveyed_periods(target, {MONDAYS[0]: Tallied(17, of, of)}, as_of=DAY, over=DAY)
    [shown] = [each for each in found.periods if each.start == MONDAYS[0]]
    assert words.told_period(target, shown).replace(words.SPACE, " ") == said


@pytest.mark.parametrize(
    ("comparator", "value", "unit", "said"),
    [(">=", "3", "count", "4 – đạt"), (">=", "5", "count", "4 – đang diễn ra"),
     ("<=", "5", "count", "4 – đang diễn ra"), (">=", "30", "percent", "40,0 % – đang diễn ra")],
)  # fmt: skip
def test_a_week_that_goes_on_has_met_only_what_it_cannot_lose_again(
    comparator: str, value: str, unit: str, said: str
) -> None:
    """R8: five helped stay five; of a share, and of what may not be exceeded, Sunday evening may still decide."""
    target = figure(value, unit=unit, comparator=comparator)
    counted = {MONDAYS[-1]: Tallied(4, 10, 10)}
    found = judge_surveyed_periods(target, counted, as_of=DAY, over=DAY - dt.timedelta(days=1))
    shown = found.periods[-1]
    assert words.told_period(target, shown).replace(words.SPACE, " ") == said
    assert shown.met is (True if said.endswith("– đạt") else None)
