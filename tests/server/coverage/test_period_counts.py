"""In which weeks, months and quarters of a target somebody was visited: by forms that count, not by sums (R7)."""

import datetime as dt
import uuid
from fractions import Fraction

import pytest
from flask import Flask

from geo.target_states import TargetFigure
from server import clock
from server.coverage import period_counts
from server.db import db
from server.models import Commune, Submission, Village
from tests.people import make_commune

HELP, OTHER = 11, 12
"""The form that asks whom one helped, and one that does not."""
WEEK = dt.date(2027, 2, 1)
"""A Monday; the week of Tết is the next."""


@pytest.fixture
def commune(app: Flask) -> Commune:
    return make_commune("10543", "Kim Thành", thon=2)


def fill(thon: Village, moment: str, form: int = HELP, **others: object) -> None:
    at = dt.datetime.fromisoformat(moment).replace(tzinfo=clock.LOCAL)
    values: dict[str, object] = {"village_id": thon.id, "observed_at": at, "received_at": at, **others}
    db.session.add(
        Submission(
            instance_id=f"uuid:{uuid.uuid4()}", form_id=form, version="1", sha256=b"", xml=b"", answers={}, **values
        )
    )  # fmt: skip
    db.session.commit()


MARCH = dt.date(2027, 3, 31)


def visited(
    commune: Commune, period: str = "week", as_of: dt.date = MARCH, *beside: dt.date
) -> list[dt.date]:
    """As of a day, read alone or together with others."""
    target = TargetFigure(
        id="T1", label="", section="I", comparator=">=", value=Fraction(3), unit="count", period=period,
        start=dt.date(2027, 1, 1), deadline=dt.date(2027, 12, 31), indicator="giup",
    )  # fmt: skip
    here = [village.id for village in commune.villages]
    days = {day: [target] for day in (as_of, *beside)}
    found = period_counts.of_targets(here, days, {"giup": 1}, {"giup": {HELP}})
    return sorted(found[as_of].visited["T1"])


def test_a_week_is_visited_from_its_first_minute_to_its_last_in_local_time(commune: Commune) -> None:
    thon = commune.villages[0]
    fill(thon, "2027-02-01T00:00:00")
    fill(thon, "2027-02-21T23:59:59")
    assert visited(commune) == [WEEK, WEEK + dt.timedelta(weeks=2)]  # the week of Tết stays empty
    assert visited(commune, "month") == [dt.date(2027, 2, 1)]
    assert visited(commune, "quarter") == [dt.date(2027, 1, 1)]
    for beside in ((), (MARCH, dt.date(2027, 2, 3))):  # what comes later is not known that day
        assert visited(commune, "week", dt.date(2027, 2, 20), *beside) == [WEEK]


def test_what_does_not_count_or_does_not_ask_visits_nobody(commune: Commune) -> None:
    """R7."""
    here, elsewhere = commune.villages[0], make_commune("10546", "Lai Khê", thon=1).villages[0]
    fill(here, "2027-02-02T09:00:00", OTHER)
    fill(here, "2027-02-02T09:00:00", quarantine="flood")
    fill(here, "2027-02-02T09:00:00", review="rejected")
    fill(here, "2027-02-02T09:00:00", replaced_by_id=1)
    fill(here, "2026-12-31T23:30:00")
    fill(elsewhere, "2027-02-02T09:00:00")
    assert visited(commune) == []
    fill(here, "2027-02-02T09:00:00", review="has_issues")
    assert visited(commune) == [WEEK]


def test_a_plan_without_such_a_target_asks_nothing(commune: Commune) -> None:
    assert period_counts.of_targets([1], {WEEK: []}, {}, {}) == {WEEK: period_counts.PeriodCounts()}
