"""Moments and days in SQL: the day of a moment, and which of several days is the first that ends after it."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from server import clock


def end(day: dt.date) -> dt.datetime:
    """The moment at which a day is over."""
    return clock.end_of(day)


def place(
    moment: sa.ColumnElement[Any] | InstrumentedAttribute[Any], days: Sequence[dt.date]
) -> sa.ColumnElement[int]:
    """The place of the first of these days, which rise, that knows of a moment; after them all where none does, or
    there is no moment.
    """
    known = [(moment < end(day), number) for number, day in enumerate(days)]
    return sa.case((moment.is_(None), len(days)), *known, else_=len(days))


_TO_MINUTES = len("2026-11-22 09:15")


def day(moment: sa.SQLColumnExpression[Any], dialect: str) -> sa.ColumnElement[dt.date]:
    """The day of UTC+7 on which a moment lies."""
    if dialect == "sqlite":
        to_minutes = sa.func.substr(moment, 1, _TO_MINUTES)  # or the last half millisecond is the next day's
        return sa.func.date(to_minutes, "+7 hours", type_=sa.Date)
    return sa.cast(sa.func.timezone(sa.literal_column("interval '7 hours'"), moment), sa.Date)
