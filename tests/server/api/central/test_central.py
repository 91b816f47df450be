"""What programs written for ODK Central ask for, and what they are answered (O1 to O10, X15)."""

import csv
import io
import zipfile
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Audit, SubmissionReview
from tests import sample
from tests.people import PASSWORD, browser
from tests.server.api.conftest import FIRST, SECOND, THIRD, Client, basic

PROJECT = "/v1/projects/11629"
FORM = f"{PROJECT}/forms/khao_sat"


def begin(app: Flask, email: str, password: str) -> Any:
    return browser(app).post("/v1/sessions", json={"email": email, "password": password})


def test_a_session_is_a_key_of_a_day_that_ends_when_it_is_told_to(app: Flask, commune: Any) -> None:
    answer = begin(app, "officer", PASSWORD)
    assert answer.status_code == 200
    assert {"token", "csrf", "expiresAt", "createdAt"} <= set(answer.json)
    program = Client(app, {"Authorization": f"Bearer {answer.json['token']}"})
    me = program.json("/v1/users/current")
    assert (me["type"], me["displayName"], me["email"]) == ("user", "Người officer", "officer")
    assert program.open("DELETE", "/v1/sessions/current").json == {"success": True}
    assert program.get("/v1/users/current").status_code == 401


def test_a_wrong_password_opens_no_session_and_is_noted(app: Flask, commune: Any) -> None:
    for email, password in (
        ("officer", "sai mat khau 2026"),
        ("khong.co", PASSWORD),
        ("", ""),
        ("officer", "x" * 40),
    ):
        answer = begin(app, email, password)
        assert (answer.status_code, answer.json["code"]) == (401, 401.2)
        assert answer.json["message"]
    assert browser(app).post("/v1/sessions", data="{").status_code == 401


def test_a_key_stands_in_a_passwords_place(app: Flask, officer: Client) -> None:
    """Who signs in with a code from a phone as well makes a key, and gives it to the program as password."""
    key = officer.headers["Authorization"].removeprefix("Token ")
    assert begin(app, "officer", key).json["token"] == key


def test_projects_are_the_communes_of_who_asks(officer: Client, visits: str) -> None:
    [project] = officer.json("/v1/projects", headers={"X-Extended-Metadata": "true"})
    assert (project["id"], project["name"]) == (11629, "Xã An Lão")
    assert (project["forms"], project["appUsers"], project["archived"]) == (1, 1, False)
    assert project["lastSubmission"]
    assert officer.json(PROJECT) == project
    assert officer.get("/v1/projects/10930").json["code"] == 404.1


def test_forms_have_all_that_clients_require(officer: Client, visits: str) -> None:
    """Lists are read by whoever asks for XML too: nobody is refused for what they accept."""
    [form] = officer.json(f"{PROJECT}/forms", headers={"Accept": "application/xml"})
    for key in ("projectId", "xmlFormId", "version", "hash", "state", "createdAt", "name", "enketoId", "keyId",
                "updatedAt", "publishedAt"):  # fmt: skip
        assert key in form
    assert (form["xmlFormId"], form["version"], form["state"], form["submissions"]) == (
        "khao_sat",
        "1",
        "open",
        3,
    )
    assert officer.json(FORM) == form
    assert officer.get(f"{FORM}.xml").data.startswith(b"<?xml")
    assert officer.get(f"{FORM}.xlsx").status_code == 200
    assert [each["version"] for each in officer.json(f"{FORM}/versions")] == ["1"]
    assert officer.json(f"{FORM}/attachments") == []
    assert officer.get(f"{PROJECT}/forms/khong_co").json["code"] == 404.1


def test_fields_are_told_in_order_with_their_kinds(officer: Client, visits: str) -> None:
    told = {each["path"]: each for each in officer.json(f"{FORM}/fields?odata=true")}
    assert told["/ho"]["type"] == "structure"
    assert told["/tv"]["type"] == told["/tv/may"]["type"] == "repeat"
    assert (told["/ho/so_nguoi"]["type"], told["/ho/vi_tri"]["type"]) == ("int", "geopoint")
    assert (told["/ho/anh"]["binary"], told["/ho/dich_vu"]["selectMultiple"]) == (True, True)
    assert [each["order"] for each in told.values()] == list(range(len(told)))
    assert "/ho" not in {each["path"] for each in officer.json(f"{FORM}/fields?flatten=true")}


