"""The pages of households: found by what is typed, shown to whom it may, changed only after a second question."""

import datetime as dt
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Audit, Commune, Entity, EntityAct, EntityVersion
from tests import leaders
from tests.people import Browser
from tests.server.intake.test_receive_submission import NOON, Place, Visit, differences, place, send

__all__ = ["place"]  # a fixture is found by its name
LIST = "/quan-tri/xa/11629/ho"


@pytest.fixture
def officer(app: Flask, place: Place) -> Browser:
    """An officer of the commune of `place`."""
    return signed_in(app, "officer", "can.bo")


def signed_in(app: Flask, role: str, username: str) -> Browser:
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
    leaders.sign_up(commune, role, username)
    db.session.commit()
    db.session.close()
    browser = Browser(app)
    browser.sign_in(username, leaders.PASSWORD)
    browser.environ_base["HTTP_X_CSRFTOKEN"] = browser.csrf_token("/api/docs")
    return browser


def key(number: int = 1) -> uuid.UUID:
    return uuid.UUID(int=number, version=4)


def name(number: int, label: str, address: str = "") -> None:
    row = db.session.get_one(Entity, key(number))
    row.label, row.data = label, {**row.data, "dia_chi": address}
    db.session.commit()
    db.session.close()


def audits(act: str) -> int:
    db.session.close()
    return db.session.scalar(sa.select(sa.func.count()).where(Audit.act == act)) or 0


def test_a_household_is_found_by_name_lane_or_number_marks_typed_or_not(
    place: Place, officer: Browser
) -> None:
    for number in (1, 2, 3):
        send(Visit(household=number, create=True), place.both)
    name(1, "Nguyễn Văn Ấm", "Ngõ Đình, số 5")
    name(2, "Đỗ Thị Sen", "Ngõ 3, số 12")
    name(3, "Trần Văn Bình", "Ngõ Đình, số 8")
    for typed, found in (
        ("nguyen am", {1}),
        ("Đỗ", {2}),
        ("do thi", {2}),
        ("ngo dinh", {1, 3}),
        ("so 12", {2}),
    ):
        page = officer.get(LIST, query_string={"ten": 1, "tim": typed}).get_data(as_text=True)
        assert {n for n in (1, 2, 3) if str(key(n)) in page} == found, typed


def test_names_are_shown_on_request_alone_and_each_reading_is_logged(place: Place, officer: Browser) -> None:
    """R24."""
    send(Visit(create=True), place.both)
    name(1, "Nguyễn Văn Ấm", "Ngõ Đình, số 5")
    page = officer.get(LIST).get_data(as_text=True)
    assert "Nguyễn Văn Ấm" not in page
    assert "Ngõ Đình" not in page
    assert audits("household.list") == 0
    assert "Nguyễn Văn Ấm" in officer.get(f"{LIST}?ten=1").get_data(as_text=True)
    assert "Nguyễn Văn Ấm" in officer.get(f"{LIST}/{key()}").get_data(as_text=True)
    assert (audits("household.list"), audits("household.read")) == (1, 1)


def test_leaders_and_officers_of_other_communes_see_no_household(app: Flask, place: Place) -> None:
    send(Visit(create=True), place.both)
    leader = signed_in(app, "leader", "lanh.dao")
    for path in (LIST, f"{LIST}/{key()}", f"{LIST}/lech"):
        assert leader.get(path).status_code == 403


def test_an_act_is_asked_twice_done_once_and_undone(place: Place, officer: Browser) -> None:
    send(Visit(create=True, end=NOON - dt.timedelta(days=9)), place.both)
    asked = {"viec": "fix", "thon": str(place.both.villages["11629002"])}
    first = officer.post(f"{LIST}/{key()}", data=asked)
    assert first.status_code == 200
    assert "Thôn 2" in first.get_data(as_text=True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(EntityAct)) == 0
    db.session.close()
    done = officer.post(f"{LIST}/{key()}", data={**asked, "dong_y": "1"})
    assert done.status_code == 302
    page = officer.get(f"{LIST}/{key()}").get_data(as_text=True)
    assert "Đã làm xong: sửa thôn" in page
    act = db.session.scalars(sa.select(EntityAct.id)).one()
    db.session.close()
    officer.post(f"{LIST}/{key()}", data={"viec": "undo", "lan": str(act), "dong_y": "1"})
    db.session.close()
    assert db.session.get_one(Entity, key()).village_id == place.both.villages["11629001"]
    assert differences() == []


@pytest.mark.parametrize(
    "form",
    [
        {"viec": "nothing"},
        {"viec": "fix", "dong_y": "1"},
        {"viec": "move", "thon": "99999", "ngay": "2026-11-01", "dong_y": "1"},
        {"viec": "end", "ngay": "hôm qua", "dong_y": "1"},
        {"viec": "end", "ngay": "2031-01-01", "dong_y": "1"},
        {"viec": "split", "ngay": "2026-11-01", "ten": " ", "dong_y": "1"},
        {"viec": "merge", "ho_khac": "không phải mã"},
        {"viec": "merge", "ho_khac": str(uuid.UUID(int=77, version=4))},
        {"viec": "undo", "lan": "7", "dong_y": "1"},
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(place: Place, officer: Browser, form: dict) -> None:
    send(Visit(create=True), place.both)
    answer = officer.post(f"{LIST}/{key()}", data=form)
    assert answer.status_code in (400, 404, 409)
    db.session.close()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(EntityAct)) == 0


def test_alike_households_of_a_thon_are_offered_for_merging(place: Place, officer: Browser) -> None:
    for number in (1, 2, 3):
        send(Visit(household=number, create=True), place.both)
    name(1, "Nguyễn Văn Ấm")
    name(2, "Nguyen Van Âm")
    name(3, "Trần Thị Hoa")
    page = officer.get(f"{LIST}/{key(1)}").get_data(as_text=True)
    assert str(key(2)) in page
    assert str(key(3)) not in page


def test_a_hard_conflict_is_shown_once_and_settled_with_the_value_chosen(
    place: Place, officer: Browser
) -> None:
    """E15: two phones changed the same property of one household, neither knowing of the other."""
    send(Visit(create=True, network="4g", end=NOON - dt.timedelta(days=9)), place.both)
    send(Visit(network="5g", end=NOON - dt.timedelta(days=3)), place.both)
    send(Visit(network="khong", end=NOON - dt.timedelta(days=2)), place.both)  # made on version 1 as well
    page = officer.get(f"{LIST}/lech").get_data(as_text=True)
    assert "khong" in page
    assert "5g" in page
    row = db.session.scalars(sa.select(EntityVersion).where(EntityVersion.conflict == "hard")).one()
    version = row.version
    db.session.close()
    form = {"ho": str(key()), "ban": str(version), "chon:g5_viettel": "5g", "chon:tinh_trang": "da_gap"}
    assert officer.post(f"{LIST}/lech", data=form).status_code == 302
    db.session.close()
    assert db.session.get_one(Entity, key()).data["g5_viettel"] == "5g"
    assert db.session.get_one(Entity, key()).version == version + 1
    db.session.close()
    assert officer.post(f"{LIST}/lech", data=form).status_code == 409
    assert "Không có chỗ nào" in officer.get(f"{LIST}/lech").get_data(as_text=True)


def test_a_list_costs_the_same_however_long(place: Place, officer: Browser) -> None:
    for number in range(1, 4):
        send(Visit(household=number, create=True), place.both)
    seen: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    officer.get(LIST)
    few = len(seen)
    for number in range(4, 12):
        send(Visit(household=number, create=True), place.both)
    seen.clear()
    officer.get(LIST)
    assert len(seen) == few
