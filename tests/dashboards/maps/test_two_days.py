"""How thôn moved between two days: told from two shown numbers only, each thôn counted once."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from dashboards.maps.map_colours import figure
from dashboards.maps.two_days import DOWN, SAME, UNTOLD, UP, ThonMoved, counts, moved
from geo.compute_coverage import CoverageTable
from tests.leaders import TODAY, sample, village, visited

FIVE_G = "phu_song_5g"
BEFORE = TODAY - dt.timedelta(weeks=4)


def between(before: CoverageTable, now: CoverageTable) -> tuple[ThonMoved, ...]:
    row = now.indicator(FIVE_G)
    assert row is not None
    return moved(before, now, row)


def table(*rows: tuple[int, int], full: bool = True, day: dt.date = TODAY) -> CoverageTable:
    """Thôn of 100 households, each with so many met and so many with 5G."""
    made = tuple(village(n, 100, **visited(met, done)) for n, (met, done) in enumerate(rows, start=1))
    return sample(made, as_of=day, full=full)


def test_each_thon_says_how_many_points_it_went_up_or_down() -> None:
    found = between(table((60, 30), (60, 30), (60, 30), day=BEFORE), table((80, 50), (80, 36), (80, 40)))
    assert [each.words.replace("\u00a0", " ") for each in found] == ["▲ 12,5", "▼ 5,0", "="]
    assert counts(found) == {UP: 1, DOWN: 1, SAME: 1, UNTOLD: 0}
    assert [each.before.replace("\u00a0", " ") for each in found] == ["50,0 %"] * 3


def test_of_a_thon_that_was_not_visited_nothing_is_said() -> None:
    found = between(table((0, 0), day=BEFORE), table((80, 50)))
    assert (found[0].words, found[0].way) == ("", UNTOLD)


def test_a_thon_that_was_not_there_yet_is_told_without_a_change() -> None:
    found = between(table((80, 40), day=BEFORE), table((80, 40), (50, 10)))
    assert [each.way for each in found] == [SAME, UNTOLD]
    assert found[1].before == "–"


AMOUNT = st.integers(0, 40).flatmap(lambda met: st.tuples(st.just(met), st.integers(0, met)))


@given(st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=8))
def test_no_change_is_told_of_a_number_that_is_withheld(amounts: list) -> None:
    """R25: the difference is that of two numbers which their reader sees on the two maps."""
    before = table(*(one for one, _ in amounts), full=False, day=BEFORE)
    now = table(*(other for _, other in amounts), full=False)
    found = between(before, now)
    assert sum(counts(found).values()) == len(amounts)
    for each, old, new in zip(found, before.villages, now.villages, strict=True):
        known = [figure(FIVE_G, row.cells[FIVE_G]) for row in (old, new)]
        assert (each.points is None) == (None in known)
        if each.points is not None:
            assert each.points == known[1] - known[0]
