"""The register of requests over HTTP: noted with due days, answered, extended, refused, done; each act is logged."""

import datetime as dt
import re
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.models import Audit, Entity, PrivacyRequest, Submission
from server.privacy import tombstones
from tests import sample
from tests.people import Browser, browser, make_commune, make_person
from tests.phone import statuses
from tests.server.files.test_attachments import AUDIT
from tests.server.privacy.test_deletion import LABEL, Story, disk, recounted, rows

REGISTER = "/quan-tri/du-lieu-ca-nhan"
NOW = dt.datetime(2026, 11, 20, 2, tzinfo=dt.UTC)
"""A Friday."""


@pytest.fixture
def story(app: Flask) -> Iterator[Story]:
    return Story(app)


@pytest.fixture
def officer(story: Story, monkeypatch: pytest.MonkeyPatch) -> Browser:
    found = story.world.visitor("can_bo", "officer")
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return story.world.visitor("can_bo_2", "officer") if found is None else found


def ask(officer: Browser, home: uuid.UUID, kind: str) -> str:
    """Note a request; the address of its page."""
    url = f"/quan-tri/xa/11629/ho/{home}/yeu-cau"
    data = {"csrf_token": officer.csrf_token(url), "yeu_cau": kind, "ngay": "2026-11-20",
            "ai": "Bà Kín, 0912 345 678, tại trụ sở"}  # fmt: skip
    answer = officer.post(url, data=data)
    assert answer.status_code == 302, answer.text
    return answer.location


def press(officer: Browser, page: str, act: str, **fields: str) -> int:
    data = {"csrf_token": officer.csrf_token(page), "viec": act, **fields}
    return officer.post(page, data=data).status_code


def request() -> PrivacyRequest:
    db.session.rollback()
    return db.session.scalars(sa.select(PrivacyRequest).order_by(PrivacyRequest.id.desc())).first()


def acts() -> list[str]:
    db.session.rollback()
    return list(
        db.session.scalars(sa.select(Audit.act).where(Audit.act.like("privacy.%")).order_by(Audit.id))
    )


@pytest.mark.parametrize(
    ("kind", "due"),
    [("view", "2026-11-30"), ("correct", "2026-11-30"), ("withdraw", "2026-12-07"), ("delete", "2026-12-10")],
)
def test_a_request_has_its_due_days(story: Story, officer: Browser, kind: str, due: str) -> None:
    """NĐ 356/2025, Điều 5: told in 2 working days; 20 to 24 November holds a weekend and a day off."""
    ask(officer, story.home, kind)
    row = request()
    assert (row.answer_due.isoformat(), row.due.isoformat()) == ("2026-11-25", due)
    page = officer.get(REGISTER).text
    assert "25/11/2026" in page
    assert LABEL not in page
    assert acts() == [f"privacy.{kind}"]


