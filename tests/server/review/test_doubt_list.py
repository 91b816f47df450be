"""The list of what is doubtful: ranked, narrowed, acted on, and gone when it is done; remarks that rules send."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from server import clock
from server.db import db, writing
from server.models import Audit, BackcheckDraw, Submission
from server.review import doubt_list, doubts
from server.review.doubt_list import DoubtFilter
from tests import sample
from tests.people import Browser, browser, make_person
from tests.server.review.conftest import CheckedThon, remarks_on

PAGE = "/quan-tri/xa/11629/nghi-ngo"


def signed_in(thon: CheckedThon, role: str = "officer", *, own: bool = False) -> Browser:
    make_person(f"nguoi.{role}", role, thon.commune, (thon.village,) if own else ())
    found = browser(thon.app)
    found.sign_in(f"nguoi.{role}")
    return found


def looked() -> None:
    doubts.once()
    db.session.rollback()


def rows(thon: CheckedThon, **wanted: object) -> list[doubt_list.DoubtRow]:
    db.session.rollback()
    found = list(doubt_list.listed(thon.commune, DoubtFilter(**wanted)).rows)  # type: ignore[arg-type]
    db.session.rollback()
    return found


def number_of(key: str) -> int:
    found = db.session.scalar(sa.select(Submission.id).where(Submission.instance_id == key)) or 0
    db.session.rollback()
    return found


def received_before(key: str, days: int) -> None:
    writing()
    at = clock.now() - dt.timedelta(days=days)
    db.session.execute(sa.update(Submission).where(Submission.instance_id == key).values(received_at=at))
    db.session.commit()


def test_the_heaviest_stands_first_and_a_week_of_waiting_weighs_as_one_step(thon: CheckedThon) -> None:
    light, heavy, light_late = thon.visit(0, people=20), thon.visit(1, ages=(102,)), thon.visit(2, people=21)
    thon.visit(3)
    looked()
    assert [row.id for row in rows(thon)] == [number_of(each) for each in (heavy, light, light_late)]
    received_before(light_late, 28)  # 2 and four weeks are more than 5
    assert [row.id for row in rows(thon)] == [number_of(each) for each in (light_late, heavy, light)]
    assert [row.proposed.words for row in rows(thon)] == ["hỏi lại", "phúc tra", "hỏi lại"]
    assert [row.id for row in rows(thon, act="phuc_tra")] == [number_of(heavy)]


def test_asking_again_takes_one_click_and_reaches_the_phone_until_a_visit_answers(thon: CheckedThon) -> None:
    key = thon.visit(4, people=20)
    looked()
    officer, number = signed_in(thon), number_of(key)
    page = officer.get(PAGE).text
    assert f'id="phieu-{number}"' in page
    assert 'value="Hỏi lại số người, ghi hơn 15"' in page
    assert "Nhà 4" not in page
    given = {"csrf_token": officer.csrf_token(PAGE), "loi_nhan": "Hỏi lại số người, ghi hơn 15"}
    answer = officer.post(f"{PAGE}/{number}/hoi-lai", data=given, follow_redirects=True)
    assert "Đã nhắn: lời nhắn hiện cạnh tên hộ" in answer.text
    assert "Không còn phiếu đáng ngờ nào phải làm" in answer.text
    assert "Đã nhắn" in officer.get(f"{PAGE}?trang_thai=dang_cho").text
    again = officer.post(f"{PAGE}/{number}/hoi-lai", data=given, follow_redirects=True)
    assert "đã có lời nhắn đang chờ trả lời" in again.text
    assert remarks_on(thon.phone(second=True)) == {thon.keys[4]: "Hỏi lại số người, ghi hơn 15"}

    newer = thon.visit(4, people=4, began=clock.now())
    looked()
    assert remarks_on(thon.phone(second=True)) == {}
    [row] = rows(thon)
    assert row.asked is not None
    assert row.asked.answered_by == number_of(newer)
    assert "So hai phiếu rồi quyết định" in officer.get(PAGE).text


def test_words_that_do_not_fit_are_told_beside_their_field_with_what_was_typed(thon: CheckedThon) -> None:
    key = thon.visit(0, people=20)
    looked()
    officer, number = signed_in(thon), number_of(key)
    given = {"csrf_token": officer.csrf_token(PAGE), "loi_nhan": "x" * 121}
    answer = officer.post(f"{PAGE}/{number}/hoi-lai", data=given)
    assert answer.status_code == 409
    assert "lời nhắn dài quá 120 chữ" in answer.text
    assert "x" * 121 in answer.text


def test_what_is_decided_or_edited_leaves_the_list(thon: CheckedThon) -> None:
    approved, edited, left = (thon.visit(home, people=20) for home in range(3))
    looked()
    officer = signed_in(thon)
    at = f"/quan-tri/xa/11629/phieu/{number_of(approved)}"
    given = {"csrf_token": officer.csrf_token(at), "trang_thai": "approved", "dang_la": "received"}
    assert officer.post(at, data=given).status_code == 302
    thon.visit(1, people=5, edits=edited)
    looked()
    assert [row.id for row in rows(thon)] == [number_of(left)]


def test_a_visit_that_is_drawn_waits_and_one_that_missed_the_draw_says_so(thon: CheckedThon) -> None:
    key = thon.visit(0, ages=(103,))
    looked()
    [row] = rows(thon)
    assert row.is_drawable
    writing()
    draw = BackcheckDraw(
        commune_id=thon.commune.id, drawn_at=clock.now(), seed="s", share="1/5", visits=1,
        until_id=number_of(key), actor="system",
    )  # fmt: skip
    db.session.add(draw)
    db.session.commit()
    [row] = rows(thon)
    assert not row.is_drawable
    assert "Lần bốc thăm đã qua" in signed_in(thon).get(PAGE).text


def test_a_rule_asks_by_itself_only_where_the_officer_says_so(thon: CheckedThon) -> None:
    """R34."""
    thon.visit(0, people=20)
    looked()
    assert remarks_on(thon.phone()) == {}
    officer = signed_in(thon)
    given = {"csrf_token": officer.csrf_token(PAGE), "tu_nhan": "1"}
    assert "tự nhắn người đi" in officer.post(f"{PAGE}/tu-nhan", data=given, follow_redirects=True).text
    asked, drawn = thon.visit(1, people=20), thon.visit(2, ages=(104,))
    looked()
    assert remarks_on(thon.phone()) == {thon.keys[1]: "Hỏi lại số người, ghi hơn 15"}
    assert {row.id for row in rows(thon, state="dang_cho")} == {number_of(asked)}
    assert number_of(drawn) in {row.id for row in rows(thon)}
    acts = db.session.scalars(sa.select(Audit.actor).where(Audit.act == "household.remark")).all()
    assert acts == ["system"]


def test_what_a_rule_asked_ends_with_the_edit_that_answers_and_is_asked_anew_by_one_that_does_not(
    thon: CheckedThon,
) -> None:
    """R34."""
    officer = signed_in(thon)
    officer.post(f"{PAGE}/tu-nhan", data={"csrf_token": officer.csrf_token(PAGE), "tu_nhan": "1"})
    first = thon.visit(0, people=20)
    looked()
    worse = thon.visit(0, people=30, edits=first)
    looked()
    assert remarks_on(thon.phone()) == {thon.keys[0]: "Hỏi lại số người, ghi hơn 15"}
    thon.visit(0, people=3, edits=worse)
    looked()
    assert remarks_on(thon.phone()) == {}
    assert rows(thon) == []


def test_a_household_that_left_the_list_is_asked_nothing_and_stops_nobody(thon: CheckedThon) -> None:
    officer = signed_in(thon)
    officer.post(f"{PAGE}/tu-nhan", data={"csrf_token": officer.csrf_token(PAGE), "tu_nhan": "1"})
    thon.visit(0, people=20)
    thon.visit(1, people=20)
    officer.get(PAGE)  # all that was sent is applied
    writing()
    thon.homes[0].ended_at = clock.now()
    db.session.commit()
    looked()
    assert remarks_on(thon.phone()) == {thon.keys[1]: "Hỏi lại số người, ghi hơn 15"}
    assert len(rows(thon)) == 1  # that of the household that is gone; nobody can be asked there


@pytest.mark.parametrize("role", ["team_leader", "reviewer", "leader", "admin", "city"])
def test_who_sees_the_list_and_what_of_it(thon: CheckedThon, role: str) -> None:
    other = sample.make_village(thon.commune, "11629002", "Thôn Đoài")
    key, elsewhere = thon.visit(5, people=20), thon.visit(6, people=20)
    looked()
    writing()
    db.session.execute(
        sa.update(Submission).where(Submission.instance_id == elsewhere).values(village_id=other.id)
    )
    db.session.commit()
    is_city_wide = role in ("admin", "city")
    make_person("nguoi.xem", role, None if is_city_wide else thon.commune,
                (thon.village,) if role == "team_leader" else ())  # fmt: skip
    reader = browser(thon.app)
    reader.sign_in("nguoi.xem")
    answer = reader.get(PAGE)
    if role not in ("team_leader", "reviewer"):
        assert answer.status_code == 403
        return
    shown = set(map(int, re.findall(r'id="phieu-(\d+)"', answer.text)))
    all_of_it = {number_of(key), number_of(elsewhere)}
    assert shown == ({number_of(key)} if role == "team_leader" else all_of_it)
    assert ("Nhà 5" in answer.text) is (role == "team_leader")
    assert ("Nhắn hỏi lại" in answer.text) is (role == "reviewer")
    assert "Tự nhắn hỏi lại" not in answer.text
    given = {"csrf_token": reader.csrf_token(PAGE) or reader.csrf_token("/api/docs"), "loi_nhan": "hỏi lại"}
    status = reader.post(f"{PAGE}/{number_of(key)}/hoi-lai", data=given).status_code
    assert status == (403 if role == "team_leader" else 302)


def test_a_doubt_of_another_commune_is_nobodys_here(thon: CheckedThon) -> None:
    key = thon.visit(0, people=20)
    looked()
    elsewhere = sample.make_commune("10930", "Mao Điền")
    make_person("khac", "officer", elsewhere)
    other = browser(thon.app)
    other.sign_in("khac")
    assert other.get(PAGE).status_code == 403
    page = "/quan-tri/xa/10930/nghi-ngo"
    given = {"csrf_token": other.csrf_token(page), "loi_nhan": "hỏi lại"}
    assert other.post(f"{page}/{number_of(key)}/hoi-lai", data=given).status_code == 404
