"""Numbers, percents, dates and times as Vietnamese readers write them."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import words
from geo.compute_coverage import Cell
from geo.hidden_cells import Bound
from tests.leaders import target


def test_numbers_have_dots_between_thousands_and_a_decimal_comma() -> None:
    assert words.number(Decimal("1234.5")) == "1.234,5"
    assert words.number(2066) == "2.066"


def test_a_percent_never_parts_from_its_sign_at_the_end_of_a_line() -> None:
    assert words.percent(Decimal("63.4")) == "63,4\u00a0%"


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_cut_and_never_rounded_up(some: int, more: int) -> None:
    """R7: what is shown is at most what is true, and less than a tenth of a point under it."""
    exact = Fraction(min(some, more), more) * 100
    shown = Fraction(words.share(exact / 100).removesuffix("\u00a0%").replace(".", "").replace(",", "."))
    assert 0 <= exact - shown < Fraction(1, 10)


def test_times_are_those_of_viet_nam() -> None:
    assert words.moment(dt.datetime(2026, 11, 22, 17, 5, tzinfo=dt.UTC)) == "00:05 23/11/2026"


def test_every_page_says_as_of_when_and_until_when_it_received() -> None:
    """R8"""
    received = dt.datetime(2026, 11, 22, 5, 0, tzinfo=dt.UTC)
    said = words.as_of(dt.date(2026, 11, 22), received)
    assert said == "tính đến 22/11/2026, số liệu nhận đến 12:00 22/11/2026"
    assert words.as_of(dt.date(2026, 1, 2), None) == "tính đến 02/01/2026, chưa nhận được phiếu nào"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (Cell(), "–"),
        (Cell(0, 10, Decimal("0.0"), None, 10), "0,0 %"),
        (Cell(suppressed="base"), "dưới 5 hộ"),
        (Cell(suppressed="secondary"), "không nêu"),
        (Cell(of=200, subjects=200, suppressed="part", bound=Bound(">", Decimal("98.0"))), "> 98,0 %"),
    ],
)
def test_unknown_zero_and_hidden_are_told_apart(cell: Cell, said: str) -> None:
    """R17: missing stays missing, never 0; R25: hidden says that it is hidden."""
    assert words.cell(cell).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "≥ 80 %"),
        ({"comparator": ">", "value": Fraction(85)}, "> 85 %"),
        ({"value": Fraction(1), "unit": "count", "period": "month"}, "≥ 1 mỗi tháng"),
        ({"value": Fraction(199, 2)}, "≥ 99,5 %"),
        ({"value": Fraction("49.95")}, "≥ 49,95 %"),
        ({"comparator": "<=", "value": Fraction("0.04")}, "≤ 0,04 %"),
    ],
)
def test_what_the_plan_asks_for_is_said_with_its_sign_unit_and_period(
    fields: dict[str, object], said: str
) -> None:
    assert words.required(target("AL-T01", "phu_song_5g", **fields)).replace("\u00a0", " ") == said
