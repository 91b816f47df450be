"""Days on which what the law gives time for is due, over weekends and Tết."""

import datetime as dt

import pytest

from server.privacy import legal_deadlines

_day = dt.date.fromisoformat


@pytest.mark.parametrize(
    ("received", "answer"),
    [
        ("2026-11-18", "2026-11-20"),
        ("2026-11-20", "2026-11-25"),  # Friday; Tuesday 24 November is the day of culture
        ("2026-02-13", "2026-02-24"),  # the Friday before Tết
        ("2026-04-29", "2026-05-05"),  # 30 April and 1 May, then a weekend
    ],
)
def test_two_working_days_leave_out_days_off(received: str, answer: str) -> None:
    assert legal_deadlines.after(_day(received), 2) == _day(answer)


@pytest.mark.parametrize(
    ("received", "count", "due"),
    [
        ("2026-11-02", 10, "2026-11-12"),
        ("2026-11-04", 10, "2026-11-16"),  # the tenth day is a Saturday
        ("2026-01-29", 20, "2026-02-23"),  # the twentieth is in Tết, which a weekend follows
    ],
)
def test_days_are_days_and_end_on_a_working_one(received: str, count: int, due: str) -> None:
    """Bộ luật Dân sự, Điều 148.5."""
    assert legal_deadlines.by(_day(received), count) == _day(due)
