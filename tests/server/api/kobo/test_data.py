"""K8, K10, K11, K21, K22: submissions, listed and one by one."""

import csv
import datetime as dt
import io
import json
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from flask import Flask

from server.api.kobo import kobo_ids
from server.db import db
from server.models import Audit, Commune, Submission
from tests import sample
from tests.people import bearing, make_person
from tests.phone import InProcess, Phone, statuses
from tests.server.api.conftest import FIRST, SECOND, THIRD, Client, token_of


def test_a_submission_is_told_as_it_was_sent(named: Client, visits: str) -> None:
    """K10: every answer is the text that was sent, unanswered keys are absent, points have four parts."""
    told = named.json(f"/api/v2/assets/{visits}/data.json")
    assert (told["count"], told["next"], told["previous"]) == (3, None, None)
    first = told["results"][0]
    files = first.pop("_attachments")
    stamp = first.pop("_submission_time")
    assert first.pop("_submission_time_iso") == f"{stamp}+00:00"
    number = first.pop("_id")
    assert first == {
        "formhub/uuid": kobo_ids.uuid_of_form("khao_sat"),
        "start": "2026-11-20T09:00:00.000+07:00",
        "thon": "11629001",
        "ho/chu_ho": "Nguyễn & con",
        "ho/so_nguoi": "007",
        "ho/toc_do": "1.50",
        "ho/vi_tri": "20.712345 106.512345 0 0",
        "ho/dich_vu": "shp cks",
        "ho/anh": "1763.jpg",
        "ngay": "2026-11-20",
        "tv_count": "2",
        "tv": [
            {
                "tv/ho_ten": "B", "tv/tuoi": "30", "tv/may_count": "2",
                "tv/may": [{"tv/may/hieu": "Nokia", "tv/may/anh_may": "may 1.jpg"}, {"tv/may/hieu": "Oppo"}],
            },
            {"tv/ho_ten": "C", "tv/tuoi": "8", "tv/may_count": "0"},
        ],
        "__version__": kobo_ids.of_version("khao_sat", "1"),
        "meta/instanceID": FIRST,
        "meta/rootUuid": FIRST,
        "_xform_id_string": visits,
        "_uuid": FIRST.removeprefix("uuid:"),
        "_status": "submitted_via_web",
        "_geolocation": [20.712345, 106.512345],
        "_tags": [],
        "_notes": [],
        "_validation_status": {},
        "_submitted_by": first["_submitted_by"],
    }  # fmt: skip
    assert [(each["media_file_basename"], each["question_xpath"], each["mimetype"]) for each in files] == [
        ("1763.jpg", "ho/anh", "image/jpeg"), ("may 1.jpg", "tv[1]/may[1]/anh_may", "image/jpeg"),
    ]  # fmt: skip
    base = f"http://localhost/api/v2/assets/{visits}/data/{number}/attachments/{files[0]['uid']}/"
    assert (files[0]["download_url"], files[0]["download_small_url"]) == (base, f"{base}small/")


def test_a_form_with_a_repeat_has_its_count_in_every_row(officer: Client, visits: str) -> None:
    """Finding 6: pykobo looks for the column."""
    rows = officer.json(f"/api/v2/assets/{visits}/data/")["results"]
    assert [row["tv_count"] for row in rows] == ["2", "0", "0"]


def test_personal_answers_need_the_right_and_the_wish(
    app: Flask, officer: Client, named: Client, visits: str
) -> None:
    def words(client: Client, end: str = "") -> str:
        return client.get(f"/api/v2/assets/{visits}/data{end}").text

    for end in (
        ".json",
        ".xml",
        ".geojson",
        f"/{FIRST}",
        f"/{FIRST}.xml",
        '.json?query={"ho/chu_ho":"Trần"}',
    ):
        assert "Nguyễn" not in words(officer, end)
        assert "Trần" not in words(officer, end)
    for end in (".json", ".xml", f"/{FIRST}", f"/{FIRST}.xml"):
        assert "Nguyễn" in words(named, end)
    reviewer = Client(app, bearing(token_of(app, "reviewer")))
    assert reviewer.json(f"/api/v2/assets/{visits}/data.json?ca_nhan=1")["count"] == 3
    assert "Nguyễn" not in words(reviewer, ".json?ca_nhan=1")


