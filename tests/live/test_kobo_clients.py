"""K25: clients of KoboToolbox from the package index, unmodified, read 1,500 submissions from a live server; and the
requests of those that are no Python (docs/kobo.md lists them) are sent word for word."""

import csv
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import requests
import sqlalchemy as sa
from flask import Flask

from server import audit
from server.accounts import person_keys
from server.api.kobo import kobo_ids
from server.db import db
from server.files.attachments import Upload
from server.intake import catch_up, receive_submission
from server.intake.submission_sender import Sender
from server.models import Person, Village
from tests import sample
from tests.client_venv import python_with
from tests.conftest import Template, application, on_a_copy
from tests.live import behind_tls
from tests.live.served import Served
from tests.people import PASSWORD, Browser, browser, make_person
from tests.server.api.conftest import FORM

pytestmark = pytest.mark.live

CLIENTS = (
    "koboextractor==0.2.1", "kobo2pandas==0.9.0", "pykobo==0.1.7", "kobo-api-v2==0.1.0", "kobodata==0.0.9",
    "kobo-mcp==0.1.4", "mcp<2",
)  # fmt: skip
VISITS, EDITS, PHOTOS = 1500, 40, 30
TICKED = ("shp", "vneid", "cks")
"""The choices of a question with several answers, in the form's order: pykobo tells them so, with bars between."""
UID = kobo_ids.uid("a", "khao_sat")
SCRIPT = Path(__file__).parent / "kobo_clients.py"
QUESTIONS = {
    "start": "start", "thon": "thon", "chu_ho": "ho/chu_ho", "so_nguoi": "ho/so_nguoi", "toc_do": "ho/toc_do",
    "vi_tri": "ho/vi_tri", "dich_vu": "ho/dich_vu", "anh": "ho/anh", "ngay": "ngay", "_uuid": "_uuid",
    "_submission_time": "_submission_time", "_submitted_by": "_submitted_by", "_status": "_status",
    "meta/rootUuid": "meta/rootUuid",
}  # fmt: skip
"""A column of our own export, and the key of the same in Kobo's JSON."""


def visit(chance: random.Random, number: int) -> str:
    """The answers of one visit: groups, two levels of repeats, several answers, a photo now and then, gaps."""
    members = "".join(_member(chance, number, each) for each in range(chance.randrange(4)))
    photo = f"{number}.jpg" if number < PHOTOS else ""
    ticked = " ".join(chance.sample(TICKED, chance.randrange(4)))
    place = f"20.{700 + number % 90} 106.{500 + number % 70} 3.2 4.9" if number % 5 else ""
    return (
        f"<start>2026-11-20T09:{number % 60:02}:00.000+07:00</start><thon>1162900{1 + number % 2}</thon>"
        f'<ho><chu_ho>Nguyễn &lt;{number}&gt; "Ấm"; x</chu_ho><so_nguoi>{number % 17}</so_nguoi>'
        f"<toc_do>{number % 90}.25</toc_do><vi_tri>{place}</vi_tri><dich_vu>{ticked}</dich_vu><anh>{photo}</anh></ho>"
        f"{members}<ngay>2026-11-{1 + number % 28:02}</ngay>"
    )


def _member(chance: random.Random, number: int, place: int) -> str:
    phones = "".join(
        f"<may><hieu>Máy {number}.{place}.{each}</hieu><anh_may/></may>"
        for each in range(chance.randrange(3))
    )
    return f"<tv><ho_ten>Người {place}</ho_ten><tuoi>{chance.randrange(90)}</tuoi>{phones}</tv>"


