"""Layers under /ogc as map programs ask for them: pages, boxes, days, filters, systems, and who is shown what."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import ogcapi_registry
import pytest
import shapely
import sqlalchemy as sa
from flask import Flask
from openapi_spec_validator import validate

from geo import crs
from geo.coverage_json import to_json
from server import clock
from server.coverage import coverage_table
from server.db import db
from server.models import Audit, Commune, Village
from tests import leaders, town
from tests.conftest import Template, application, on_a_copy
from tests.people import PASSWORD, Browser, bearing, browser, make_commune, make_person, make_token
from tests.town import Town

THON = "/ogc/collections/thon/items"


@pytest.fixture(scope="module")
def towns(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two communes with thôn, households and visits; no test here changes any of it."""
    folder: Path = tmp_path_factory.mktemp("ogc")
    with on_a_copy(template_database, folder) as settings, application(settings) as app:
        built = town.build(app, reports=False)
        people = {
            name: make_person(name, role, _commune(code), villages)
            for name, role, code, villages in (
                ("can.bo", "officer", "11629", ()),
                ("lanh.dao", "leader", "11629", ()),
                ("to.truong", "team_leader", "11629", (_village("11629001"),)),
                ("thanh.pho", "city", None, ()),
            )
        }
        yield app, built, people, make_token(), make_token(_commune("11629"))


def _commune(code: str | None) -> Commune | None:
    return db.session.scalars(sa.select(Commune).where(Commune.code == code)).one() if code else None


def _village(code: str) -> Village:
    return db.session.scalars(sa.select(Village).where(Village.code == code)).one()


def program(towns: Any, *, city: bool = False) -> Browser:
    visitor = browser(towns[0])
    visitor.environ_base["HTTP_AUTHORIZATION"] = bearing(towns[3 if city else 4])["Authorization"]
    return visitor


def person(towns: Any, name: str) -> Browser:
    visitor = browser(towns[0])
    assert visitor.sign_in(name).status_code == 302
    return visitor


