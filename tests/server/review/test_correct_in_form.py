"""R12: what the form in a browser sends of a correction is merged into the visit's own bytes."""

import base64
import csv
import io
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.models import Audit, Collector, Entity, EntityVersion, FormFile, Submission, Village
from server.review import submission_states
from tests import sample
from tests.people import browser, make_person
from tests.phone import InProcess, Phone
from tests.server.review.test_corrections_of_every_kind import BEN, KINDS, PNG, SENT
from tests.server.review.test_corrections_of_own_forms import CODE, Office

ROUNDS = """
| survey |
| | type | name | label | calculation |
| | integer | so | Số | |
| | begin repeat | ho | Hộ | |
| | text | ten | Tên | |
| | begin repeat | con | Con | |
| | text | ten_con | Tên con | |
| | end repeat | | | |
| | calculate | thu | | position(..) |
| | end repeat | | | |
| | calculate | may | | count(${ho}) |
| settings |
| | form_title | form_id | version |
| | Hộ và con | ho_con | 1 |
"""
WITH_ROUNDS = (
    b"<?xml version='1.0' ?><data id='ho_con' version='1'><so>1</so>"
    b"<ho><ten>A</ten><con><ten_con>a1</ten_con></con>\n<con><ten_con>a2 &#13;</ten_con></con><thu>1</thu></ho>"
    b"<ho><ten>B</ten><con><ten_con/></con><thu>2</thu></ho> <!-- x -->"
    b"<ho><ten >C</ten><con><ten_con><![CDATA[c<1]]></ten_con></con><thu>3</thu></ho><may>3</may>"
    b"<meta><instanceID>uuid:first</instanceID></meta></data>"
)


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def first(office: Office) -> Submission:
    """A visit that answers every kind of question, with its photo."""
    version = sample.publish(KINDS.replace("search('cho')", ""))
    row = FormFile(form_version_id=version.id, name="ben.csv", content=BEN, media_type="text/csv", md5="")
    db.session.add(row)
    db.session.commit()
    xml = sample.filled(
        SENT.replace("<tim>x</tim>", "<tim>name</tim>"), form_id="moi_kieu", instance_id="uuid:first"
    )
    [answer] = office.phone.send(xml, {"a.jpg": sample.JPEG})
    assert answer.status == 201, answer.message
    return sample.arrived()[-1]


def without_ids(xml: bytes) -> bytes:
    """The bytes up to the meta block, in which only the ids may change."""
    return xml.split(b"<meta>")[0]


@pytest.mark.parametrize(
    ("name", "given", "old", "new"),
    [
        ("xep", "mang dien nuoc", "nuoc mang dien", "mang dien nuoc"),
        ("ben", "b3", "b2", "b3"),
        ("cac_ben", "b1 b3 b2", "b2 b1", "b2 b1 b3"),
        ("gio", "08:30:00.07+07:00", "07:45:12.000+07:00", "08:30:00.000+07:00"),
        ("gio", "01:30:00Z", "07:45:12.000+07:00", "08:30:00.000+07:00"),
        ("luc", "2026-11-21T01:05:00Z", "2026-11-20T19:20:05.000+07:00", "2026-11-21T08:05:00.000+07:00"),
        ("muc_do", "4", "3", "4"),
        ("da_xem", "", "OK", ""),
        ("ghi_chu", "một\r\n\r\nhai < ba", "cũ", "một\n\nhai &lt; ba"),
    ],
)
def test_an_answer_of_each_kind_is_merged_into_the_bytes(
    office: Office, first: Submission, name: str, given: str, old: str, new: str
) -> None:
    """R12: ticks keep their order, hours are those of here, to the minute."""
    answer = office.correct_in_form(first, {f"/data/{name}": given})
    assert answer.status_code == 201, answer.text
    was = f"<{name}>{old}</{name}>".encode()
    now = f"<{name}>{new}</{name}>".encode() if new else f"<{name} />".encode()
    assert first.xml.count(was) == 1
    assert without_ids(sample.arrived()[-1].xml) == without_ids(first.xml.replace(was, now))
    assert answer.json["location"].startswith(f"/quan-tri/xa/{CODE}/phieu/")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("cac_ben", "b1 b2"),
        ("gio", "07:45:59+07:00"),
        ("luc", "2026-11-20T12:20:31Z"),
        ("ghi_chu", " cũ\r\n"),
    ],
)
def test_what_says_the_same_is_no_correction(
    office: Office, first: Submission, name: str, given: str
) -> None:
    answer = office.correct_in_form(first, {f"/data/{name}": given})
    assert (answer.status_code, answer.json["wrong"]) == (422, {"": "Chưa câu nào được sửa."})
    assert sample.arrived()[-1].id == first.id


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("ben", "b9", "không có trong các lựa chọn"),
        ("xep", "mang mang dien", "mỗi thứ hạng một mục"),
        ("luc", "hôm qua", "một ngày và giờ có thật"),
        ("muc_do", "nhiều", "một số nguyên"),
        ("da_xem", "có", "không có trong các lựa chọn"),
        ("diem", "20.9 106.7 0 1", "không sửa được ở đây"),
        ("thon", "11629002", "không sửa được ở đây"),
        ("khong_co", "x", "không sửa được ở đây"),
        ("nhom[3]/x", "x", "không sửa được ở đây"),
    ],
)
def test_what_cannot_be_is_told_at_its_question_and_never_passed_over(
    office: Office, first: Submission, name: str, given: str, told: str
) -> None:
    answer = office.correct_in_form(first, {f"/data/{name}": given, "/data/ma": "894"})
    assert answer.status_code == 422
    assert told in answer.json["wrong"][f"/data/{name}"]
    assert sample.arrived()[-1].id == first.id


