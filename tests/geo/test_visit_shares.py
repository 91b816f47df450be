"""A collector beside all visits of the same thôn: exact limits, never by few, nobody ranked."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import funnel_limits
from geo.visit_shares import AlikeVisits, VisitTrait, compared, exceeds

VISIT = st.builds(
    AlikeVisits,
    collector=st.integers(1, 3),
    village=st.integers(1, 2),
    is_absent=st.booleans(),
    is_refused=st.booleans(),
    unknown=st.integers(0, 4),
    could_be=st.integers(4, 8),
)


def test_who_is_absent_far_more_often_than_the_thon_stands_out_and_others_do_not() -> None:
    """R39."""
    often = [AlikeVisits(1, 7, is_absent=at < 24) for at in range(30)]
    others = [AlikeVisits(2, 7, is_absent=at < 10) for at in range(60)]
    elsewhere = [AlikeVisits(1, 8, is_absent=at < 24) for at in range(30)]
    first, second, alone = compared([*often, *others, *elsewhere], VisitTrait.ABSENT)
    assert (first.found, first.of, first.marked, first.whole) == (24, 30, 34, 90)
    assert (first.is_outside, second.is_outside) == (True, False)
    assert first.limit is not None
    assert funnel_limits.is_outside(first.limit + 1, 30, 34, 90)
    assert not funnel_limits.is_outside(first.limit, 30, 34, 90)
    assert (alone.is_alone, alone.is_outside) == (True, False)  # the same share where nobody else goes


@given(found=st.integers(0, 10), marked=st.integers(0, 200), more=st.integers(0, 200))
def test_ten_visits_never_brand_a_person_by_a_share(found: int, marked: int, more: int) -> None:
    """R39."""
    whole = max(10 + more, marked)
    assert not funnel_limits.is_outside(found, 10, max(marked, found), max(whole, marked, found))
    assert not exceeds(found, 10, Fraction(1, 100), 1)


@given(visits=st.lists(VISIT, max_size=40), seed=st.integers(0, 99))
def test_shares_add_up_to_the_thon_in_whatever_order_visits_came(
    visits: list[AlikeVisits], seed: int
) -> None:
    for trait in VisitTrait:
        rows = compared(visits, trait)
        assert [(row.village, row.collector) for row in rows] == sorted(
            (row.village, row.collector) for row in rows
        )
        for row in rows:
            own = [each for each in rows if each.village == row.village]
            assert (sum(each.found for each in own), sum(each.of for each in own)) == (row.marked, row.whole)
        mixed = random.Random(seed).sample(visits, len(visits))
        assert compared(mixed, trait) == rows


def test_unknown_answers_are_compared_by_visits_not_by_answers() -> None:
    """One household that knows nothing at all is one visit."""
    one_bad = [AlikeVisits(1, 7, unknown=20 if at == 0 else 0, could_be=20) for at in range(12)]
    others = [AlikeVisits(2, 7, unknown=0, could_be=20) for _ in range(40)]
    assert not any(row.is_outside for row in compared([*one_bad, *others], VisitTrait.UNKNOWN))
    always = [AlikeVisits(1, 7, unknown=9, could_be=20) for _ in range(12)]
    assert [row.is_outside for row in compared([*always, *others], VisitTrait.UNKNOWN)] == [True, False]


@pytest.mark.parametrize(
    ("found", "of", "told"), [(6, 20, False), (7, 20, True), (11, 11, True), (10, 10, False)]
)
def test_a_threshold_is_told_beyond_it_and_from_enough_visits(found: int, of: int, told: bool) -> None:
    """R32."""
    assert exceeds(found, of, Fraction(3, 10), 11) is told
    assert exceeds(found, of, Fraction(3, 10), 50) is False


def test_honest_collectors_are_hardly_ever_outside() -> None:
    """Five of one thôn, absences by chance: in 100 campaigns fewer than one in a hundred is called outside."""
    called = 0
    for seed in range(100):
        rnd = random.Random(seed)
        visits = [AlikeVisits(at % 5, 1, is_absent=rnd.random() < 0.35) for at in range(300)]
        called += sum(row.is_outside for row in compared(visits, VisitTrait.ABSENT))
    assert called <= 5


@given(visits=st.lists(VISIT, max_size=30), numbers=st.lists(st.integers(1, 4), min_size=30, max_size=30))
def test_visits_told_together_are_compared_as_each_by_itself(
    visits: list[AlikeVisits], numbers: list[int]
) -> None:
    """R39. Medians too: what is usual in a thôn is that of its visits, however they are added up."""
    together = [replace(visit, number=number) for visit, number in zip(visits, numbers, strict=False)]
    alone = [replace(visit, number=1) for visit in together for _ in range(visit.number)]
    for trait in VisitTrait:
        assert compared(together, trait) == compared(alone, trait)
