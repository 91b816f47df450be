"""A form's submissions as an OData service: shapes, filters on any answer, pages, rights (O11 to O20)."""

import base64
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import etree
from werkzeug.test import TestResponse

from server.db import db
from server.models import Submission, Village
from tests.people import browser, make_person
from tests.server.api.conftest import FIRST, SECOND, THIRD, Client, basic

BASE = "/v1/projects/11629/forms/khao_sat.svc"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def get(client: Client, path: str = "", **options: str) -> TestResponse:
    query = {f"${name}": value for name, value in options.items()}
    return client.get(f"{BASE}{path}", query_string=query)


def rows(client: Client, name: str = "Submissions", **options: str) -> list[dict[str, Any]]:
    answer = get(client, f"/{name}", **options)
    assert answer.status_code == 200, answer.text
    assert answer.headers["OData-Version"] == "4.0"
    return list(answer.json["value"])


def ids(client: Client, **options: str) -> list[str]:
    return [row["__id"] for row in rows(client, **options)]


def test_the_service_has_a_set_for_the_submissions_and_each_repeat(officer: Client, visits: str) -> None:
    answer = get(officer)
    assert answer.content_type == "application/json; odata.metadata=minimal"
    names = ["Submissions", "Submissions.tv", "Submissions.tv.may", "Submissions_flat"]
    assert answer.json["value"] == [{"name": name, "kind": "EntitySet", "url": name} for name in names]
    assert answer.json["@odata.context"] == f"http://localhost{BASE}/$metadata"


def test_a_submission_has_every_field_groups_within_it_and_links_to_its_repeats(
    officer: Client, visits: str
) -> None:
    [first, second, third] = rows(officer)
    assert [first["__id"], second["__id"], third["__id"]] == [FIRST, SECOND, THIRD]
    assert set(first) == set(second) == set(third)
    assert first["ho"] == {
        "so_nguoi": 7, "toc_do": 1.5, "dich_vu": "shp cks", "anh": "1763.jpg",
        "vi_tri": {"type": "Point", "coordinates": [106.512345, 20.712345]},
    }  # fmt: skip
    assert third["ho"] == dict.fromkeys(first["ho"])
    assert first["tv@odata.navigationLink"] == f"Submissions('{FIRST}')/tv"
    assert first["start"].startswith("2026-11-20T09:00:00")
    system = first["__system"]
    assert (system["attachmentsPresent"], system["attachmentsExpected"]) == (2, 2)
    assert (system["reviewState"], system["formVersion"], system["edits"]) == (None, "1", 0)
    assert system["submissionDate"].endswith("Z")


