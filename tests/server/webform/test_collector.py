"""What the form in a browser reads and sends: the same as the collector's phone, under a code in a header (R23)."""

import dataclasses
import json
import re

import pytest
import shapely
from flask import Flask
from flask.testing import FlaskClient

from server.db import db
from server.models import Collector, Village
from server.phones import collectors
from tests.people import make_commune
from tests.sample import (
    arrived,
    filled,
    make_collector,
    make_entity,
    make_village,
    publish,
    publish_visit,
)  # fmt: skip


@pytest.fixture
def collector(app: Flask) -> Collector:
    """Somebody of the first thôn of a commune of two."""
    commune = make_commune("11629")
    own, other = make_village(commune), make_village(commune, "11629002", "Thôn Đoài")
    make_entity(own, "Lương Thị Nụ", data={"thon": own.code})
    make_entity(other, "Đỗ Văn Ất", data={"thon": other.code})
    publish_visit()
    return make_collector(commune, [own]).collector


def under(collector: Collector) -> dict[str, str]:
    return {"Authorization": f"Bearer {collectors.token(collector)}"}


def test_the_page_is_told_whose_it_is_and_which_forms_and_files_there_are(
    client: FlaskClient, collector: Collector
) -> None:
    told = client.get("/phieu/about?deviceID=web:1", headers=under(collector)).get_json()
    assert (told["name"], told["villages"]) == (collector.name, ["Thôn Đông"])
    [form] = told["forms"]
    assert (form["id"], form["impossible"]) == ("tham", [])
    xml = client.get(form["url"], headers=under(collector))
    assert xml.get_data() == client.get(f"/key/{collectors.token(collector)}/forms/tham/1.xml").get_data()
    lists = {
        file["name"]: client.get(file["url"], headers=under(collector)).get_data(as_text=True)
        for file in form["files"]
    }
    assert "Lương Thị Nụ" in lists["ho_dan.csv"]
    assert "Đỗ Văn Ất" not in lists["ho_dan.csv"]


def test_small_maps_show_the_outline_of_the_collectors_own_thon_alone(
    client: FlaskClient, collector: Collector
) -> None:
    for village in db.session.query(Village):
        west = 106.5 if village.code == "11629001" else 106.7
        village.outline = shapely.box(west, 20.8, west + 0.01, 20.81).wkb
    db.session.commit()
    told = client.get("/phieu/about", headers=under(collector)).get_json()
    [ring] = told["outlines"]
    assert {tuple(corner) for corner in ring} == {
        (20.8, 106.5), (20.8, 106.51), (20.81, 106.5), (20.81, 106.51)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("base_map", "shown"),
    [("/tiles/{z}/{x}/{y}.png", True), ("https://tiles.example/{z}/{x}/{y}.png", False)],
)
def test_no_other_host_learns_where_a_collector_stands(
    app: Flask, client: FlaskClient, base_map: str, shown: bool
) -> None:
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], base_map=base_map)
    answer = client.get("/phieu/")
    assert (f'data-tiles="{base_map}"' in answer.text) is shown
    assert "tiles.example" not in answer.headers["Content-Security-Policy"]


def test_the_page_is_small_enough_for_a_phone_in_a_village(client: FlaskClient) -> None:
    """All that a first visit fetches, compressed: at most 320 KB."""
    kept = re.search(r"const KEPT = (\[.*?\]);", client.get("/phieu/worker.js").text)
    assert kept
    packed = {
        path: len(client.get(path, headers={"Accept-Encoding": "gzip"}).get_data())
        for path in json.loads(kept[1])
    }
    assert sum(packed.values()) <= 320 * 1024, packed


def test_a_form_comes_in_as_from_a_phone_and_once(client: FlaskClient, collector: Collector) -> None:
    xml = filled(form_id="tham")
    answers = [
        client.post(
            "/phieu/submission",
            data={
                "xml_submission_file": (__import__("io").BytesIO(xml), "xml_submission_file.xml", "text/xml")
            },
            headers=under(collector),
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 202]
    [sent] = arrived()
    assert sent.collector_id == collector.id


@pytest.mark.parametrize("code", ["", "x" * 64, "Token " + "a" * 40])
@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/phieu/about", "GET"), ("/phieu/forms/tham/1.xml", "GET"), ("/phieu/forms/tham/1/media/ho_dan.csv", "GET"),
        ("/phieu/submission", "POST"),
    ],
)  # fmt: skip
def test_nobody_reads_or_sends_without_a_code(
    client: FlaskClient, collector: Collector, path: str, method: str, code: str
) -> None:
    answer = client.open(path, method=method, headers={"Authorization": f"Bearer {code}"} if code else {})
    assert answer.status_code == 403
    assert answer.get_json()["code"] == "key_unknown"


def test_a_revoked_code_reads_and_sends_nothing(client: FlaskClient, collector: Collector) -> None:
    headers = under(collector)
    collectors.revoke(collector)
    db.session.commit()
    assert client.get("/phieu/about", headers=headers).status_code == 403
    assert client.post("/phieu/submission", data={}, headers=headers).status_code == 403


def test_a_form_that_the_web_shows_wrongly_says_so(client: FlaskClient, collector: Collector) -> None:
    """A table of search() would be shown as two raw rows (docs/webform.md)."""
    publish(
        "| survey |\n| | type | name | label | appearance |\n| | select_one c | a | A | search('cho') |\n"
        "| choices |\n| | list_name | name | label |\n| | c | ma | ten |\n"
        "| settings |\n| | form_id | version |\n| | tim | 1 |\n",
    )
    told = client.get("/phieu/about", headers=under(collector)).get_json()
    assert {form["id"]: form["impossible"] for form in told["forms"]} == {
        "tham": [],
        "tim": ["bảng của search()"],
    }


def test_what_is_filled_at_every_door_stands_first(client: FlaskClient, collector: Collector) -> None:
    """The others follow in the order of the alphabet, whatever their codes are."""
    for form_id, title in (("an", "Em hỏi"), ("bo", "Đo sóng")):
        publish(
            "| survey |\n| | type | name | label |\n| | text | a | A |\n"
            f"| settings |\n| | form_title | form_id | version |\n| | {title} | {form_id} | 1 |\n"
        )
    told = client.get("/phieu/about", headers=under(collector)).get_json()
    assert [form["id"] for form in told["forms"]] == ["tham", "bo", "an"]


def test_a_name_and_a_password_give_the_code_and_wrong_ones_none(
    client: FlaskClient, collector: Collector
) -> None:
    typed = {"username": collector.username, "password": collectors.password(collector)}
    assert client.post("/phieu/code", json=typed).get_json()["code"] == collectors.token(collector)
    for wrong in (
        {**typed, "password": "x"},
        {**typed, "username": "x"},
        {},
        [],
        {"username": 7, "password": None},
    ):
        answer = client.post("/phieu/code", json=wrong)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "password_wrong")


def test_the_files_of_another_version_are_not_mixed_with_todays(client: FlaskClient) -> None:
    page = client.get("/phieu/").get_data(as_text=True)
    [address] = [part.split('"')[0] for part in page.split('src="')[1:]]
    assert client.get(address).mimetype == "text/javascript"
    assert client.get("/phieu/files/0123456789/app.js").status_code == 404
    assert client.get(address.replace("app.js", "worker.js")).status_code == 404
    worker = client.get("/phieu/worker.js").get_data(as_text=True)
    assert address in worker
