"""Days, moments and times as a workbook's own values, so that Excel sorts and filters by them (X9)."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

_HERE = ZoneInfo("Asia/Ho_Chi_Minh")
"""Not always UTC+7: before June 1975 clocks went by another zone, and an answer is shown as it was typed."""
KINDS = frozenset({"date", "dateTime", "meta"})
"""Kinds of questions whose answers may be days or moments: `start` and `end` are `meta`."""
FIRST = 1900
"""Excel knows no day before this year."""


def reader(*, keeps_clock: bool) -> Callable[[Any], Any]:
    """From an ISO text to a day or a moment; what is neither stays as it is.

    A moment is shown by the clocks of Việt Nam; `keeps_clock`: by the phone's own, which is Kobo's way.
    """

    def read(value: Any) -> Any:
        if type(value) is not str or len(value) < 10 or value[4:5] != "-":
            return value
        try:
            found = dt.date.fromisoformat(value) if len(value) == 10 else dt.datetime.fromisoformat(value)
            return value if found.year <= FIRST else _naive(found, keeps_clock)
        except (ValueError, OverflowError):  # the last hours of the year 9999 are of no year here
            return value

    return read


def _naive(found: dt.date, keeps_clock: bool) -> dt.date:
    """Without its zone, which a workbook cannot hold."""
    if not isinstance(found, dt.datetime) or found.tzinfo is None:
        return found
    return (found if keeps_clock else found.astimezone(_HERE)).replace(tzinfo=None)


def time_of_day(value: Any) -> Any:
    """From "07:45:00.000+07:00" to the time that was typed; what is none stays as it is."""
    try:
        return dt.time.fromisoformat(value).replace(tzinfo=None) if type(value) is str else value
    except ValueError:
        return value