def test_what_is_described_is_what_comes(named: Client, visits: str) -> None:
    tree = etree.fromstring(named.get(f"{BASE}/$metadata").data)
    types = {each.get("Name"): each for each in tree.iter(f"{EDM}EntityType", f"{EDM}ComplexType")}
    fields = {
        name: {p.get("Name"): p.get("Type") for p in each.iter(f"{EDM}Property")}
        for name, each in types.items()
    }
    links = {
        name: [p.get("Name") for p in each.iter(f"{EDM}NavigationProperty")] for name, each in types.items()
    }
    [first, *_] = rows(named)
    assert set(fields["Submissions"]) == {key for key in first if "@" not in key}
    assert set(fields["Submissions.ho"]) == set(first["ho"])
    assert set(fields["metadata"]) == set(first["__system"])
    assert links["Submissions"] == ["tv"]
    assert fields["Submissions.ho"]["so_nguoi"] == "Edm.Int64"
    assert fields["Submissions"]["ngay"] == "Edm.Date"
    assert fields["Submissions"]["start"] == "Edm.DateTimeOffset"
    [one, *_] = rows(named, "Submissions.tv")
    assert set(fields["Submissions.tv"]) == {key for key in one if "@" not in key}
    [flat, *_] = rows(named, "Submissions_flat")
    assert set(fields["Submissions_flat"]) == set(flat)
    sets = [each.get("Name") for each in tree.iter(f"{EDM}EntitySet")]
    assert sets == [each["name"] for each in get(named).json["value"]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("thon eq '11629001'", [FIRST, THIRD]), ("ho/so_nguoi gt 3", [FIRST, SECOND]),
        ("thon eq '11629001' and ho/so_nguoi gt 3", [FIRST]), ("ho/so_nguoi eq 7", [FIRST]),
        ("ho/so_nguoi in (7, 12)", [FIRST, SECOND]), ("ho/toc_do in (3, 1.5)", [FIRST]),
        ("ho/so_nguoi in (7, 'x')", [FIRST]), ("ho/so_nguoi in ('x')", []), ("not (ho/so_nguoi ge 10)", [FIRST, THIRD]),
        ("ho/toc_do eq null", [SECOND, THIRD]), ("ho/toc_do ne null", [FIRST]), ("ngay ge 2026-11-21", [SECOND]),
        ("contains(ho/dich_vu,'cks')", [FIRST]), ("startswith(thon,'1162900')", [FIRST, SECOND, THIRD]),
        ("start lt 2026-11-20T03:00:00Z", [FIRST]), (f"__id eq '{SECOND}'", [SECOND]),
        ("__system/reviewState eq null", [FIRST, SECOND, THIRD]), ("__system/reviewState eq 'approved'", []),
        ("__system/submissionDate lt now()", [FIRST, SECOND, THIRD]),
        ("__system/deletedAt eq null", [FIRST, SECOND, THIRD]),
        ("year(__system/submissionDate) lt 2000", []), ("__system/formVersion eq '1'", [FIRST, SECOND, THIRD]),
    ],
)  # fmt: skip
def test_any_answer_can_be_asked_about(officer: Client, visits: str, text: str, wanted: list[str]) -> None:
    assert ids(officer, filter=text) == wanted
    counted = get(officer, "/Submissions", filter=text, top="0", count="True").json
    assert (counted["@odata.count"], counted["value"]) == (len(wanted), [])


def test_rows_stand_in_the_order_of_any_answer(officer: Client, visits: str) -> None:
    assert ids(officer, orderby="ho/so_nguoi desc") == [SECOND, FIRST, THIRD]
    assert ids(officer, orderby="ho/so_nguoi") == [THIRD, FIRST, SECOND]
    assert ids(officer, orderby="thon desc,ho/so_nguoi desc") == [SECOND, FIRST, THIRD]
    assert sorted(ids(officer, orderby="__system/submissionDate desc")) == [FIRST, SECOND, THIRD]


@pytest.mark.parametrize("order", ["", "&$orderby=ho/so_nguoi desc"])
def test_pages_follow_each_other_by_key(officer: Client, visits: str, order: str) -> None:
    whole = ids(officer, **({"orderby": order.partition("=")[2]} if order else {}))
    path, found = f"{BASE}/Submissions?$top=1&$count=true{order}", []
    while path:
        page = officer.json(path)
        assert page["@odata.count"] == 3
        found += [row["__id"] for row in page["value"]]
        path = page.get("@odata.nextLink", "").removeprefix("http://localhost")
    assert found == whole
    assert "@odata.nextLink" not in get(officer, "/Submissions").json