def ask(visitor: Browser, path: str = THON, /, **query: object) -> dict[str, Any]:
    answer = visitor.get(f"{path}?{urlencode(query)}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json(force=True)
    return told


def ids(told: dict[str, Any]) -> list[str]:
    return [feature["id"] for feature in told["features"]]


def test_the_landing_has_the_links_that_qgis_looks_for(towns: Any) -> None:
    """O23."""
    links = browser(towns[0]).get("/ogc").get_json(force=True)["links"]
    kinds = {link["rel"]: link["type"] for link in links}
    assert kinds["service-desc"] == "application/vnd.oai.openapi+json;version=3.0"
    assert (kinds["data"], kinds["conformance"]) == ("application/json", "application/json")
    for link in links:
        path = link["href"].removeprefix("http://localhost")
        answer = browser(towns[0]).get(path)
        assert (answer.status_code, answer.content_type.split(" ")[0].rstrip(";")) == (200, link["type"])


def test_the_description_is_right_by_openapi_and_by_the_classes_of_ogc_and_tells_the_size_of_a_page(
    towns: Any,
) -> None:
    """O23: QGIS and GDAL page by it."""
    told = browser(towns[0]).get("/ogc/api").get_json(force=True)
    validate(told)
    assert told["components"]["parameters"]["limit"]["schema"] == {
        "type": "integer", "minimum": 1, "maximum": 10_000, "default": 1_000,
    }  # fmt: skip
    classes = browser(towns[0]).get("/ogc/conformance").get_json(force=True)["conformsTo"]
    found = ogcapi_registry.validate_ogc_api(told, classes)
    assert (found.is_valid, found.errors) == (True, ())
    named = {
        each["name"]
        for each in told["paths"]["/collections/thon/items"]["get"]["parameters"]
        if "name" in each
    }
    assert {"code", "phu_song_5g_percent", "phu_song_5g_state"} <= named


def test_layers_tell_their_systems_and_only_those_that_the_asker_may_open(towns: Any) -> None:
    told = program(towns).get("/ogc/collections").get_json(force=True)["collections"]
    assert [layer["id"] for layer in told] == ["thon", "luoi-phu-song", "dia-diem", "ho-diem"]
    assert "http://www.opengis.net/def/crs/EPSG/0/9210" in told[0]["crs"]
    theirs = person(towns, "to.truong").get("/ogc/collections").get_json(force=True)["collections"]
    assert "nhiem-vu" in [layer["id"] for layer in theirs]


def test_pages_follow_each_other_until_all_are_told(towns: Any) -> None:
    """O24."""
    visitor, found, path = program(towns, city=True), [], f"{THON}?limit=4"
    while path:
        told = visitor.get(path).get_json(force=True)
        assert (told["numberMatched"], told["numberReturned"]) == (6, len(told["features"]))
        found += ids(told)
        path = next((link["href"] for link in told["links"] if link["rel"] == "next"), "")
    assert found == sorted(found)
    assert len(found) == 6


REFUSED = (
    "limit=0", "limit=x", "offset=-1", "la=1", "bbox=1,2", "bbox=1,9,2,3", "datetime=hom", "filter=la%3D1", "filter=",
    "bbox=1,2,3,4,5", "bbox=nan,0,1,1", "bbox=0,0,1e309,1", "households=1_0", "households=nan", "households=1e999",
    "households=%D9%A3", "limit=1_0", "datetime=2026-W01-1", "datetime=20260101", "datetime=9999-12-31T23:59:59-14:00",
    "datetime=2026-01-01/2026-02-01/2026-03-01", "f=html", "filter=code+IN+()", "filter=households=1e999",
    "filter=S_INTERSECTS(geometry,BBOX(1,2,3,4))", "filter=code=DATE('2026-W01-1')", "filter=code+IN+(1)",
    "bbox=1e300,1e300,1e301,1e301&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/9210",
    "crs=EPSG:9210", "filter-lang=cql2-json", "households=x", "datetime=2026-11-03/2026-11-01",
)  # fmt: skip


def test_what_is_not_understood_is_refused_with_a_sentence(towns: Any) -> None:
    visitor = program(towns)
    for path in (
        *(f"{THON}?{given}" for given in REFUSED),
        f"{THON}/11629001?la=1",
        f"{THON}/11629001?f=html",
    ):
        answer = visitor.get(path)
        assert answer.status_code == 400, path
        assert {"code", "description"} <= set(answer.get_json(force=True))


HERE, OTHER = ["11629001", "11629002", "11629003"], ["10930001", "10930002", "10930003"]
EVERY = [*OTHER, *HERE]
ODD: dict[str, list[str]] = {
    "datetime=0001-01-01": EVERY, "datetime=../..": EVERY, "bbox=0,0,0,180,90,1": EVERY,
    "bbox=170,-10,-170,10": [], "bbox=170,-90,107,90": EVERY, "offset=999999": [], "code=%00": [], "f=json": EVERY,
    "bbox=500000,2300000,600000,2400000&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/9210": EVERY,
    "bbox=2300000,500000,2400000,600000&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/9210": [],
    "bbox=20,106,21,107&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4326": EVERY,
    "filter=code LIKE '1162900_'": HERE, "filter=code LIKE '11629\\%'": [],
    "filter=NOT code = '11629001'": [*OTHER, *HERE[1:]],
    "filter=households BETWEEN 1000 AND 1": [], "filter=code NOT IN ('11629001','11629002')": [*OTHER, HERE[2]],
    "filter=households > 99999999999999999999999999": [], "filter=\"code\"='11629001'AND households>0": HERE[:1],
    "filter=code = 'a''b'": [], "filter=code = '\0'": [], "filter=code IS NULL OR NOT TRUE": [],
    "filter=households = households": EVERY,
}  # fmt: skip


def test_odd_questions_find_what_they_mean(towns: Any) -> None:
    visitor = program(towns, city=True)
    told = {given: ids(visitor.get(f"{THON}?{given}").get_json(force=True)) for given in ODD}
    assert told == ODD


def test_more_than_the_most_is_the_most(towns: Any) -> None:
    """17-069r4, /req/core/fc-limit-response-1."""
    assert ask(program(towns), limit=999_999)["numberReturned"] == 3


def test_every_number_of_a_thon_is_that_of_the_coverage_table(
    towns: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the end of yesterday, as every feed; within the year of the plan."""
    monkeypatch.setattr(clock, "now", lambda: leaders.NOON)
    visitor, commune = program(towns), _commune("11629")
    assert commune is not None
    table = to_json(coverage_table.table(commune, feed=True))
    for feature in ask(visitor)["features"]:
        [village] = [each for each in table["villages"] if each["code"] == feature["id"]]
        told = feature["properties"]
        assert (told["households"], told["visited"]) == (village["households"], village["visited"])
        for code, cell in village["indicators"].items():
            for name in ("done", "of", "percent", "reach", "subjects", "suppressed", "state"):
                assert told[f"{code}_{name}"] == cell[name], (feature["id"], code, name)
        assert told["phu_song_5g_target"] == next(
            each["target"]["value"] for each in table["indicators"] if each["code"] == "phu_song_5g"
        )


def test_a_day_of_the_past_is_asked_for_by_datetime(towns: Any) -> None:
    """R8, R25: of those who read sums alone, the Sunday before."""
    [first, *_] = ask(program(towns), datetime="2026-11-18T00:00:00Z")["features"]
    assert first["properties"]["as_of"] == "2026-11-15"
    [same, *_] = ask(program(towns), datetime="../2026-11-18")["features"]
    assert same == first


def test_a_box_finds_what_touches_it_in_each_system(towns: Any) -> None:
    visitor = program(towns)
    village = _village("11629001")
    shape = shapely.from_wkb(village.outline)
    point = shape.representative_point()
    box = (point.x - 1e-6, point.y - 1e-6, point.x + 1e-6, point.y + 1e-6)
    assert ids(ask(visitor, bbox=",".join(map(str, box)))) == ["11629001"]
    for epsg in crs.SYSTEMS:
        turned = crs.in_order_of(shapely.box(*box), epsg).bounds
        named = f"http://www.opengis.net/def/crs/EPSG/0/{epsg}"
        assert ids(ask(visitor, bbox=",".join(map(str, turned)), **{"bbox-crs": named})) == ["11629001"]
    assert ask(visitor, bbox="0,0,1,1")["features"] == []


def test_shapes_come_in_the_system_that_is_asked_for(towns: Any) -> None:
    """18-058r1: the header says which."""
    named = "http://www.opengis.net/def/crs/EPSG/0/9210"
    answer = program(towns).get(f"{THON}/11629001?{urlencode({'crs': named})}")
    assert answer.headers["Content-Crs"] == f"<{named}>"
    shape = shapely.geometry.shape(answer.get_json(force=True)["geometry"])
    [back] = crs.to_wgs84([shape], 9210)
    assert back.symmetric_difference(shapely.from_wkb(_village("11629001").outline)).area < 1e-9


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("code = '11629001' OR code = '11629002' AND name = 'khong'", {"11629001"}),
        ("code LIKE '11629%' AND NOT (code IN ('11629001', '11629002'))", {"11629003"}),
        ("households BETWEEN 0 AND 100000 AND commune = '11629'", {"11629001", "11629002", "11629003"}),
        ("phu_song_5g_percent IS NULL AND phu_song_5g_percent IS NOT NULL", set()),
        ("as_of > DATE('2020-01-01') AND illustrative = TRUE", {"11629001", "11629002", "11629003"}),
        ("visited >= 0 AND visited < 0", set()),
    ],
)
def test_a_filter_finds_what_it_says(towns: Any, asked: str, wanted: set[str]) -> None:
    assert set(ids(ask(program(towns), filter=asked))) == wanted


def test_a_column_in_the_address_is_a_filter_too(towns: Any) -> None:
    [feature] = ask(program(towns), code="11629002", illustrative="true")["features"]
    assert feature["id"] == "11629002"


def test_a_hidden_number_is_found_by_no_filter(towns: Any) -> None:
    """R25: one household of each thôn was met at most; whatever is asked of the number finds nothing."""
    visitor = program(towns)
    told = {feature["id"]: feature["properties"] for feature in ask(visitor)["features"]}
    hidden = [code for code, each in told.items() if each["tham_ho_suppressed"]]
    for code in hidden:
        for name in (
            name for name, value in told[code].items() if value is None and name in _numbers(told[code])
        ):
            for asked in (
                f"{name} >= 0",
                f"{name} < 1000000",
                f"NOT {name} = 1",
                f"{name} <> 1 OR {name} = 1",
            ):
                assert code not in ids(ask(visitor, filter=asked)), (code, asked)


def _numbers(properties: dict[str, Any]) -> set[str]:
    return {name for name in properties if name.endswith(("_done", "_of", "_percent", "_subjects"))} | {
        "visited"
    }


def test_a_key_opens_its_own_commune_alone_by_token_and_by_basic(towns: Any) -> None:
    assert set(ids(ask(program(towns)))) == {"11629001", "11629002", "11629003"}
    visitor = browser(towns[0])
    given = base64.b64encode(f"khoa:{towns[4]}".encode()).decode()
    visitor.environ_base["HTTP_AUTHORIZATION"] = f"Basic {given}"
    assert ask(visitor)["numberMatched"] == 3
    assert visitor.get(f"{THON}/10930001").status_code == 404


def test_who_has_no_key_is_asked_for_one_in_both_ways(towns: Any) -> None:
    answer = browser(towns[0]).get(THON)
    asked = [value.split(" ")[0] for value in answer.headers.getlist("WWW-Authenticate")]
    assert (answer.status_code, asked) == (401, ["Token", "Basic"])


def test_households_are_points_for_an_officer_and_sums_of_thon_for_others(towns: Any) -> None:
    told = ask(program(towns), "/ogc/collections/ho-diem/items")["features"]
    assert {feature["properties"]["state"] for feature in told} == {None}
    assert [feature["id"] for feature in told] == ["11629001", "11629002", "11629003"]
    theirs = ask(person(towns, "can.bo"), "/ogc/collections/ho-diem/items")["features"]
    household: Town = towns[1]["11629"]
    [visited] = [each for each in theirs if each["id"] == household.values["household_id"]]
    assert visited["properties"]["state"] == "da_gap"
    assert visited["geometry"]["coordinates"] == [106.551, 20.812]


def test_pages_of_households_are_parts_of_the_whole_and_are_filtered_as_it_is(towns: Any) -> None:
    """What no page shows is not read in full; filters find what they would find in the whole layer."""
    officer, path = person(towns, "can.bo"), "/ogc/collections/nhiem-vu/items"
    whole = ask(officer, path)["features"]
    pages = [ask(officer, path, limit=1, offset=at) for at in range(len(whole) + 1)]
    assert [each for page in pages for each in page["features"]] == whole
    assert {page["numberMatched"] for page in pages} == {len(whole)}
    found = ask(officer, path, filter="state = 'chua_tham' AND village = '11629002'")["features"]
    assert found == [each for each in whole if each["properties"]["village"] == "11629002"]
    assert ask(officer, path, visits=7)["features"] == []
    one = officer.get(f"{path}/{whole[0]['id']}").get_json(force=True)
    assert one["properties"] == whole[0]["properties"]


def test_the_households_to_visit_are_told_to_who_looks_after_them(towns: Any) -> None:
    """R24: a team leader those of the thôn they lead, each reading in the audit; nobody else."""
    path = "/ogc/collections/nhiem-vu/items"
    own = ask(person(towns, "can.bo"), path)["features"]
    assert {feature["properties"]["village"] for feature in own} == {"11629002", "11629003"}
    assert own[0]["properties"]["label"].startswith("HoKin11629")
    assert ask(person(towns, "to.truong"), path)["features"] == []
    for other in (program(towns), person(towns, "lanh.dao"), person(towns, "thanh.pho")):
        assert other.get(path).status_code == 404
    by_password = browser(towns[0])
    given = base64.b64encode(f"to.truong:{PASSWORD}".encode()).decode()
    assert by_password.get(path, headers={"Authorization": f"Basic {given}"}).status_code == 200
    db.session.rollback()
    rows = db.session.scalars(
        sa.select(Audit).where(Audit.act == "household.list", Audit.detail.is_not(None))
    )
    assert {"layer": "tasks", "villages": ["11629001", "11629002", "11629003"]} in [
        row.detail for row in rows
    ]


def test_a_page_of_the_city_tells_three_communes_and_leads_on_to_every_thon(app: Flask) -> None:
    """O24, R18: each commune costs as much as its own page, and a city has more than a hundred."""
    communes = [make_commune(f"1162{number}", f"Xã {number}", thon=2) for number in range(7)]
    wanted = [village.code for commune in communes for village in commune.villages]
    visitor = browser(app)
    visitor.environ_base["HTTP_AUTHORIZATION"] = bearing(make_token())["Authorization"]
    found, pages, path = [], [], THON
    while path:
        told = visitor.get(path).get_json(force=True)
        assert told["numberMatched"] == len(wanted)
        assert told["numberReturned"] == len(told["features"])
        assert all(each["properties"]["as_of"] for each in told["features"])
        pages.append({each["properties"]["commune"] for each in told["features"]})
        found += ids(told)
        assert not [link for link in told["links"] if link["rel"] == "prev"]
        path = next((link["href"] for link in told["links"] if link["rel"] == "next"), "")
    assert found == wanted
    assert [len(each) for each in pages] == [3, 3, 1]
    assert len(ids(ask(visitor, limit=1, offset=5))) == 1
    assert len(ids(ask(visitor, limit=3, offset=3))) == 3


def test_a_filter_by_numbers_asks_for_the_thon_of_three_communes_at_most(app: Flask) -> None:
    """The tables of a city's communes are not made for one answer; what names or places narrow is, and as exactly."""
    communes = [make_commune(f"1162{number}", f"Xã {number}", thon=2) for number in range(5)]
    visitor = browser(app)
    visitor.environ_base["HTTP_AUTHORIZATION"] = bearing(make_token())["Authorization"]
    for asked in (
        {"filter": "visited < 1"},
        {"filter": "visited < 1 OR commune = '11620'"},
        {"filter": "NOT (visited > 0 AND commune = '11620')"},
        {"visited": 0},
        {"filter": "as_of IS NOT NULL AND commune <> '11620'"},
    ):
        answer = visitor.get(THON, query_string=asked)
        assert answer.status_code == 400, asked
        assert "commune = '11629' AND" in answer.get_json(force=True)["description"]
    few = [village.code for village in communes[1].villages]
    for asked in (
        {"filter": "visited < 1 AND commune = '11621'"},
        {"filter": "(commune IN ('11621', '11622') AND visited IS NOT NULL) AND commune_name = 'Xã 1'"},
        {"filter": "NOT (commune <> '11621') AND (visited = 0 OR households > 3)"},
        {"visited": 0, "commune": "11621"},
    ):
        assert ids(ask(visitor, **asked)) == few, asked
    assert ids(ask(visitor, filter="visited > 0 AND commune = '11621'")) == []
