"""What time it is, and which day that is in Việt Nam; the one thing tests may set."""

import datetime as dt

LOCAL = dt.timezone(dt.timedelta(hours=7))
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


def is_running(day: dt.date) -> bool:
    """Whether a day is not over yet."""
    return day >= today()
