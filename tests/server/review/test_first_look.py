"""Two levels of review: a team's leader first, then the office; how long things wait; what is held by chance (R37)."""

import datetime as dt
import uuid
from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from server import audit, clock
from server.coverage import coverage_table
from server.db import db
from server.intake import catch_up
from server.models import Audit, Commune, Entity, Submission, SubmissionReview, Village
from server.review import doubts, first_look, held_shares, waiting_times
from server.review.first_look import FirstLookRule, Waited, WaitsFor
from tests import sample
from tests.conftest import Template, filled_once
from tests.people import Browser, browser, make_person
from tests.phone import InProcess, Phone

VISIT = """
| survey |
|        | type                            | name     | label      | calculation | phan_loai |
|        | select_one_from_file thon.csv   | thon     | Thôn       |             |           |
|        | select_one_from_file ho_dan.csv | ho       | Hộ         |             |           |
|        | select_one ket_qua              | ket_qua  | Kết quả    |             |           |
|        | integer                         | nguoi    | Người lớn  |             |           |
|        | text                            | dien_thoai | Điện thoại |           | ca_nhan   |
|        | begin group                     | chi_tieu | Ghi nhận   |             |           |
|        | calculate                       | doi_tuong |           | ${ho}       |           |
|        | note                            | nhac     | Xin cảm ơn |             |           |
|        | end group                       |          |            |             |           |
| choices |
|        | list_name | name | label |
|        | ket_qua   | gap  | Gặp   |
|        | ket_qua   | vang | Vắng  |
| settings |
|        | form_title | form_id | version |
|        | Thăm hộ    | tham    | 1       |
"""
EAST, WEST = "11629001", "11629002"


def _fill(app: Flask) -> None:
    commune = sample.make_commune()
    for code, name in ((EAST, "Thôn Đông"), (WEST, "Thôn Tây")):
        village = sample.make_village(commune, code, name)
        for number in range(1, 7):
            sample.make_entity(village, f"Chủ hộ {name[5:]} {number}, Ngõ {number}", data={"thon": code})
        make_person(f"to_truong_{code}", "team_leader", commune, (village,))
    make_person("can_bo", "officer", commune)
    sample.publish(VISIT)
    first_look.set_rule(commune, FirstLookRule(leaders_first=True, days=7))
    db.session.commit()


