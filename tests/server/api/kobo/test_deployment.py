"""K18: forms are brought as drafts, deployed by the one way that pages publish by; what is wrong is told by its row."""

import base64
import io
import json
from typing import Any

import pytest
import sqlalchemy as sa

from forms import library
from server.api.kobo import kobo_ids
from server.api.kobo.asset_content import of_version
from server.api.kobo.content_workbook import slug
from server.db import db
from server.models import Commune, Form, FormDraft, FormVersion
from tests import sample
from tests.server.api.conftest import Client

OWN = """
| survey |
|        | type    | name    | label   |
|        | text    | chu_ho  | Chủ hộ  |
|        | integer | so      | Số      |
|        | select_one co_khong | co | Có không |
| choices |
|        | list_name | name  | label |
|        | co_khong  | co    | Có    |
|        | co_khong  | khong | Không |
| settings |
|        | form_title | form_id   | version   |
|        | Của xã     | cua_xa    | {version} |
| muc_dich |
|        | muc_dich | can_cu | luu_thang |
|        | Thử      | Luật   | 12        |
"""
UID = kobo_ids.uid("a", "cua_xa")
ASSET = f"/api/v2/assets/{UID}"


def workbook(version: str = "1", text: str = OWN) -> bytes:
    return library.workbook(text.replace("{version}", version))


def upload(client: Client, content: bytes, path: str = "/api/v2/assets/", **fields: str) -> Any:
    file = (io.BytesIO(content), "phieu.xlsx")
    return client.open("POST", path, data={"file": file, "name": "Phiếu", "asset_type": "survey", **fields})


def deploy(client: Client, method: str = "POST", **said: object) -> Any:
    return client.open(method, f"{ASSET}/deployment/", json={"active": True, **said})


def test_a_workbook_becomes_a_draft_and_is_deployed(officer: Client) -> None:
    """kobo-mcp sends a file to `assets/`."""
    answer = upload(officer, workbook())
    told = answer.json
    assert (answer.status_code, told["uid"], told["deployment_status"]) == (201, UID, "draft")
    assert officer.get(f"{ASSET}/").status_code == 404, "phones know nothing of it yet"
    done = deploy(officer)
    assert (done.status_code, done.json["active"]) == (200, True)
    assert officer.json(f"{ASSET}/")["deployment_status"] == "deployed"
    db.session.rollback()
    version = db.session.scalars(sa.select(FormVersion).join(Form).where(Form.form_id == "cua_xa")).one()
    assert version.form.commune_id is not None
    classes = {each["path"]: each["sensitivity"] for each in version.definition["fields"]}
    assert classes == {"chu_ho": "personal", "so": "none", "co": "none"}, "what nobody has classed is guessed"
    assert db.session.scalars(sa.select(FormDraft)).all() == []


def test_a_new_version_is_deployed_and_the_same_again_changes_nothing(officer: Client) -> None:
    upload(officer, workbook())
    deploy(officer)
    upload(officer, workbook("2"))
    version = kobo_ids.of_version("cua_xa", "2")
    assert deploy(officer, "PATCH", version_id="vKhongCo").status_code == 400
    told = officer.json(f"{ASSET}/")["version_id"]
    assert told == kobo_ids.of_version("cua_xa", "1"), "kobo-mcp sends back what the form says"
    answer = deploy(officer, "PATCH", version_id=told)
    assert answer.json["version_id"] == version
    for body in (b"", b"{}"):
        again = officer.open("PATCH", f"{ASSET}/deployment/?format=json", data=body)
        assert (again.status_code, again.json["version_id"]) == (200, version)


def test_a_form_is_archived_and_taken_into_use_again(officer: Client) -> None:
    upload(officer, workbook())
    deploy(officer)
    for is_active in (False, True):
        answer = officer.open("PATCH", f"{ASSET}/deployment/", json={"active": is_active})
        assert (answer.status_code, answer.json["active"]) == (200, is_active)
        assert officer.json(f"{ASSET}/deployment/")["active"] is is_active


def test_a_form_by_its_content_is_the_same_form(officer: Client) -> None:
    """What `content` tells of a form can be sent back as one."""
    upload(officer, workbook())
    deploy(officer)
    db.session.rollback()
    newest = db.session.scalars(sa.select(FormVersion).join(Form).where(Form.form_id == "cua_xa")).one()
    content = of_version(newest)
    content["settings"] = {"form_id": "ban_khac", "version": "1"}
    said = {"name": "Bản khác", "asset_type": "survey", "content": content}
    answer = officer.open("POST", "/api/v2/assets/", json=said)
    assert answer.status_code == 201, answer.text
    assert answer.json["uid"] == kobo_ids.uid("a", "ban_khac")
    db.session.rollback()
    draft = db.session.scalars(sa.select(FormDraft)).one()
    assert [each["path"] for each in draft.definition["fields"]] == ["chu_ho", "so", "co"]
    assert [each["name"] for each in draft.definition["fields"][2]["choices"]] == ["co", "khong"]


@pytest.mark.parametrize("way", ["file", "base64Encoded"])
def test_an_import_for_a_form_tells_what_became_of_it(officer: Client, way: str) -> None:
    upload(officer, workbook())
    deploy(officer)
    destination = f"http://localhost{ASSET}/"
    if way == "file":
        answer = upload(officer, workbook("2"), "/api/v2/imports/", destination=destination)
    else:
        encoded = base64.b64encode(workbook("2")).decode()
        answer = officer.open(
            "POST", "/api/v2/imports/", data={"base64Encoded": encoded, "destination": destination}
        )
    assert (answer.status_code, answer.json["status"]) == (201, "processing"), answer.text
    told = officer.json(answer.json["url"].removeprefix("http://localhost"))
    assert (told["status"], told["messages"]["updated"][0]["uid"]) == ("complete", UID)
    assert deploy(officer, "PATCH").json["version_id"] == kobo_ids.of_version("cua_xa", "2")