def fill(app: Flask) -> str:
    """The commune with its visits; a key that reads personal answers too."""
    commune = sample.make_commune()
    thon = {f"1162900{n}": sample.make_village(commune, f"1162900{n}", f"Thôn {n}").id for n in (1, 2)}
    make_person("officer", "officer", commune)
    sample.publish(FORM, form_id="khao_sat", version="1")
    villages = list(db.session.scalars(sa.select(Village)))
    collector = sample.make_collector(commune, villages).collector
    sender = Sender(collector.id, commune.id, thon)
    person = db.session.scalars(sa.select(Person)).unique().one()
    token = person_keys.add(person, "Máy của phòng", person_keys.OF_PERSONS, by=audit.SHELL).token
    db.session.commit()
    chance = random.Random(2026)
    made = [(f"uuid:{uuid.UUID(int=number + 1)}", visit(chance, number)) for number in range(VISITS)]
    for number, (instance, answers) in enumerate(made):
        photo = (
            [Upload(f"{number}.jpg", io.BytesIO(sample.photo(b"%d" % number)), "image/jpeg")]
            if number < PHOTOS
            else []
        )
        receive_submission.accept(
            sample.filled(answers, form_id="khao_sat", instance_id=instance), photo, sender
        )
    catch_up.settle()
    for instance, answers in made[100 : 100 + EDITS]:
        edited = answers.replace("Nguyễn", "Trần")
        xml = sample.filled(edited, form_id="khao_sat", instance_id=f"uuid:{uuid.uuid4()}").decode()
        receive_submission.accept(
            xml.replace("<meta>", f"<meta><deprecatedID>{instance}</deprecatedID>").encode(), [], sender
        )
    catch_up.settle()
    db.session.rollback()
    return token


@pytest.fixture(scope="module")
def place(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, Served, str]]:
    """The live server, filled; once for this module."""
    folder = tmp_path_factory.mktemp("kobo")
    with on_a_copy(template_database, folder) as settings, application(settings) as app:
        if db.engine.dialect.name != "sqlite":
            pytest.skip(
                "what clients are sent is the same on both databases; test_query_language.py asks both"
            )
        token = fill(app)
        with Served(settings) as served:
            yield app, served, token


@pytest.fixture(scope="module")
def own(place: tuple[Flask, Served, str]) -> list[dict[str, str]]:
    """Our own export of the same submissions, as Kobo's CSV."""
    visitor: Browser = browser(place[0])
    assert visitor.sign_in("officer").status_code == 302
    answer = visitor.get("/xa/11629/tai-ve/phieu?bieu_mau=khao_sat&dang=kobo&nhan=0&ca_nhan=1")
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True)), delimiter=";"))
    assert len(rows) == VISITS
    return rows


def same(
    rows: list[dict[str, Any]], own: list[dict[str, str]], passed_over: frozenset[str] = frozenset()
) -> None:
    """Each row by its number, each answer as the export has it; what is empty there is absent, or nothing.

    `passed_over` are columns that the client itself drops.
    """
    by_id = {str(row["_id"]): row for row in rows}
    assert by_id.keys() == {row["_id"] for row in own}
    differing = [
        (column, row[column], by_id[row["_id"]].get(key))
        for row in own
        for column, key in QUESTIONS.items()
        if column not in passed_over
        and (by_id[row["_id"]].get(key, by_id[row["_id"]].get(column)) or "") != row[column]
    ]
    assert differing[:3] == []


