"""A thôn split into parts: every household in one, alike in size, lanes whole, newcomers beside neighbours."""

from fractions import Fraction
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.area_lanes import AreaLanes, WalkedHome, cuts, place, split

sizes = st.lists(st.integers(1, 60), min_size=1, max_size=25)


def homes(lanes: list[int]) -> list[WalkedHome[int]]:
    """Households of lanes of these sizes, numbered as one walks."""
    return [
        WalkedHome(number, f"ngo {lane}")
        for number, lane in enumerate(at for at, size in enumerate(lanes) for _ in range(size))
    ]


@given(sizes, st.data())
def test_parts_are_alike_contiguous_and_hold_every_household_once(
    lanes: list[int], data: st.DataObject
) -> None:
    """R35."""
    total = sum(lanes)
    parts = data.draw(st.integers(1, total))
    inner = cuts(lanes, parts)
    ends = [0, *inner, total]
    share = Fraction(total, parts)
    assert len(ends) == parts + 1
    assert all(last - first > 0 for first, last in pairwise(ends))
    most = max(share / 2, Fraction(1))
    assert all(abs(last - first - share) <= most for first, last in pairwise(ends))
    near = [
        end
        for number, end in enumerate(inner, 1)
        if min(abs(each - number * share) for each in accumulate(lanes)) <= share / 4
    ]
    assert set(near) <= set(accumulate(lanes))  # a lane is divided only where none ends near the even place
    found = split(homes(lanes), parts)
    assert found == split(homes(lanes), parts)
    of_lane = {key: home.lane for home in homes(lanes) for key in [home.key]}
    held = [
        sorted([*each.singles, *(key for key, lane in of_lane.items() if lane in each.lanes)])
        for each in found
    ]
    assert [key for each in held for key in each] == list(range(total))


@given(sizes, st.data())
def test_placing_what_was_split_gives_the_split_and_a_newcomer_is_beside_a_neighbour(
    lanes: list[int], data: st.DataObject
) -> None:
    """R35."""
    walked = homes(lanes)
    found = split(walked, data.draw(st.integers(1, min(12, sum(lanes)))))
    areas = [AreaLanes(number, frozenset(each.lanes)) for number, each in enumerate(found)]
    singles = {key: number for number, each in enumerate(found) for key in each.singles}
    placed = place(walked, areas, singles)
    assert list(placed.values()) == sorted(placed.values())
    assert len(placed) == len(walked)
    at = data.draw(st.integers(0, len(walked)))
    lane = data.draw(st.sampled_from([home.lane for home in walked[max(0, at - 1) : at + 1]] + ["ngo moi"]))
    later = place([*walked[:at], WalkedHome(-1, lane), *walked[at:]], areas, singles)
    assert later.pop(-1) in {placed[home.key] for home in walked if home.lane == lane} or lane == "ngo moi"
    assert later == placed
    if data.draw(st.booleans()):  # one that is gone leaves the others where they were
        gone = data.draw(st.sampled_from(walked))
        rest = place([home for home in walked if home != gone], areas, singles)
        assert rest == {key: area for key, area in placed.items() if key != gone.key}


@pytest.mark.parametrize(
    ("lanes", "parts", "inner"),
    [
        ([3], 3, [1, 2]),  # a thôn of three households
        ([30, 30, 30, 30], 2, [60]),
        ([40, 22, 58], 2, [62]),  # the end of a lane near the middle, not the middle
        ([900], 4, [225, 450, 675]),  # no lanes at all
        ([10, 200, 10], 2, [110]),  # one long lane is divided
    ],
)
def test_a_cut_falls_between_lanes_where_one_ends_nearby(
    lanes: list[int], parts: int, inner: list[int]
) -> None:
    assert cuts(lanes, parts) == inner


@pytest.mark.parametrize(("lanes", "parts"), [([3], 4), ([], 1), ([5], 0), ([5], -1)])
def test_a_thon_is_not_split_into_more_parts_than_households(lanes: list[int], parts: int) -> None:
    with pytest.raises(ValueError, match="cannot be split"):
        cuts(lanes, parts)


def test_a_lane_that_no_part_knows_falls_to_the_one_before_and_the_first_to_the_next() -> None:
    areas = [AreaLanes(1, frozenset({"ngo 2"})), AreaLanes(2, frozenset({"ngo 9"}))]
    walked = [WalkedHome(lane, f"ngo {lane}") for lane in (1, 2, 5, 9, 12)]
    assert place(walked, areas, {}) == {1: 1, 2: 1, 5: 1, 9: 2, 12: 2}
    assert place(walked, [], {}) == {}
    assert place(walked, areas, {5: 7}) == place(walked, areas, {})  # a part that is no more