def test_what_is_late_is_told(story: Story, officer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ask(officer, story.home, "view")
    assert "trễ" not in officer.get(REGISTER).text
    press(officer, page, "answer")
    press(officer, page, "extend")
    assert request().due == dt.date(2026, 12, 10)
    assert press(officer, page, "extend") == 422, "once"
    monkeypatch.setattr(clock, "now", lambda: NOW + dt.timedelta(minutes=5))
    assert "trễ" not in officer.get(page).text


def test_deleting_is_done_from_the_request_and_needs_a_tick(story: Story, officer: Browser) -> None:
    """The household's words in the register go too; the register keeps that it was done, and when."""
    page = ask(officer, story.home, "delete")
    assert LABEL in officer.get(page).text
    assert press(officer, page, "delete") == 422
    assert LABEL in rows()
    assert press(officer, page, "delete", dong_y="1") == 302
    for told in (LABEL, "0912 345 678"):
        assert told not in rows()
        assert told.encode() not in disk(story.app)
    row = request()
    assert (row.state, row.closed_at, row.asked) == ("done", NOW, None)
    assert recounted() == []
    assert "đã xóa" in officer.get(page).text
    assert officer.get(f"{page}/trich").status_code == 422
    assert press(officer, page, "delete", dong_y="1") == 422


def test_the_extract_holds_everything_and_is_logged(story: Story, officer: Browser) -> None:
    page = ask(officer, story.double, "view")  # under an id that was merged into another
    sheet = officer.get(f"{page}/trich").text
    assert LABEL in sheet
    assert len(re.findall("<section>", sheet)) == 4, "three visits, and who has read"
    assert "Xem tên một hộ" in sheet
    assert "Điều 19" in sheet
    assert "Trần Văn Gần" not in sheet
    assert press(officer, page, "view") == 302
    assert request().outcome == "đã trao bản trích dữ liệu"
    assert acts() == ["privacy.view", "privacy.extract", "privacy.act_view"]


def test_a_name_is_corrected_and_phones_get_it(story: Story, officer: Browser) -> None:
    page = ask(officer, story.home, "correct")
    assert press(officer, page, "correct", ten="Bà Nguyễn Thị Kim", dia_chi="Ngõ 9") == 302
    listed = story.world.phone.sync()["ho_gia_dinh"][1]["ho_dan.csv"].decode()
    assert "Bà Nguyễn Thị Kim" in listed
    assert "Ngõ 9" in listed
    assert recounted() == []
    story.visit(story.home, {})
    assert "Bà Nguyễn Thị Kim" in story.world.phone.sync()["ho_gia_dinh"][1]["ho_dan.csv"].decode()


def test_withdrawn_consent_takes_the_position_and_leaves_the_answers(story: Story, officer: Browser) -> None:
    """Also out of the phone's log, and again after a restore."""
    here = {"cho_vi_tri": "co", "vi_tri": "20.8230011 106.5490022 5 8.0"}
    story.visit(story.home, {"audit.csv": AUDIT}, **here)
    before = sample.arrived()[-1]
    assert (before.latitude, before.longitude) == (20.823, 106.549)
    db.session.rollback()  # a reader would keep the database's log from being emptied
    assert b"106.688" in disk(story.app)
    page = ask(officer, story.home, "withdraw")
    assert press(officer, page, "withdraw", dong_y="1") == 302
    for told in ("20.823", "106.549", "106.688"):
        assert told not in rows()
        assert told.encode() not in disk(story.app)
    after = sample.arrived()[-1]
    assert after.id == before.id
    assert after.latitude is None
    assert after.result == "gap"
    assert recounted() == []
    assert statuses(story.world.phone.send(story.sent[-1], {"audit.csv": AUDIT})) == [202]
    assert b"106.688" not in disk(story.app)
    row = db.session.get_one(Submission, before.id)
    row.latitude, row.longitude = 20.823, 106.549  # as last night's backup has it
    db.session.commit()
    db.session.close()
    tombstones.apply_tombstones(db.session)
    assert "20.823" not in rows()


def test_a_refusal_needs_a_reason(story: Story, officer: Browser) -> None:
    page = ask(officer, story.home, "delete")
    assert press(officer, page, "refuse") == 422
    assert press(officer, page, "refuse", ly_do="Người yêu cầu không thuộc hộ.") == 302
    assert request().state == "refused"
    assert db.session.get(Entity, story.home) is not None


def test_an_officer_of_another_commune_sees_no_request(story: Story, officer: Browser) -> None:
    page = ask(officer, story.home, "delete")
    db.session.rollback()
    make_commune("10930", "Mao Điền")
    elsewhere = page.replace("11629", "10930")
    assert officer.get(elsewhere).status_code in (403, 404)
    assert press(officer, page, "view") == 422, "not what was asked for"
    leader = story.world.visitor("lanh_dao", "leader")
    assert leader.get(page).status_code == 403
    assert leader.get(REGISTER).status_code == 403
    db.session.rollback()
    make_person("quan_tri", "admin")
    admin = browser(story.app)
    admin.sign_in("quan_tri")
    assert LABEL not in admin.get(REGISTER).text
    assert admin.get(page).status_code == 403
