"""What time it is, and which day that is in Việt Nam; the one thing tests may set."""

import datetime as dt

from geo import vietnamese_writing

LOCAL = vietnamese_writing.LOCAL
"""Việt Nam keeps UTC+7 the year round; days, weeks and deadlines are local."""


def now() -> dt.datetime:
    """This moment, UTC."""
    return dt.datetime.now(dt.UTC)


def day_of(moment: dt.datetime) -> dt.date:
    """The local day of a moment."""
    return moment.astimezone(LOCAL).date()


def today() -> dt.date:
    """The local day of this moment."""
    return day_of(now())


_FIRST, _LAST = dt.date(1, 1, 2), dt.date(9999, 12, 30)
"""Days whose both ends are moments in every zone: addresses may name any day of the years 1 to 9999."""


def start_of(day: dt.date) -> dt.datetime:
    """The moment at which a local day begins."""
    return dt.datetime.combine(min(max(day, _FIRST), _LAST), dt.time(), LOCAL)


def end_of(day: dt.date) -> dt.datetime:
    """The moment at which a local day is over."""
    return start_of(min(max(day, _FIRST), _LAST) + dt.timedelta(days=1))


def is_running(day: dt.date) -> bool:
    """Whether a day is not over yet."""
    return day >= today()
