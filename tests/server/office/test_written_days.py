"""Days as addresses, forms and commands write them."""

import datetime as dt

import pytest

from server.errors import CommonProblem, Problem
from server.office import written_days


@pytest.mark.parametrize("text", [None, "", "  "])
def test_nothing_written_is_no_day(text: str | None) -> None:
    assert written_days.day(text) is None


def test_a_day_is_read_with_spaces_around_it() -> None:
    assert written_days.day(" 2026-11-22 ") == dt.date(2026, 11, 22)


@pytest.mark.parametrize("text", ["22/11/2026", "2026-02-30", "2026-11", "hôm nay", "9" * 500])
def test_what_is_no_day_is_told_as_it_stands_and_not_at_length(text: str) -> None:
    with pytest.raises(Problem) as told:
        written_days.day(text)
    assert told.value.kind is CommonProblem.DAY_UNREADABLE
    assert f"“{text[:40]}”" in told.value.sentence