def test_rounds_are_a_table_whose_ids_stay(officer: Client, visits: str) -> None:
    [one, two] = rows(officer, "Submissions.tv")
    assert [each["tuoi"] for each in (one, two)] == [30, 8]
    assert one["__Submissions-id"] == two["__Submissions-id"] == FIRST
    assert len({one["__id"], two["__id"]}) == 2
    assert all(len(each["__id"]) == 40 for each in (one, two))
    inner = rows(officer, "Submissions.tv.may")
    assert [each["hieu"] for each in inner] == ["Nokia", "Oppo"]
    assert {each["__Submissions-tv-id"] for each in inner} == {one["__id"]}
    assert rows(officer, "Submissions.tv") == [one, two]
    assert officer.json(f"{BASE}/{quote(one['may@odata.navigationLink'].partition('(')[0])}")["value"]
    of_first = officer.json(f"{BASE}/{quote(rows(officer)[0]['tv@odata.navigationLink'])}")["value"]
    assert of_first == [one, two]
    assert officer.json(f"{BASE}/Submissions('{SECOND}')/tv")["value"] == []
    assert officer.get(f"{BASE}/Submissions('uuid:khong-co')/tv").status_code == 404


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("Submissions.tv", "tuoi gt 10", [30]), ("Submissions.tv", "not (tuoi gt 10)", [8]),
        ("Submissions.tv", "tuoi in (8)", [8]), ("Submissions.tv", "$root/Submissions/thon eq '11629002'", []),
        ("Submissions.tv", "$root/Submissions/__system/submissionDate lt now() and tuoi lt 10", [8]),
        ("Submissions.tv", "$root/Submissions/ho/so_nguoi eq 7", [30, 8]),
    ],
)  # fmt: skip
def test_rounds_are_filtered_by_their_own_answers_and_their_submissions(
    officer: Client, visits: str, name: str, text: str, wanted: list[int]
) -> None:
    assert [row["tuoi"] for row in rows(officer, name, filter=text)] == wanted
    assert get(officer, f"/{name}", filter=text, count="true", top="0").json["@odata.count"] == len(wanted)


def test_rounds_come_by_pages_and_in_an_order(officer: Client, visits: str) -> None:
    whole = [row["__id"] for row in rows(officer, "Submissions.tv.may")]
    path, found = f"{BASE}/Submissions.tv.may?$top=1", []
    while path:
        page = officer.json(path)
        found += [row["__id"] for row in page["value"]]
        path = page.get("@odata.nextLink", "").removeprefix("http://localhost")
    assert found == whole
    assert [row["tuoi"] for row in rows(officer, "Submissions.tv", orderby="tuoi")] == [8, 30]
    page = officer.json(f"{BASE}/Submissions.tv?$orderby=tuoi&$top=1")
    again = officer.json(page["@odata.nextLink"].removeprefix("http://localhost"))
    assert [row["tuoi"] for row in (*page["value"], *again["value"])] == [8, 30]
    both = get(officer, "/Submissions.tv", filter="tuoi gt 3 or $root/Submissions/thon eq 'x'")
    assert both.status_code == 501


def test_repeats_can_come_within_their_submissions(officer: Client, visits: str) -> None:
    [first, second, _] = rows(officer, expand="*")
    assert [each["tuoi"] for each in first["tv"]] == [30, 8]
    assert [each["hieu"] for each in first["tv"][0]["may"]] == ["Nokia", "Oppo"]
    assert (first["tv"][1]["may"], second["tv"]) == ([], [])
    assert get(officer, "/Submissions", expand="*", select="thon").status_code == 501


def test_columns_can_be_chosen(officer: Client, visits: str) -> None:
    [first, *_] = rows(officer, select="__id,ho/so_nguoi")
    assert first == {"__id": FIRST, "ho": {"so_nguoi": 7}}
    [flat, *_] = rows(officer, "Submissions_flat", select="thon,ho_so_nguoi")
    assert flat == {"thon": "11629001", "ho_so_nguoi": 7}


def test_points_can_come_as_text(named: Client, visits: str) -> None:
    answer = named.get(f"{BASE}/Submissions?$wkt=true&$top=1&ca_nhan=1").json
    assert answer["value"][0]["ho"]["vi_tri"].startswith("POINT (106.51")