def test_what_may_not_be_read_cannot_be_asked_about(officer: Client, named: Client, visits: str) -> None:
    query = json.dumps({"ho/chu_ho": "Trần"})
    assert named.json(f"/api/v2/assets/{visits}/data/?query={query}")["count"] == 1
    assert officer.json(f"/api/v2/assets/{visits}/data/?query={query}")["count"] == 0
    query = json.dumps({"ho/chu_ho": {"$exists": True}})
    assert officer.json(f"/api/v2/assets/{visits}/data/?query={query}")["count"] == 0


def test_each_reading_is_written_down_before_its_first_byte(officer: Client, visits: str) -> None:
    officer.get(f"/api/v2/assets/{visits}/data.json?limit=2")
    officer.get(f"/api/v2/assets/{visits}/data/{FIRST}")
    listing, one = db.session.scalars(
        sa.select(Audit).where(Audit.act.like("submission%.read")).order_by(Audit.id)
    )
    assert listing.actor.startswith("token:")
    assert listing.detail == {"communes": ["11629"], "count": 2, "personal": False}
    assert (one.act, one.record) == ("submission.read", f"submission:{sample.arrived()[0].id}")


def test_without_a_limit_all_are_told_and_pages_lead_on(officer: Client, visits: str) -> None:
    """Finding 1: clients that never page get everything; OpenFn reads `start` out of `next`."""
    found, address = [], f'/api/v2/assets/{visits}/data.json?limit=2&fields=["thon"]'
    while address:
        told = officer.json(address)
        found += told["results"]
        address = told["next"]
        assert address is None or "start=2" in address
    assert [row["_uuid"] for row in found] == [each.removeprefix("uuid:") for each in (FIRST, SECOND, THIRD)]
    assert all(row.keys() == {"thon", "_uuid", "meta/rootUuid"} for row in found)


@pytest.mark.parametrize("sort", ["", '&sort={"ho/so_nguoi": -1}', '&sort={"thon": 1, "_id": -1}'])
def test_every_page_is_its_part_of_the_whole_and_tells_the_same_number(
    officer: Client, visits: str, sort: str
) -> None:
    path = f"/api/v2/assets/{visits}/data.json"
    whole = [row["_id"] for row in officer.json(f"{path}?{sort}")["results"]]
    for limit in (1, 2, 3):
        for start in range(5):
            told = officer.json(f"{path}?limit={limit}&start={start}{sort}")
            assert [row["_id"] for row in told["results"]] == whole[start : start + limit]
            assert told["count"] == 3
    assert officer.json(f'{path}?limit=1&query={{"thon": "11629001"}}')["count"] == 2
    nobody = officer.json(f'{path}?start=7&query={{"thon": "khong_co"}}')
    assert (nobody["count"], nobody["results"]) == (0, [])


def test_a_page_is_told_anew_when_the_number_beside_it_has_changed(
    officer: Client, walker: Phone, visits: str
) -> None:
    path = f"/api/v2/assets/{visits}/data.json?limit=2"
    known = {"If-None-Match": officer.get(path).headers["ETag"]}
    assert officer.get(path, headers=known).status_code == 304
    xml = sample.filled("<thon>11629001</thon>", form_id="khao_sat")
    assert statuses(walker.send(xml)) == [201]
    again = officer.get(path, headers=known)
    assert (again.status_code, again.json["count"]) == (200, 4)


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        ("query={", {"query": "Value must be valid JSON."}), ("sort=x", {"sort": "Value must be valid JSON."}),
        ("fields={", {"fields": "Value must be valid JSON."}), ("limit=0", {"limit": "A positive integer is required"}),
        ("limit=-5", {"limit": "A positive integer is required"}), ("query=[1]", {"query": "Unsupported query"}),
        ("count=1", {"count": "This parameter is not supported"}),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(officer: Client, visits: str, asked: str, body: object) -> None:
    answer = officer.get(f"/api/v2/assets/{visits}/data/?{asked}")
    assert (answer.status_code, answer.json) == (400, body)


