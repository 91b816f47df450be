"""Submissions sent, corrected and spoken about at Central's door (O6)."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Audit, Commune, Submission, SubmissionReview
from tests import sample
from tests.people import bearing, browser
from tests.server.api.conftest import FIRST, SECOND, THIRD, Client, basic
from tests.server.api.conftest import FORM as FORM_TEXT

FORM = "/v1/projects/11629/forms/khao_sat"
SENT = f"{FORM}/submissions"
XML = {"Content-Type": "application/xml"}
ONE = "uuid:00000000-0000-4000-8000-0000000000a1"
NEW = "uuid:00000000-0000-4000-8000-0000000000b1"


@pytest.fixture
def collector(app: Flask, commune: Commune) -> Client:
    """A program with a collector's code, as a session at this door gives it back."""
    commune = db.session.merge(commune)
    code = sample.make_collector(commune, list(commune.villages), "nguoi_di").token
    answer = browser(app).post("/v1/sessions", json={"email": "nguoi_di", "password": code})
    assert (answer.status_code, answer.json["token"]) == (200, code)
    return Client(app, bearing(answer.json["token"]))


def visit(instance: str = ONE, photo: str = "") -> bytes:
    ho = f"<ho><chu_ho>Lê</chu_ho><so_nguoi>3</so_nguoi><anh>{photo}</anh></ho>"
    return sample.filled(f"<thon>11629001</thon>{ho}", form_id="khao_sat", instance_id=instance)


def edited(xml: bytes, *changes: tuple[str, str]) -> bytes:
    """What a program sends that changes these texts, with ids as Central asks for them."""
    text = xml.decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    at, end = text.index("<instanceID>"), text.index("</instanceID>")
    old = text[at + len("<instanceID>") : end]
    ids = f"<deprecatedID>{old}</deprecatedID><instanceID>{NEW}"
    text = text[: text.index("<deprecatedID>")] + text[at:] if "<deprecatedID>" in text else text
    at, end = text.index("<instanceID>"), text.index("</instanceID>")
    return (text[:at] + ids + text[end:]).encode()


def put(program: Client, instance: str, xml: bytes) -> Any:
    return program.open("PUT", f"{SENT}/{instance}", data=xml, headers=XML)


def test_a_collectors_code_sends_a_visit_and_then_its_photo(
    app: Flask, officer: Client, collector: Client
) -> None:
    sent = collector.open("POST", f"{SENT}?deviceID=may-1", data=visit(photo="1.jpg"), headers=XML)
    assert (sent.status_code, sent.json["instanceId"], sent.json["deviceId"]) == (200, ONE, "may-1")
    assert sent.json["submitterId"] > 0
    assert officer.json(f"{SENT}/{ONE}")["submitterId"] == sent.json["submitterId"]
    files = f"{SENT}/{ONE}/attachments"
    assert collector.json(files) == [{"name": "1.jpg", "exists": False}]
    assert collector.open("POST", f"{files}/la.jpg", data=b"x").status_code == 404
    photo = sample.photo(b"nha")
    added = collector.open("POST", f"{files}/1.jpg", data=photo, headers={"Content-Type": "image/jpeg"})
    assert (added.status_code, added.json) == (200, {"success": True})
    assert collector.json(files) == [{"name": "1.jpg", "exists": True}]
    assert officer.json(files) == [{"name": "1.jpg", "exists": True}]


def test_the_same_bytes_are_welcome_again_and_others_are_a_conflict(collector: Client) -> None:
    for _ in range(2):
        assert collector.open("POST", SENT, data=visit(), headers=XML).status_code == 200
    assert len(sample.arrived()) == 1
    other = collector.open("POST", SENT, data=visit().replace(b">3<", b">4<"), headers=XML)
    assert (other.status_code, int(other.json["code"])) == (409, 409)


def test_a_persons_key_sends_no_visit_and_is_told_whose_does(
    app: Flask, officer: Client, collector: Client
) -> None:
    for path in (SENT, f"{SENT}/{ONE}/attachments/1.jpg"):
        collector.open("POST", SENT, data=visit(photo="1.jpg"), headers=XML)
        refused = officer.open("POST", path, data=visit(NEW), headers=XML)
        assert (refused.status_code, refused.json["code"]) == (403, 403.1)
        assert "mã QR" in refused.json["message"]
        assert Client(app, basic("leader")).open("POST", path, data=visit(NEW)).status_code == 403
        assert Client(app, {}).open("POST", path, data=visit(NEW)).status_code == 401
    assert len(sample.arrived()) == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (SENT, b"khong phai", 400),
        (SENT.replace("khao_sat", "mau_khac"), visit(), 400),
        (SENT.replace("11629", "11630"), visit(), 404),
    ],
)
def test_what_is_no_visit_of_this_form_in_this_commune_is_not_taken(
    app: Flask, collector: Client, path: str, body: bytes, status: int
) -> None:
    answer = collector.open("POST", path, data=body, headers=XML)
    assert (answer.status_code, int(answer.json["code"])) == (status, status), answer.text
    assert sample.arrived() == []