def test_the_flat_table_has_labels_thon_and_ticks(officer: Client, visits: str) -> None:
    [first, _, third] = rows(officer, "Submissions_flat")
    assert first["thon__label"] == "Thôn 1"
    assert (first["xa_code"], first["thon_code"], first["thon_name"]) == ("11629", "11629001", "Thôn 1")
    ticks = [first[f"ho_dich_vu__{name}"] for name in ("shp", "vneid", "cks")]
    assert ticks == [True, False, True]
    assert third["ho_dich_vu__shp"] is None
    assert [row["__id"] for row in rows(officer, "Submissions_flat", filter="ho_so_nguoi ge 7")] == [
        FIRST,
        SECOND,
    ]
    assert [row["__id"] for row in rows(officer, "Submissions_flat", filter="thon_code eq '11629002'")] == [
        SECOND
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("thon__label eq 'Thôn 1'", [FIRST, THIRD]), ("thon__label ne 'Thôn 1'", [SECOND]),
        ("contains(tolower(thon__label),'thôn')", [FIRST, SECOND, THIRD]), ("thon__label eq '11629001'", []),
        ("thon__label in ('Thôn 2','x')", [SECOND]), ("thon__label ne null", [FIRST, SECOND, THIRD]),
        ("thon_name eq 'Thôn 2'", [SECOND]), ("thon_code eq '11629001'", [FIRST, THIRD]),
        ("xa_code eq '11629' and thon_name ne 'Thôn 2'", [FIRST, THIRD]), ("xa_code eq '10930'", []),
        ("ho_dich_vu__shp eq true", [FIRST]), ("ho_dich_vu__vneid eq false", [FIRST]),
        ("ho_dich_vu__shp eq null", [THIRD]), ("not (ho_dich_vu__shp eq true)", [SECOND, THIRD]),
        ("submission_date ge 2026-01-01T00:00:00Z and submission_date lt 2100-01-01T00:00:00Z", [FIRST, SECOND, THIRD]),
    ],
)  # fmt: skip
def test_the_flat_table_is_filtered_by_what_its_columns_show(
    officer: Client, visits: str, text: str, wanted: list[str]
) -> None:
    """Power Query asks in columns as it shows them."""
    told = get(officer, "/Submissions_flat", filter=text, count="true").json
    assert [row["__id"] for row in told["value"]] == wanted
    assert told["@odata.count"] == len(wanted)


def test_a_merged_thon_is_found_under_the_one_in_which_it_counts(officer: Client, visits: str) -> None:
    old, new = db.session.scalars(sa.select(Village).order_by(Village.code)).all()[:2]
    old.merged_into_id, old.valid_to = new.id, old.valid_from
    db.session.commit()
    for text in (f"thon_code eq '{new.code}'", f"thon_name eq '{new.name}'"):
        told = rows(officer, "Submissions_flat", filter=text)
        assert [row["__id"] for row in told] == [FIRST, SECOND, THIRD]
        assert {row["thon_code"] for row in told} == {new.code}
    assert rows(officer, "Submissions_flat", filter=f"thon_code eq '{old.code}'") == []


def test_what_was_not_taken_is_told_with_its_state_and_is_not_in_the_flat_table(
    officer: Client, visits: str
) -> None:
    db.session.execute(
        sa.update(Submission).where(Submission.instance_id == SECOND).values(review="rejected")
    )
    db.session.commit()
    told = {row["__id"]: row["__system"]["reviewState"] for row in rows(officer)}
    assert told == {FIRST: None, SECOND: "rejected", THIRD: None}
    assert ids(officer, filter="__system/reviewState eq 'rejected'") == [SECOND]
    assert [row["__id"] for row in rows(officer, "Submissions_flat")] == [FIRST, THIRD]