def test_xml_is_a_list_of_what_is_kept_and_takes_no_sort(named: Client, visits: str) -> None:
    answer = named.get(f"/api/v2/assets/{visits}/data.xml")
    root = ElementTree.fromstring(answer.data)
    assert root.findtext("count") == "3"
    results = root.find("results")
    assert results is not None
    assert [each.get("id") for each in results] == ["khao_sat"] * 3
    assert results[0].findtext("ho/so_nguoi") == "007"
    assert named.get(f'/api/v2/assets/{visits}/data.xml?sort={{"_id":1}}').status_code == 400


def test_geojson_skips_what_names_no_place(officer: Client, visits: str) -> None:
    """K22."""
    told = officer.json(f"/api/v2/assets/{visits}/data.geojson?geo_question_name=vi_tri")
    assert told["type"] == "FeatureCollection"
    places = [each["geometry"]["coordinates"] for each in told["features"]]
    assert places == [[106.512345, 20.712345, 0.0], [106.5, 20.7, 3.2]]
    properties = told["features"][1]["properties"]
    assert properties["ho/so_nguoi"] == "12"
    assert "tv" not in properties
    assert officer.json(f"/api/v2/assets/{visits}/data.geojson?geo_question_name=khac")["features"] == []


def test_one_submission_is_found_by_number_or_id(officer: Client, visits: str) -> None:
    """K11."""
    number = sample.arrived()[0].id
    for key in (str(number), FIRST, FIRST.removeprefix("uuid:")):
        for end in ("", "/", ".json"):
            assert officer.json(f"/api/v2/assets/{visits}/data/{key}{end}")["_id"] == number
    for key in ("999999", "khong-co", "9" * 30):
        assert officer.get(f"/api/v2/assets/{visits}/data/{key}/").status_code == 404


def test_an_edit_keeps_its_root_and_is_found_by_every_id_of_its_chain(
    officer: Client, walker: Phone, visits: str
) -> None:
    edit = "uuid:00000000-0000-4000-8000-0000000000e1"
    before = sample.arrived()[1]
    text = (
        sample.filled(
            "<thon>11629002</thon><ho><so_nguoi>13</so_nguoi></ho>", form_id="khao_sat", instance_id=edit
        )
        .decode()
        .replace("<instanceID>", f"<deprecatedID>{SECOND}</deprecatedID><instanceID>")
    )
    assert statuses(walker.send(text.encode())) == [201]
    for key in (str(before.id), SECOND, edit):
        told = officer.json(f"/api/v2/assets/{visits}/data/{key}/")
        assert (told["meta/instanceID"], told["meta/deprecatedID"], told["meta/rootUuid"]) == (
            edit,
            SECOND,
            SECOND,
        )
        assert told["ho/so_nguoi"] == "13"
    assert officer.json(f"/api/v2/assets/{visits}/data/")["count"] == 3
    query = json.dumps({"meta/rootUuid": SECOND})
    assert officer.json(f"/api/v2/assets/{visits}/data/?query={query}")["count"] == 1


def test_a_team_leader_reads_their_thon_and_another_commune_nothing(
    app: Flask, officer: Client, visits: str
) -> None:
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
    second = next(each for each in commune.villages if each.code == "11629002")
    make_person("to.truong", "team_leader", commune, (second,))
    other = sample.make_commune("10930", "Mao Điền")
    make_person("khac", "officer", other)
    leads = Client(app, bearing(token_of(app, "to.truong"))).json(f"/api/v2/assets/{visits}/data/")
    assert [row["meta/instanceID"] for row in leads["results"]] == [SECOND]
    other_one = Client(app, bearing(token_of(app, "khac")))
    assert other_one.json(f"/api/v2/assets/{visits}/data/")["count"] == 0
    assert other_one.get(f"/api/v2/assets/{visits}/data/{FIRST}/").status_code == 404