def test_a_collectors_code_opens_nothing_else_at_this_door(collector: Client, visits: str) -> None:
    for path in (SENT, f"{SENT}/{FIRST}", f"{SENT}/{FIRST}.xml", "/v1/users/current", f"{FORM}.svc/"):
        assert collector.get(path).status_code == 401, path
    assert collector.get(f"{SENT}/{FIRST}/attachments").status_code == 404
    assert put(collector, FIRST, visit(FIRST)).status_code == 401


def test_a_code_that_is_nobodys_sends_nothing(app: Flask, commune: Commune) -> None:
    stranger = Client(app, bearing("x" * 64))
    assert stranger.open("POST", SENT, data=visit(), headers=XML).status_code == 403
    assert sample.arrived() == []


def test_an_edit_is_a_correction_of_whoever_may_correct(named: Client, visits: str) -> None:
    xml = named.get(f"{SENT}/{SECOND}.xml").data
    answer = put(named, SECOND, edited(xml, (">12<", ">13<"), ("vneid", "shp cks")))
    assert answer.status_code == 200, answer.text
    assert (answer.json["instanceId"], answer.json["reviewState"]) == (SECOND, "approved")
    now = sample.arrived()[-1]
    assert (now.answers["ho/so_nguoi"], now.answers["ho/chu_ho"]) == (13, "Trần")
    versions = named.json(f"{SENT}/{SECOND}/versions")
    assert [each["current"] for each in versions] == [True, False]
    assert versions[1]["instanceId"] == SECOND
    changes = named.json(f"{SENT}/{SECOND}/diffs")[versions[0]["instanceId"]]
    assert {"path": ["ho", "so_nguoi"], "old": 12, "new": 13} in changes
    assert [each["path"] for each in changes] == [["ho", "so_nguoi"], ["ho", "dich_vu"]]
    acts = [each["action"] for each in named.json(f"{SENT}/{SECOND}/audits")]
    assert acts[-1] == "submission.create"
    assert "submission.update.version" in acts


def test_rounds_of_a_repeat_come_and_go_by_an_edit(named: Client, visits: str) -> None:
    xml = named.get(f"{SENT}/{FIRST}.xml").data
    third = "<tv><ho_ten>D</ho_ten><tuoi>5</tuoi></tv><ngay>"
    answer = put(named, FIRST, edited(xml, ("<ngay>", third)))
    assert answer.status_code == 200, answer.text
    assert [each["tv/ho_ten"] for each in sample.arrived()[-1].answers["tv"]] == ["B", "C", "D"]
    now = named.get(f"{SENT}/{FIRST}.xml").data
    last = now[now.index(b"<tv><ho_ten>C") : now.index(b"<ngay>")].decode()
    answer = put(named, FIRST, edited(now, (last, "")))
    assert answer.status_code == 200, answer.text
    assert [each["tv/ho_ten"] for each in sample.arrived()[-1].answers["tv"]] == ["B"]


def test_who_may_not_have_names_corrects_the_rest_and_leaves_them(officer: Client, visits: str) -> None:
    xml = officer.get(f"{SENT}/{FIRST}.xml").data
    assert b"Nguy" not in xml
    answer = put(officer, FIRST, edited(xml, (">007<", ">8<")))
    assert answer.status_code == 200, answer.text
    now = sample.arrived()[-1].answers
    assert (now["ho/chu_ho"], now["ho/so_nguoi"]) == ("Nguyễn & con", 8)
    assert [each["tv/ho_ten"] for each in now["tv"]] == ["B", "C"]
    assert all("chu_ho" not in str(each) for each in officer.json(f"{SENT}/{FIRST}/diffs").values())


