"""Days and moments as a workbook's own values, so that Excel sorts and filters by them (X9)."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from server import clock

KINDS = frozenset({"date", "dateTime", "meta"})
"""Kinds of questions whose answers may be days or moments: `start` and `end` are `meta`."""
FIRST = 1900
"""Excel knows no day before this year."""


def reader(*, keeps_clock: bool) -> Callable[[Any], Any]:
    """From an ISO text to a day or a moment; whatever is neither stays as it is.

    A moment is shown in UTC+7; `keeps_clock`: as the phone's clock showed it, which is Kobo's way.
    """

    def read(value: Any) -> Any:
        if type(value) is not str or len(value) < 10 or value[4:5] != "-":
            return value
        try:
            found = dt.date.fromisoformat(value) if len(value) == 10 else dt.datetime.fromisoformat(value)
        except ValueError:
            return value
        return value if found.year <= FIRST else _naive(found, keeps_clock)

    return read


def _naive(found: dt.date, keeps_clock: bool) -> dt.date:
    """Without its zone, which a workbook cannot hold."""
    if not isinstance(found, dt.datetime) or found.tzinfo is None:
        return found
    return (found if keeps_clock else found.astimezone(clock.LOCAL)).replace(tzinfo=None)
