"""The review pages over HTTP: who sees what, and what phones and counts learn of a decision (R5)."""

import csv
import io
import re
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from forms.engine import engine
from server import clock
from server.db import db
from server.models import Audit, Entity, EntityVersion, Submission, SubmissionReview, Village
from server.published_forms import library_forms
from server.review import review_queue
from tests import sample
from tests.asked import statements
from tests.people import Browser, bearing, browser, make_person, make_token
from tests.phone import InProcess, Phone

QUEUE = "/quan-tri/xa/11629/phieu"
LABEL = "Bà Nguyễn Thị Kín, Ngõ 7, số 3"
NEAR = "Ông Trần Văn Gần, Ngõ 7, số 5"


class World:
    """A commune with two thôn, a collector in the first, two households of one lane."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        library_forms.publish_library(["ho_gia_dinh"])
        self.commune = sample.make_commune()
        self.east: Village = sample.make_village(self.commune, "11629001", "Thôn Đông")
        self.west: Village = sample.make_village(self.commune, "11629002", "Thôn Đoài")
        self.token = make_token()
        collector = sample.make_collector(self.commune, [self.east])
        self.phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
        homes = [(LABEL, "Ngõ 7, số 3"), (NEAR, "Ngõ 7, số 5"), ("Xa", "Ngõ 77, số 1")]
        self.homes = [
            str(sample.make_entity(self.east, label, data={"thon": "11629001", "dia_chi": address}).id)
            for label, address in homes
        ]
        for home in self.homes:
            self._first_version(uuid.UUID(home))
        self.away = str(sample.make_entity(self.west, "Hộ Đoài", data={"thon": "11629002"}).id)

    def _first_version(self, home: uuid.UUID) -> None:
        """As a list that was loaded leaves it: a rejected visit gives back what was before it."""
        entity = db.session.get_one(Entity, home)
        listed = {"label": entity.label, "data": entity.data, "received": entity.data, "version": 1}
        db.session.add(EntityVersion(entity_id=home, created_at=entity.created_at, **listed))
        db.session.commit()

    def visit(self, home: str | None = None, **answers: object) -> int:
        """A household is met; the id of the submission."""
        xform, media = self.phone.sync()["ho_gia_dinh"]
        filling = engine.open_form(xform, media).start()
        filling.answer("thon", "11629001")
        filling.answer("ho", home or self.homes[0])
        for question, answer in ({"ket_qua": "gap", "gbps": "co"} | answers).items():
            filling.answer(question, answer)
        [answer] = self.phone.send(filling.submission())
        assert answer.status == 201
        return sample.arrived()[-1].id

    def outside(self) -> int:
        """A visit to another thôn's household, set aside."""
        xform, media = self.phone.sync()["ho_gia_dinh"]
        filling = engine.open_form(xform, media).start()
        for question, answer in {"thon": "11629001", "ho": self.homes[0], "ket_qua": "gap"}.items():
            filling.answer(question, answer)
        [answer] = self.phone.send(filling.submission().replace(self.homes[0].encode(), self.away.encode()))
        assert answer.status == 201
        return sample.arrived()[-1].id

    def flag(self, submission_id: int, code: str = "too_short") -> None:
        row = db.session.get_one(Submission, submission_id)
        row.flags = [{"code": code, "about": "40 giây", "detail": "4 phút"}]
        db.session.commit()

    def visitor(self, username: str, role: str, *villages: Village) -> Browser:
        db.session.rollback()
        make_person(username, role, self.commune, villages)
        found = browser(self.app)
        found.sign_in(username)
        return found

    def met(self) -> object:
        answer = browser(self.app).get("/api/v1/communes/11629/coverage", headers=bearing(self.token))
        [row] = [each for each in answer.get_json()["indicators"] if each["code"] == "bang_rong_1gbps"]
        return row["subjects"]

    def on_phone(self) -> dict[str, str]:
        """The household's row in the list that the phone gets."""
        listed = self.phone.sync()["ho_gia_dinh"][1]["ho_dan.csv"].decode()
        return next(row for row in csv.DictReader(io.StringIO(listed)) if row["name"] == self.homes[0])


@pytest.fixture
def world(app: Flask) -> Iterator[World]:
    return World(app)


