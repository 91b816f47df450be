"""Reports of months, a quarter and the year, drawn in January: each ends on its last day, and parts add up (R8)."""

import csv
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.reports import report_content, report_periods
from dashboards.reports.report_content import Report, ReportWish
from dashboards.words import NOT_TOLD
from forms import plans
from server import clock
from server.db import db
from server.models import Commune, Indicator, Plan, TallyDay, Village
from server.plans import load_plans, shipped_plans
from tests.leaders import fill, sign_up
from tests.people import Browser, browser

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
    period = report_periods.read(key)
    assert period is not None
    return report_content.build(commune, period, clock.today(), ReportWish())[0]


def numbers(report: Report) -> Mapping[str, str]:
    helped = {each.label: each.period for each in report.help}
    return {
        "end": report.as_of,
        "met": report.visited,
        "new": report.met,
        "helped": next(iter(helped.values()), "0"),
    }


CASES = Path(__file__).parents[2] / "data" / "period"


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8") as table:
        return list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize(
    ("key", "want"),
    [
        (key, row["report"])
        for key, row in zip(
            (OCTOBER, NOVEMBER, DECEMBER, QUARTER, YEAR), rows("period-01-want.tsv"), strict=True
        )
    ],
)
def test_the_visits_of_period_01_are_in_the_report_of_their_period(
    commune: Commune, key: str, want: str
) -> None:
    """R8, period-01: each visit is of another household."""
    visits = rows("period-01-visits.tsv")
    assert len({visit["household"] for visit in visits}) == len(visits)
    count(commune, [(dt.date.fromisoformat(visit["day"]), int(visit["people_helped"])) for visit in visits])
    [row] = [each for each in rows("period-01-want.tsv") if each["report"] == want]
    report = drawn(commune, key)
    assert (report.start, report.end, report.as_of) == (row["from"], row["to"], row["to"])
    assert numbers(report) == {
        "end": row["to"],
        "met": row["households_met_by_the_end"],
        "new": row["visits_in_the_period"],
        "helped": row["people_helped_in_the_period"],
    }


@pytest.mark.parametrize(
    "row", rows("period-02-days.tsv"), ids=lambda row: f"{row['asked']} of {row['today']}"
)
def test_a_day_that_is_asked_for_is_shown_as_the_end_of_a_week_or_month(
    app: Flask, monkeypatch: pytest.MonkeyPatch, row: dict[str, str]
) -> None:
    """R8, period-02: by the page and by the API alike."""
    commune = fill("11629", villages=3)
    sign_up(commune)
    db.session.commit()
    today = dt.datetime.fromisoformat(f"{row['today']}T05:00:00+00:00")
    monkeypatch.setattr(clock, "now", lambda: today)
    leader = browser(app)
    leader.sign_in("lanh.dao")
    told = leader.get(f"/api/v1/communes/11629/coverage?as_of={row['asked']}").get_json()
    shown = row["day_shown_must_be"].split(" ")[0]
    assert told["as_of"] == shown
    day = dt.date.fromisoformat(shown)
    assert f"Tính đến {day:%d/%m/%Y}" in leader.get(f"/xa/11629?den_ngay={row['asked']}").text


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
        # "dưới 5" is 1 to 4; what is hidden beside small thôn may be any number
        least = sum(told) + sum(each != NOT_TOLD for each in small)
        most = math.inf if NOT_TOLD in small else sum(told) + 4 * len(small)
        assert year[name].isdigit() is False or least <= int(year[name]) <= most
        if not small:
            assert int(year[name]) == sum(told)


def test_in_january_the_periods_of_last_year_can_be_reported(january: None) -> None:
    keys = [period.key for period in report_periods.choices(clock.today())]
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
    assert "62 trong 70 hộ đã gặp được gặp lần đầu từ trước năm nay" in leader.get("/xa/11629").text


@pytest.fixture
def officer(app: Flask, commune: Commune) -> Browser:
    sign_up(commune, "officer", "can.bo")
    db.session.commit()
    visitor = browser(app)
    visitor.sign_in("can.bo")
    return visitor


def test_links_of_last_year_lead_to_last_year(officer: Browser) -> None:
    """R8: a figure's page in a mail of December opens in January, as of the plan's last day."""
    answer = officer.get("/xa/11629/chi-tieu/AL-T01")
    assert (answer.status_code, answer.location) == (302, "/xa/11629/chi-tieu/AL-T01?den_ngay=2026-12-31")
    assert officer.get(answer.location).status_code == 200
    assert officer.get("/xa/11629/chi-tieu/AL-T99").status_code == 404
    assert officer.get("/xa/11629/chi-tieu/AL-T01?den_ngay=2025-12-31").status_code == 404


def test_in_january_december_is_still_reported_and_last_years_tasks_are_still_moved_on(
    officer: Browser,
) -> None:
    """R8: the work of a plan is not over on the day on which the next one is missing."""
    figures = officer.get("/quan-tri/xa/11629/so-lieu").text
    assert "Tháng 12/2026" in figures
    assert "/quan-tri/xa/11629/so-lieu/AL-T16" in figures
    later = officer.get("/quan-tri/xa/11629/so-lieu?thang=2027-01").text
    assert "Xã chưa nạp kế hoạch của năm 2027" in later
    assert "so-lieu/AL-T16" not in later
    tasks = officer.get("/xa/11629/nhiem-vu").text
    assert "Nhiệm vụ của kế hoạch năm 2026" in tasks
    assert "Xã chưa nạp kế hoạch của năm 2027" in tasks
    moved = officer.post(
        "/xa/11629/nhiem-vu/AL-N01?nam=2026",
        data={"csrf_token": officer.csrf_token("/xa/11629/nhiem-vu"), "state": "done", "note": "Đã xong"},
    )
    assert "nam=2026" in moved.location


def test_nothing_is_lost_or_missed_where_only_the_year_is_another(commune: Commune, officer: Browser) -> None:
    """R8: thôn that met last year's targets are not fewer because there is no plan; nor does the page count to 0."""
    count(commune, [*daily(dt.date(2026, 12, 1), helped=0), *[(dt.date(2027, 1, 5), 0)] * 8])
    page = officer.get("/xa/11629").text
    assert "thôn đạt mức giao" not in page
    assert "0 chỉ tiêu của kế hoạch" not in page
    assert "Chưa có biểu mẫu nào hỏi" not in page
    assert "states" not in officer.get("/xa/11629/chi-tieu").text.partition("<main")[2].partition("<form")[0]


def test_both_plans_are_kept_apart_once_the_new_one_is_there(commune: Commune, officer: Browser) -> None:
    """R8: each task and each figure is found under its own year."""
    new = shipped_plans.for_commune(plans.read("mao_dien_2026"), commune, 2027)
    load_plans.load(new)
    db.session.commit()
    tasks = officer.get("/xa/11629/nhiem-vu").text
    assert "Nhiệm vụ của kế hoạch năm 2027" in tasks
    assert 'href="/xa/11629/nhiem-vu?nam=2026"' in tasks
    old = officer.get("/xa/11629/nhiem-vu?nam=2026").text
    assert "Nhiệm vụ của kế hoạch năm 2026" in old
    assert "chưa nạp kế hoạch" not in old
    assert "so-lieu/11629.2027-" in officer.get("/quan-tri/xa/11629/so-lieu?thang=2027-01").text
    assert "so-lieu/AL-T16" in officer.get("/quan-tri/xa/11629/so-lieu?thang=2026-12").text