def test_a_photo_is_replaced_or_taken_away(office: Office, first: Submission) -> None:
    answer = office.correct_in_form(first, {}, files={"/data/anh": ("moi.png", PNG)})
    assert answer.status_code == 201, answer.text
    second = sample.arrived()[-1]
    assert second.answers["anh"].startswith("sua-")
    assert second.missing_files is None
    assert office.correct_in_form(second, {"/data/anh": ""}).status_code == 201
    third = sample.arrived()[-1]
    assert (third.answers.get("anh"), third.missing_files) == (None, None)
    assert office.correct_in_form(third, {}, files={"/data/anh": ("a.jpg", b"%PDF-1.7")}).status_code == 422


@pytest.mark.parametrize(
    ("rounds", "answers", "want"),
    [
        pytest.param(
            {"/data/ho": [0, 2]},
            {"/data/ho[2]/ten": "Cúc"},
            WITH_ROUNDS.replace(b"<ho><ten>B</ten><con><ten_con/></con><thu>2</thu></ho>", b"")
            .replace(b"<ten >C</ten>", b"<ten>C\xc3\xbac</ten>")
            .replace(b"<thu>3", b"<thu>2")
            .replace(b"<may>3", b"<may>2"),
            id="the second goes",
        ),
        pytest.param(
            {"/data/ho[1]/con": [1, None]},
            {"/data/ho[1]/con[2]/ten_con": "a3"},
            WITH_ROUNDS.replace(b"<con><ten_con>a1</ten_con></con>", b"").replace(
                b"a2 &#13;</ten_con></con>", b"a2 &#13;</ten_con></con><con><ten_con>a3</ten_con></con>"
            ),
            id="of the inner one the first goes and one comes",
        ),
        pytest.param(
            {"/data/ho[3]/con": [None], "/data/ho": [0, 1, None]},
            {"/data/ho[3]/ten": "D", "/data/ho[3]/con[1]/ten_con": "d1"},
            WITH_ROUNDS.replace(
                b"<ho><ten >C</ten><con><ten_con><![CDATA[c<1]]></ten_con></con><thu>3</thu></ho>",
                b"",
            ).replace(
                b"<thu>2</thu></ho>",
                b"<thu>2</thu></ho><ho><ten>D</ten><con><ten_con>d1</ten_con></con><thu>3</thu></ho>",
            ),
            id="the last goes and a new one with its own comes",
        ),
    ],
)
def test_rounds_go_and_come_and_the_others_keep_their_bytes(
    office: Office, rounds: dict[str, list[int | None]], answers: dict[str, str], want: bytes
) -> None:
    """R12."""
    sent = office.sent(ROUNDS, WITH_ROUNDS)
    answer = office.correct_in_form(sent, answers, rounds)
    assert answer.status_code == 201, answer.text
    assert without_ids(sample.arrived()[-1].xml) == without_ids(want)


