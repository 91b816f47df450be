"""A report, and visits that phones send after it was issued (R8)."""

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.counting import folding
from server.db import db
from server.models import Commune
from tests.leaders import sign_up
from tests.people import Browser, browser
from tests.server.intake.test_receive_submission import NOON, Place, Visit, place, send

__all__ = ["place"]  # a fixture is found by its name

BASE = "/xa/11629/bao-cao"


@pytest.fixture
def officer(app: Flask, place: Place) -> Browser:
    sign_up(db.session.scalars(sa.select(Commune)).one(), "officer", "can.bo")
    db.session.commit()
    visitor = browser(app)
    visitor.sign_in("can.bo")
    return visitor


def test_five_late_visits_leave_the_report_as_it_is_and_are_told_on_its_page(
    officer: Browser, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 8):
        send(Visit(number, create=True), place.both)
    folding.once()
    given = {"ky": "2026-11", "ho_ten": "Trần Thị B", "da_doc": "1", "csrf_token": officer.csrf_token(BASE)}
    assert officer.post(BASE, data=given).status_code == 302
    files = {ending: officer.get(f"{BASE}/1/tep.{ending}").data for ending in ("docx", "pdf")}
    assert "Chưa nhận thêm phiếu nào" in officer.get(f"{BASE}/1").text
    monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(days=1))
    officer.sign_in("can.bo")
    for number in range(11, 16):
        send(Visit(number, create=True, end=NOON - dt.timedelta(days=2)), place.both)
    send(Visit(20, create=True, end=NOON + dt.timedelta(hours=20)), place.both)
    folding.once()
    page = officer.get(f"{BASE}/1").text
    assert "Đã nhận thêm 5 phiếu đến muộn" in page
    assert "Đã nhận 1 phiếu khảo sát sau ngày 20/11/2026" in page
    assert "báo cáo nêu 7, nay 13" in page
    assert {ending: officer.get(f"{BASE}/1/tep.{ending}").data for ending in files} == files
