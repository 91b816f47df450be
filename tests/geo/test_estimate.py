"""The estimate for the whole: by hand, and as `svy` computes it (R11)."""

import json
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.estimate import FEWEST, Squares, Stratum, Z, estimate, join, once_each

# Ratios of random communes as svy 0.35.0 estimates them (Design with stratum, psu, weights N/n and pop_size; Taylor):
# [thôn: [households, [[done, of] of each household asked]]], ratio, standard error.
OF_SVY = json.loads((Path(__file__).parent.parent / "data" / "svy_ratios.json").read_text("utf-8"))


def persons(households: int, answers: list[list[int]], *, is_withheld: bool = False) -> Stratum:
    done, of = sum(y for y, _ in answers), sum(x for _, x in answers)
    squares = Squares(
        len(answers), done, of, sum(y * y for y, _ in answers), sum(x * x for _, x in answers),
        sum(x * y for y, x in answers),
    )  # fmt: skip
    return Stratum(households, len(answers), done, of, squares, is_withheld)


def homes(households: int, asked: int, done: int, *, is_withheld: bool = False) -> Stratum:
    return Stratum(households, asked, done, asked, once_each(asked, done), is_withheld)


@pytest.mark.parametrize(("thon", "ratio", "error"), OF_SVY)
def test_the_estimate_is_that_of_svy(thon, ratio, error):
    """R11"""
    found = estimate([persons(households, answers) for households, answers in thon])
    assert found is not None
    assert found.percent == pytest.approx(100 * ratio, abs=1e-9)
    assert found.margin / Z == pytest.approx(100 * error, abs=1e-9)


@pytest.mark.parametrize(
    ("strata", "ratio", "variance"),
    [
        # one thôn: s² = n p q / (n − 1), times (1 − n/N) / n
        ([homes(100, 10, 5)], Fraction(1, 2), Fraction(9, 10) * Fraction(5, 18) / 10),
        # two of 60 and 40 households: 0.6 · 0.8 + 0.4 · 0.3
        (
            [homes(60, 10, 8), homes(40, 10, 3)],
            Fraction(3, 5),
            Fraction(6, 10) ** 2 * Fraction(5, 6) * Fraction(16, 90) / 10
            + Fraction(4, 10) ** 2 * Fraction(3, 4) * Fraction(21, 90) / 10,
        ),
        # one of them asked whole: it adds nothing to the variance
        (
            [homes(10, 10, 4), homes(30, 6, 3)],
            Fraction(19, 40),
            Fraction(3, 4) ** 2 * Fraction(4, 5) * Fraction(3, 10) / 6,
        ),
        # persons: five households of ten; R = 6/10, s² of done − 0.6 of = (0.16+0.36+0.64+0.04+0.16...)/4
        (
            [persons(10, [[2, 2], [1, 3], [2, 2], [1, 1], [0, 2]])],
            Fraction(6, 10),
            Fraction(1, 2) * Fraction(1, 4) / 5
            * sum((y - Fraction(6, 10) * x) ** 2 for y, x in ((2, 2), (1, 3), (2, 2), (1, 1), (0, 2)))
            / 2**2,
        ),
        # three thôn of one size
        (
            [homes(20, 5, 5), homes(20, 5, 0), homes(20, 10, 5)],
            Fraction(1, 2),
            Fraction(1, 3) ** 2 * Fraction(1, 2) * Fraction(5, 18) / 10,
        ),
    ],
)  # fmt: skip
def test_the_estimate_is_that_of_a_reckoning_by_hand(strata, ratio, variance):
    """R11"""
    found = estimate(strata)
    assert found is not None
    assert found.percent == pytest.approx(100 * float(ratio), abs=1e-9)
    half = 100 * Z * math.sqrt(variance)
    assert found.high == pytest.approx(min(100.0, found.percent + half), abs=1e-9)
    assert found.low == pytest.approx(max(0.0, found.percent - half), abs=1e-9)


def test_where_all_were_asked_or_nobody_there_is_nothing_to_estimate():
    assert estimate([homes(10, 10, 4)]) is None
    assert estimate([homes(10, 0, 0)]) is None
    assert estimate([]) is None


def test_eight_of_eight_do_not_make_all_of_thirty_certain():
    found = estimate([homes(30, 8, 8)])
    assert found is not None
    assert found.percent == 100
    assert 60 < found.low < 90
    assert found.high == 100


def test_thon_with_fewer_than_five_are_joined_with_their_next_in_size():
    joined = join([homes(50, 20, 10), homes(10, 2, 1), homes(12, 6, 3), homes(90, 0, 0)])
    assert [(each.households, each.asked) for each in joined] == [(22, 8), (140, 20)]


def test_withheld_thon_go_in_together_and_so_tell_nothing_of_one_of_them():
    """R25: the sum of what is withheld is known to every reader; another split of it gives the same estimate."""
    one = [homes(40, 10, 2, is_withheld=True), homes(40, 10, 8, is_withheld=True), homes(40, 20, 10)]
    other = [homes(40, 10, 4, is_withheld=True), homes(40, 10, 6, is_withheld=True), homes(40, 20, 10)]
    assert estimate(one) == estimate(other)


THON = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.booleans()).map(
    lambda n: homes(n[0], min(n[0], n[1]), min(n[0], n[1], n[2]), is_withheld=n[3])
)


@given(st.lists(THON, max_size=9))
def test_joining_loses_nobody_and_the_interval_holds_the_estimate(strata):
    joined = join(strata)
    for name in ("households", "asked", "done"):
        assert sum(getattr(each, name) for each in joined) == sum(getattr(each, name) for each in strata)
    assert len(joined) <= 1 or all(each.asked >= FEWEST for each in joined)
    found = estimate(strata)
    if found is not None:
        assert 0 <= found.low <= found.percent + 1e-9
        assert found.percent - 1e-9 <= found.high <= 100
