"""What offices report: numbers as pages print them, a month as one table, who is missing, a text to remind them."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from forms import plans
from server import clock
from server.db import db
from server.models import ReportedValue
from server.plans import load_plans, month_of_figures
from tests.leaders import NOON
from tests.people import Browser, browser, make_commune, make_person
from tests.server.office.test_table_pages import post

BASE = "/quan-tri/xa/11629"


@pytest.fixture
def officer(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Browser:
    monkeypatch.setattr(clock, "now", lambda: NOON)  # within the year of the plan
    make_person("can.bo", "officer", make_commune("11629", thon=1))
    load_plans.load(plans.read("an_lao_2026"))
    db.session.commit()
    found = browser(app)
    found.sign_in("can.bo")
    return found


def stored() -> list[tuple]:
    db.session.rollback()
    rows = db.session.scalars(sa.select(ReportedValue).where(ReportedValue.replaced_at.is_(None)))
    return sorted((row.target.code, row.numerator, row.denominator, row.value) for row in rows)


def enter(officer: Browser, done: str, of: str) -> str:
    fields = {
        "start": "",
        "end": clock.today().isoformat(),
        "numerator": done,
        "denominator": of,
        "source": "BC 1",
    }
    answer = post(officer, f"{BASE}/so-lieu/AL-T16", why="sửa", **fields)
    return answer.text if answer.status_code == 422 else ""


@pytest.mark.parametrize(("done", "of"), [("1.250", "1.300"), ("1 250", "1 300"), ("1250", "1300")])
def test_a_figure_is_typed_as_pages_print_it(officer: Browser, done: str, of: str) -> None:
    """excel-10"""
    assert enter(officer, done, of) == ""
    assert stored() == [("AL-T16", 1250, 1300, None)]


@pytest.mark.parametrize("wrong", ["1.25", "12,5"])
def test_a_fraction_is_refused_at_its_field(officer: Browser, wrong: str) -> None:
    page = enter(officer, wrong, "1.300")
    told = re.search(r'id="numerator-wrong">([^<]+)', page)
    assert told is not None
    assert wrong in told[1]
    assert "denominator-wrong" not in page
    assert stored() == []


def month() -> str:
    return f"{clock.today():%Y-%m}"


def send(officer: Browser, table: str) -> str:
    """What the page says of a pasted table, stored if it may be."""
    sent = post(officer, f"{BASE}/bang/so-lieu", dan=table, thang=month(), nguon="Báo cáo tháng")
    if sent.status_code != 302:
        return sent.text
    page = officer.get(sent.location).text
    post(officer, sent.location, viec="luu")
    return page


def test_a_month_is_pasted_as_one_table(officer: Browser) -> None:
    table = (
        "Mã\tChỉ tiêu\tTử số\tMẫu số\tSố liệu\n"
        "AL-T16\t\t1.250\t1.300\t\n"
        "AL-T13\t\t\t\t84,5\n"
        "AL-T14\tchưa có\t\t\t\n"
    )
    assert "2 số liệu của tháng" in send(officer, table)
    assert stored() == [("AL-T13", None, None, "84.5"), ("AL-T16", 1250, 1300, None)]
    assert "Lý do sửa" in send(officer, table)
    corrected = "Mã\tTử số\tMẫu số\tLý do sửa\nAL-T16\t1.260\t1.300\tđếm lại\n"
    assert "sửa số cũ: đếm lại" in send(officer, corrected)
    assert ("AL-T16", 1260, 1300, None) in stored()


def test_wrong_rows_of_a_month_are_named(officer: Browser) -> None:
    page = send(officer, "Mã\tTử số\tMẫu số\nAL-T16\t1.25\t1.300\nXX-T99\t1\t2\nAL-T13\t5\t3\n")
    for sentence in (
        "Dòng 2: “1.25” không phải số nguyên",
        "Dòng 3: kế hoạch",
        "Dòng 4: Tử số không được lớn hơn",
    ):
        assert sentence in page
    assert stored() == []


def test_who_has_not_reported_is_told_with_a_reminder(officer: Browser) -> None:
    page = officer.get(f"{BASE}/so-lieu?thang={month()}").text
    assert "chưa báo cáo tháng này" in page
    assert "Kính gửi" in page
    before = page.count("(AL-T16)")
    enter(officer, "1", "2")
    assert before == 1
    assert officer.get(f"{BASE}/so-lieu?thang={month()}").text.count("(AL-T16)") == 0


def test_a_month_without_its_name_is_the_last_that_is_over() -> None:
    assert month_of_figures.month_of("") < clock.today().replace(day=1)
    assert month_of_figures.month_of("2026-02").isoformat() == "2026-02-01"
    assert month_of_figures.month_of("2999-01") < clock.today()