@pytest.mark.parametrize(
    "rounds",
    [{"/data/ho": [0, 0]}, {"/data/ho": [7]}, {"/data/ho": [1, 0]}, {"/data/ho": [None, 0]}, {"/data/so": [0]},
     {"/data/khac/ho": [0]}],
)  # fmt: skip
def test_rounds_that_cannot_be_so_are_told(office: Office, rounds: dict[str, list[int | None]]) -> None:
    sent = office.sent(ROUNDS, WITH_ROUNDS)
    answer = office.correct_in_form(sent, {"/data/so": "2"}, rounds)
    assert answer.status_code == 422
    assert "không thêm bớt được" in " ".join(answer.json["wrong"].values())
    assert sample.arrived()[-1].id == sent.id


@pytest.mark.parametrize("told", ["", "[]", '{"answers": {}}', '{"answers": {"a": 1}, "rounds": []}', "{"])
def test_what_is_no_correction_is_refused(office: Office, first: Submission, told: str) -> None:
    path = f"{office.path(first)}/sua"
    token = {"X-CSRFToken": office.officer.get(f"{path}/phieu").json["csrf"]}
    answer = office.officer.post(path, data={"ban_sua": told, "ly_do": "x"}, headers=token)
    assert (answer.status_code, "không đọc được" in answer.json["message"]) == (400, True)
    assert office.officer.post(path, data={"ban_sua": told, "ly_do": "x"}).status_code == 400  # no token
    assert sample.arrived()[-1].id == first.id


def test_a_correction_of_what_was_replaced_meanwhile_stands_beside_the_newest(
    office: Office, first: Submission
) -> None:
    """R12: kept, counted by nobody, and shown with the newest; one that begins now is told so instead."""
    path = f"{office.path(first)}/sua"
    token = {"X-CSRFToken": office.officer.get(f"{path}/phieu").json["csrf"]}
    assert office.correct_in_form(first, {"/data/ma": "894"}).status_code == 201
    newest = sample.arrived()[-1]
    assert office.officer.get(path).status_code == 409
    sent = {"ban_sua": '{"answers": {"/data/ghi_chu": "mới"}, "rounds": []}', "ly_do": "Đã gọi lại"}
    answer = office.officer.post(path, data=sent, headers=token)
    assert answer.status_code == 201, answer.text
    aside = sample.arrived()[-1]
    assert (aside.quarantine, aside.review) == ("edit_outdated", submission_states.RECEIVED)
    assert (aside.answers["ghi_chu"], aside.answers["ma"]) == ("mới", "893")
    assert db.session.get_one(Submission, newest.id).replaced_by_id is None
    shown = office.officer.get(answer.json["location"]).text
    assert "Bản 3" in shown
    assert "Đã gọi lại" in shown


def test_opening_is_in_the_audit_and_nothing_of_it_may_be_kept(office: Office, first: Submission) -> None:
    before = db.session.scalar(sa.select(sa.func.count()).where(Audit.act == "submission.read"))
    for path in ("", "/phieu"):
        answer = office.officer.get(f"{office.path(first)}/sua{path}")
        assert answer.headers["Cache-Control"] == "no-store"
    db.session.rollback()
    after = db.session.scalar(sa.select(sa.func.count()).where(Audit.act == "submission.read"))
    assert after == (before or 0) + 2


def test_a_form_that_no_browser_shows_is_corrected_answer_by_answer(office: Office) -> None:
    version = sample.publish(KINDS)
    for name, content in (("ben.csv", BEN), ("cho.csv", b"name,label\nx,X\n")):
        row = FormFile(form_version_id=version.id, name=name, content=content, media_type="text/csv", md5="")
        db.session.add(row)
    db.session.commit()
    xml = sample.filled(SENT, form_id="moi_kieu", instance_id="uuid:first")
    office.phone.send(xml, {"a.jpg": sample.JPEG})
    answer = office.officer.get(f"{office.path(sample.arrived()[-1])}/sua")
    assert (answer.status_code, answer.location.endswith("/sua/tung-cau")) == (302, True)