def test_counts_by_day(officer: Client, visits: str) -> None:
    """K21."""
    told = officer.json(f"/api/v2/assets/{visits}/counts/?days=30")
    assert told["total_submission_count"] == 3
    assert sum(told["daily_submission_counts"].values()) == 3


def test_leaders_read_no_submission(leader: Client, visits: str) -> None:
    for path in ("data/", f"data/{FIRST}/", "counts/", "data.geojson", "data.xml"):
        assert leader.get(f"/api/v2/assets/{visits}/{path}").status_code == 404


def test_what_has_not_changed_is_not_sent_again(officer: Client, walker: Phone, visits: str) -> None:
    """K24."""
    paths = [f"/api/v2/assets/{visits}/data.json", "/api/v2/assets/", f"/api/v2/assets/{visits}/"]
    known = {path: {"If-None-Match": officer.get(path).headers["ETag"]} for path in paths}
    assert [officer.get(path, headers=known[path]).status_code for path in paths] == [304, 304, 304]
    xml = sample.filled("<thon>11629001</thon>", form_id="khao_sat")
    assert statuses(walker.send(xml)) == [201]
    assert [officer.get(path, headers=known[path]).status_code for path in paths] == [200, 200, 200]


def test_only_what_the_reader_sees_makes_a_list_another(
    app: Flask, officer: Client, walker: Phone, visits: str
) -> None:
    """K24: not what another commune sends; a decision, and an edit that keeps their number, do."""
    path = f"/api/v2/assets/{visits}/data.json"

    def known() -> dict[str, str]:
        return {"If-None-Match": officer.get(path).headers["ETag"]}

    before = known()
    elsewhere = sample.make_commune("10930", "Mao Điền")
    made = sample.make_collector(elsewhere, [sample.make_village(elsewhere, "10930001")], "Người khác")
    other = Phone(InProcess(app), f"http://localhost/key/{made.token}")
    xml = sample.filled("<thon>10930001</thon>", form_id="khao_sat")
    assert statuses(other.send(xml)) == [201]
    assert officer.get(path, headers=before).status_code == 304
    number = officer.json(path)["results"][0]["_id"]
    body = {"validation_status.uid": "validation_status_on_hold"}
    told = officer.open("PATCH", f"{path.removesuffix('.json')}/{number}/validation_status/", json=body)
    assert told.status_code == 200
    assert officer.get(path, headers=before).status_code == 200
    before = known()
    edit = sample.filled("<thon>11629002</thon>", form_id="khao_sat").decode()
    edit = edit.replace("<meta>", f"<meta><deprecatedID>{SECOND}</deprecatedID>")
    assert statuses(walker.send(edit.encode())) == [201]
    answer = officer.get(path, headers=before)
    assert (answer.status_code, answer.json["count"]) == (200, 3)


def test_a_second_is_the_same_in_json_in_files_and_in_questions(
    named: Client, officer: Client, visits: str
) -> None:
    """What came in the last half millisecond of a second did not come in the next one."""
    moment = dt.datetime(2026, 11, 20, 2, 3, 4, 999_700, dt.UTC)
    db.session.execute(sa.update(Submission).values(received_at=moment))
    db.session.commit()
    path = f"/api/v2/assets/{visits}/data.json"
    assert {row["_submission_time"] for row in named.json(path)["results"]} == {"2026-11-20T02:03:04"}
    query = json.dumps({"_submission_time": "2026-11-20T02:03:04"})
    assert named.json(path, query_string={"query": query})["count"] == 3
    visitor = officer.browser
    assert visitor.sign_in("officer").status_code == 302
    text = visitor.get("/xa/11629/tai-ve/phieu?bieu_mau=khao_sat&dang=kobo&nhan=0").text
    assert [row["_submission_time"] for row in csv.DictReader(io.StringIO(text), delimiter=";")] == [
        "2026-11-20T02:03:04"
    ] * 3