def test_submissions_are_listed_and_had_one_by_one(officer: Client, visits: str) -> None:
    told = officer.json(f"{FORM}/submissions")
    assert [each["instanceId"] for each in told] == [THIRD, SECOND, FIRST]
    for query, part in (
        ("limit=2", told[:2]), ("limit=1&offset=1", told[1:2]), ("offset=2", told[2:]), ("limit=9&offset=3", []),
    ):  # fmt: skip
        assert officer.json(f"{FORM}/submissions?{query}") == part
    assert officer.get(f"{FORM}/submissions?limit=-1").json["code"] == 400.8
    assert all(isinstance(each["submitterId"], int) for each in told)
    one = officer.json(f"{FORM}/submissions/{FIRST}")
    assert one == told[-1]
    xml = officer.get(f"{FORM}/submissions/{FIRST}.xml").data
    assert b"<so_nguoi>007</so_nguoi>" in xml
    assert "Nguyễn & con".encode() not in xml.replace(b"&amp;", b"&")
    assert officer.json(f"{FORM}/submissions/keys") == []
    assert [each["type"] for each in officer.json(f"{FORM}/submissions/submitters")] == ["field_key"]
    assert officer.get(f"{FORM}/submissions/uuid:khong-co").json["code"] == 404.1


def test_personal_answers_are_in_the_xml_of_who_may_and_asked(named: Client, visits: str) -> None:
    assert "Trần".encode() in named.get(f"{FORM}/submissions/{SECOND}.xml").data


def test_a_review_state_is_a_decision_of_ours(officer: Client, visits: str) -> None:
    for word, state in (("rejected", "rejected"), ("hasIssues", "has_issues"), ("approved", "approved")):
        answer = officer.open("PATCH", f"{FORM}/submissions/{SECOND}", json={"reviewState": word})
        assert (answer.status_code, answer.json["reviewState"]) == (200, word), answer.text
        rows = db.session.scalars(sa.select(SubmissionReview.after).order_by(SubmissionReview.id.desc()))
        assert rows.first() == state
        db.session.rollback()
    assert [each["actorId"] > 0 for each in officer.json(f"{FORM}/submissions/{SECOND}/comments")] == [
        True
    ] * 3
    for wrong in ({"reviewState": "maybe"}, {}, []):
        answer = officer.open("PATCH", f"{FORM}/submissions/{SECOND}", json=wrong)
        assert (answer.status_code, answer.json["code"]) == (400, 400.8)


def test_files_of_a_submission_are_named_and_had(officer: Client, visits: str) -> None:
    told = officer.json(f"{FORM}/submissions/{FIRST}/attachments")
    assert told == [{"name": "1763.jpg", "exists": True}, {"name": "may 1.jpg", "exists": True}]
    answer = officer.get(f"{FORM}/submissions/{FIRST}/attachments/1763.jpg")
    assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
    assert officer.get(f"{FORM}/submissions/{FIRST}/attachments/khong-co.jpg").status_code == 404
    assert officer.json(f"{FORM}/submissions/{SECOND}/attachments") == []


def test_submissions_come_as_centrals_csv_by_get_and_post(officer: Client, visits: str) -> None:
    """ruODK posts its wishes as JSON, pyodk and browsers put them into the address."""
    plain = officer.get(f"{FORM}/submissions.csv").get_data(as_text=True)
    head, *rows = list(csv.reader(io.StringIO(plain)))
    assert head[0] == "SubmissionDate"
    assert [row[head.index("KEY")] for row in rows] == [FIRST, SECOND, THIRD]
    assert "ho-so_nguoi" in head
    assert not [name for name in head if "chu_ho" in name]
    archive = zipfile.ZipFile(
        io.BytesIO(officer.open("POST", f"{FORM}/submissions.csv.zip", json={"attachments": False}).data)
    )
    assert {"khao_sat.csv", "khao_sat-tv.csv", "khao_sat-may.csv"} <= set(archive.namelist())
    some = officer.get(
        f"{FORM}/submissions.csv?$filter=ho/so_nguoi gt 10&groupPaths=false&splitSelectMultiples=True"
    )
    head, *rows = list(csv.reader(io.StringIO(some.get_data(as_text=True))))
    assert len(rows) == 1
    assert "so_nguoi" in head
    assert "dich_vu/vneid" in head
    assert officer.get(f"{FORM}/submissions.csv?$filter=ho/chu_ho eq 'x'").status_code == 400


def test_app_users_are_the_collectors_without_their_codes(officer: Client, visits: str) -> None:
    [one] = officer.json(f"{PROJECT}/app-users")
    assert (one["type"], one["projectId"], one["token"]) == ("field_key", 11629, None)
    assert one["displayName"]


