"""Difficulties from a phone to a closed answer, who may see them, and what each step leaves behind."""

import re
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from forms.engine import engine
from server.db import db
from server.models import Audit, Commune, Entity, Village
from server.phones.collectors import NewCollector
from server.published_forms import library_forms
from server.review import difficulties
from tests import sample
from tests.people import Browser, browser, make_person
from tests.phone import InProcess, Phone

PAGE = "/quan-tri/xa/11629/phan-anh"
TEXT = "Cả ngõ 5 không có sóng từ đầu tháng."
LABEL = "Bà Nguyễn Thị Kín, Ngõ 7"


class World:
    """A commune with two thôn, a collector in the first, and one household."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        library_forms.publish_library(["phan_anh"])
        self.commune: Commune = sample.make_commune()
        self.east: Village = sample.make_village(self.commune, "11629001", "Thôn Đông")
        self.west: Village = sample.make_village(self.commune, "11629002", "Thôn Đoài")
        self.collector: NewCollector = sample.make_collector(self.commune, [self.east])
        self.household: Entity = sample.make_entity(self.east, LABEL, data={"thon": "11629001"})
        self.household_id = str(self.household.id)
        self.phone = Phone(InProcess(app), f"http://localhost/key/{self.collector.token}")

    def tell(self, text: str = TEXT, photo: bytes | None = None, **answers: object) -> None:
        """Fill the form as it is on the phone, and send it."""
        xform, media = self.phone.sync()["phan_anh"]
        filling = engine.open_form(xform, media).start()
        answers = {"thon": "11629001", "loai": "song_mang", "noi_dung": text, **answers}
        if photo:
            answers["anh"] = "1.jpg"
        for question, answer in answers.items():
            filling.answer(question, answer)
        assert filling.problems() == ()
        [answer] = self.phone.send(filling.submission(), {"1.jpg": photo} if photo else None)
        assert answer.status == 201

    def visitor(self, username: str, role: str, *villages: Village) -> Browser:
        db.session.rollback()  # phones have written since this session began to read
        make_person(username, role, self.commune, villages)
        found = browser(self.app)
        found.sign_in(username)
        return found


@pytest.fixture
def world(app: Flask) -> Iterator[World]:
    return World(app)


def link(page: str) -> str:
    found = re.search(rf'href="({PAGE}/\d+)"', page)
    assert found, page
    return found[1]


def step(visitor: Browser, url: str, act: str, text: str = "", state: str | None = None) -> int:
    """Press a button of the page; the status of the answer."""
    page = visitor.get(url).text
    shown = re.search(r'name="trang_thai" value="(\w+)"', page)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page[page.index("<main") :])
    assert shown
    assert token
    data = {"csrf_token": token[1], "trang_thai": state or shown[1], "viec": act, "noi_dung": text}
    return visitor.post(url, data=data).status_code


def acts() -> list[str]:
    db.session.rollback()
    return [act for act in db.session.scalars(sa.select(Audit.act).order_by(Audit.id)) if "diff" in act]


def test_a_difficulty_goes_from_a_phone_to_a_closed_answer(world: World) -> None:
    world.tell(muon_tra_loi="co", ho=world.household_id, o_dau="Ngõ 5")
    officer = world.visitor("can_bo", "officer")
    listing = officer.get(PAGE).text
    assert TEXT in listing
    assert "Thôn Đông" in listing
    url = link(listing)
    assert step(officer, url, "take") == 302
    assert step(officer, url, "answer", "Nhà mạng sẽ dựng trạm mới trước 30/12.") == 302
    page = officer.get(url).text
    assert "Nhà mạng sẽ dựng trạm mới trước 30/12." in page
    assert "đã trả lời" in page
    assert step(officer, url, "close") == 302
    assert TEXT not in officer.get(PAGE).text
    assert TEXT in officer.get(f"{PAGE}?trang_thai=closed").text
    assert step(officer, url, "reopen", "Vẫn chưa có sóng.") == 302
    assert TEXT in officer.get(PAGE).text
    history = re.findall(r"<strong>([^<]+)</strong> <small>Người can_bo", officer.get(url).text)
    assert history == ["Nhận xử lý", "Trả lời", "Đóng", "Mở lại"]


def test_the_answer_and_the_reason_to_reopen_must_be_said(world: World) -> None:
    world.tell()
    officer = world.visitor("can_bo", "officer")
    url = link(officer.get(PAGE).text)
    assert step(officer, url, "answer", "   ") == 422
    assert step(officer, url, "close") == 302
    assert step(officer, url, "reopen") == 422


def test_who_comes_second_is_told_that_it_has_changed(world: World) -> None:
    world.tell()
    officer = world.visitor("can_bo", "officer")
    url = link(officer.get(PAGE).text)
    assert step(officer, url, "take") == 302
    assert step(officer, url, "take", state="new") == 409
    assert step(officer, url, "reopen", "không mở được khi chưa đóng") == 409


def test_the_households_name_is_shown_on_request_and_logged(world: World) -> None:
    """R24: officer, labels on request, logged."""
    world.tell(muon_tra_loi="co", ho=world.household_id)
    officer = world.visitor("can_bo", "officer")
    listing = officer.get(PAGE).text
    url = link(listing)
    assert LABEL not in listing
    assert LABEL not in officer.get(url).text
    assert LABEL in officer.get(f"{url}?ho=1").text
    told = sa.select(Audit.detail).where(Audit.act == "difficulty.read").order_by(Audit.id)
    db.session.rollback()
    assert [detail and detail["label"] for detail in db.session.scalars(told)] == [False, True]


def test_a_team_leader_reads_those_of_his_thon_and_changes_none(world: World) -> None:
    """R24: team leader, records of his thôn with label."""
    world.tell(muon_tra_loi="co", ho=world.household_id)
    own = world.visitor("to_dong", "team_leader", world.east)
    url = link(own.get(PAGE).text)
    page = own.get(url)
    assert LABEL in page.text
    assert 'name="viec"' not in page.text
    token = own.csrf_token(PAGE)
    assert own.post(url, data={"csrf_token": token, "trang_thai": "new", "viec": "take"}).status_code == 403
    other = world.visitor("to_doai", "team_leader", world.west)
    assert TEXT not in other.get(PAGE).text
    assert TEXT not in other.get(f"{PAGE}?thon={world.east.id}").text
    assert other.get(url).status_code == 404


def test_leaders_learn_only_how_many_wait(world: World) -> None:
    world.tell()
    world.tell("Wi-Fi nhà văn hóa không vào được.", loai="wifi")
    leader = world.visitor("lanh_dao", "leader")
    assert "2 phản ánh của người dân đang chờ xử lý" in leader.get("/xa/11629").text
    assert TEXT not in leader.get("/xa/11629").text
    assert leader.get(PAGE).status_code == 403


def test_an_officer_of_another_commune_opens_nothing(world: World) -> None:
    world.tell(photo=sample.JPEG)
    officer = world.visitor("can_bo", "officer")
    page = officer.get(link(officer.get(PAGE).text)).text
    photo = re.search(r'<img src="([^"]+)"', page)
    assert photo
    db.session.rollback()
    make_person("xa_khac", "officer", sample.make_commune("10930", "Mao Điền"))
    stranger = browser(world.app)
    stranger.sign_in("xa_khac")
    assert stranger.get(PAGE).status_code == 403
    assert stranger.get(photo[1]).status_code == 403
    assert stranger.get(photo[1].replace("11629", "10930")).status_code == 404


def test_a_photo_is_drawn_and_never_run(world: World) -> None:
    world.tell(photo=sample.JPEG)
    officer = world.visitor("can_bo", "officer")
    url = link(officer.get(PAGE).text)
    photo = re.search(r'<img src="([^"]+)"', officer.get(url).text)
    assert photo
    answer = officer.get(photo[1])
    assert answer.data == sample.JPEG
    assert answer.content_type == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_lists_are_filtered_by_thon_kind_and_state(world: World) -> None:
    world.tell()
    world.tell("Wi-Fi nhà văn hóa không vào được.", loai="wifi")
    officer = world.visitor("can_bo", "officer")
    wifi = officer.get(f"{PAGE}?loai=wifi").text
    assert "Wi-Fi nhà văn hóa không vào được." in wifi
    assert TEXT not in wifi
    assert TEXT in officer.get(f"{PAGE}?thon={world.east.id}&trang_thai=new").text
    assert TEXT not in officer.get(f"{PAGE}?thon={world.west.id}").text
    assert TEXT not in officer.get(f"{PAGE}?trang_thai=answered").text


def test_what_waits_longest_comes_first_on_pages_of_fifty(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difficulties, "PAGE", 2)
    for number in range(3):
        world.tell(f"Việc số {number}")
    officer = world.visitor("can_bo", "officer")
    first, second = officer.get(PAGE).text, officer.get(f"{PAGE}?trang=2").text
    assert re.findall(r"Việc số \d", first) == ["Việc số 0", "Việc số 1"]
    assert re.findall(r"Việc số \d", second) == ["Việc số 2"]
    assert 'rel="next"' in first
    assert 'rel="next"' not in second


def test_an_edit_stays_the_same_difficulty_and_a_rejected_one_is_gone(world: World) -> None:
    world.tell()
    officer = world.visitor("can_bo", "officer")
    url = link(officer.get(PAGE).text)
    step(officer, url, "take")
    [first] = sample.arrived()
    text = first.xml.decode().replace(TEXT, "Đã sửa: cả ngõ 6.")
    ids = f"<instanceID>uuid:{uuid.uuid4()}</instanceID><deprecatedID>{first.instance_id}</deprecatedID>"
    edit = text.replace(f"<instanceID>{first.instance_id}</instanceID>", ids)
    assert edit != text
    [answer] = world.phone.send(edit.encode())
    assert answer.status == 201, answer.message
    listing = officer.get(PAGE).text
    assert "Đã sửa: cả ngõ 6." in listing
    assert TEXT not in listing
    assert "đang xử lý" in officer.get(url).text
    newest = sample.arrived()[-1]
    newest.review = "rejected"
    db.session.commit()
    assert "Đã sửa" not in officer.get(PAGE).text
    assert officer.get(url).status_code == 404


def test_every_reading_and_every_step_is_in_the_audit_without_a_word_of_it(world: World) -> None:
    """R23."""
    world.tell()
    officer = world.visitor("can_bo", "officer")
    url = link(officer.get(PAGE).text)
    step(officer, url, "answer", "Đã báo nhà mạng.")
    assert acts() == ["difficulty.list", "difficulty.read", "difficulty.answer"]
    db.session.rollback()
    kept = " ".join(str((row.act, row.record, row.detail)) for row in db.session.scalars(sa.select(Audit)))
    assert TEXT not in kept
    assert "Đã báo" not in kept


def test_one_that_was_set_aside_is_taken_in_once_it_is_approved(world: World) -> None:
    """R23: what lies outside the collector's thôn waits for a person."""
    away = sample.make_entity(world.west, "Hộ Đoài", data={"thon": "11629002"})
    away_id = str(away.id)
    xform, media = world.phone.sync()["phan_anh"]
    filling = engine.open_form(xform, media).start()
    answers = {
        "thon": "11629001",
        "loai": "wifi",
        "noi_dung": TEXT,
        "muon_tra_loi": "co",
        "ho": world.household_id,
    }
    for question, answer in answers.items():
        filling.answer(question, answer)
    [answer] = world.phone.send(filling.submission().replace(world.household_id.encode(), away_id.encode()))
    assert answer.status == 201
    [stored] = sample.arrived()
    assert stored.quarantine == "outside_village"
    url = f"/quan-tri/xa/11629/phieu/{stored.id}"
    officer = world.visitor("can_bo", "officer")
    assert TEXT not in officer.get(PAGE).text
    data = {"csrf_token": officer.csrf_token(url), "trang_thai": "approved", "dang_la": "received"}
    assert officer.post(url, data=data).status_code == 302
    assert TEXT in officer.get(PAGE).text
