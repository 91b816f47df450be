"""Reports of months, a quarter and the year, drawn in January: each ends on its last day, and parts add up (R8)."""

import datetime as dt
from collections.abc import Mapping, Sequence

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.reports import content, periods
from dashboards.reports.content import Report, ReportWish
from server import clock
from server.db import db
from server.models import Commune, Indicator, Plan, TallyDay, Village
from tests.leaders import fill, sign_up
from tests.people import browser

AFTER = dt.datetime(2027, 1, 12, 3, 0, tzinfo=dt.UTC)
OCTOBER, NOVEMBER, DECEMBER, QUARTER, YEAR = "2026-10", "2026-11", "2026-12", "2026-Q4", "2026"


@pytest.fixture
def january(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AFTER)


@pytest.fixture
def commune(app: Flask, january: None) -> Commune:
    return fill("11629", villages=3)


def count(commune: Commune, visits: Sequence[tuple[dt.date, int]]) -> None:
    """One new household met on each of these days, and so many people helped there."""
    db.session.execute(sa.delete(TallyDay))
    thon = list(db.session.scalars(sa.select(Village.id).where(Village.commune_id == commune.id)))
    keys = {row.code: row.id for row in db.session.execute(sa.select(Indicator.code, Indicator.id))}
    sums: dict[tuple[int, int, dt.date], list[int]] = {}
    for number, (day, helped) in enumerate(visits):
        for code, done, of in (("tham_ho", 1, 1), ("cai_smart_hai_phong", helped, helped)):
            row = sums.setdefault((thon[number % 3], keys[code], day), [0, 0, 0])
            for place, amount in enumerate((done, of, 1)):
                row[place] += amount
    for (village, indicator, day), (done, of, subjects) in sums.items():
        db.session.add(
            TallyDay(village_id=village, indicator_id=indicator, day=day, done=done, of=of, subjects=subjects)
        )
    db.session.commit()


def drawn(commune: Commune, key: str) -> Report:
    period = periods.read(key)
    assert period is not None
    return content.build(commune, period, clock.today(), ReportWish())[0]


def numbers(report: Report) -> Mapping[str, str]:
    helped = {each.label: each.period for each in report.help}
    return {
        "end": report.as_of,
        "met": report.visited,
        "new": report.met,
        "helped": next(iter(helped.values()), "0"),
    }


def daily(first: dt.date, *, helped: int) -> list[tuple[dt.date, int]]:
    """Two households every day to the end of the year."""
    days = (dt.date(2026, 12, 31) - first).days + 1
    return [(first + dt.timedelta(days=n), helped) for n in range(days) for _ in range(2)]


def test_months_add_up_to_the_quarter_and_the_year_and_the_last_day_is_in_it(commune: Commune) -> None:
    count(commune, daily(dt.date(2026, 10, 5), helped=1))
    found = {key: numbers(drawn(commune, key)) for key in (OCTOBER, NOVEMBER, DECEMBER, QUARTER, YEAR)}
    assert found == {
        OCTOBER: {"end": "2026-10-31", "met": "54", "new": "54", "helped": "54"},
        NOVEMBER: {"end": "2026-11-30", "met": "114", "new": "60", "helped": "60"},
        DECEMBER: {"end": "2026-12-31", "met": "176", "new": "62", "helped": "62"},
        QUARTER: {"end": "2026-12-31", "met": "176", "new": "176", "helped": "176"},
        YEAR: {"end": "2026-12-31", "met": "176", "new": "176", "helped": "176"},
    }


DAYS = st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31))


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(DAYS, st.integers(0, 3)), min_size=20, max_size=60))
def test_twelve_months_are_the_year(commune: Commune, visits: list[tuple[dt.date, int]]) -> None:
    count(commune, visits)
    year = numbers(drawn(commune, YEAR))
    months = [numbers(drawn(commune, f"2026-{month:02}")) for month in range(1, 13)]
    assert months[-1]["met"] == year["met"]
    for name in ("new", "helped"):
        told = [int(month[name]) for month in months if month[name].isdigit()]
        small = [month[name] for month in months if not month[name].isdigit()]
        least, most = sum(told) + len(small), sum(told) + 4 * len(small)  # "dưới 5" is 1 to 4
        assert year[name].isdigit() is False or least <= int(year[name]) <= most
        if not small:
            assert int(year[name]) == sum(told)


def test_in_january_the_periods_of_last_year_can_be_reported(january: None) -> None:
    keys = [period.key for period in periods.choices(clock.today())]
    assert {"2027-01", "2027-Q1", "2026-12", "2026-Q4", "2026"} <= set(keys)


def test_on_new_year_the_page_says_that_a_plan_is_missing_and_the_old_one_can_be_read(
    app: Flask, commune: Commune
) -> None:
    sign_up(commune)
    db.session.commit()
    leader = browser(app)
    leader.sign_in("lanh.dao")
    page = leader.get("/xa/11629").text
    assert "Xã chưa nạp kế hoạch của năm 2027" in page
    assert 'href="/xa/11629?den_ngay=2026-12-31"' in page
    old = leader.get("/xa/11629?den_ngay=2026-12-31").text
    assert "tính đến 31/12/2026" in old.lower()
    assert "chưa nạp kế hoạch" not in old


def test_a_new_plan_says_how_old_its_answers_are(app: Flask, commune: Commune) -> None:
    count(commune, [*daily(dt.date(2026, 12, 1), helped=0), *[(dt.date(2027, 1, 5), 0)] * 8])
    plan = db.session.scalars(sa.select(Plan).where(Plan.commune_id == commune.id)).one()
    plan.year = 2027
    sign_up(commune)
    db.session.commit()
    leader = browser(app)
    leader.sign_in("lanh.dao")
    assert "62 trong 70 hộ đã gặp được gặp lần đầu từ năm trước" in leader.get("/xa/11629").text