def test_what_is_wrong_is_told_in_vietnamese_by_sheet_row_and_column(officer: Client) -> None:
    bad = workbook(text=OWN.replace("| integer |", "| so_nguyen |"))
    answer = upload(officer, bad)
    assert answer.status_code == 400
    assert answer.json["error"].startswith("[row : 3] ")
    [error] = answer.json["errors"]
    assert (error["sheet"], error["row"], error["column"]) == ("survey", 3, "type")
    brought = upload(officer, bad, "/api/v2/imports/")
    told = officer.json(brought.json["url"].removeprefix("http://localhost"))
    assert (told["status"], told["messages"]["error"]) == ("error", answer.json["error"])


def test_a_form_that_does_not_say_why_it_asks_is_not_deployed(officer: Client) -> None:
    upload(officer, workbook(text=OWN.partition("| muc_dich |")[0]))
    answer = deploy(officer)
    assert (answer.status_code, "muc_dich" in answer.json["error"]) == (400, True)
    assert officer.get(f"{ASSET}/").status_code == 404


def test_another_forms_workbook_does_not_become_this_one(officer: Client) -> None:
    upload(officer, workbook())
    deploy(officer)
    other = workbook(text=OWN.replace("cua_xa", "khac"))
    answer = upload(officer, other, "/api/v2/imports/", destination=f"http://localhost{ASSET}/")
    told = officer.json(answer.json["url"].removeprefix("http://localhost"))
    assert (told["status"], "khac" in told["messages"]["error"]) == ("error", True)


@pytest.mark.parametrize(
    "said",
    [
        {}, {"name": "A"}, {"name": "A", "content": 3}, {"name": "A", "content": {"survey": 3}},
        {"name": "A", "content": {"survey": [{"type": "khong_co", "name": "a"}]}}, {"name": 3, "content": {}},
        {"url": "http://169.254.169.254/"}, {"base64Encoded": "%%"}, {"base64Encoded": "AAAA"},
        {"name": "A", "content": {"survey": ["a"]}}, {"name": "A", "content": {}},
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused(officer: Client, said: dict[str, object]) -> None:
    answer = officer.open("POST", "/api/v2/assets/", json=said)
    assert answer.status_code == 400, answer.text
    db.session.rollback()
    assert db.session.scalars(sa.select(FormDraft)).all() == []


def test_the_citys_form_is_not_a_communes_to_change(
    officer: Client, leader: Client, commune: Commune
) -> None:
    sample.publish_plain()
    city = f"/api/v2/assets/{kobo_ids.uid('a', 'don_gian')}/deployment/"
    assert officer.open("PATCH", city, json={"active": False}).status_code == 404
    assert upload(leader, workbook()).status_code == 403
    assert leader.open("PATCH", f"{ASSET}/deployment/", json={}).status_code == 403


@pytest.mark.parametrize(
    ("name", "made"), [("Khảo sát hộ", "khao_sat_ho"), ("2026: Đợt 1", "phieu_2026_dot_1"), ("???", "phieu")]
)
def test_a_name_makes_an_id(name: str, made: str) -> None:
    assert slug(name) == made


def test_a_layer_of_qgis_becomes_a_form_as_qrealtime_sends_it(officer: Client) -> None:
    """K18, word for word: content as a text of JSON, a first question without a name, lists named for their number."""
    survey = [
        {"type": "geopoint", "required": True, "label": "Point Location"},
        {"name": "ten", "label": "Tên điểm", "type": "text"},
        {"name": "loai", "label": "Loại", "type": "select_one", "select_from_list_name": "select1"},
        {"name": "anh", "label": "Ảnh", "type": "image"},
    ]
    choices = [{"name": name, "label": name.upper(), "list_name": "select1"} for name in ("a", "b")]
    content = json.dumps({"survey": survey, "choices": choices})
    said = {"uid": "diem_qgis", "name": "diem_qgis", "asset_type": "survey", "content": content}
    headers = {"Accept": "application/json"}
    answer = officer.open("POST", "/api/v2/assets/?format=json", json=said, headers=headers)
    assert answer.status_code == 201, answer.text
    uid = answer.json["uid"]
    again = officer.open("PATCH", f"/api/v2/assets/{uid}?format=json", json=said, headers=headers)
    assert (again.status_code, again.json["uid"]) == (200, uid), again.text
    db.session.rollback()
    draft = db.session.scalars(sa.select(FormDraft)).one()
    told = [(each["path"], each["kind"]) for each in draft.definition["fields"]]
    assert told == [
        ("point_location", "geopoint"),
        ("ten", "text"),
        ("loai", "select_one"),
        ("anh", "binary"),
    ]


def test_questions_without_a_name_are_called_by_their_label(officer: Client) -> None:
    labels = ["Họ tên", "Họ tên", "123", "???"]
    survey = [{"type": "text", "label": label} for label in labels] + [
        {"type": "text", "name": "text", "label": "x"}
    ]
    said = {"name": "Không tên", "asset_type": "survey", "content": {"survey": survey}}
    answer = officer.open("POST", "/api/v2/assets/", json=said)
    assert answer.status_code == 201, answer.text
    db.session.rollback()
    draft = db.session.scalars(sa.select(FormDraft)).one()
    names = [each["path"] for each in draft.definition["fields"]]
    assert names == ["ho_ten", "ho_ten_001", "_123", "text_001", "text"]
