"""R13: the queue says who sent how many new households in how long; one button undoes it all or lets it count."""

from html import unescape

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from server.db import db
from server.intake import receive_submission
from server.models import Commune, SubmissionReview
from tests import sample, survey
from tests.people import Browser, browser, make_person
from tests.server.intake.test_floods import START, listed, place, visit
from tests.survey import Survey

QUEUE = "/quan-tri/xa/11629/phieu"

__all__ = ["place"]


@pytest.fixture
def officer(app: Flask, place: Survey) -> Browser:
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
    make_person("can.bo", "officer", commune)
    found = browser(app)
    found.sign_in("can.bo")
    return found


def press(officer: Browser, word: str, *, reason: str | None = None) -> str:
    """Press the one button of the flood as it stands on the page; what the page says then."""
    page = html.fromstring(officer.get(QUEUE).text)
    [form] = [each for each in page.xpath("//form") if "Nhận tất cả" in each.text_content()]
    [button] = [each for each in form.xpath(".//button") if each.text_content() == word]
    data = {field.get("name"): field.get("value") for field in form.xpath(".//input")}
    data |= {button.get("name"): button.get("value")} | ({} if reason is None else {"ghi_chu": reason})
    answer = officer.post(form.get("action"), data=data)
    return unescape(officer.get(answer.location).text if answer.status_code == 302 else answer.text)


def flood(place: Survey, app: Flask, count: int = 8) -> None:
    for number in range(count):
        receive_submission.accept(visit(number), [], place.second)
    sample.arrived()


def test_a_flood_stands_above_the_queue_in_words(place: Survey, app: Flask, officer: Browser) -> None:
    flood(place, app)
    text = " ".join(unescape(officer.get(QUEUE).text).split())
    assert "Máy của Nụ gửi 8 hộ, điểm mới trong 1 phút." in text
    assert f"thăm từ {START:%H:%M} 20/11/2026 đến 08:07 20/11/2026" in text
    assert "một máy gửi nhiều hộ" in text.lower()
    [link] = html.fromstring(text).xpath("//a[text()='Xem từng phiếu']/@href")
    assert unescape(officer.get(link).text).count("phiếu giữ riêng") >= 1


def test_one_button_undoes_it_all(place: Survey, app: Flask, officer: Browser) -> None:
    """The reason is filled in already; every visit has its line of history."""
    flood(place, app)
    text = press(officer, "Không nhận tất cả")
    assert "8 phiếu nay là “không nhận”." in text
    assert "Máy của Nụ gửi" not in text
    assert (survey.sums(), listed()) == ({}, 0)
    db.session.rollback()
    comments = db.session.scalars(sa.select(SubmissionReview.comment)).all()
    assert comments == ["Máy của Nụ gửi 8 hộ, điểm mới trong 1 phút."] * 8


def test_one_button_lets_it_all_count(place: Survey, app: Flask, officer: Browser) -> None:
    flood(place, app)
    receive_submission.accept(visit(3), [], place.every)
    text = press(officer, "Nhận tất cả", reason="Đã hỏi: đội có sáu người")
    assert "8 phiếu nay là “đã duyệt”." in text
    assert listed() == 9
    assert [row.review for row in sample.arrived()] == ["approved"] * 8 + ["received"]
    assert survey.differences() == []


def test_a_flood_without_a_reason_is_not_undone(place: Survey, app: Flask, officer: Browser) -> None:
    flood(place, app)
    assert "hãy ghi lý do" in press(officer, "Không nhận tất cả", reason=" ")
    assert {row.review for row in sample.arrived()} == {"received"}


def test_what_the_server_has_not_read_is_told_so(place: Survey, app: Flask, officer: Browser) -> None:
    """R13: a submission with more blocks than are read: why it waits, why no answer is shown, what to do."""
    rounds = b'<nguoi><meta><entity dataset="nguoi_ho" id="x" create="1"/></meta></nguoi>' * 1_001
    number = receive_submission.accept(
        visit(0).replace(b"<chi_tieu>", rounds + b"<chi_tieu>"), [], place.second
    ).submission_id
    text = unescape(officer.get(f"{QUEUE}/{number}").text)
    assert "ghi vào hơn 1.000 hộ hoặc điểm: máy chủ không đọc" in text
    assert "nên máy chủ không đọc câu trả lời; phiếu được giữ nguyên" in text
    assert "không có câu trả lời nào" not in text
    shown = {
        "trang_thai": "approved",
        "dang_la": "received",
        "csrf_token": officer.csrf_token(f"{QUEUE}/{number}"),
    }
    answer = officer.post(f"{QUEUE}/{number}", data=shown)
    assert (answer.status_code, "chia thành nhiều phiếu" in unescape(answer.text)) == (409, True)
