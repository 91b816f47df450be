"""Ready sets on their pages, and their table as a plan that our own reader takes."""

import io

import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl import load_workbook

from forms import indicator_sets
from forms.indicator_sets import IndicatorSet
from server.db import db
from server.models import Target
from server.plans import load_plans
from tests.people import Browser, browser, make_commune, make_person

BASE = "/quan-tri/xa/11629"
SETS = pytest.mark.parametrize("found", indicator_sets.every(), ids=lambda found: found.code)


@pytest.fixture
def officer(app: Flask) -> Browser:
    make_person("can_bo", "officer", make_commune(thon=2))
    load_plans.load_indicators()
    db.session.commit()
    who = browser(app)
    who.sign_in("can_bo")
    return who


@SETS
def test_a_page_names_every_line_with_its_origin_and_its_source(
    officer: Browser, found: IndicatorSet
) -> None:
    page = officer.get(f"{BASE}/bo-chi-tieu/{found.code}").text
    for line in found.indicators:
        assert line.label_vi in page
        assert (line.source.words if line.source else "chưa rõ nguồn") in page
    assert page.count("hỏi tại nhà") > 1
    assert found.unread_vi in page
    assert all(document.read_vi in page for document in found.documents)
    assert found.label_vi in officer.get(f"{BASE}/ke-hoach").text


@SETS
def test_its_table_is_a_plan_that_our_own_reader_takes(officer: Browser, found: IndicatorSet) -> None:
    content = officer.get(f"{BASE}/bo-chi-tieu/{found.code}.xlsx").data
    data = {
        "csrf_token": officer.csrf_token(f"{BASE}/ke-hoach"),
        "tep": (io.BytesIO(content), "ke-hoach.xlsx"),
    }
    sent = officer.post(f"{BASE}/bang/ke-hoach", data=data)
    assert sent.status_code == 302, sent.text
    looked = officer.get(sent.location).text
    assert "Trang “Nguồn” không có bảng này nên bỏ qua" in looked
    officer.post(sent.location, data={"csrf_token": officer.csrf_token(f"{BASE}/ke-hoach"), "viec": "luu"})
    db.session.rollback()
    stored = {row.code: row for row in db.session.scalars(sa.select(Target))}
    lines = [line for line in found.indicators if line.goal and line.spec]
    assert len(stored) == len(lines)
    for target, line in zip(stored.values(), lines, strict=True):
        assert line.goal
        assert line.spec
        assert (target.label, target.value, target.comparator) == (
            line.label_vi,
            line.goal.value,
            line.goal.comparator,
        )
        assert target.indicator is not None
        assert target.indicator.code == line.spec.code
        assert target.how == ("office" if line.origin == "office" else "survey")
        assert "hãy thay bằng mức được giao" in (target.note or "")
        assert "-T" not in target.code


@SETS
def test_its_second_sheet_names_every_line_and_what_is_not_known(
    officer: Browser, found: IndicatorSet
) -> None:
    content = officer.get(f"{BASE}/bo-chi-tieu/{found.code}.xlsx").data
    rows = list(load_workbook(io.BytesIO(content))["Nguồn"].values)
    assert len(rows) == len(found.indicators) + len(found.documents) + 2
    for line, row in zip(found.indicators, rows[1:], strict=False):
        assert row[1] == line.label_vi
        assert (line.source is not None) or row[4] == "chưa rõ nguồn"
    assert rows[-1][1] == found.unread_vi


def test_there_is_no_other_set(officer: Browser) -> None:
    assert officer.get(f"{BASE}/bo-chi-tieu/khong_co").status_code == 404
    assert officer.get(f"{BASE}/bo-chi-tieu/khong_co.xlsx").status_code == 404
