"""Forms brought and published, and collectors made, at Central's door (O5, O9)."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from forms import library
from server.db import db
from server.models import Collector, Commune, Form, FormDraft
from tests import sample
from tests.server.api.conftest import Client, basic

PROJECT = "/v1/projects/11629"
FORMS = f"{PROJECT}/forms"
OWN = f"{FORMS}/cua_xa"
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
TEXT = """
| survey |
|        | type    | name    | label   |
|        | text    | chu_ho  | Chủ hộ  |
|        | integer | so      | Số      |
| settings |
|        | form_title | form_id   | version   |
|        | Của xã     | cua_xa    | {version} |
| muc_dich |
|        | muc_dich | can_cu | luu_thang |
|        | Thử      | Luật   | 12        |
"""
PICTURE = "|        | note    | xem     | Xem     | hinh.png |"
WITH_PICTURE = TEXT.replace("| label   |", "| label   | media::image |").replace(
    "| settings |", f"{PICTURE}\n| settings |"
)


def workbook(version: str = "1", text: str = TEXT) -> bytes:
    return library.workbook(text.replace("{version}", version))


def post(program: Client, path: str, content: bytes = b"", **headers: str) -> Any:
    return program.open("POST", path, data=content, headers={**(XLSX if content else {}), **headers})


def test_a_form_is_a_draft_until_it_is_published(officer: Client) -> None:
    answer = post(officer, f"{FORMS}?publish=False&ignoreWarnings=True", workbook())
    told = answer.json
    assert answer.status_code == 200, answer.text
    assert (told["xmlFormId"], told["version"], told["publishedAt"], told["name"]) == (
        "cua_xa",
        "1",
        None,
        "Của xã",
    )
    assert officer.get(OWN).status_code == 404
    done = post(officer, f"{OWN}/draft/publish")
    assert (done.status_code, done.json) == (200, {"success": True}), done.text
    assert officer.json(OWN)["version"] == "1"
    db.session.rollback()
    form = db.session.scalars(sa.select(Form).where(Form.form_id == "cua_xa")).one()
    assert form.commune_id is not None
    assert post(officer, f"{OWN}/draft/publish").status_code == 404


def test_a_new_version_is_brought_and_published_and_no_version_twice(officer: Client) -> None:
    at_once = post(officer, f"{FORMS}?publish=true", workbook())
    assert (at_once.status_code, at_once.json["publishedAt"] is None) == (200, False), at_once.text
    for version, publish, status in (("2", "", 200), ("1", "", 409), ("3", "?version=4", 409)):
        assert post(officer, f"{OWN}/draft", workbook(version)).json == {"success": True}
        answer = post(officer, f"{OWN}/draft/publish{publish}")
        assert answer.status_code == status, answer.text
        assert status == 200 or answer.json["code"] == 409.6
    assert [each["version"] for each in officer.json(f"{OWN}/versions")] == ["2", "1"]
    assert post(officer, f"{OWN}/draft").status_code == 200, "a draft of what is published"


def test_a_file_of_a_form_comes_with_its_draft(officer: Client) -> None:
    assert post(officer, FORMS, workbook(text=WITH_PICTURE)).status_code == 200
    lacking = post(officer, f"{OWN}/draft/publish")
    assert (lacking.status_code, lacking.json["code"]) == (400, 400.15)
    assert "hinh.png" in lacking.json["message"]
    files = f"{OWN}/draft/attachments"
    assert post(officer, f"{files}/khac.png", sample.photo(b"x")).status_code == 404
    picture = post(officer, f"{files}/hinh.png", sample.photo(b"x"), **{"Content-Type": "image/png"})
    assert (picture.status_code, picture.json) == (200, {"success": True})
    assert post(officer, f"{OWN}/draft/publish").status_code == 200


def test_what_is_wrong_in_a_workbook_is_told_by_its_place(officer: Client) -> None:
    wrong = workbook(text=TEXT.replace("| integer |", "| intger  |"))
    answer = post(officer, FORMS, wrong)
    assert (answer.status_code, answer.json["code"]) == (400, 400.15)
    assert answer.json["details"]["errors"][0]["sheet"] == "survey"
    assert db.session.scalars(sa.select(FormDraft)).all() == []


@pytest.mark.parametrize(
    ("path", "content", "kind", "code"),
    [
        (FORMS, b"<h:html/>", "application/xml", 400.1),
        (FORMS, b"", "", 400.1),
        (f"{FORMS}/khong_co/draft", b"", "", 400.1),
        (f"{FORMS}/khac/draft", workbook(), "", 400.15),
    ],
)
def test_what_is_no_workbook_of_this_form_is_not_taken(
    officer: Client, path: str, content: bytes, kind: str, code: float
) -> None:
    answer = post(officer, path, content, **({"Content-Type": kind} if kind else {}))
    assert (answer.status_code, answer.json["code"]) == (400, code), answer.text
    assert db.session.scalars(sa.select(FormDraft)).all() == []


def test_a_form_that_is_there_is_not_made_again_and_others_forms_stay(officer: Client) -> None:
    assert post(officer, f"{FORMS}?publish=true", workbook()).status_code == 200
    again = post(officer, FORMS, workbook("2"))
    assert (again.status_code, again.json["code"]) == (409, 409.3)
    whole_city = workbook("2", TEXT.replace("cua_xa ", "khao_sat "))
    assert post(officer, f"{FORMS}/khao_sat/draft", whole_city).status_code == 403


def test_who_may_not_brings_no_form_and_makes_no_collector(app: Flask, officer: Client) -> None:
    for role in ("leader", "reviewer"):
        asker = Client(app, basic(role))
        for path in (FORMS, f"{OWN}/draft", f"{OWN}/draft/publish", f"{PROJECT}/app-users"):
            assert post(asker, path, workbook()).status_code == 403, path
    assert db.session.scalars(sa.select(FormDraft)).all() == []


def test_an_app_user_is_a_collector_of_the_thon_that_are_named(
    app: Flask, officer: Client, commune: Commune
) -> None:
    users = f"{PROJECT}/app-users"
    plain = officer.open("POST", users, json={"displayName": "Lê Thị Tư"})
    assert plain.status_code == 409
    assert "villages" in plain.json["message"]
    for villages in (["11630001"], [], "11629001", ["11629001", "x"]):
        wrong = officer.open("POST", users, json={"displayName": "Lê Thị Tư", "villages": villages})
        assert (wrong.status_code, wrong.json["code"]) == (400, 400.8), villages
    made = officer.open("POST", users, json={"displayName": "Lê Thị Tư", "villages": ["11629002"]})
    assert made.status_code == 200, made.text
    assert made.headers["Cache-Control"] == "no-store"
    told = made.json
    assert (told["displayName"], told["type"], len(told["token"])) == ("Lê Thị Tư", "field_key", 64)
    assert Client(app, {}).get(f"/key/{told['token']}/formList").status_code == 200
    assert [each["token"] for each in officer.json(users)] == [None]
    assert officer.open("POST", users, json={"displayName": " ", "villages": ["11629002"]}).status_code == 400
    form = f"{FORMS}/khao_sat/assignments/app-user"
    assert officer.open("POST", f"{form}/{told['id']}").json == {"success": True}
    assert officer.open("POST", f"{form}/{told['id'] + 99}").status_code == 404
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Collector)) == 1
