"""What check points say: Wilson's interval, no percent of too few, the newest of each point, an honest surface."""

import datetime as dt
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.signal import CELL, Sample, estimate, estimates, newest, speeds, surface, wilson

TODAY = dt.date(2026, 11, 22)
Z = Decimal("1.959963984540054235524594430520551527955550")  # of the normal distribution, at 0.975


def reference(done: int, of: int) -> tuple[Decimal, Decimal]:
    """The roots p of (share − p)² = z² p (1 − p) / n, which is how the interval is defined; 60 digits."""
    with localcontext() as context:
        context.prec = 60
        n, share = Decimal(of), Decimal(done) / Decimal(of)
        a, b, c = 1 + Z * Z / n, -(2 * share + Z * Z / n), share * share
        root = (b * b - 4 * a * c).sqrt()
        return (-b - root) / (2 * a), (-b + root) / (2 * a)


def sample(n: int = 0, usable: bool | None = True, **fields: object) -> Sample:
    values: dict = {
        "subject": f"diem {n}", "operator": "viettel", "place": "outdoor", "usable": usable,
        "day": TODAY, "latitude": 20.82, "longitude": 106.55,
    }  # fmt: skip
    return Sample(**values | fields)


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_wilson_interval_equals_its_definition_to_a_billionth(counts: tuple[int, int]) -> None:
    low, high = reference(*counts)
    assert wilson(*counts) == (pytest.approx(float(low), abs=1e-9), pytest.approx(float(high), abs=1e-9))


def test_a_published_example_of_the_interval() -> None:
    """Newcombe (1998), Statistics in Medicine 17:857-872, table I: 81 of 263 and 15 of 148."""
    assert wilson(81, 263) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    assert wilson(15, 148) == (pytest.approx(0.0624, abs=5e-5), pytest.approx(0.1605, abs=5e-5))


def test_twelve_points_are_not_enough() -> None:
    found = estimate([True] * 12, fewest=30)
    assert (found.done, found.of, found.is_enough) == (12, 12, False)
    assert estimate([True] * 30, fewest=30).is_enough
    assert not estimate([], fewest=0).is_enough


def test_the_newest_measurement_of_a_point_counts_and_an_old_one_does_not() -> None:
    """R16: the newest of the last 90 days."""
    old = TODAY - dt.timedelta(days=90)
    told = [sample(1, False, day=old), sample(1, True), sample(2, True, day=old)]
    assert [(s.subject, s.usable) for s in newest(told, TODAY, 90)] == [("diem 1", True)]


def test_what_could_not_be_measured_is_no_point_without_signal() -> None:
    """R20: a phone without 5G yields "không đo được", never "không có sóng"."""
    assert newest([sample(1, True), sample(1, None)], TODAY, 90)[0].usable is True
    assert newest([sample(2, None)], TODAY, 90) == ()


def test_any_operator_at_a_place_is_enough_there() -> None:
    told = [
        sample(1, False, operator="viettel"),
        sample(2, True, operator="mobifone"),
        sample(3, False, latitude=20.83),
    ]
    found = estimates(told, 1, ("viettel", "mobifone"))
    assert (found["", "outdoor"].done, found["", "outdoor"].of) == (1, 2)
    assert (found["viettel", "outdoor"].done, found["viettel", "outdoor"].of) == (0, 2)
    assert found["viettel", "indoor"].of == 0


def test_a_square_is_covered_where_more_than_half_of_its_points_are() -> None:
    covered = surface([sample(1), sample(2), sample(3, False)], TODAY, 90)
    even = surface([sample(1), sample(2, False)], TODAY, 90)
    assert [(cell.state, cell.done, cell.of) for cell in covered] == [("covered", 2, 3)]
    assert [cell.state for cell in even] == ["not"]


def test_a_square_with_old_points_alone_is_greyed_and_one_without_any_is_unknown() -> None:
    old = TODAY - dt.timedelta(days=200)
    assert [cell.state for cell in surface([sample(1, day=old)], TODAY, 90)] == ["old"]
    assert [cell.of for cell in surface([sample(1, day=old), sample(2, False)], TODAY, 90)] == [1]
    assert surface([], TODAY, 90) == ()


@given(st.floats(20.7, 20.9), st.floats(106.4, 106.7))
def test_a_point_lies_in_its_square(latitude: float, longitude: float) -> None:
    (cell,) = surface([sample(latitude=latitude, longitude=longitude)], TODAY, 90)
    assert cell.south - 1e-8 <= latitude <= cell.south + CELL + 1e-8
    assert cell.west - 1e-8 <= longitude <= cell.west + CELL + 1e-8


def test_speeds_are_counted_in_their_days_and_have_a_median_only_where_there_are_enough() -> None:
    told = [sample(n, download=float(n), upload=1.0, on_5g=n % 2 == 0) for n in range(5)]
    told.append(sample(9, download=1e3, day=TODAY - dt.timedelta(days=40)))
    since = TODAY - dt.timedelta(days=30)
    found = speeds(told, 5, since, TODAY)
    assert (found.count, found.on_5g, found.download, found.ping) == (5, 3, 2.0, None)
    assert speeds(told, 6, since, TODAY).download is None