@pytest.mark.parametrize(
    "change",
    [
        (">007<", ">bay<"),
        ("<ho>", "<ho><chu_ho>Ai</chu_ho>"),
        ("<ho>", "<ho><la>1</la>"),
        ("1763.jpg", "1764.jpg"),
        ("<thon>", "<thon>1</thon><thon>"),
    ],
)
def test_an_edit_that_cannot_be_says_why_and_changes_nothing(
    officer: Client, visits: str, change: tuple[str, str]
) -> None:
    xml = officer.get(f"{SENT}/{FIRST}.xml").data
    answer = put(officer, FIRST, edited(xml, change))
    assert (answer.status_code, int(answer.json["code"])) == (409, 409), answer.text
    assert len(sample.arrived()) == 3


def test_rounds_with_names_are_not_taken_away_by_who_may_not_have_them(officer: Client, visits: str) -> None:
    xml = officer.get(f"{SENT}/{FIRST}.xml").data
    text = xml.decode()
    answer = put(officer, FIRST, edited(xml, (text[text.rindex("<tv>") : text.index("<ngay>")], "")))
    assert answer.status_code == 409
    assert "riêng tư" in answer.json["message"]


def test_an_edit_of_another_version_than_the_newest_is_a_conflict(named: Client, visits: str) -> None:
    xml = named.get(f"{SENT}/{SECOND}.xml").data
    assert put(named, SECOND, edited(xml, (">12<", ">13<"))).status_code == 200
    assert put(named, SECOND, edited(xml, (">12<", ">14<"))).status_code == 409
    assert put(named, SECOND, b"<khong/>").status_code == 400
    assert put(named, "uuid:khong-co", xml).status_code == 404
    assert len(sample.arrived()) == 4


def test_an_edit_that_changes_nothing_stores_nothing(named: Client, visits: str) -> None:
    xml = named.get(f"{SENT}/{FIRST}.xml").data
    assert put(named, FIRST, edited(xml)).status_code == 200
    assert len(sample.arrived()) == 3


def test_a_comment_is_a_note_that_decides_nothing(app: Flask, officer: Client, visits: str) -> None:
    at = f"{SENT}/{THIRD}/comments"
    answer = officer.open("POST", at, json={"body": " Hỏi lại số nhà. "})
    assert (answer.status_code, answer.json["body"]) == (200, "Hỏi lại số nhà.")
    assert officer.json(at)[0]["body"] == "Hỏi lại số nhà."
    assert officer.json(f"{SENT}/{THIRD}")["reviewState"] is None
    assert [each["action"] for each in officer.json(f"{SENT}/{THIRD}/audits")] == [
        "submission.comment.create",
        "submission.create",
    ]
    for body in ({"body": "  "}, {}, [], {"body": "x" * 2001}):
        assert officer.open("POST", at, json=body).json["code"] == 400.3
    assert Client(app, basic("leader")).open("POST", at, json={"body": "x"}).status_code == 403
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SubmissionReview)) == 1
    acts = sa.select(Audit.act).where(Audit.act.like("submission.%")).order_by(Audit.id.desc())
    assert "submission.comment" in db.session.scalars(acts).all()


def test_places_are_told_to_who_may_have_them(officer: Client, named: Client, visits: str) -> None:
    told = named.json(f"{SENT}.geojson")
    found = {each["id"]: each["geometry"]["coordinates"][:2] for each in told["features"]}
    assert found == {FIRST: [106.512345, 20.712345], SECOND: [106.5, 20.7]}
    assert {each["properties"]["fieldpath"] for each in told["features"]} == {"/ho/vi_tri"}
    some = named.json(f"{SENT}.geojson?$filter=ho/so_nguoi gt 10&fieldpath=/ho/vi_tri&limit=5")
    assert [each["id"] for each in some["features"]] == [SECOND]
    for wrong in ("fieldpath=/ho/khong_co", "limit=nhieu"):
        assert named.get(f"{SENT}.geojson?{wrong}").json["code"] == 400.8
    stored = db.session.scalar(sa.select(sa.func.count()).select_from(Submission))
    assert stored == 3


def test_places_stay_with_the_family_where_names_were_not_asked_for(
    officer: Client, named: Client, visits: str
) -> None:
    assert [each["id"] for each in officer.json(f"{SENT}.geojson")["features"]] == [SECOND, FIRST]
    question = "| Vị trí           |           |"
    assert question in FORM_TEXT
    private = FORM_TEXT.replace(question, "| Vị trí           | ca_nhan   |")
    sample.publish(private, form_id="khao_sat", version="2")
    db.session.commit()
    assert officer.json(f"{SENT}.geojson")["features"] == []
    assert len(named.json(f"{SENT}.geojson")["features"]) == 2
