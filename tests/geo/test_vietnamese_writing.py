"""Numbers, days, moments and sentences as Vietnamese readers write them."""

import datetime as dt
from decimal import Decimal

from geo import vietnamese_writing


def test_numbers_have_dots_between_thousands_and_a_comma_before_decimals() -> None:
    assert [vietnamese_writing.number(each) for each in (7, 1234, Decimal("1234567.5"))] == [
        "7", "1.234", "1.234.567,5"
    ]  # fmt: skip


def test_a_moment_is_told_by_the_clock_of_viet_nam() -> None:
    late = dt.datetime(2026, 12, 31, 18, 5, tzinfo=dt.UTC)
    assert vietnamese_writing.moment(late) == "01:05 01/01/2027"
    assert vietnamese_writing.day(late) == "01/01/2027"
    assert vietnamese_writing.day(dt.date(2026, 12, 31)) == "31/12/2026"


def test_a_sentence_begins_with_a_capital_and_is_else_as_it_was() -> None:
    assert [vietnamese_writing.sentence(each) for each in ("đã gặp HỘ", "ở xã", "")] == [
        "Đã gặp HỘ",
        "Ở xã",
        "",
    ]