def test_only_who_corrects_today_reaches_any_of_it(app: Flask, office: Office, first: Submission) -> None:
    for role in ("leader", "reviewer", "city", "admin"):
        commune = (
            None if role in ("city", "admin") else db.session.get_one(Collector, first.collector_id).commune
        )
        make_person(f"x.{role}", role, commune)
        visitor = browser(app)
        visitor.sign_in(f"x.{role}")
        for path in ("", "/phieu", "/tung-cau"):
            assert visitor.get(f"{office.path(first)}/sua{path}").status_code == 403, role


CHOOSES = """
| survey |
| | type | name | label | calculation | choice_filter |
| | select_one_from_file thon.csv | thon | Thôn | | |
| | select_one_from_file ho_dan.csv | ho | Hộ | | thon=${thon} |
| | calculate | dia_chi | | instance('ho_dan')/root/item[name = ${ho}]/dia_chi | |
| | text | ghi_chu | Ghi chú | | |
| settings |
| | form_title | form_id | version |
| | Chọn hộ | chon_ho | 1 |
"""


def test_the_list_is_that_of_the_visit_and_tells_of_no_other_household(app: Flask) -> None:
    """R12: the household has moved, been renamed and ended since; the visit still says what it said."""
    commune = sample.make_commune(CODE)
    village = sample.make_village(commune)
    other = sample.make_village(commune, "11629002", "Thôn Tây")
    collector = sample.make_collector(commune, [village])
    home = sample.make_entity(village, "Đỗ Thị Thảo, Ngõ 1", data={"dia_chi": "Ngõ 1", "thon": village.code})
    neighbour = sample.make_entity(village, "Vũ Đình Ước", data={"dia_chi": "Ngõ 2", "thon": village.code})
    db.session.add(
        EntityVersion(
            entity_id=home.id, version=1, label=home.label, data=home.data, created_at=home.created_at
        )
    )
    make_person("can.bo", "officer", commune)
    sample.publish(CHOOSES)
    key = str(home.id)
    answers = f"<thon>{village.code}</thon><ho>{key}</ho><dia_chi>Ngõ 1</dia_chi><ghi_chu>cũ</ghi_chu>"
    xml = sample.filled(answers, form_id="chon_ho", instance_id="uuid:first")
    phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
    [answer] = phone.send(xml)
    assert answer.status == 201, answer.message
    sent = sample.arrived()[-1]
    changed(home.id, other, "Đỗ Thị Thảo Mới", "Ngõ 9")
    officer = browser(app)
    officer.sign_in("can.bo")
    path = f"/quan-tri/xa/{CODE}/phieu/{sent.id}/sua"
    told = officer.get(f"{path}/phieu").json
    text = base64.b64decode(told["files"]["ho_dan.csv"]).decode()
    [row] = csv.DictReader(io.StringIO(text))
    assert (row["name"], row["label"], row["thon"], row["dia_chi"]) == (
        key, "Đỗ Thị Thảo, Ngõ 1", village.code, "Ngõ 1"
    )  # fmt: skip
    assert neighbour.label not in text
    assert "/data/ho" in told["fixed"]
    data = {"ban_sua": '{"answers": {"/data/ghi_chu": "mới"}, "rounds": []}', "ly_do": "x"}
    answer = officer.post(path, data=data, headers={"X-CSRFToken": told["csrf"]})
    assert answer.status_code == 201, answer.text
    new = sample.arrived()[-1]
    assert without_ids(new.xml) == without_ids(sent.xml).replace("cũ".encode(), "mới".encode())


def changed(entity_id: uuid.UUID, village: Village, label: str, lane: str) -> None:
    """The household is another one on today's list, and then it is gone."""
    home = db.session.get_one(Entity, entity_id)
    home.village_id, home.label, home.data = village.id, label, {"dia_chi": lane, "thon": village.code}
    home.ended_at = home.changed_at = clock.now()
    home.version += 1
    db.session.commit()