@pytest.fixture(scope="module")
def read(place: tuple[Flask, Served, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What all six clients read."""
    _, served, token = place
    python = python_with(*CLIENTS)
    with behind_tls.served(served.port, tmp_path_factory.mktemp("tls")) as (secure, certificate):
        told = {"url": served.url, "secure": secure, "token": token, "uid": UID}
        others = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        given = {"REQUESTS_CA_BUNDLE": str(certificate), "KOBO_API_TOKEN": token, "KOBO_SERVER": served.url}
        found = subprocess.run(
            [python, SCRIPT], input=json.dumps(told), capture_output=True, text=True, timeout=300, check=False,
            env=others | given,
        )  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    made: dict[str, Any] = json.loads(found.stdout)
    return made


def test_koboextractor_reads_what_our_own_export_holds(
    read: dict[str, Any], own: list[dict[str, str]]
) -> None:
    told = read["koboextractor"]
    assert told["forms"] == [UID]
    same(told["rows"], own)
    over = sum(int(row["so_nguoi"]) > 10 for row in own)
    assert told["counts"] == [VISITS, over, 7, VISITS]
    assert told["choices"]["dv"]["shp"] == "Smart Hải Phòng"
    assert told["label"].startswith("Thôn ")


def test_kobo2pandas_makes_tables_of_rows_repeats_and_photos(
    read: dict[str, Any], own: list[dict[str, str]]
) -> None:
    told = read["kobo2pandas"]
    assert told["forms"] == {"Khảo sát hộ": UID}
    assert (max(told["tables"].values()) >= VISITS, told["excel"]) == (True, True)
    same(told["rows"], own, passed_over=frozenset({"meta/rootUuid"}))


def test_pykobo_reads_points_repeats_and_files_of_the_form(
    read: dict[str, Any], own: list[dict[str, str]]
) -> None:
    told = read["pykobo"]
    assert (told["metadata"]["num_submissions"], told["metadata"]["geo"]) == (VISITS, True)
    ordered = [
        row | {"dich_vu": "|".join(each for each in TICKED if each in row["dich_vu"].split())} for row in own
    ]
    same([row | {"meta/rootUuid": row["rootUuid"]} for row in told["rows"]], ordered)
    latitude = {str(row["_id"]): row["_vi_tri_latitude"] for row in told["rows"]}
    assert [row["_id"] for row in own if (latitude[row["_id"]] or "") != row["_vi_tri_latitude"]] == []
    assert told["repeats"]["tv"] > VISITS
    assert told["saved"] == {".xls": b"PK\x03\x04".hex() + told["saved"][".xls"][8:], ".xml": b"<?xml".hex()}


def test_kobo_api_v2_and_kobodata_and_kobo_mcp_read_the_same(
    read: dict[str, Any], own: list[dict[str, str]]
) -> None:
    assert read["kobo_api_v2"]["forms"] == [UID]
    assert read["kobo_api_v2"]["name"] == "Khảo sát hộ"
    assert read["kobo_api_v2"]["questions"] > 15
    with_repeats = read["kobo_api_v2"]["workbook"]
    assert with_repeats["Khảo sát hộ"] == VISITS + 1
    assert with_repeats["tv"] == read["pykobo"]["repeats"]["tv"] + 1
    assert read["kobodata"]["count"] == VISITS
    same(read["kobodata"]["rows"], own)
    told = read["kobo_mcp"]
    assert [each["submission_count"] for each in told["forms"]] == [VISITS]
    assert told["found"] == told["forms"]
    assert told["submissions"]["count"] == sum(row["so_nguoi"] == "7" for row in own)
    assert len(told["submissions"]["results"]) == 3
    assert (told["form"]["deployment_status"], told["exported"]["status"]) == ("deployed", "downloaded")
    assert told["data"]["status"] == "complete"


def example(language: str) -> str:
    """The example in docs/kobo.md."""
    page = (Path(__file__).parents[2] / "docs" / "kobo.md").read_text(encoding="utf-8")
    return page.partition(f"```{language}\n")[2].partition("```")[0]


def printed(command: list[str], served: Served, token: str) -> list[list[str]]:
    """The words of each line that an example prints."""
    given = os.environ | {"KOBO_SERVER": served.url, "KOBO_API_TOKEN": token, "KOBO_FORM": UID}
    found = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stderr
    return [line.split() for line in found.stdout.splitlines()]


def test_the_example_in_python_runs(place: tuple[Flask, Served, str], own: list[dict[str, str]]) -> None:
    _, served, token = place
    told = printed([sys.executable, "-c", example("python")], served, token)
    wanted = [[row["thon"], row["so_nguoi"]] for row in own if int(row["so_nguoi"]) >= 5]
    assert sorted(told) == sorted(wanted)


def test_the_example_in_r_runs(place: tuple[Flask, Served, str], own: list[dict[str, str]]) -> None:
    asks = ["Rscript", "-e", "library(httr); library(jsonlite)"]
    if shutil.which("Rscript") is None or subprocess.run(asks, capture_output=True, check=False).returncode:
        pytest.skip("R with httr and jsonlite is not here (apt: r-cran-httr, r-cran-jsonlite)")
    _, served, token = place
    told = printed(["Rscript", "-e", example("r")], served, token)
    found = [row for row in own if int(row["so_nguoi"]) >= 5]
    counts = Counter(row["thon"] for row in found)
    assert told[-3:-1] == [sorted(counts), [str(counts[each]) for each in sorted(counts)]]
    mean = sum(int(row["so_nguoi"]) for row in found) / len(found)
    assert float(told[-1][1]) == pytest.approx(mean, rel=1e-6)


def test_the_address_that_excel_and_power_query_ask_holds_every_row(
    place: tuple[Flask, Served, str], own: list[dict[str, str]]
) -> None:
    """First without a key, then with it, as both do; no redirect; the table as the query's words say it is written."""
    _, served, token = place
    key = {"Authorization": f"Token {token}"}
    made = requests.post(
        f"{served.url}/api/v2/assets/{UID}/export-settings/", headers=key, timeout=30,
        json={"name": "Excel", "export_settings": {"lang": "_xml", "type": "csv"}},
    ).json()  # fmt: skip
    query = example("powerquery")
    path = re.search('RelativePath = "([^"]+)"', query)
    delimiter = re.search('Delimiter = "(.)", Encoding = 65001', query)
    assert path is not None
    assert delimiter is not None
    url = f"{served.url}/{path[1]}".replace("FORM", UID).replace("SETTING", made["uid"])
    assert url == made["data_url_csv"]
    refused = requests.get(url, allow_redirects=False, timeout=30)
    assert (refused.status_code, "Basic" in refused.headers["WWW-Authenticate"]) == (401, True)
    ask = {"auth": ("officer", token), "allow_redirects": False, "timeout": 60}
    answer = requests.get(url, **ask)  # type: ignore[arg-type]
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8")), delimiter=delimiter[1]))
    assert [row["_id"] for row in rows] == [row["_id"] for row in own]
    book = requests.get(made["data_url_xlsx"], **ask)  # type: ignore[arg-type]
    sheet = openpyxl.load_workbook(io.BytesIO(book.content), read_only=True).worksheets[0]
    assert len(list(sheet.iter_rows())) == VISITS + 1


def test_requests_of_robotoolbox_are_answered_word_for_word(
    place: tuple[Flask, Served, str], own: list[dict[str, str]]
) -> None:
    """R: a key by name and password, addresses without a slash at their end, pages side by side."""
    _, served, token = place
    answer = requests.get(f"{served.url}/token/?format=json", auth=("officer", PASSWORD), timeout=30)
    assert answer.status_code == 200
    session = requests.Session()
    session.headers["Authorization"] = f"Token {token}"
    assets = session.get(
        f"{served.url}/api/v2/assets?limit=100&offset=0&metadata=on", allow_redirects=False, timeout=30
    )
    assert assets.json()["results"][0]["uid"] == UID
    for path in (
        f"assets/{UID}", f"assets/{UID}/versions/", f"assets/{UID}/files/",
        f"assets/{UID}/data.json?limit=1&start=0",
    ):  # fmt: skip
        assert (
            session.get(f"{served.url}/api/v2/{path}", allow_redirects=False, timeout=30).status_code == 200
        )

    def page(start: int) -> list[dict[str, Any]]:
        fields = {
            "limit": 100, "start": start, "fields": '["_id","thon","ho/so_nguoi"]', "query": '{"_id":{"$gt":0}}',
        }  # fmt: skip
        answer = requests.get(
            f"{served.url}/api/v2/assets/{UID}/data.json", params=fields, headers=dict(session.headers), timeout=60
        )  # fmt: skip
        assert answer.status_code == 200
        return list(answer.json()["results"])

    with ThreadPoolExecutor(15) as side_by_side:
        found = [row for rows in side_by_side.map(page, range(0, VISITS, 100)) for row in rows]
    assert {str(row["_id"]): row["thon"] for row in found} == {row["_id"]: row["thon"] for row in own}
    version = session.get(f"{served.url}/api/v2/assets/{UID}/data.json?limit=1", timeout=30).json()[
        "results"
    ][0]
    one = session.get(f"{served.url}/api/v2/assets/{UID}/versions/{version['__version__']}", timeout=30)
    assert one.json()["content"]["survey"]


def test_requests_of_openfn_are_answered_word_for_word(place: tuple[Flask, Served, str]) -> None:
    """Basic, a body with GET, `next` followed by its `start`."""
    _, served, _ = place
    ask = {"auth": ("officer", PASSWORD), "json": {}, "allow_redirects": False, "timeout": 30}
    forms = requests.get(f"{served.url}/api/v2/assets/?format=json&asset_type=survey", **ask)  # type: ignore[arg-type]
    assert [each["uid"] for each in forms.json()["results"]] == [UID]
    seen, start = 0, "0"
    while start:
        fields = {"format": "json", "limit": "1000", "start": start, "query": "{}", "sort": '{"_id":-1}'}
        told = requests.get(f"{served.url}/api/v2/assets/{UID}/data/", params=fields, **ask).json()  # type: ignore[arg-type]
        seen += len(told["results"])
        start = told["next"].partition("start=")[2].partition("&")[0] if told["next"] else ""
    assert seen == VISITS
    deployed = requests.get(f"{served.url}/api/v2/assets/{UID}/deployment/?format=json", **ask)  # type: ignore[arg-type]
    assert (deployed.status_code, deployed.json()["active"]) == (200, True)


def test_requests_of_qrealtime_are_answered_word_for_word(
    place: tuple[Flask, Served, str], own: list[dict[str, str]]
) -> None:
    """QGIS: a key, the list, the XForm, and what has come since a number, by name and password."""
    _, served, _ = place
    name = ("officer", PASSWORD)
    token = requests.get(f"{served.url}/token?format=json", auth=name, timeout=30).json()["token"]
    headers = {"Authorization": f"Token {token}"}
    [form] = requests.get(f"{served.url}/api/v2/assets?format=json", headers=headers, timeout=30).json()[
        "results"
    ]
    assert (form["asset_type"], form["deployment__active"], form["name"], form["uid"]) == (
        "survey",
        True,
        "Khảo sát hộ",
        UID,
    )
    xform = requests.get(f"{served.url}/api/v2/assets/{UID}?format=xml", headers=headers, timeout=30)
    assert b"<h:html" in xform.content
    last = sorted(int(row["_id"]) for row in own)[-25]
    fields = {"format": "json", "query": json.dumps({"_id": {"$gt": last}})}
    told = requests.get(f"{served.url}/api/v2/assets/{UID}/data", params=fields, auth=name, timeout=30).json()
    assert (told["count"], len(told["results"])) == (24, 24)
    assert all(row["meta/instanceID"] and row["_id"] > last for row in told["results"])
    fields = {"format": "json", "query": json.dumps({"ho/anh": {"$exists": True}})}
    pictures = requests.get(
        f"{served.url}/api/v2/assets/{UID}/data", params=fields, auth=name, timeout=30
    ).json()
    assert pictures["count"] == PHOTOS
    file = pictures["results"][0]["_attachments"][0]
    assert requests.get(file["download_url"], headers=headers, timeout=30).content.startswith(b"\xff\xd8")
