"""What a leader is told first: three targets to worry about, and the thôn furthest behind in people."""

from fractions import Fraction

import pytest

from dashboards.furthest_behind import FurthestThon, gap_of, worries
from dashboards.maps.map_colours import classes
from geo.target_states import Tallied
from tests.leaders import sample, target, village


def test_the_worst_target_names_the_thon_furthest_behind_and_its_gap_in_people() -> None:
    """Two adults a household asked: of 100 households with 60 asked, 200 adults are expected."""
    rows = (
        village(1, 100, tham_ho=Tallied(60, 60, 60), vneid_18_kich_hoat=Tallied(84, 120, 60)),
        village(2, 100, tham_ho=Tallied(60, 60, 60), vneid_18_kich_hoat=Tallied(96, 120, 60)),
        village(3, 100, tham_ho=Tallied(20, 20, 20), vneid_18_kich_hoat=Tallied(10, 40, 20)),
    )
    targets = (target("AL-T20", "vneid_18_kich_hoat", label="VNeID"), target("AL-T01", "phu_song_5g"))
    (found,) = worries(sample(rows, targets=targets, full=True))
    assert found.id == "AL-T20"
    # the third was asked too little to be called behind
    assert found.last == FurthestThon("11629001", "Thôn 1", "thiếu 10,0 điểm, khoảng 20 người từ 18 tuổi")


def test_a_further_target_of_an_indicator_claims_no_gap_that_was_measured_against_another() -> None:
    low = (village(1, 100, tham_ho=Tallied(60, 60, 60), phu_song_5g=Tallied(30, 60, 60)),)
    both = target("AL-T01", "phu_song_5g"), target("AL-T02", "phu_song_5g", value=Fraction(60))
    table = sample(low, targets=both, full=True)
    assert gap_of(table, table.villages[0], both[0]) == "thiếu 30,0 điểm, khoảng 30 hộ"
    assert gap_of(table, table.villages[0], both[1]) == ""


@pytest.mark.parametrize(
    ("comparator", "said", "legend"),
    [
        ("<=", "vượt 20,0 điểm", "chưa đạt, vượt từ 20 điểm"),
        ("<", "vượt 20,0 điểm", "chưa đạt, vượt từ 20 điểm"),
        ("=", "lệch 20,0 điểm", "chưa đạt, lệch từ 20 điểm"),
    ],
)
def test_a_limit_that_is_passed_is_not_called_short(comparator: str, said: str, legend: str) -> None:
    """A commune's own plan may ask that no more than 30 % lack something."""
    rows = (village(1, 100, tham_ho=Tallied(60, 60, 60), phu_song_5g=Tallied(30, 60, 60)),)
    limit = target("X-T01", "phu_song_5g", comparator=comparator, value=Fraction(30))
    table = sample(rows, targets=(limit,), full=True)
    (found,) = worries(table)
    assert found.gap == said
    assert gap_of(table, table.villages[0], limit) == said
    asked = table.indicator("phu_song_5g")
    assert asked is not None
    assert legend in [each.label for each in classes(table, asked)]


def test_there_are_three_at_most_and_none_that_is_met() -> None:
    rows = (village(1, 100, tham_ho=Tallied(60, 60, 60), phu_song_5g=Tallied(60, 60, 60)),)
    assert worries(sample(rows, targets=(target("AL-T01", "phu_song_5g"),), full=True)) == ()
    low = (village(1, 100, tham_ho=Tallied(60, 60, 60), phu_song_5g=Tallied(10, 60, 60)),)
    many = tuple(target(f"AL-T0{n}", "phu_song_5g") for n in range(5))
    assert [each.id for each in worries(sample(low, targets=many, full=True))] == [
        "AL-T00",
        "AL-T01",
        "AL-T02",
    ]


def test_what_nobody_can_judge_yet_has_no_gap_but_a_reason() -> None:
    """R7: nobody is called behind on a few answers; the target's own page says as little."""
    rows = (village(1, 100, tham_ho=Tallied(20, 20, 20), phu_song_5g=Tallied(12, 20, 20)),)
    (found,) = worries(sample(rows, targets=(target("AL-T01", "phu_song_5g"),), full=True))
    assert (found.state.value, found.gap, found.why) == ("unknown", "", "mới khảo sát 20/100 hộ")