def test_each_reading_of_records_is_in_the_audit(officer: Client, visits: str) -> None:
    for path in ("", f"/{FIRST}", f"/{FIRST}.xml", f"/{FIRST}/attachments/1763.jpg"):
        before = _readings()
        assert officer.get(f"{FORM}/submissions{path}").status_code == 200
        assert _readings() == before + 1, path
    before = _readings()
    assert officer.get(f"{FORM}/submissions.csv").status_code == 200
    assert _readings() == before + 1


def _readings() -> int:
    acts = ("submissions.read", "submission.read", "attachment.read", "submissions.export")
    with db.engine.connect() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).where(Audit.act.in_(acts))) or 0)


@pytest.mark.parametrize("name", ["leader", "reviewer"])
def test_who_may_not_is_told_that_it_is_not_there(app: Flask, visits: str, name: str) -> None:
    asker = Client(app, basic(name))
    paths = [f"{FORM}/submissions.csv", f"{PROJECT}/app-users"]
    paths += [f"{FORM}/submissions", f"{PROJECT}/forms"] if name == "leader" else []
    for path in paths:
        assert asker.get(path).status_code == 404, path
    if name == "leader":
        assert (
            asker.open("PATCH", f"{FORM}/submissions/{FIRST}", json={"reviewState": "approved"}).status_code
            == 403
        )


def test_entity_lists_are_read_with_names_only_by_whom_they_may(
    app: Flask, officer: Client, named: Client, commune: Any
) -> None:
    village = db.session.merge(commune).villages[0]
    data = {"thon": village.code, "tinh_trang": "vang", "dia_chi": "Ngõ Kín"}
    key = str(sample.make_entity(village, "Chủ Hộ Kín", data=data).id)
    sample.make_entity(
        village, "Nhà văn hóa", "diem_cong_cong", {"thon": village.code, "loai": "nha_van_hoa"}
    )
    base = f"{PROJECT}/datasets"
    assert [each["name"] for each in officer.json(base)] == ["diem_cong_cong", "ho_dan"]
    for program, is_named in ((officer, False), (named, True)):
        assert (
            "dia_chi" in {each["name"] for each in program.json(f"{base}/ho_dan")["properties"]}
        ) is is_named
        [one] = program.json(f"{base}/ho_dan/entities")
        assert (one["uuid"], one["currentVersion"]["label"] == "Chủ Hộ Kín") == (key, is_named)
        whole = program.json(f"{base}/ho_dan/entities/{key}")["currentVersion"]["data"]
        assert (whole["tinh_trang"], whole.get("dia_chi")) == ("vang", "Ngõ Kín" if is_named else None)
        assert ("Kín" in program.get(f"{base}/ho_dan/entities.csv").text) is is_named
        assert "Nhà văn hóa" in program.get(f"{base}/diem_cong_cong/entities.csv").text
    assert Client(app, basic("reviewer")).get(f"{base}/ho_dan/entities").status_code == 404
    assert officer.get(f"{base}/khong_co").json["code"] == 404.1


RUODK = (
    ("GET", f"{PROJECT}", None), ("GET", f"{PROJECT}/forms", None), ("GET", FORM, None),
    ("GET", f"{FORM}/fields?flatten=FALSE&odata=TRUE", None), ("GET", f"{FORM}.xml", None),
    ("GET", f"{FORM}/versions", None), ("GET", f"{FORM}/attachments", None), ("GET", f"{FORM}.svc", None),
    ("GET", f"{FORM}.svc/$metadata", None),
    ("GET", f"{FORM}.svc/Submissions?$skip=0&$top=1&$count=true&$wkt=true", None),
    ("GET", f"{FORM}.svc/Submissions?$expand=*&$wkt=false", None),
    ("GET", f"{FORM}.svc/Submissions?$filter=year(__system/submissionDate) gt 2000", None),
    ("GET", f"{FORM}.svc/Submissions.tv", None), ("GET", f"{FORM}/submissions", None),
    ("GET", f"{FORM}/submissions/{FIRST}", None), ("GET", f"{FORM}/submissions/{FIRST}.xml", None),
    ("GET", f"{FORM}/submissions/{FIRST}/attachments", None), ("GET", f"{FORM}/submissions/keys", None),
    ("POST", f"{FORM}/submissions.csv.zip", {}),
)  # fmt: skip
"""What ruODK sends, by name and password with each request, whatever it accepts."""


def test_ruodks_requests_are_answered(app: Flask, visits: str) -> None:
    asker = Client(app, {**basic("officer"), "Accept": "application/xml", "User-Agent": "ruODK"})
    for method, path, body in RUODK:
        answer = asker.open(method, path, json=body)
        assert answer.status_code == 200, (path, answer.text[:200])
        assert answer.data, path
