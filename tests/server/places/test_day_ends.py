"""Days of UTC+7, as each database reckons them."""

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import Moment, db
from server.places import day_ends


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(2026, 11, 30, 16, 59, 59, 999_999, dt.UTC),
        dt.datetime(2026, 11, 30, 17, 0, 0, tzinfo=dt.UTC),
        dt.datetime(2026, 12, 31, 16, 59, 59, 999_500, dt.UTC),
        dt.datetime(2028, 2, 28, 23, 30, tzinfo=dt.UTC),
    ],
)
def test_a_moment_lies_on_the_same_day_for_the_database_and_for_us(app: Flask, moment: dt.datetime) -> None:
    stored = sa.literal(moment, Moment)
    told = db.session.scalar(sa.select(day_ends.day(stored, db.engine.dialect.name)))
    assert told == clock.day_of(moment)
