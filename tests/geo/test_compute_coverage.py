"""Targets are judged from exact fractions, display never flatters, and thôn add up to their commune (R1 to R14)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.compute_coverage import (
    CommuneInput,
    CountedIndicator,
    HouseholdsSource,
    VillageInput,
    own_target,
    table,
)
from geo.coverage_json import target_to_json, to_json
from geo.period_targets import Reported, judge_reported
from geo.reach import Reach
from geo.target_states import Tallied, TargetFigure, TargetState, cut, judge, pace, share_of_time_gone

HALF = Fraction(1, 2)
MIDYEAR = date(2026, 7, 2)  # day 183 of 365: just over half of the time is gone


def make_target(value: str = "82", comparator: str = ">=", **other: Any) -> TargetFigure:
    fields: dict[str, Any] = {
        "id": "AL-T20",
        "label": "Người dân có VNeID",
        "section": "I.2.b",
        "comparator": comparator,
        "value": Fraction(value),
        "unit": "percent",
        "period": "year",
        "start": date(2026, 1, 1),
        "deadline": date(2026, 12, 31),
        "indicator": "vneid_nguoi_dan",
    }
    return TargetFigure(**(fields | other))


def judged(target: TargetFigure, done: int, of: int, subjects: int, **other: Any):
    known: dict[str, Any] = {"unit": "person", "expected": 1000, "over": MIDYEAR} | other
    over = known.pop("over")
    return judge(target, Tallied(done, of, subjects), Reach(subjects=subjects, **known), over=over)


@pytest.mark.parametrize(
    ("comparator", "done", "of", "subjects", "expected"),
    [
        (">=", 820, 1000, 600, ("met", True)),  # exactly on a ≥ figure
        (">", 820, 1000, 600, ("at_risk", False)),  # exactly on a strict one
        (">", 821, 1000, 600, ("met", True)),
        (">=", 8199, 10000, 600, ("at_risk", False)),  # 81.99 is not 82
        (">=", 7701, 10000, 600, ("at_risk", False)),  # 4.99 points short
        (">=", 7700, 10000, 600, ("behind", False)),  # 5 points short
        (">=", 0, 1000, 600, ("behind", False)),
        (">=", 820, 1000, 500, ("met", True)),  # reach exactly at the minimum
        (">=", 5, 5, 5, ("unknown", None)),  # met on five answers is not met
        (">=", 800, 1000, 100, ("unknown", None)),
        (">=", 10, 1000, 100, ("unknown", None)),  # nor is anybody called behind on a tenth
        (">=", 0, 0, 0, ("unknown", None)),
    ],
)
def test_a_target_of_persons_has_the_states_of_the_design(comparator, done, of, subjects, expected):
    found = judged(make_target("82", comparator), done, of, subjects)
    assert (found.state, found.met) == expected


@pytest.mark.parametrize(
    ("over", "subjects", "state"),
    [
        (date(2026, 2, 1), 100, "on_track"),  # 32 of 365 days gone, a tenth of the households
        (date(2026, 2, 6), 100, "unknown"),  # 37 of 365
        (date(2026, 12, 30), 499, "unknown"),
        (date(2026, 12, 31), 499, "behind"),
        (date(2026, 12, 31), 500, "met"),
    ],
)
def test_met_among_those_asked_waits_for_reach_to_keep_pace_with_time(over, subjects, state):
    assert judged(make_target(), 90, 100, subjects, over=over).state == state


def test_reach_equal_to_the_share_of_time_gone_is_on_track():
    assert (
        judged(make_target(), 9, 10, 73, expected=365, over=date(2026, 3, 14)).state == TargetState.ON_TRACK
    )
    assert judged(make_target(), 9, 10, 72, expected=365, over=date(2026, 3, 14)).state == TargetState.UNKNOWN


def test_past_the_deadline_what_is_not_met_is_behind():
    late = make_target(deadline=date(2026, 6, 30))
    assert judged(late, 819, 1000, 600, over=date(2026, 6, 29)).state == TargetState.AT_RISK
    assert judged(late, 819, 1000, 600, over=date(2026, 6, 30)).state == TargetState.BEHIND


def test_too_small_a_reach_is_said_in_households():
    assert judged(make_target(), 5, 5, 5, expected=12640).words == "mới khảo sát 5/12.640 hộ"


def test_without_the_number_of_households_nothing_is_judged():
    found = judged(make_target(), 90, 100, 90, expected=None)
    assert (found.state, found.met, found.reach) == (TargetState.UNKNOWN, None, None)
    assert found.words == "mới khảo sát 90 hộ, chưa có tổng số hộ"


@pytest.mark.parametrize(
    ("done", "subjects", "over", "state", "met"),
    [
        (1000, 1000, MIDYEAR, "met", True),
        (600, 600, MIDYEAR, "on_track", None),  # all who were asked have it: only doors are missing
        (400, 400, MIDYEAR, "unknown", None),
        (960, 1000, MIDYEAR, "at_risk", False),
        (940, 950, MIDYEAR, "behind", False),
        (999, 999, date(2026, 12, 31), "behind", False),
    ],
)
def test_a_target_over_all_households_counts_the_doors_not_yet_knocked_on(done, subjects, over, state, met):
    every = make_target("100", over_households=True, indicator="smart_hai_phong_ho")
    found = judged(every, done, subjects, subjects, unit="household", over=over)
    assert (found.state, found.met) == (state, met)
    assert found.value == Fraction(done, 10)


def test_places_are_judged_over_their_list_and_check_points_without_one():
    wifi = make_target("100", indicator="wifi_nha_van_hoa")
    found = judged(wifi, 38, 38, 38, unit="place", expected=38)
    assert (found.state, found.met, found.reach) == (TargetState.MET, True, 1)
    bare = judged(wifi, 38, 38, 38, unit="place", expected=None)
    assert (bare.state, bare.words) == (
        TargetState.UNKNOWN,
        "mới khảo sát 38 điểm công cộng, chưa có danh sách",
    )
    points = judged(make_target("90"), 9, 10, 10, unit="point", expected=None)
    assert (points.state, points.reach) == (TargetState.MET, None)


@pytest.mark.parametrize(
    ("value", "as_of", "state"),
    [
        (20, MIDYEAR, "met"),
        (11, MIDYEAR, "on_track"),
        (10, MIDYEAR, "at_risk"),  # 50 % of the figure, 50.1 % of the year
        (9, MIDYEAR, "behind"),
        (19, date(2026, 12, 31), "behind"),
    ],
)
def test_a_count_is_held_against_the_share_of_the_year_gone(value, as_of, state):
    initiatives = make_target("20", unit="count", indicator="sang_kien", how="office")
    told = Reported(at=date(2026, 6, 1), source="Phòng Văn hóa - Xã hội", value=Fraction(value))
    found = judge_reported(initiatives, [told], as_of=as_of, over=as_of)
    assert (found.state, found.source) == (state, "office")


def test_a_figure_a_month_needs_every_month_gone():
    articles = make_target("1", unit="count", period="month", how="office")

    def state(done: int, of: int) -> TargetState:
        told = Reported(at=date(2026, 6, 30), source="Văn phòng", done=done, of=of)
        return judge_reported(articles, [told], as_of=MIDYEAR, over=MIDYEAR).state

    assert [state(6, 6), state(5, 6), state(51, 52)] == [
        TargetState.MET,
        TargetState.BEHIND,
        TargetState.AT_RISK,
    ]


def test_what_is_reported_later_is_not_known_yet():
    told = Reported(at=date(2026, 8, 1), source="Công an xã", value=Fraction(90))
    assert judge_reported(make_target(), [told], as_of=MIDYEAR, over=MIDYEAR).state == TargetState.UNKNOWN
    assert judge_reported(make_target(), [], as_of=MIDYEAR, over=MIDYEAR).words == "chưa có số liệu"


@pytest.mark.parametrize(
    ("percent", "value", "comparator", "shown"),
    [
        ("84.99", "85", ">=", "84.9"),
        ("85", "85", ">=", "85.0"),
        ("85", "85", ">", "84.9"),  # "trên 85 %": 85 itself is not met, and must not look so
        ("85.04", "85", ">", "85.0"),
        ("84.279", "84.25", ">=", "84.27"),
        ("10.01", "10", "<=", "10.1"),
        ("10", "10", "<=", "10.0"),
        ("10", "10", "<", "10.1"),
        ("63.499", "82", ">=", "63.4"),
    ],
)
def test_display_is_cut_so_that_it_never_shows_a_figure_that_is_not_met(percent, value, comparator, shown):
    assert cut(Fraction(percent), make_target(value, comparator)) == Decimal(shown)


@given(
    done=st.integers(0, 3000),
    of=st.integers(1, 3000),
    value=st.decimals(0, 100, places=2),
    comparator=st.sampled_from([">=", ">", "<=", "<"]),
)
def test_the_number_shown_looks_met_only_when_the_target_is_met(done, of, value, comparator):
    percent = Fraction(100 * min(done, of), of)
    target = make_target(str(value), comparator)
    shown = Fraction(cut(percent, target))
    assert abs(shown - percent) <= Fraction(1, 10)
    if not target.met_by(percent):
        assert shown < target.value if comparator in (">=", ">") else shown > target.value
    else:
        assert shown >= target.value if comparator in (">=", ">") else shown <= target.value


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_cut_percent_is_never_more_than_the_true_one(done, of):
    percent = Fraction(100 * min(done, of), of)
    assert 0 <= percent - Fraction(cut(percent)) < Fraction(1, 10)


def test_time_gone_counts_whole_days_and_stays_between_none_and_all():
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    days = [date(2025, 12, 31), first, date(2026, 12, 30), last, date(2027, 5, 1)]
    assert [share_of_time_gone(first, last, day) for day in days] == [
        0,
        Fraction(1, 365),
        Fraction(364, 365),
        1,
        1,
    ]


def test_the_pace_needed_stands_beside_that_of_the_last_four_weeks():
    plan = {"as_of": date(2026, 11, 22), "deadline": date(2026, 12, 31)}
    needed = pace(households=2000, visited=1610, visited_in_four_weeks=220, **plan)
    assert (needed.needed, needed.recent, needed.left, needed.enough) == (
        Fraction(70),
        Fraction(55),
        390,
        False,
    )
    half = pace(households=2001, visited=1001, visited_in_four_weeks=0, share=HALF, **plan)
    assert (half.needed, half.enough) == (0, True)
    assert pace(households=None, visited=5, visited_in_four_weeks=5, **plan).enough is None
    late = pace(
        households=10, visited=5, visited_in_four_weeks=5, as_of=date(2026, 12, 31), deadline=plan["deadline"]
    )
    assert (late.needed, late.left) == (None, 5)


SMART = CountedIndicator("smart_hai_phong_ho", "Hộ dùng Smart Hải Phòng", "household", "state")
WIFI = CountedIndicator("wifi_nha_van_hoa", "Wi-Fi nhà văn hóa", "place", "state")
HELPED = CountedIndicator("kich_hoat_vneid", "Giúp kích hoạt VNeID", "person", "event")


def make_village(
    code: str, households: int | None, tallied: dict[str, Tallied], visited: int = 0
) -> VillageInput:
    return VillageInput(
        code=code, name=f"Thôn {code}", households=households, visited=visited, tallied=tallied
    )


def make_commune(*villages: VillageInput, **other: Any) -> CommuneInput:
    fields: dict[str, Any] = {
        "code": "11629",
        "name": "Xã An Lão",
        "as_of": MIDYEAR,
        "received_until": datetime(2026, 7, 2, 16, 59, tzinfo=UTC),
        "households": 200,
        "households_source": HouseholdsSource(date(2026, 6, 30), "Công an xã"),
        "villages": villages,
        "indicators": (SMART, WIFI, HELPED),
        "targets": (
            make_target("100", id="AL-T26", indicator="smart_hai_phong_ho", over_households=True),
            make_target(
                "84", id="AL-T16", indicator="ho_so_tthc_truc_tuyen", how="office", office="Trung tâm"
            ),
        ),
    }
    return CommuneInput(**(fields | other))


ONE = make_village("11629001", 100, {SMART.code: Tallied(30, 60, 60), WIFI.code: Tallied(1, 1, 1)}, 60)
TWO = make_village("11629002", 100, {SMART.code: Tallied(40, 50, 50), HELPED.code: Tallied(12, 12, 9)}, 50)


def test_nobody_has_to_be_asked_for_what_is_added_up_however_few_it_was():
    """People helped are a sum: a thôn whose few are hidden would be the only one told to have so many to ask."""
    few = make_village("11629003", 100, {HELPED.code: Tallied(3, 3, 3)}, 50)
    told = table(make_commune(ONE, TWO, few))
    assert told.village(few.code).cells[HELPED.code].suppressed == "base"
    assert {village.cells[HELPED.code].expected for village in told.villages} == {None}


def test_the_json_has_the_shape_of_the_design_key_by_key():
    told = to_json(table(make_commune(ONE, TWO)))
    assert list(told) == [
        *("commune", "as_of", "received_until", "households", "households_source", "visited"),
        *("indicators", "villages"),
    ]
    assert told["commune"] == {"code": "11629", "name": "Xã An Lão"}
    assert told["households_source"] == {"date": "2026-06-30", "source": "Công an xã"}
    assert (told["as_of"], told["visited"]) == ("2026-07-02", 110)
    assert told["received_until"] == "2026-07-02T16:00:00+00:00", (
        "the hour alone: no visit is told by its second"
    )
    assert told["indicators"][0] == {
        "code": "smart_hai_phong_ho",
        "label": "Hộ dùng Smart Hải Phòng",
        "unit": "household",
        "kind": "state",
        "done": 70,
        "of": 110,
        "percent": 63.6,
        "reach": 0.55,
        "subjects": 110,
        "suppressed": None,
        "percent_judged": 35.0,
        "expected": 200,
        "estimate": 65.0,
        "low": 59.3,
        "high": 70.7,
        "method": "stratified_ratio",
        "target": {"id": "AL-T26", "comparator": ">=", "value": 100, "met": False, "state": "behind"},
    }
    assert told["villages"][1]["indicators"]["smart_hai_phong_ho"] == {
        "done": 40,
        "of": 50,
        "percent": 80.0,
        "reach": 0.5,
        "subjects": 50,
        "suppressed": None,
        "percent_judged": 40.0,
        "expected": 100,
        "state": "behind",
    }


def test_unknown_is_null_and_never_zero():
    silent = make_village("11629003", None, {})
    told = to_json(table(make_commune(ONE, silent)))["villages"][1]["indicators"]
    assert told["smart_hai_phong_ho"] == {
        "done": 0,
        "of": 0,
        "percent": None,
        "reach": None,
        "subjects": 0,
        "suppressed": None,
        "percent_judged": None,
        "expected": None,
        "state": "unknown",
    }


def test_places_have_reach_only_where_it_is_known_how_many_there_are():
    assert table(make_commune(ONE)).indicator(WIFI.code).cell.reach is None
    known = table(make_commune(ONE, expected={WIFI.code: 38})).indicator(WIFI.code).cell
    assert known.reach == Fraction(1, 38)


def test_people_helped_are_a_sum_and_no_share():
    cell = table(make_commune(ONE, TWO)).indicator(HELPED.code).cell
    assert (cell.done, cell.percent, cell.reach) == (12, None, None)


def test_a_figure_of_an_office_waits_for_its_report_and_names_the_office():
    waiting = table(make_commune(ONE, TWO)).targets[1]
    assert target_to_json(waiting) | {"label": ""} == {
        "id": "AL-T16",
        "section": "I.2.b",
        "label": "",
        "indicator": "ho_so_tthc_truc_tuyen",
        "comparator": ">=",
        "value": 84,
        "unit": "percent",
        "period": "year",
        "deadline": "2026-12-31",
        "over_households": False,
        "over_all": False,
        "how": "office",
        "office": "Trung tâm",
        "current": None,
        "gap": None,
        "reach": None,
        "met": None,
        "state": "unknown",
        "words": "chưa có số liệu",
        "source": None,
        "reported_at": None,
        "surveyed": None,
        "reported": None,
        "values": [],
        "periods": [],
        "pace": None,
        **dict.fromkeys(("estimate", "low", "high", "method")),
    }
    report = Reported(at=date(2026, 6, 30), source="Trung tâm", done=85, of=100)
    known = target_to_json(table(make_commune(ONE, reported={"AL-T16": [report]})).targets[1])
    assert (known["state"], known["current"], known["reported_at"]) == ("met", 85.0, "2026-06-30")


def test_where_survey_and_office_both_tell_the_office_is_official():
    both = make_target("99", id="AL-T17", indicator=SMART.code, how="both")
    asked = make_commune(ONE, TWO, targets=(both,))
    assert table(asked).targets[0].judgement.source == "survey"
    report = Reported(at=date(2026, 6, 30), source="Trung tâm", value=Fraction("99.2"))
    reported = table(make_commune(ONE, TWO, targets=(both,), reported={"AL-T17": [report]}))
    assert reported.targets[0].judgement.state == TargetState.MET


def test_an_indicator_with_two_targets_is_shown_against_the_first_by_id():
    targets = (make_target("90", id="AL-T21", indicator="x"), make_target("80", id="AL-T03", indicator="x"))
    assert own_target(targets, "x") == targets[1]
    assert own_target(targets, "y") is None


COUNTS = st.tuples(st.integers(0, 80), st.integers(0, 80)).map(
    lambda two: Tallied(min(two), max(two), max(two))
)


@given(st.lists(COUNTS, max_size=6), COUNTS)
def test_counts_add_up_from_thon_to_commune(counts, unplaced):
    villages = [make_village(f"{n:08}", 100, {SMART.code: c}, c.subjects) for n, c in enumerate(counts)]
    commune = make_commune(*villages, unplaced={SMART.code: unplaced}, unplaced_visited=unplaced.subjects)
    whole = table(commune, full=True)
    cells = [row.cells[SMART.code] for row in whole.villages] + [whole.unplaced[SMART.code]]
    total = whole.indicator(SMART.code).cell
    assert total.done == sum(cell.done for cell in cells)
    assert total.of == sum(cell.of for cell in cells)
    assert whole.visited == sum(row.visited for row in whole.villages) + unplaced.subjects


@given(st.lists(COUNTS, max_size=6), st.booleans())
def test_what_a_commune_is_told_does_not_depend_on_its_thon_being_told(counts, full):
    villages = [make_village(f"{n:08}", 100, {SMART.code: c}, c.subjects) for n, c in enumerate(counts)]
    commune = make_commune(*villages, targets=(make_target(indicator=SMART.code),))
    whole, alone = table(commune, full=full), table(commune, full=full, of_villages=False)
    assert alone.villages == ()
    assert (alone.indicators, alone.targets) == (whole.indicators, whole.targets)
    assert (alone.households, alone.visited, alone.reach) == (whole.households, whole.visited, whole.reach)
