"""Breaches with their 72 hours, and the report that an auditor asks for: page, CSV and XLSX say the same."""

import csv
import datetime as dt
import io
from collections.abc import Iterator

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.models import Breach
from server.privacy import breaches, held_records
from tests.people import Browser, browser, make_person
from tests.server.counting.test_counts import statements
from tests.server.office.test_privacy_pages import ask
from tests.server.privacy.test_deletion import LABEL, Story

BREACHES = "/quan-tri/du-lieu-ca-nhan/su-co"
REPORT = "/quan-tri/du-lieu-ca-nhan/bao-cao"


@pytest.fixture
def story(app: Flask) -> Iterator[Story]:
    return Story(app)


@pytest.fixture
def officer(story: Story) -> Browser:
    return story.world.visitor("can_bo", "officer")


def note(officer: Browser, found_at: str, **fields: str) -> int:
    data = {"csrf_token": officer.csrf_token(BREACHES), "luc": found_at, "viec": "Mất một máy tính xách tay",
            "so_ho": "40", **fields}  # fmt: skip
    return officer.post(BREACHES, data=data).status_code


def test_a_breach_is_due_72_hours_after_it_was_found(
    officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Luật 91/2025, Điều 23; positions: those concerned within the same time."""
    found = clock.now().astimezone(clock.LOCAL).replace(second=0, microsecond=0) - dt.timedelta(hours=1)
    assert note(officer, f"{found:%Y-%m-%dT%H:%M}", vi_tri="1") == 302
    assert note(officer, "2999-01-01T00:00") == 422
    assert note(officer, "hôm qua") == 422
    row = db.session.scalars(sa.select(Breach)).one()
    assert row.due == found + dt.timedelta(hours=72)
    assert not breaches.is_late(row)
    step = {"csrf_token": officer.csrf_token(BREACHES), "buoc": "reported", "bien_phap": "Khóa tài khoản"}
    assert officer.post(f"{BREACHES}/{row.id}", data=step).status_code == 302
    db.session.rollback()
    later = found + dt.timedelta(hours=73)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert breaches.is_late(row), "the households were not told"
    row.told_at = found
    assert not breaches.is_late(row)


def test_another_communes_breach_is_not_there(story: Story, officer: Browser) -> None:
    db.session.add(
        Breach(commune_id=None, found_at=clock.now(), what="x", is_sensitive=False, due=clock.now(), recorded_by="A")
    )  # fmt: skip
    db.session.commit()
    number = db.session.scalar(sa.select(Breach.id))
    db.session.rollback()
    step = {"csrf_token": officer.csrf_token(BREACHES), "buoc": "told"}
    assert officer.post(f"{BREACHES}/{number}", data=step).status_code == 404


def test_the_report_says_the_same_as_page_csv_and_workbook(story: Story, officer: Browser) -> None:
    story.visit(story.home, {}, cho_vi_tri="co", vi_tri="20.823 106.549 0 8.0")
    story.visit(story.near, {}, cho_vi_tri="khong")
    ask(officer, story.home, "delete")
    db.session.rollback()
    make_person("quan_tri", "admin")
    admin = browser(story.app)
    admin.sign_in("quan_tri")
    for reader, parts in ((officer, 5), (admin, 7)):
        page = reader.get(REPORT).text
        lines = list(csv.reader(io.StringIO(reader.get(f"{REPORT}.csv").data.decode("utf-8-sig"))))
        book = openpyxl.load_workbook(io.BytesIO(reader.get(f"{REPORT}.xlsx").data))
        assert len(book.sheetnames) == parts
        cells = {cell for line in lines for cell in line}
        [consent] = [line for line in lines if "đồng ý cho ghi vị trí" in " ".join(line)]
        assert consent[-2:] == ["1", "1"]
        [asked] = [line for line in lines if line[:1] == ["xóa dữ liệu"]]
        assert asked[1:5] == ["1", "1", "0", "0"]
        assert {"ho_gia_dinh", "24 tháng"} <= cells
        in_book = {str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row}
        for content in (page, "".join(cells), "".join(in_book)):
            assert "Điều 19 khoản 1 điểm c" in content
            assert LABEL not in content


def test_the_report_of_all_tells_what_the_night_counted_and_when(
    story: Story, officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A city's millions of records are not counted while an auditor waits; a commune's are, as of now."""
    make_person("quan_tri", "admin")
    admin = browser(story.app)
    admin.sign_in("quan_tri")
    story.visit(story.home, {}, cho_vi_tri="co", vi_tri="20.823 106.549 0 8.0")
    held = _said(admin)
    assert held == _said(officer)
    assert held[1:] == ("1", "0")
    night = dt.datetime(2026, 11, 29, 19, 13, tzinfo=dt.UTC)
    with monkeypatch.context() as at_night:
        at_night.setattr(clock, "now", lambda: night)
        held_records.keep(db.session, held_records.count(db.session, None))
        db.session.commit()
    story.visit(story.near, {}, cho_vi_tri="khong")
    assert _said(officer) == (str(int(held[0]) + 1), "1", "1")
    with statements() as asked:
        assert _said(admin) == held
    counting = [each for each in asked if "count(" in each]
    assert not [each for each in counting if "FROM submission" in each or "FROM entity" in each]
    for address in (REPORT, f"{REPORT}.csv"):
        assert "Đếm lúc 02:13 30/11/2026; mỗi đêm đếm lại." in admin.get(address).text
        assert "Đếm lúc" not in officer.get(address).text
    book = openpyxl.load_workbook(io.BytesIO(admin.get(f"{REPORT}.xlsx").data))
    assert "Đếm lúc 02:13 30/11/2026; mỗi đêm đếm lại." in [cell.value for cell in book.worksheets[1]["A"]]
    held_records.keep(db.session, held_records.count(db.session, None))
    db.session.commit()
    assert _said(admin) == _said(officer)


def test_the_report_tells_readings_in_words_and_its_numbers_are_numbers(
    story: Story, officer: Browser
) -> None:
    story.visit(story.home, {}, cho_vi_tri="co", vi_tri="20.823 106.549 0 8.0")
    assert officer.get(f"/quan-tri/xa/11629/ho/{story.home}").status_code == 200
    make_person("quan_tri", "admin")
    admin = browser(story.app)
    admin.sign_in("quan_tri")
    page = admin.get(REPORT).text
    assert "Xem tên một hộ" in page
    assert "household.read" not in page
    book = openpyxl.load_workbook(io.BytesIO(admin.get(f"{REPORT}.xlsx").data))
    readings = book.worksheets[-1]
    assert [cell.value for cell in readings[2]] == ["Xem tên một hộ", 1]


def _said(reader: Browser) -> tuple[str, str, str]:
    """Submissions of households, and how often their position was agreed to and refused."""
    lines = list(csv.reader(io.StringIO(reader.get(f"{REPORT}.csv").data.decode("utf-8-sig"))))
    held = next(line[9] for line in lines if line[:1] == ["ho_gia_dinh"] and len(line) == 10)
    consent = next(line for line in lines if "đồng ý cho ghi vị trí" in " ".join(line))
    return held, consent[-2], consent[-1]