@pytest.fixture(scope="module")
def prepared(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with filled_once(template_database, tmp_path_factory.mktemp("led"), _fill) as template:
        yield template


class Led:
    """The commune with its leaders, officer and one collector's phone."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.commune = db.session.query(Commune).one()
        self.villages = {each.code: each for each in db.session.query(Village)}
        made = sample.make_collector(self.commune, list(self.villages.values()))
        self.phone = Phone(InProcess(app), f"http://localhost/key/{made.token}")

    def homes(self, code: str = EAST) -> list[Entity]:
        query = sa.select(Entity).where(Entity.village_id == self.villages[code].id).order_by(Entity.label)
        return list(db.session.scalars(query))

    def visit(self, home: Entity, flag: str | None = "too_short", quarantine: str | None = None) -> int:
        """A visit as a phone sends it, which the server finds doubtful; its number."""
        answers = (
            f"<thon>{home.data['thon']}</thon><ho>{home.id}</ho><ket_qua>gap</ket_qua><nguoi>3</nguoi>"
            f"<dien_thoai>0912 345 678</dien_thoai><chi_tieu><doi_tuong>{home.id}</doi_tuong></chi_tieu>"
        )
        [answer] = self.phone.send(sample.filled(answers, form_id="tham"))
        assert answer.status == 201
        catch_up.caught_up()
        db.session.rollback()
        stored = db.session.scalars(sa.select(Submission).order_by(Submission.id.desc())).first()
        assert stored is not None
        number = stored.id
        if flag:
            stored.flags = [{"code": flag, "about": "40 giây", "detail": "4 phút"}]
        stored.quarantine = quarantine
        db.session.commit()
        return number

    def browser(self, username: str) -> Browser:
        db.session.rollback()
        found = browser(self.app)
        found.sign_in(username)
        return found

    @cached_property
    def leader(self) -> Browser:
        return self.browser(f"to_truong_{EAST}")

    @cached_property
    def officer(self) -> Browser:
        return self.browser("can_bo")

    def list(self) -> str:
        """The leader's page."""
        told = self.leader.get(f"/xa/11629/to/{EAST}/phieu")
        assert told.status_code == 200
        return str(told.text)

    def act(self, number: int, what: str, text: str = "", status: int = 200, seen: str = "received") -> str:
        """A button of the leader's page."""
        page = f"/xa/11629/to/{EAST}/phieu/{number}"
        data = {"csrf_token": self.leader.csrf_token(page), "viec": what, "loi": text, "dang_la": seen}
        told = self.leader.post(page, data=data, follow_redirects=True)
        assert told.status_code == status, told.text
        db.session.rollback()
        return str(told.text)

    def whose(self, number: int) -> WaitsFor | None:
        """For whom a submission waits; None: for nobody."""
        db.session.rollback()
        found = [each for each in first_look.waiting(self.commune) if each.id == number]
        return found[0].waits_for if found else None


@pytest.fixture
def led(app: Flask) -> Led:
    return Led(app)


def test_a_leader_sees_what_waits_of_their_thon_and_accepts_it(led: Led) -> None:
    """R37. By the household's label, without personal answers, each view a row of the audit."""
    home, other = led.homes()[0], led.homes(WEST)[0]
    number, elsewhere = led.visit(home), led.visit(other)
    shown = led.list()
    assert home.label in shown
    assert other.label not in shown
    assert "Phiếu điền trong 40 giây" in shown
    today = led.leader.get(f"/xa/11629/to/{EAST}").text
    assert "1 phiếu</strong> của thôn chờ bạn xem" in today
    one = led.leader.get(f"/xa/11629/to/{EAST}/phieu/{number}").text
    assert "Người lớn" in one
    assert "0912 345 678" not in one
    assert led.leader.get(f"/xa/11629/to/{EAST}/phieu/{elsewhere}").status_code == 404
    assert led.leader.get(f"/xa/11629/to/{WEST}/phieu").status_code == 403
    assert led.leader.get("/quan-tri/xa/11629/phieu").status_code == 403
    assert "Đã duyệt phiếu." in led.act(number, "nhan")
    assert db.session.get_one(Submission, number).review == "approved"
    assert home.label not in led.list()
    db.session.rollback()
    acts = db.session.scalars(sa.select(Audit.act).where(Audit.record == f"submission:{number}")).all()
    assert {"submission.read", "submission.review"} <= set(acts)


def test_a_household_that_is_asked_again_is_told_to_phones_and_comes_back_answered(led: Led) -> None:
    """R37."""
    home = led.homes()[0]
    number = led.visit(home)
    refused = led.act(number, "hoi", status=409)
    assert "hãy ghi lời nhắn" in refused
    assert db.session.get_one(Submission, number).review == "received"  # nothing of it was kept
    led.act(number, "hoi", "hỏi lại số người")
    _, media = led.phone.sync()["tham"]
    assert "[nhắn: hỏi lại số người]" in media["ho_dan.csv"].decode()
    assert led.whose(number) is WaitsFor.HOUSEHOLD
    assert home.label in led.list().partition('id="hoi-lai"')[2]
    led.visit(home, flag=None)
    assert led.whose(number) is WaitsFor.LEADER
    assert "Đã hỏi lại, đã có lần đến mới." in led.list()
    led.act(number, "nhan", seen="has_issues")
    assert led.whose(number) is None


def test_what_a_leader_sends_on_waits_for_the_office(led: Led) -> None:
    """R37."""
    number = led.visit(led.homes()[0])
    queue = "/quan-tri/xa/11629/phieu"
    assert f"số {number}<" not in led.officer.get(queue).text
    assert f"số {number}<" in led.officer.get(f"{queue}?cho=leader").text
    assert f"số {number}<" in led.officer.get(f"{queue}?cho=moi").text
    led.act(number, "chuyen", "không rõ hộ này")
    assert led.whose(number) is WaitsFor.OFFICE
    assert f"số {number}<" in led.officer.get(queue).text
    one = led.officer.get(f"{queue}/{number}").text
    assert "Tổ trưởng chuyển lên" in one
    assert "không rõ hộ này" in one
    assert "không còn chờ tổ trưởng" in led.act(number, "nhan", status=409)
    assert db.session.get_one(Submission, number).review == "received"


def test_what_a_leader_leaves_lying_goes_on_by_itself_and_so_does_all_without_a_leader(led: Led) -> None:
    """R37."""
    old, aside, led_by_nobody = (
        led.visit(led.homes()[0]), led.visit(led.homes()[1], quarantine="outside"), led.visit(led.homes(WEST)[0])
    )  # fmt: skip
    assert led.whose(old) is led.whose(led_by_nobody) is WaitsFor.LEADER
    assert led.whose(aside) is WaitsFor.OFFICE
    at = clock.now() - dt.timedelta(days=8)
    db.session.execute(sa.update(Submission).where(Submission.id == old).values(received_at=at))
    db.session.execute(
        sa.text("update person set active = false where username = :name"), {"name": f"to_truong_{WEST}"}
    )
    db.session.commit()
    assert led.whose(old) is led.whose(led_by_nobody) is WaitsFor.OFFICE
    first_look.set_rule(led.commune, FirstLookRule(leaders_first=False, days=7))
    db.session.commit()
    fresh = led.visit(led.homes()[2])
    assert led.whose(fresh) is WaitsFor.OFFICE
    assert "Xã chưa để tổ trưởng xem trước" in led.list()


def test_two_who_decide_at_once_do_not_undo_each_other(led: Led) -> None:
    number = led.visit(led.homes()[0])
    page = f"/quan-tri/xa/11629/phieu/{number}"
    data = {"csrf_token": led.officer.csrf_token(page), "trang_thai": "has_issues", "dang_la": "received"}
    assert led.officer.post(page, data=data).status_code == 302
    assert "vừa được người khác xử lý" in led.act(number, "nhan", status=409)


def test_the_office_sees_how_long_things_wait_and_sets_who_looks_first(led: Led) -> None:
    """R37."""
    first, second = led.visit(led.homes()[0]), led.visit(led.homes()[1])
    for number, days in ((first, 3), (second, 5)):
        at = clock.now() - dt.timedelta(days=days)
        db.session.execute(sa.update(Submission).where(Submission.id == number).values(received_at=at))
    db.session.commit()
    page = "/quan-tri/xa/11629/phieu/cho-doi"
    shown = led.officer.get(page).text
    row = shown.partition("Chờ tổ trưởng</th>")[2].partition("</tr>")[0]
    assert ">2</td>" in row
    assert ">4 ngày</td>" in row
    assert ">5 ngày</td>" in row
    assert "Thôn Đông" in shown
    led.act(first, "nhan")
    assert "Đã duyệt</th>" in led.officer.get(page).text
    data = {"csrf_token": led.officer.csrf_token(page), "ngay": 3}
    led.officer.post(page, data=data)
    db.session.rollback()
    assert first_look.rule(led.commune) == FirstLookRule(leaders_first=False, days=3)
    assert led.whose(second) is WaitsFor.OFFICE
    assert led.leader.get(page).status_code == 403


def test_a_share_is_held_by_chance_and_counts_meanwhile(led: Led) -> None:
    """R37. Of each form its own, else that of all; by a seed that is shown and was made after the visits before."""
    before = led.visit(led.homes()[0], flag=None)
    page = "/quan-tri/xa/11629/phieu/cho-doi"
    data = {"csrf_token": led.officer.csrf_token(page), "bieu_mau": 0, "phan": 20}
    shown = led.officer.post(f"{page}/giu", data=data, follow_redirects=True).text
    db.session.rollback()
    [held] = held_shares.in_force(led.commune)
    assert f"<code>{held.seed}</code>" in shown
    numbers = [led.visit(home, flag=None) for home in [*led.homes(), *led.homes(WEST)] * 2]
    doubts.once()
    db.session.rollback()
    rows = {each.id: each for each in db.session.scalars(sa.select(Submission))}
    drawn = {number for number, row in rows.items() if row.flags}
    wanted = {
        number
        for number in numbers
        if held_shares.is_drawn(held.seed, rows[number].instance_id, Fraction(1, 5))
    }
    assert drawn == wanted
    assert before not in drawn
    assert all(led.whose(number) is WaitsFor.LEADER for number in drawn)
    assert coverage_table.table(led.commune, full=True) is not None
    assert all(rows[number].quarantine is None for number in numbers)
    form = rows[before].form
    held_shares.put(led.commune, form, Fraction(0), audit.SHELL)
    db.session.commit()
    later = [led.visit(home, flag=None) for home in led.homes()]
    doubts.once()
    db.session.rollback()
    assert not any(db.session.get_one(Submission, number).flags for number in later)


@given(
    st.lists(st.uuids().map(str), max_size=30, unique=True), st.text(), st.fractions(0, 1), st.fractions(0, 1)
)
def test_a_larger_share_holds_all_that_a_smaller_one_does(
    keys: list[str], seed: str, one: Fraction, other: Fraction
) -> None:
    """R37."""
    few, many = sorted((one, other))
    drawn = [{key for key in keys if held_shares.is_drawn(seed, key, share)} for share in (few, many)]
    assert drawn[0] <= drawn[1]
    assert {key for key in keys if held_shares.is_drawn(seed, key, Fraction(1))} == set(keys)
    assert not any(held_shares.is_drawn(seed, key, Fraction(0)) for key in keys)


def test_a_share_holds_about_as_many_as_it_says() -> None:
    """R37."""
    drawn = sum(
        held_shares.is_drawn("hạt", str(uuid.UUID(int=number)), Fraction(1, 10)) for number in range(2000)
    )
    assert 160 <= drawn <= 240


def test_times_are_those_of_half_and_of_the_oldest() -> None:
    now = clock.now()
    waited = [
        Waited(number, None, WaitsFor.OFFICE, now - dt.timedelta(days=days), is_answered=False)
        for number, days in enumerate((1, 2, 9))
    ]
    found = waiting_times.of(waited)
    assert found is not None
    assert (found.number, round(found.median), round(found.longest), found.late) == (3, 2, 9, 1)
    assert waiting_times.of([]) is None
    assert [waiting_times.words(days) for days in (0.01, 1.5, 2.4)] == ["1 giờ", "36 giờ", "2 ngày"]


def test_history_tells_who_sent_it_on(led: Led) -> None:
    number = led.visit(led.homes()[0])
    led.act(number, "chuyen")
    [step] = db.session.scalars(sa.select(SubmissionReview)).all()
    assert (step.submission_id, step.sends_on, step.before, step.after) == (
        number,
        True,
        "received",
        "received",
    )
