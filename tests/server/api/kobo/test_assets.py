"""K2, K3, K4, K24: the forms, in a list and one by one, however their address is written."""

import re

import pytest
from flask import Flask

from server.api.kobo import asset_search
from server.models import Commune
from tests import sample
from tests.people import bearing, make_person, make_token
from tests.server.api.conftest import Client, token_of

NEEDED = (
    "url", "uid", "name", "asset_type", "kind", "owner", "owner__username", "date_created", "date_modified",
    "date_deployed", "version_id", "has_deployment", "deployed_version_id", "deployment__active",
    "deployment_status", "deployment__submission_count", "deployment__last_submission_time", "deployment__uuid",
    "summary", "settings", "tag_string", "data", "downloads", "permissions", "export_settings", "status",
)  # fmt: skip


def test_a_listed_form_has_all_that_clients_read(officer: Client) -> None:
    told = officer.json("/api/v2/assets.json")
    assert (told["count"], told["next"], told["previous"]) == (1, None, None)
    [asset] = told["results"]
    assert [name for name in NEEDED if name not in asset] == []
    assert re.fullmatch("a[A-Za-z0-9]{21}", asset["uid"])
    assert re.fullmatch("v[A-Za-z0-9]{21}", asset["version_id"])
    assert (asset["name"], asset["asset_type"], asset["summary"]["geo"]) == ("Khảo sát hộ", "survey", True)


def test_addresses_in_a_list_end_as_the_list_did(officer: Client) -> None:
    """pykobo cuts what follows the last slash of an asset's address."""
    [asset] = officer.json("/api/v2/assets.json")["results"]
    assert asset["url"] == f"http://localhost/api/v2/assets/{asset['uid']}.json"
    assert asset["data"] == f"http://localhost/api/v2/assets/{asset['uid']}/data.json"
    [asset] = officer.json("/api/v2/assets/")["results"]
    assert asset["url"] == f"http://localhost/api/v2/assets/{asset['uid']}/"


def test_ids_are_the_same_tomorrow(officer: Client) -> None:
    first, second = (officer.json("/api/v2/assets/")["results"][0]["uid"] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/assets", "/api/v2/assets/", "/api/v2/assets.json", "/api/v2/assets/?format=json",
        "/api/v2/assets?limit=5&offset=0&metadata=on", "/api/v2/assets/?khong_biet=1", "/api/v2/assets/?page=1",
    ],
)  # fmt: skip
def test_every_way_to_write_an_address_is_answered_at_once(officer: Client, path: str) -> None:
    """Finding 4: no redirect anywhere; K24: unknown parameters are passed over."""
    assert officer.json(path)["count"] == 1


@pytest.mark.parametrize("path", ["//api/v2/assets/", "/api/v2//assets//", "/api//v2/assets.json"])
def test_doubled_slashes_are_one(officer: Client, path: str) -> None:
    assert officer.json("/", environ_overrides={"PATH_INFO": path})["count"] == 1


@pytest.mark.parametrize("accepts", ["application/xml", "text/html", "nonsense"])
def test_what_a_client_says_that_it_accepts_is_not_heeded(officer: Client, accepts: str) -> None:
    """Finding 9: clients ask for XML and read JSON, and send a type or a body with GET."""
    answer = officer.get(
        "/api/v2/assets/", headers={"Accept": accepts, "Content-Type": "application/json"}, data="{}"
    )
    assert (answer.status_code, answer.mimetype) == (200, "application/json")


def test_head_is_get_without_a_body(officer: Client) -> None:
    answer = officer.open("HEAD", "/api/v2/assets/")
    assert (answer.status_code, answer.data) == (200, b"")


def test_a_form_by_itself_says_where_everything_is(officer: Client) -> None:
    uid = officer.json("/api/v2/assets/")["results"][0]["uid"]
    for path in (f"/api/v2/assets/{uid}", f"/api/v2/assets/{uid}/", f"/api/v2/assets/{uid}.json"):
        told = officer.json(path)
        assert [name for name in NEEDED if name not in told] == []
        assert told["deployment__links"].keys() == {
            "url",
            "offline_url",
            "single_url",
            "preview_url",
            "iframe_url",
        }
        assert told["deployed_versions"]["results"][0]["uid"] == told["version_id"]
        assert {each["codename"] for each in told["effective_permissions"]} >= {"view_submissions"}
    assert "summary" not in officer.json(f"/api/v2/assets/{uid}/?exclude=summary,files")


def test_what_is_not_there_is_not_found_in_kobos_words(officer: Client) -> None:
    for path in ("/api/v2/assets/aAAAAAAAAAAAAAAAAAAAAAA/", "/api/v2/nonsense/"):
        answer = officer.get(path)
        assert (answer.status_code, answer.json) == (404, {"detail": "Not found."})


def test_who_reads_sums_alone_has_no_form_here(app: Flask, commune: Commune, leader: Client) -> None:
    assert leader.json("/api/v2/assets/")["count"] == 0
    uid = Client(app, bearing(token_of(app, "officer"))).json("/api/v2/assets/")["results"][0]["uid"]
    assert leader.get(f"/api/v2/assets/{uid}/").status_code == 404
    program = Client(app, bearing(make_token(commune)))
    assert program.get("/api/v2/assets/").status_code == 404


def test_another_communes_form_is_not_there(app: Flask, officer: Client) -> None:
    other = sample.make_commune("10930", "Mao Điền")
    sample.publish_plain(form_id="cua_rieng", commune=other)
    make_person("other", "officer", other)
    names = {each["name"] for each in officer.json("/api/v2/assets/")["results"]}
    assert names == {"Khảo sát hộ"}
    theirs = Client(app, bearing(token_of(app, "other"))).json("/api/v2/assets/")["results"]
    assert {each["name"] for each in theirs} == {"Khảo sát hộ", "Đơn giản"}


ROWS = [
    {"name": "Hộ gia đình", "uid": "a1", "owner__username": "x", "asset_type": "survey"},
    {"name": "Điểm 5G", "uid": "a2", "owner__username": "x", "asset_type": "survey"},
    {"name": "Cũ", "uid": "a3", "owner__username": "x", "asset_type": "block"},
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a1", "a2", "a3"]), ("hộ", ["a1"]), ("asset_type:survey", ["a1", "a2"]),
        ("asset_type:survey AND name__icontains:hộ", ["a1"]), ("NOT asset_type:survey", ["a3"]),
        ("name:\"điểm 5g\" OR uid:a3", ["a2", "a3"]), ("(uid:a1 OR uid:a2) AND NOT name__startswith:hộ", ["a2"]),
        ("((((", []), ("\"Hộ gia\"", ["a1"]),
    ],
)  # fmt: skip
def test_a_query_narrows_the_list(query: str, found: list[str]) -> None:
    kept = [row["uid"] for row in asset_search.narrowed(ROWS, {"q": query})]
    assert kept == (found or [row["uid"] for row in ROWS])


def test_asset_type_and_ordering_are_heeded() -> None:
    assert asset_search.narrowed(ROWS, {"asset_type": "block"}) == [ROWS[2]]
    assert [row["uid"] for row in asset_search.narrowed(ROWS, {"ordering": "-uid"})] == ["a3", "a2", "a1"]


@pytest.mark.parametrize("asked", ["limit=0", "limit=-1", "limit=x", "start=-1"])
def test_a_limit_that_is_no_number_is_named(officer: Client, asked: str) -> None:
    answer = officer.get(f"/api/v2/assets/?{asked}")
    name = asked.partition("=")[0]
    assert (answer.status_code, answer.json) == (400, {name: "A positive integer is required"})
