"""The pages of accounts: who looks after whom, what one may do, and that nobody raises himself."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server import audit, clock
from server.accounts import persons
from server.accounts.persons import PersonRejected
from server.db import db
from server.models import Audit, Person
from tests.people import PASSWORD, Browser, browser, make_commune, make_person

BASE = "/quan-tri/tai-khoan"


@pytest.fixture
def everyone(app: Flask) -> dict[str, int]:
    """Two communes with an officer, a leader, a team leader and a reviewer each; two administrators, the city."""
    ids = {
        name: make_person(name, role)
        for name, role in (("admin", "admin"), ("admin2", "admin"), ("city", "city"))
    }
    for code, name in (("11629", "An Lão"), ("10930", "Mao Điền")):
        commune = make_commune(code, name, thon=3)
        for role in ("officer", "leader", "team_leader", "reviewer"):
            thon = (commune.villages[0],) if role == "team_leader" else ()
            ids[f"{role}_{code}"] = make_person(f"{role}_{code}", role, commune, thon)
    return ids


def as_(app: Flask, username: str) -> Browser:
    visitor = browser(app)
    visitor.sign_in(username)
    return visitor


def post(visitor: Browser, path: str, **fields: object) -> TestResponse:
    return visitor.post(f"{BASE}{path}", data={"csrf_token": visitor.csrf_token("/tai-khoan"), **fields})


def listed(visitor: Browser, query: str = "") -> list[str]:
    return re.findall(r'class="username">([^<]+)<', visitor.get(f"{BASE}{query}").text)


def person(number: int) -> Person:
    db.session.rollback()
    return db.session.get_one(Person, number)


LOCAL = ("leader", "reviewer", "team_leader")


def test_each_is_shown_the_accounts_that_he_looks_after_and_never_his_own(
    app: Flask, everyone: dict[str, int]
) -> None:
    assert listed(as_(app, "officer_11629")) == [f"{role}_11629" for role in LOCAL]
    assert listed(as_(app, "city")) == ["officer_10930", "officer_11629"]
    assert set(listed(as_(app, "admin"))) == set(everyone) - {"admin"}


@pytest.mark.parametrize("reader", ["leader_11629", "team_leader_11629", "reviewer_11629"])
def test_nobody_else_opens_the_page(app: Flask, everyone: dict[str, int], reader: str) -> None:
    assert as_(app, reader).get(BASE).status_code == 403


def test_accounts_are_found_by_name_and_role(app: Flask, everyone: dict[str, int]) -> None:
    admin = as_(app, "admin")
    assert listed(admin, "?tim=NGƯỜI LEADER_1") == ["leader_10930", "leader_11629"]
    assert listed(admin, "?vai_tro=city") == ["city"]
    assert "Không có tài khoản nào khớp" in admin.get(f"{BASE}?tim=khong-co").text


@pytest.mark.parametrize(
    ("who", "whom"),
    [
        ("officer_11629", "leader_10930"),  # another commune's
        ("officer_11629", "officer_11629"),  # himself
        ("officer_11629", "admin"),
        ("officer_11629", "city"),
        ("city", "leader_11629"),
        ("city", "admin"),
        ("admin", "admin"),
    ],
)
def test_nobody_touches_an_account_that_is_not_his_to_look_after(
    app: Flask, everyone: dict[str, int], who: str, whom: str
) -> None:
    visitor, before = as_(app, who), person(everyone[whom]).password
    for act in ("", "/ngung", "/dung-lai", "/cap-lai", "/dang-xuat", "/mo-khoa"):
        answer = post(visitor, f"/{everyone[whom]}{act}", vai_tro="leader", ho_ten="X")
        assert answer.status_code == 404, act
    after = person(everyone[whom])
    assert (after.active, after.password, after.name) == (True, before, f"Người {whom}")


@pytest.mark.parametrize("role", ["officer", "city", "admin", "", "chu_tich"])
def test_an_officer_gives_no_role_above_his_own_people(
    app: Flask, everyone: dict[str, int], role: str
) -> None:
    officer = as_(app, "officer_11629")
    made = post(officer, "/them", ten_dang_nhap="ke_moi", ho_ten="Kẻ mới", vai_tro=role)
    raised = post(officer, f"/{everyone['leader_11629']}", ho_ten="X", vai_tro=role)
    assert (made.status_code, raised.status_code) == (422, 422)
    assert [each.name for each in person(everyone["leader_11629"]).roles] == ["leader"]


def test_an_officer_adds_people_to_his_own_commune_whatever_he_sends(
    app: Flask, everyone: dict[str, int]
) -> None:
    officer = as_(app, "officer_11629")
    post(officer, "/them", ten_dang_nhap="nguoi.moi", ho_ten="Trần Thị Mới", vai_tro="leader", xa="10930")
    [made] = db.session.scalars(sa.select(Person).where(Person.username == "nguoi.moi")).unique()
    assert made.commune is not None
    assert made.commune.code == "11629"


def test_a_new_account_has_a_password_that_is_told_once_and_changed_at_once(
    app: Flask, everyone: dict[str, int]
) -> None:
    officer = as_(app, "officer_11629")
    answer = post(
        officer, "/them", ten_dang_nhap="Nguoi.Moi", ho_ten="Trần Thị Mới", vai_tro="reviewer", don_vi="VHXH"
    )
    page = officer.get(answer.location)
    found = re.search(r'class="secret">([^<]+)<', page.text)
    assert found is not None
    assert page.headers["Cache-Control"] == "no-store"
    assert found.group(1) not in officer.get(answer.location).text
    newcomer = browser(app)
    assert newcomer.sign_in("nguoi.moi", found.group(1)).status_code == 302
    assert newcomer.get("/bat-dau").location == "/tai-khoan"


def test_a_team_leader_is_given_thon_of_his_commune(app: Flask, everyone: dict[str, int]) -> None:
    officer = as_(app, "officer_11629")
    number = everyone["team_leader_11629"]
    own = [village.id for village in person(everyone["team_leader_11629"]).villages]
    theirs = [village.id for village in person(everyone["team_leader_10930"]).villages]
    refused = post(officer, f"/{number}", ho_ten="A", vai_tro="team_leader", thon=theirs)
    assert refused.status_code == 422
    assert "ít nhất một thôn" in refused.text
    post(officer, f"/{number}", ho_ten="A", vai_tro="team_leader", thon=[own[0] + 1, *theirs])
    assert [village.id for village in person(number).villages] == [own[0] + 1]


def test_the_city_adds_an_officer_to_a_commune_it_names(app: Flask, everyone: dict[str, int]) -> None:
    city = as_(app, "city")
    assert "Hãy chọn xã, phường" in city.get(f"{BASE}/them").text
    assert "Cán bộ Phòng Văn hóa" in city.get(f"{BASE}/them?xa=10930").text
    refused = post(city, "/them", ten_dang_nhap="can.bo", ho_ten="A", vai_tro="officer")
    assert refused.status_code == 422
    post(city, "/them", ten_dang_nhap="can.bo", ho_ten="A", vai_tro="officer", xa="10930")
    assert listed(city, "?tim=can.bo") == ["can.bo"]


def test_an_officer_of_several_communes_works_in_each_and_in_no_other(
    app: Flask, everyone: dict[str, int]
) -> None:
    make_commune("11635", "Kiến Thụy")
    number, admin = everyone["officer_11629"], as_(app, "admin")
    fields = {"ho_ten": "A", "vai_tro": "officer", "xa": "11629"}
    assert "mã 99999" in post(admin, f"/{number}", xa_khac="10930 99999", **fields).text
    assert post(admin, f"/{number}", xa_khac="10930, 11629", **fields).status_code == 302
    officer = as_(app, "officer_11629")
    assert (
        officer.get("/bat-dau").location == "/quan-tri/xa/11629/bat-dau"
    )  # a commune that is only beginning
    assert "Sang Mao Điền" in officer.get("/xa/11629").text
    for code, status in (("11629", 200), ("10930", 200), ("11635", 403)):
        assert officer.get(f"/quan-tri/xa/{code}/ho").status_code == status
    listed_by_api = officer.get("/api/v1/communes").get_json()["communes"]
    assert [each["code"] for each in listed_by_api] == ["10930", "11629"]


def test_an_officer_does_not_look_after_somebody_who_works_elsewhere_too(
    app: Flask, everyone: dict[str, int]
) -> None:
    fields = {"ho_ten": "A", "vai_tro": "leader", "xa": "11629", "xa_khac": "10930"}
    post(as_(app, "admin"), f"/{everyone['leader_11629']}", **fields)
    officer = as_(app, "officer_11629")
    assert "leader_11629" not in listed(officer)
    assert post(officer, f"/{everyone['leader_11629']}/cap-lai").status_code == 404
    assert (
        post(
            officer, f"/{everyone['reviewer_11629']}", ho_ten="A", vai_tro="reviewer", xa_khac="10930"
        ).status_code
        == 302
    )
    assert person(everyone["reviewer_11629"]).more_communes == [], "an officer gives no other commune"


def test_a_team_leader_leads_thon_of_one_commune(app: Flask, everyone: dict[str, int]) -> None:
    fields = {"ho_ten": "A", "vai_tro": "team_leader", "xa": "11629", "xa_khac": "10930"}
    answer = post(as_(app, "admin"), f"/{everyone['team_leader_11629']}", thon=1, **fields)
    assert answer.status_code == 422
    assert "nhiều xã" in answer.text


def test_a_session_dies_at_once_when_its_person_is_disabled(app: Flask, everyone: dict[str, int]) -> None:
    leader = as_(app, "leader_11629")
    assert leader.get("/xa/11629").status_code == 200
    officer = as_(app, "officer_11629")
    post(officer, f"/{everyone['leader_11629']}/ngung")
    assert leader.get("/xa/11629").location.startswith("/dang-nhap")
    assert "đã ngừng dùng" in leader.sign_in("leader_11629").text
    post(officer, f"/{everyone['leader_11629']}/dung-lai")
    assert leader.get("/xa/11629").status_code == 302, "what was ended stays ended"
    assert leader.sign_in("leader_11629").status_code == 302


def test_a_session_dies_at_once_when_its_persons_role_changes(app: Flask, everyone: dict[str, int]) -> None:
    leader, admin = as_(app, "leader_11629"), as_(app, "admin")
    number = everyone["leader_11629"]
    post(admin, f"/{number}", ho_ten="Người leader_11629", vai_tro="leader", xa="11629", don_vi="UBND")
    assert leader.get("/xa/11629").status_code == 200, "another office is no other right"
    post(admin, f"/{number}", ho_ten="A", vai_tro="reviewer", xa="11629")
    assert leader.get("/xa/11629").location.startswith("/dang-nhap")


def test_ending_all_sessions_of_a_person(app: Flask, everyone: dict[str, int]) -> None:
    leader = as_(app, "leader_11629")
    post(as_(app, "officer_11629"), f"/{everyone['leader_11629']}/dang-xuat")
    assert leader.get("/xa/11629").status_code == 302
    assert leader.sign_in("leader_11629").status_code == 302


def test_a_reset_gives_one_password_and_takes_the_app_away(app: Flask, everyone: dict[str, int]) -> None:
    number = everyone["leader_11629"]
    away = person(number)
    away.totp_sealed = b"x"
    away.created_at = clock.now() - dt.timedelta(days=50)  # and has not been here for long
    db.session.commit()
    officer = as_(app, "officer_11629")
    answer = post(officer, f"/{number}/cap-lai")
    found = re.search(r'class="secret">([^<]+)<', officer.get(answer.location).text)
    assert found is not None
    leader = browser(app)
    assert leader.sign_in("leader_11629", PASSWORD).status_code == 200
    assert leader.sign_in("leader_11629", found.group(1)).status_code == 302
    assert person(number).totp_sealed is None


def test_an_account_that_waits_is_unlocked_by_who_looks_after_it(
    app: Flask, everyone: dict[str, int]
) -> None:
    for _ in range(5):
        browser(app).sign_in("leader_11629", "sai roi nhe")
    officer = as_(app, "officer_11629")
    assert "tạm khóa vì sai 5 lần" in officer.get(BASE).text
    post(officer, f"/{everyone['leader_11629']}/mo-khoa")
    assert browser(app).sign_in("leader_11629").status_code == 302


def test_the_last_administrator_stays(app: Flask, everyone: dict[str, int]) -> None:
    post(as_(app, "admin"), f"/{everyone['admin2']}/ngung")
    last = person(everyone["admin"])
    with pytest.raises(PersonRejected, match="cuối cùng"):
        persons.disable(last, by=audit.SHELL)
    with pytest.raises(PersonRejected, match="cuối cùng"):
        persons.change(last, "city", None, (), name="A", unit="", by=audit.SHELL)
    assert [role.name for role in person(everyone["admin"]).roles] == ["admin"]


def test_administrators_who_look_after_accounts_see_no_records(app: Flask, everyone: dict[str, int]) -> None:
    admin = as_(app, "admin")
    for path in ("/quan-tri/xa/11629/ho", "/quan-tri/xa/11629/phieu", "/xa/11629/to"):
        assert admin.get(path).status_code == 403


def test_every_act_is_in_the_audit_with_who_and_from_where(app: Flask, everyone: dict[str, int]) -> None:
    number, officer = everyone["leader_11629"], as_(app, "officer_11629")
    for act in ("dang-xuat", "mo-khoa", "cap-lai", "ngung", "dung-lai"):
        post(officer, f"/{number}/{act}")
    post(officer, f"/{number}", ho_ten="A", vai_tro="reviewer")
    db.session.rollback()
    mine = sa.select(Audit).where(
        Audit.record == f"person:{number}", Audit.actor == f"person:{everyone['officer_11629']}"
    )
    rows = db.session.scalars(mine.order_by(Audit.id)).all()
    assert [row.act for row in rows] == [
        f"person.{act}" for act in ("end_sessions", "unlock", "reset", "disable", "enable", "change")
    ]
    assert {row.address for row in rows} == {"127.0.0.1"}
    assert rows[-1].detail["before"]["roles"] == ["leader"]  # type: ignore[index]
    assert rows[-1].detail["after"]["roles"] == ["reviewer"]  # type: ignore[index]


def test_the_list_is_paged_and_its_statements_do_not_grow(app: Flask, everyone: dict[str, int]) -> None:
    for number in range(60):
        make_person(f"them_{number:02}", "city")
    admin = as_(app, "admin")
    first, second = listed(admin), listed(admin, "?trang=2")
    assert (len(first), len(first) + len(second)) == (50, 60 + len(everyone) - 1)

    def statements(query: str) -> int:
        count = [0]

        def one_more(*_: object) -> None:
            count[0] += 1

        sa.event.listen(db.engine, "before_cursor_execute", one_more)
        admin.get(f"{BASE}{query}")
        sa.event.remove(db.engine, "before_cursor_execute", one_more)
        return count[0]

    assert statements("") == statements("?vai_tro=leader")
