"""Moments among several days, in SQL: which is the first of them whose end comes after the moment."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from server import clock


def end(day: dt.date) -> dt.datetime:
    """The moment at which a day is over."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), clock.LOCAL)


def place(
    moment: sa.ColumnElement[Any] | InstrumentedAttribute[Any], days: Sequence[dt.date]
) -> sa.ColumnElement[int]:
    """The place of the first of these days, which rise, that knows of a moment; after them all where none does, or
    there is no moment.
    """
    known = [(moment < end(day), number) for number, day in enumerate(days)]
    return sa.case((moment.is_(None), len(days)), *known, else_=len(days))
