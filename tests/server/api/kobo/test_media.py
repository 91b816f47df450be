"""K17: files of a form, as pykobo puts and takes them; phones get them by the form's manifest."""

import base64
import hashlib
import io
import json
import re
from typing import Any

import pytest
import sqlalchemy as sa

from server.api.kobo import kobo_ids
from server.db import db
from server.models import Audit, Commune
from tests import sample
from tests.phone import InProcess, Phone
from tests.sample import JPEG
from tests.server.api.conftest import Client

OWN = """
| survey |
| | type | name | label | media::image |
| | note | nhac | Nhắc | huong_dan.jpg |
| settings |
| | form_title | form_id | version |
| | Có tranh | co_tranh | 1 |
"""
FILES = f"/api/v2/assets/{kobo_ids.uid('a', 'co_tranh')}/files"


@pytest.fixture(autouse=True)
def _form(commune: Commune) -> None:
    sample.publish(OWN, commune=commune)


def put(client: Client, name: str = "huong_dan.jpg", content: bytes = JPEG, **fields: str) -> Any:
    given = {
        "description": "Tranh",
        "file_type": "form_media",
        "metadata": json.dumps({"filename": name}),
        **fields,
    }
    return client.open("POST", f"{FILES}.json", data={**given, "content": (io.BytesIO(content), name)})


def test_a_file_is_put_told_and_taken_away(officer: Client) -> None:
    answer = put(officer)
    assert answer.status_code == 201, answer.text
    told = answer.json
    assert re.fullmatch("af[A-Za-z0-9]{21}", told["uid"])
    assert told["metadata"] == {
        "hash": f"md5:{hashlib.md5(JPEG).hexdigest()}", "filename": "huong_dan.jpg", "mimetype": "image/jpeg",
    }  # fmt: skip
    assert [each["uid"] for each in officer.json(f"{FILES}/?format=json")["results"]] == [told["uid"]]
    assert officer.get(told["content"].removeprefix("http://localhost")).data == JPEG
    assert officer.open("DELETE", f"{FILES}/{told['uid']}").status_code == 204, "pykobo waits for 204"
    assert officer.json(f"{FILES}.json")["results"] == []
    db.session.rollback()
    acts = db.session.scalars(sa.select(Audit.act).where(Audit.act.startswith("form.file")))
    assert list(acts) == ["form.file_add", "form.file_remove"]


def test_phones_get_it_by_the_manifest(app: Any, officer: Client, commune: Commune) -> None:
    put(officer)
    made = sample.make_collector(commune, list(commune.villages))
    phone = Phone(InProcess(app), f"http://localhost/key/{made.token}")
    assert phone.sync()["co_tranh"][1] == {"huong_dan.jpg": JPEG}


def test_a_name_stands_once(officer: Client) -> None:
    assert [put(officer).status_code for _ in range(2)] == [201, 400]


def test_base64_does_too(officer: Client) -> None:
    said = {"metadata": {"filename": "a.jpg"}, "base64Encoded": base64.b64encode(JPEG).decode()}
    assert officer.open("POST", f"{FILES}/", json=said).status_code == 201


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a.exe"}, {"name": "a.jpg", "content": b"<html>"}, {"name": "thon.csv", "content": b"a,b"},
        {"file_type": "paired_data"}, {"metadata": "{"}, {"metadata": "[]"}, {"name": "ho_dan.csv", "content": b"name"},
    ],
)  # fmt: skip
def test_what_is_no_file_of_a_form_is_refused(officer: Client, fields: dict[str, Any]) -> None:
    assert put(officer, **fields).status_code == 400
    assert officer.json(f"{FILES}.json")["results"] == []


def test_no_other_machine_is_asked_for_a_file(officer: Client) -> None:
    said = {"metadata": {"redirect_url": "http://169.254.169.254/latest"}, "file_type": "form_media"}
    answer = officer.open("POST", f"{FILES}/", json=said)
    assert (answer.status_code, "metadata" in answer.json) == (400, True)


def test_the_citys_files_are_not_a_communes_to_change(officer: Client, leader: Client) -> None:
    sample.publish_plain()
    city = f"/api/v2/assets/{kobo_ids.uid('a', 'don_gian')}/files/"
    data = {"metadata": '{"filename": "a.jpg"}', "content": (io.BytesIO(JPEG), "a.jpg")}
    assert officer.open("POST", city, data=data).status_code == 403
    assert leader.get(f"{FILES}/").status_code == 404
    assert put(leader).status_code == 403