PERSONAL = ("ho/chu_ho", "ho_chu_ho", "ho_ten")


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("Submissions", "$filter=ho/chu_ho eq 'Trần'"), ("Submissions", "$filter=startswith(ho/chu_ho,'T')"),
        ("Submissions", "$filter=ho/chu_ho ne null"), ("Submissions", "$orderby=ho/chu_ho"),
        ("Submissions_flat", "$filter=ho_chu_ho eq 'Trần'"), ("Submissions_flat", "$select=ho_chu_ho"),
        ("Submissions.tv", "$filter=ho_ten eq 'B'"), ("Submissions.tv", "$orderby=ho_ten"),
        ("Submissions.tv", "$filter=$root/Submissions/ho/chu_ho eq 'x'"),
        ("Submissions", "$filter=thon eq '11629001' or ho/chu_ho eq 'Trần'&$count=true&$top=0"),
    ],
)  # fmt: skip
def test_who_may_not_read_a_personal_answer_cannot_ask_about_it(
    officer: Client, visits: str, name: str, option: str
) -> None:
    """As one that nobody asked: refused in the same words whatever anybody answered."""
    answer = officer.get(f"{BASE}/{name}?{option}")
    assert answer.status_code == 400
    same = officer.get(f"{BASE}/{name}?{option.replace('chu_ho', 'khong').replace('ho_ten', 'khong')}")
    assert same.json["code"] == answer.json["code"]


def test_personal_answers_come_to_whom_they_may_and_who_asked_for_them(
    officer: Client, named: Client, visits: str
) -> None:
    for name in ("Submissions", "Submissions.tv", "Submissions_flat", "$metadata"):
        assert "chu_ho" not in officer.get(f"{BASE}/{name}").text
        assert "ho_ten" not in officer.get(f"{BASE}/{name}").text
        assert "Nguyễn & con" not in officer.get(f"{BASE}/{name}").text
    assert ids(named, filter="ho/chu_ho eq 'Trần'") == [SECOND]
    assert [row["ho_ten"] for row in rows(named, "Submissions.tv", orderby="ho_ten desc")] == ["C", "B"]


def test_leaders_other_communes_and_strangers_get_nothing(
    app: Flask, officer: Client, leader: Client, visits: str
) -> None:
    assert leader.get(f"{BASE}/Submissions").status_code == 404
    refused = browser(app).get(f"{BASE}/Submissions")
    assert refused.status_code == 401
    assert any(each.startswith("Basic") for each in refused.headers.getlist("WWW-Authenticate"))
    assert officer.get("/v1/projects/11629/forms/khong_co.svc").status_code == 404
    assert officer.get("/v1/projects/99999/forms/khao_sat.svc").status_code == 404
    assert officer.get(f"{BASE}/Submissions.khong_co").json["code"] == 404.1


def test_a_team_leader_reads_their_own_thon(app: Flask, commune: Any, visits: str) -> None:
    [thon, *_] = db.session.scalars(sa.select(Village).order_by(Village.code))
    make_person("to.truong", "team_leader", db.session.merge(commune), (thon,))
    team = Client(app, basic("to.truong"))
    assert ids(team) == [FIRST, THIRD]
    assert ids(team, filter="thon eq '11629002'") == []


def test_excel_reads_it_with_a_key_as_password(app: Flask, officer: Client, visits: str) -> None:
    key = officer.headers["Authorization"].removeprefix("Token ")
    excel = Client(app, {"Authorization": "Basic " + base64.b64encode(f"excel:{key}".encode()).decode()})
    service = excel.json(BASE)
    assert (
        excel.get(urlsplit(service["@odata.context"]).path, headers={"Accept": "application/xml"}).status_code
        == 200
    )
    for each in service["value"]:
        assert excel.get(f"{BASE}/{each['url']}", query_string={"$top": "1000"}).status_code == 200


def test_what_has_not_changed_is_not_sent_again(officer: Client, visits: str) -> None:
    first = get(officer, "/Submissions")
    again = officer.get(f"{BASE}/Submissions", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_long_answer_is_streamed_after_the_request_is_over(
    officer: Client, visits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {name: get(officer, f"/{name}").json for name in ("Submissions", "Submissions_flat")}
    monkeypatch.setattr("server.api.odata.form_service.WHOLE", 0)
    for name, told in whole.items():
        answer = get(officer, f"/{name}")
        assert "ETag" not in answer.headers
        assert answer.json == told
