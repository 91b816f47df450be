"""Days on which an office works, and the days on which what the law gives time for is due."""

import datetime as dt
from collections.abc import Mapping
from functools import cache

import holidays

ANSWER_DAYS = 2
"""Working days within which a household is told that its request has come (NĐ 356/2025, Điều 5)."""
DAYS: Mapping[str, int] = {"view": 10, "correct": 10, "delete": 20, "withdraw": 15}
"""Within which each kind of request is done."""
MORE_DAYS: Mapping[str, int] = {"view": 10, "correct": 10, "delete": 20, "withdraw": 15}
"""By how much the time may be extended, once."""
_DAY = dt.timedelta(days=1)


@cache
def _off(year: int) -> frozenset[dt.date]:
    """Public holidays of Việt Nam, with the days taken in exchange for them as far as they are announced."""
    return frozenset(holidays.country_holidays("VN", years=year))


def is_working(day: dt.date) -> bool:
    """Monday to Friday, but for public holidays."""
    return day.weekday() < 5 and day not in _off(day.year)


def after(day: dt.date, count: int) -> dt.date:
    """The last of so many working days after a day, which is itself not counted."""
    while count:
        day += _DAY
        count -= is_working(day)
    return day


def by(day: dt.date, count: int) -> dt.date:
    """So many days after a day; the next working day where that one is none (Bộ luật Dân sự, Điều 148.5)."""
    day += count * _DAY
    while not is_working(day):
        day += _DAY
    return day
