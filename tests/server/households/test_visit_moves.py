"""An officer gives a visit to the right household (R12, R14): counts, history and edits follow; undo brings it back."""

import datetime as dt

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Commune, Entity, EntityAct, Submission, Village
from server.phones import collectors
from tests.people import Browser
from tests.server.households.test_household_acts import household, key, on, visit_ago
from tests.server.intake.test_receive_submission import NOON, Place, differences, place, send
from tests.server.office.test_household_pages import signed_in

__all__ = ["place"]  # a fixture is found by its name
DAY = dt.date(2026, 11, 20)


@pytest.fixture
def officer(app: Flask, place: Place) -> Browser:
    """Two households, each registered; the second visit was written down for the wrong one of them."""
    commune = db.session.scalars(sa.select(Commune)).one()
    villages = db.session.scalars(sa.select(Village)).all()
    assert collectors.add("Mạc Thị Sớm", commune, villages).collector.id == place.both.collector_id
    db.session.commit()
    db.session.close()
    send(visit_ago(9, create=True, stated=((1, 1), (0, 3), None, None), network="4g"), place.both)
    send(
        visit_ago(9, household=2, create=True, village="11629002", stated=((1, 1), (1, 2), None, None)),
        place.both,
    )
    return signed_in(app, "officer", "can.bo")


def wrong_visit(place: Place) -> int:
    return send(
        visit_ago(3, stated=((1, 1), (2, 2), None, None), instance="uuid:wrong"), place.both
    ).submission_id


def move(officer: Browser, submission: int, number: int = 2) -> str:
    return officer.post(
        f"/quan-tri/xa/11629/phieu/{submission}/ho", data={"ho": str(key(number))}, follow_redirects=True
    ).text


def undo(officer: Browser) -> None:
    db.session.close()
    act = db.session.scalars(sa.select(EntityAct).order_by(EntityAct.id.desc())).first()
    assert act is not None
    where, number = f"/quan-tri/xa/11629/ho/{act.entity_id}", act.id
    db.session.close()
    answer = officer.post(where, data={"viec": "undo", "lan": number, "dong_y": "1"}, follow_redirects=True)
    assert "Đã làm xong: hoàn tác" in answer.text


def state() -> tuple[object, ...]:
    """What counts, and what is known of both households."""
    found = tuple((household(n).data["lan_tham"], household(n).data["g5_viettel"]) for n in (1, 2))
    db.session.close()
    return on(DAY), found


def test_a_visit_counts_for_the_household_that_it_is_given_to_and_goes_back(
    officer: Browser, place: Place
) -> None:
    number = wrong_visit(place)
    before = state()
    assert before == ({"11629001": (2, 2, 1), "11629002": (1, 2, 1)}, (("2", "5g"), ("1", "5g")))
    page = officer.get(f"/quan-tri/xa/11629/phieu/{number}/ho?tim=hộ 2").text
    assert str(key(2)) in page
    assert f"/phieu/{number}/ho" in officer.get(f"/quan-tri/xa/11629/phieu/{number}").text
    assert f"Phiếu số {number} nay tính cho hộ này" in move(officer, number)
    assert state() == ({"11629001": (0, 3, 1), "11629002": (2, 2, 1)}, (("1", "4g"), ("2", "5g")))
    assert differences() == []
    assert "Nhận phiếu của hộ khác" in officer.get(f"/quan-tri/xa/11629/ho/{key(2)}").text
    assert "chuyển sang hộ khác" in officer.get(f"/quan-tri/xa/11629/ho/{key(1)}").text
    undo(officer)
    assert state() == before
    assert differences() == []


def test_an_edit_that_comes_later_follows_the_visit_and_goes_back_with_it(
    officer: Browser, place: Place
) -> None:
    """The phone still names the household that it knew."""
    number = wrong_visit(place)
    move(officer, number)
    edit = visit_ago(
        3, stated=((1, 1), (1, 4), None, None), instance="uuid:edit", deprecated="uuid:wrong", network="4g"
    )
    newest = send(edit, place.both).submission_id
    db.session.close()
    assert db.session.get_one(Submission, newest).entity_id == key(2)
    assert state() == ({"11629001": (0, 3, 1), "11629002": (1, 4, 1)}, (("1", "4g"), ("2", "4g")))
    assert differences() == []
    undo(officer)
    assert state() == ({"11629001": (1, 4, 1), "11629002": (1, 2, 1)}, (("2", "4g"), ("1", "5g")))
    assert differences() == []


def test_a_rejected_visit_that_was_given_leaves_both_as_they_were(officer: Browser, place: Place) -> None:
    number = wrong_visit(place)
    move(officer, number)
    given = {"dang_la": "received", "trang_thai": "rejected", "ghi_chu": "không có lần này"}
    officer.post(f"/quan-tri/xa/11629/phieu/{number}", data=given)
    assert state() == ({"11629001": (0, 3, 1), "11629002": (1, 2, 1)}, (("1", "4g"), ("1", "5g")))
    assert differences() == []


def test_what_registered_a_household_is_merged_and_not_given(officer: Browser, place: Place) -> None:
    db.session.close()
    first = db.session.scalars(sa.select(Submission.id).order_by(Submission.id)).first() or 0
    db.session.close()
    before = state()
    assert "hãy gộp hộ ấy vào hộ đúng" in move(officer, first)
    assert "phiếu đang ở đúng hộ này" in move(officer, first, number=1)
    assert state() == before


def test_an_undone_merger_takes_no_visit_along_that_was_given(officer: Browser, place: Place) -> None:
    """It names the merged household; it was given to the other before."""
    number = wrong_visit(place)
    move(officer, number)
    merge = {"viec": "merge", "ho_khac": str(key(1)), "dong_y": "1"}
    officer.post(f"/quan-tri/xa/11629/ho/{key(2)}", data=merge)
    undo(officer)
    db.session.close()
    assert db.session.get_one(Submission, number).entity_id == key(2)
    assert db.session.get_one(Entity, key(1)).ended_at is None
    assert state() == ({"11629001": (0, 3, 1), "11629002": (2, 2, 1)}, (("1", "4g"), ("2", "5g")))
    assert differences() == []


def test_a_visit_counts_in_the_thon_in_which_its_household_lived_on_its_day(
    officer: Browser, place: Place
) -> None:
    number = wrong_visit(place)
    turned = {"viec": "move", "thon": place.both.villages["11629001"], "dong_y": "1"}
    officer.post(
        f"/quan-tri/xa/11629/ho/{key(2)}",
        data={**turned, "ngay": (NOON.date() - dt.timedelta(1)).isoformat()},
    )
    move(officer, number)
    assert on(DAY - dt.timedelta(days=2)) == {"11629001": (0, 3, 1), "11629002": (2, 2, 1)}
    assert on(DAY) == {"11629001": (2, 5, 2)}
    assert differences() == []