def decide(
    visitor: Browser, submission_id: int, state: str, seen: str = "", comment: str = "Đã hỏi lại tổ trưởng."
) -> int:
    """Press a button of the page; the status of the answer."""
    url = f"{QUEUE}/{submission_id}"
    page = visitor.get(url).text
    shown = re.search(r'name="dang_la" value="(\w+)"', page)
    assert shown
    data = {
        "csrf_token": visitor.csrf_token(url),
        "trang_thai": state,
        "dang_la": seen or shown[1],
        "ghi_chu": comment,
    }
    return visitor.post(url, data=data).status_code


def test_a_rejection_on_the_page_leaves_the_counts_and_the_phones_see_it(world: World) -> None:
    """A rejected visit's household is no longer green on the next sync."""
    submission = world.visit()
    green = world.on_phone()
    assert (green["tinh_trang"], green["marker-color"]) == ("da_gap", "#2e7d32")
    before = world.met()
    officer = world.visitor("can_bo", "officer")
    assert decide(officer, submission, "rejected", comment="Hỏi nhầm nhà.") == 302
    after = world.on_phone()
    assert (after["tinh_trang"], after["lan_tham"]) == ("chua_tham", "0")
    assert after["marker-color"] != green["marker-color"]
    assert int(after["__version"]) > int(green["__version"])
    assert world.met() != before
    assert "Hỏi nhầm nhà." in officer.get(f"{QUEUE}/{submission}").text
    assert decide(officer, submission, "approved") == 302
    assert world.on_phone()["tinh_trang"] == "da_gap"
    assert world.met() == before


def test_approving_what_was_set_aside_lifts_it(world: World) -> None:
    submission = world.outside()
    officer = world.visitor("can_bo", "officer")
    assert f"{QUEUE}/{submission}" in officer.get(f"{QUEUE}?giu_rieng=1").text
    assert decide(officer, submission, "approved") == 302
    db.session.rollback()
    row = db.session.get_one(Submission, submission)
    assert (row.quarantine, row.review) == (None, "approved")
    assert f"{QUEUE}/{submission}" not in officer.get(f"{QUEUE}?giu_rieng=1").text


def test_who_decides_second_is_told(world: World) -> None:
    submission = world.visit()
    officer = world.visitor("can_bo", "officer")
    assert decide(officer, submission, "has_issues") == 302
    assert decide(officer, submission, "rejected", seen="received") == 409


def test_many_are_approved_at_once_and_those_that_cannot_be_stay(world: World) -> None:
    first, second = world.visit(), world.visit(world.homes[1])
    officer = world.visitor("can_bo", "officer")
    ticked = [f"{first}:received", f"{second}:has_issues", "9999:received", "x", ":"]
    answer = decide_many(officer, "approved", phieu=ticked)
    assert answer.status_code == 302
    page = officer.get(answer.location).text
    assert "1 phiếu nay là “đã duyệt”. 2 phiếu chưa làm được" in page
    db.session.rollback()
    assert [row.review for row in sample.arrived()] == ["approved", "received"]


def decide_many(
    visitor: Browser, state: str, query: str = "?trang_thai=received", **fields: object
) -> TestResponse:
    data = {"csrf_token": visitor.csrf_token(f"{QUEUE}{query}"), "trang_thai": state, **fields}
    return visitor.post(f"{QUEUE}/quyet-dinh{query}", data=data)


def _shown(visitor: Browser, query: str) -> set[int]:
    """The submissions that the queue shows."""
    found = re.findall(rf'href="{QUEUE}/(\d+)"', visitor.get(f"{QUEUE}{query}").text)
    return {int(each) for each in found}


def test_a_visit_marked_to_be_looked_at_again_waits(world: World) -> None:
    """desk-01: it stands in the queue and in the count until it is decided otherwise."""
    marked = world.visit()
    officer = world.visitor("can_bo", "officer")
    assert _shown(officer, "") == set()
    assert decide(officer, marked, "has_issues", comment="Số người lạ") == 302
    assert _shown(officer, "") == {marked}
    page = officer.get(QUEUE).text
    assert "Đang chờ: <strong>1</strong> phiếu" in page
    assert "Số người lạ" in page
    assert decide(officer, marked, "approved") == 302
    assert _shown(officer, "") == set()


def test_a_rejection_asks_for_its_reason(world: World) -> None:
    """Numbers become less: one visit or many, the page comes again with a sentence at its place."""
    first, second = world.visit(), world.visit(world.homes[1])
    officer = world.visitor("can_bo", "officer")
    assert decide(officer, first, "rejected", comment=" ") == 422
    answer = decide_many(officer, "rejected", phieu=[f"{first}:received", f"{second}:received"])
    assert (answer.status_code, "hãy ghi lý do" in answer.text) == (422, True)
    assert len(re.findall(r'name="phieu" value="\d+:received" checked', answer.text)) == 2
    assert [row.review for row in sample.arrived()] == ["received", "received"]


def test_many_visits_of_one_collector_are_rejected_once_with_one_reason(world: World) -> None:
    """desk-06: one history row each."""
    visits = [world.visit(world.homes[number % 3]) for number in range(6)]
    officer = world.visitor("can_bo", "officer")
    ticked = [f"{each}:received" for each in visits]
    assert decide_many(officer, "rejected", phieu=ticked, ghi_chu="Không đến nhà nào").status_code == 302
    assert {row.review for row in sample.arrived()} == {"rejected"}
    comments = db.session.scalars(sa.select(SubmissionReview.comment)).all()
    assert comments == ["Không đến nhà nào"] * 6
    assert world.on_phone()["tinh_trang"] == "chua_tham"


def test_all_that_a_filter_finds_are_decided_on_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one phone sent is undone in one act, whatever the pages; what the filter leaves out stays."""
    monkeypatch.setattr(review_queue, "PAGE", 2)
    visits = [world.visit(home) for home in world.homes]
    world.flag(visits[0])
    officer = world.visitor("can_bo", "officer")
    collector = sample.arrived()[0].collector_id
    query = f"?trang_thai=tat_ca&nguoi={collector}"
    answer = decide_many(officer, "rejected", query, tat_ca="1", ghi_chu="Máy hỏng")
    assert answer.status_code == 302
    assert "3 phiếu nay là “không nhận”." in officer.get(answer.location).text
    other = decide_many(officer, "approved", "?trang_thai=tat_ca&dau_hieu=too_short", tat_ca="1")
    assert other.status_code == 302
    assert [row.review for row in sample.arrived()] == ["approved", "rejected", "rejected"]


def test_the_queue_is_searched_by_number_day_and_household(world: World) -> None:
    """desk-02: a number whatever its state; a household by its name, for officers, and that is logged."""
    first, second = world.visit(), world.visit(world.homes[2])
    officer = world.visitor("can_bo", "officer")
    assert _shown(officer, f"?tim={second}") == {second}
    assert _shown(officer, "?trang_thai=tat_ca&tim=nguyen thi kin") == {first}
    assert _shown(officer, "?trang_thai=tat_ca&tim=khong co ai") == set()
    for day in ("0001-01-01", "9999-12-31"):  # days whose ends no clock can tell
        assert _shown(officer, f"?trang_thai=tat_ca&ngay={day}") == set()
    day = clock.day_of(sample.arrived()[0].observed_at)
    assert _shown(officer, f"?trang_thai=tat_ca&ngay={day}") == {first, second}
    assert _shown(officer, "?trang_thai=tat_ca&ngay=2020-01-01") == set()
    assert LABEL not in officer.get(f"{QUEUE}?trang_thai=tat_ca").text
    page = officer.get(f"{QUEUE}?trang_thai=tat_ca&ten=1").text
    assert LABEL in page
    assert f'href="/quan-tri/xa/11629/ho/{world.homes[0]}"' in page
    db.session.rollback()
    assert db.session.scalars(sa.select(Audit.act).where(Audit.act == "submission.list")).all()
    reviewer = world.visitor("soat", "reviewer")
    page = reviewer.get(f"{QUEUE}?trang_thai=tat_ca&ten=1&tim=nguyen thi kin").text
    assert LABEL not in page
    assert world.homes[0] not in page


def test_the_queue_is_narrowed_by_flag_thon_collector_form_and_state(world: World) -> None:
    clean, doubtful = world.visit(), world.visit(world.homes[1])
    world.flag(doubtful)
    officer = world.visitor("can_bo", "officer")

    def shown(query: str) -> set[int]:
        return _shown(officer, query)

    assert shown("") == {doubtful}
    assert shown("?dau_hieu=too_short") == {doubtful}
    assert shown("?dau_hieu=same_point") == set()
    assert shown("?trang_thai=received") == {clean, doubtful}
    assert shown(f"?trang_thai=received&thon={world.east.id}") == {clean, doubtful}
    assert shown(f"?trang_thai=received&thon={world.west.id}") == set()
    row = sample.arrived()[0]
    assert shown(f"?trang_thai=tat_ca&nguoi={row.collector_id}&bieu_mau={row.form_id}") == {clean, doubtful}
    assert shown(f"?trang_thai=tat_ca&nguoi={(row.collector_id or 0) + 1}") == set()
    assert shown("?trang_thai=rejected") == set()
    assert "phiếu điền trong 40 giây, thường mất 4 phút".capitalize() in officer.get(QUEUE).text


def test_answers_are_told_by_the_words_of_their_questions(world: World) -> None:
    submission = world.visit(nguoi_18=3, giup_gi="smart", giup_smart=2)
    page = world.visitor("can_bo", "officer").get(f"{QUEUE}/{submission}").text
    assert "Kết quả lần đến này" in page
    assert "Số người được giúp cài Smart Hải Phòng" in page
    assert "ket_qua" not in page
    assert "chi_tieu" not in page


def test_a_reviewer_sees_no_label_whatever_he_asks_for(world: World) -> None:
    """R24: reviewer, records without labels; officer, labels on request, logged."""
    submission = world.visit()
    reviewer = world.visitor("soat", "reviewer")
    for query in ("", "?ho=1"):
        page = reviewer.get(f"{QUEUE}/{submission}{query}").text
        assert "Kín" not in page
        assert NEAR not in page
    officer = world.visitor("can_bo", "officer")
    assert "Kín" not in officer.get(f"{QUEUE}/{submission}").text
    page = officer.get(f"{QUEUE}/{submission}?ho=1").text
    assert LABEL in page
    assert NEAR in page
    assert "Xa: " not in page
    db.session.rollback()
    read = sa.select(Audit.detail).where(Audit.act == "submission.read").order_by(Audit.id)
    assert [detail and detail["label"] for detail in db.session.scalars(read)] == [False, False, False, True]


def test_a_reviewer_decides_on_all_that_the_page_shows_and_not_on_who_is_called_so(world: World) -> None:
    """R24: the page passes over a name that they search for; how many were decided on would tell whom it found."""
    visits = [world.visit(home) for home in world.homes]
    reviewer = world.visitor("soat", "reviewer")
    shown = reviewer.get(f"{QUEUE}?trang_thai=tat_ca&tim=Nguyễn+Thị+Kín").text
    assert all(f"{QUEUE}/{visit}" in shown for visit in visits)
    assert (
        decide_many(reviewer, "approved", "?trang_thai=tat_ca&tim=Nguyễn+Thị+Kín", tat_ca="1").status_code
        == 302
    )
    assert [row.review for row in sample.arrived()] == ["approved"] * 3


@pytest.mark.parametrize("role", ["leader", "team_leader"])
def test_others_of_the_commune_open_no_queue(world: World, role: str) -> None:
    submission = world.visit()
    villages = (world.east,) if role == "team_leader" else ()
    visitor = world.visitor("nguoi_khac", role, *villages)
    assert visitor.get(QUEUE).status_code == 403
    assert visitor.get(f"{QUEUE}/{submission}").status_code == 403


def test_an_officer_of_another_commune_opens_and_decides_nothing(world: World) -> None:
    submission = world.visit()
    make_person("xa_khac", "officer", sample.make_commune("10930", "Mao Điền"))
    stranger = browser(world.app)
    stranger.sign_in("xa_khac")
    assert stranger.get(QUEUE).status_code == 403
    other = QUEUE.replace("11629", "10930")
    assert stranger.get(f"{other}/{submission}").status_code == 404
    data = {"csrf_token": stranger.csrf_token(other), "trang_thai": "rejected", "dang_la": "received"}
    assert stranger.post(f"{other}/{submission}", data=data).status_code == 404
    assert stranger.post(f"{QUEUE}/{submission}", data=data).status_code == 403
    assert (
        stranger.post(
            f"{other}/quyet-dinh", data=data | {"ghi_chu": "x", "phieu": f"{submission}:received"}
        ).status_code
        == 302
    )
    db.session.rollback()
    assert sample.arrived()[0].review == "received"


def test_the_queue_takes_as_many_statements_for_many_as_for_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.flag(world.visit())
    officer = world.visitor("can_bo", "officer")
    one = statements(officer, QUEUE)
    for home in world.homes:
        world.flag(world.visit(home))
    assert statements(officer, QUEUE) == one
    monkeypatch.setattr(review_queue, "PAGE", 2)
    page = officer.get(QUEUE).text
    follow = re.search(r'rel="next" href="([^"]+)"', page)
    assert follow
    assert len(re.findall(rf'href="{QUEUE}/(\d+)"', officer.get(follow[1].replace("&amp;", "&")).text)) == 2
