"""Sums by thôn, indicator and day as an OData service: equal to the page, and hidden where it hides (O11 to O20)."""

import datetime as dt
from base64 import b64encode
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import etree
from werkzeug.test import TestResponse

from geo.coverage_rows import VILLAGE
from geo.coverage_rows import rows as coverage_rows
from geo.hidden_cells import allowed_day
from geo.target_states import cut
from server import clock
from server.accounts import shared_links
from server.answers.expression import AnswerAt
from server.api.odata import coverage_sets, filter_text, flat_service
from server.api.odata.filter_text import TableNames
from server.audit import SHELL
from server.coverage import commune_input, coverage_table
from server.db import db
from server.models import Commune, Person
from tests.conftest import Template, filled_once
from tests.leaders import NOON, TODAY, fill, sign_up
from tests.people import PASSWORD, Browser, bearing, browser, make_token

BASE = "/v1/projects/11629/coverage.svc"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
YESTERDAY = TODAY - dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture(scope="module")
def prepared(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with filled_once(template_database, tmp_path_factory.mktemp("filled"), _fill) as found:
        yield found


def _fill(_app: Flask) -> None:
    commune = fill("11629", villages=14)
    sign_up(commune)
    sign_up(commune, "officer", "can.bo")
    db.session.commit()


@pytest.fixture
def commune(app: Flask) -> Commune:
    return db.session.scalars(sa.select(Commune)).one()


@pytest.fixture
def program(app: Flask, commune: Commune) -> Browser:
    visitor = browser(app)
    visitor.environ_base["HTTP_AUTHORIZATION"] = bearing(make_token(commune))["Authorization"]
    return visitor


def get(visitor: Browser, path: str = "", **options: str) -> TestResponse:
    query = {f"${name}": value for name, value in options.items()}
    answer = visitor.get(f"{BASE}{path}", query_string=query)
    assert answer.headers["OData-Version"] == "4.0"
    return answer


def rows(visitor: Browser, name: str = "Coverage", **options: str) -> list[dict[str, Any]]:
    answer = get(visitor, f"/{name}", **options)
    assert answer.status_code == 200, answer.text
    return list(answer.json["value"])


def test_the_service_says_what_it_has(program: Browser) -> None:
    answer = get(program)
    assert answer.content_type == "application/json; odata.metadata=minimal"
    assert answer.json == {
        "@odata.context": f"http://localhost{BASE}/$metadata",
        "value": [
            {"name": name, "kind": "EntitySet", "url": name} for name in ("Coverage", "CoverageOfCommune")
        ],
    }


def test_every_column_of_a_row_is_described_with_its_type(program: Browser) -> None:
    tree = etree.fromstring(get(program, "/$metadata").data)
    described = {
        kind.get("Name"): {each.get("Name"): each.get("Type") for each in kind.iter(f"{EDM}Property")}
        for kind in tree.iter(f"{EDM}EntityType")
    }
    assert [each.get("Name") for each in tree.iter(f"{EDM}EntitySet")] == list(described)
    for name, fields in described.items():
        assert set(rows(program, name)[0]) == set(fields)
    keys = [each.get("Name") for each in next(tree.iter(f"{EDM}Key"))]
    assert keys == ["day", "thon_code", "indicator"]
    assert {described["Coverage"][each] for each in ("day", "done", "percent", "met")} == {
        "Edm.Date", "Edm.Int64", "Edm.Decimal", "Edm.Boolean",
    }  # fmt: skip


def test_numbers_are_those_of_the_page(program: Browser, commune: Commune) -> None:
    for day in (YESTERDAY, dt.date(2026, 11, 15), dt.date(2026, 10, 31)):
        table = coverage_table.table(commune, day, feed=True)
        assert table.as_of == day
        wanted = {
            (row.code, row.indicator): (row.done, row.of, row.percent, row.suppressed, row.state, row.visited)
            for row in coverage_rows(table)
            if row.area == VILLAGE
        }
        told = rows(program, filter=f"day eq {day}")
        found = {
            (row["thon_code"], row["indicator"]): (
                row["done"], row["of"], None if row["percent"] is None else Decimal(str(row["percent"])),
                row["suppressed"], row["state"], row["visited"],
            )
            for row in told
        }  # fmt: skip
        assert found == wanted
        [whole] = rows(program, "CoverageOfCommune", filter=f"day eq {day} and indicator eq 'phu_song_5g'")
        known = table.indicator("phu_song_5g")
        assert known
        assert Decimal(str(whole["percent"])) == known.cell.percent
        assert whole["estimate"] == (round(known.estimate.percent, 1) if known.estimate else None)
        assert Decimal(str(whole["target_value"])) == cut(known.target.value)


def test_only_days_that_may_be_told_are_there(program: Browser) -> None:
    told = {row["day"] for row in rows(program)}
    assert max(told) == YESTERDAY.isoformat()
    for day in map(dt.date.fromisoformat, told):
        assert day in (YESTERDAY, allowed_day(day, TODAY))
    assert rows(program, filter=f"day eq {TODAY}") == []
    assert rows(program, filter="day eq 2026-11-17") == []


def test_days_are_asked_for_by_year_and_by_moment(program: Browser) -> None:
    """Power Query puts a year that was chosen, or a parameter of dates and times, into the filter."""
    every = [row["day"] for row in rows(program)]
    assert [row["day"] for row in rows(program, filter=f"year(day) eq {YESTERDAY.year}")] == every
    assert rows(program, filter=f"year(day) lt {YESTERDAY.year}") == []
    for text in (f"day ge {YESTERDAY}T00:00:00Z", f"day ge {YESTERDAY}T00:00:00+07:00"):
        assert {row["day"] for row in rows(program, filter=text)} == {YESTERDAY.isoformat()}


HIDDEN = ("done", "subjects", "of", "percent")


@pytest.mark.parametrize("name", HIDDEN)
def test_no_filter_count_or_order_tells_what_is_hidden(program: Browser, name: str) -> None:
    """A hidden number answers no question: neither equal, nor greater, nor less, nor anywhere in an order."""
    every = rows(program, filter=f"day eq {YESTERDAY}")
    hidden = {
        (row["thon_code"], row["indicator"]) for row in every if row["suppressed"] and row[name] is None
    }
    assert hidden
    for text in (f"{name} ge 0", f"{name} le 0", f"{name} lt 5", f"{name} eq 3", f"{name} in (1,2,3,4)"):
        told = rows(program, filter=f"day eq {YESTERDAY} and {text}", count="true")
        assert not hidden & {(row["thon_code"], row["indicator"]) for row in told}
        counted = get(program, "/Coverage/$count", filter=f"day eq {YESTERDAY} and {text}").text
        assert int(counted) == len(told) == len([row for row in told if row[name] is not None])
    in_order = rows(program, filter=f"day eq {YESTERDAY}", orderby=f"{name} desc")
    at_end = in_order[len([row for row in every if row[name] is not None]) :]
    assert all(row[name] is None for row in at_end)
    assert [(row["thon_code"], row["indicator"]) for row in at_end] == [
        (row["thon_code"], row["indicator"]) for row in every if row[name] is None
    ]


@pytest.mark.parametrize(
    "option",
    ["$apply=aggregate($count as n)", "$search=x", "$deltatoken=1", "$compute=1", "$expand=x", "$levels=2"],
)
def test_other_ways_to_ask_are_refused(program: Browser, option: str) -> None:
    answer = program.get(f"{BASE}/Coverage?{option}")
    assert answer.status_code == 501
    assert answer.json["code"] == 501.1


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("$top=-1", 400, 400.8), ("$top=x", 400, 400.8), ("$filter=khong_co eq 1", 400, 400.8),
        ("$select=khong_co", 400, 400.8), ("$orderby=khong_co", 400, 400.8), ("$skiptoken=01zzz", 400, 400.8),
        ("$skiptoken=01W10=", 400, 400.8), ("$format=xml", 406, 406.1), ("$count=nhieu", 400, 400.8),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told(program: Browser, query: str, status: int, code: float) -> None:
    answer = program.get(f"{BASE}/Coverage?{query}")
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.json["message"]
    assert answer.json["error"]["code"] == str(code)


def by_pages(visitor: Browser, path: str) -> Iterator[dict[str, Any]]:
    """Each answer on the way from one to the next."""
    while path:
        page = visitor.get(path).json
        yield page
        path = page.get("@odata.nextLink", "").removeprefix("http://localhost")


def test_pages_follow_each_other_and_are_together_the_whole(program: Browser) -> None:
    """One ends within a day, another with one."""
    whole = rows(program)
    of_a_day = sum(row["day"] == whole[0]["day"] for row in whole)
    for most in (5 * of_a_day, 700):
        pages = list(by_pages(program, f"{BASE}/Coverage?$top={most}"))
        assert [len(each["value"]) for each in pages[:-1]] == [most] * (len(pages) - 1)
        assert [row for each in pages for row in each["value"]] == whole


@pytest.mark.parametrize("orderby", ["", "&$orderby=percent desc,thon_code"])
def test_pages_of_a_filter_tell_how_many_rows_it_has_and_stand_in_its_order(
    program: Browser, orderby: str
) -> None:
    path = f"{BASE}/Coverage?$filter=day ge 2026-11-15 and percent gt 50{orderby}"
    whole = program.get(path).json["value"]
    assert len({row["day"] for row in whole}) == 2
    pages = list(by_pages(program, f"{path}&$count=true&$top={len(whole) // 3}"))
    assert len(pages) > 2
    assert {each["@odata.count"] for each in pages} == {len(whole)}
    assert [row for each in pages for row in each["value"]] == whole


def test_a_page_reads_the_days_that_it_tells_and_few_more(
    app: Flask, program: Browser, commune: Commune
) -> None:
    read: list[dt.date] = []

    def tables(days: Sequence[dt.date], _only: object) -> Any:
        read.extend(days)
        return coverage_table.tables(commune, days)

    known = coverage_sets.days(YESTERDAY)
    [found, _] = coverage_sets.sets(known, tables, codes_of(commune), commune.code)
    size = len(rows(program, filter=f"day eq {known[0]}"))
    address = f"{BASE}/Coverage?$top={size}"
    for place in range(3):
        read.clear()
        with app.test_request_context(address):
            page = flat_service.page(BASE, found).json
        assert {row["day"] for row in page["value"]} == {known[place].isoformat()}
        first = max(0, place - 1)  # from the last row told; the next two days are read together
        assert read == list(known[first : first + 3])
        address = page["@odata.nextLink"]


def test_newest_days_come_first_and_are_counted_without_a_number_being_made(
    app: Flask, program: Browser, commune: Commune
) -> None:
    read: list[dt.date] = []

    def tables(days: Sequence[dt.date], _only: object) -> Any:
        read.extend(days)
        return coverage_table.tables(commune, days)

    known = coverage_sets.days(YESTERDAY)
    [found, whole] = coverage_sets.sets(known, tables, codes_of(commune), commune.code)
    every = rows(program, orderby="day desc,percent desc")
    assert [row["day"] for row in every] == sorted((row["day"] for row in every), reverse=True)
    size = len(rows(program, filter=f"day eq {known[0]}"))
    asked = f"{BASE}/Coverage?$orderby=day desc,percent desc&$count=true&$top={size}"
    told: list[Any] = []
    for place in range(3):
        read.clear()
        with app.test_request_context(asked):
            page = flat_service.page(BASE, found).json
        assert page["@odata.count"] == len(every)
        first = max(0, place - 1)  # from the last row told; the next two days are read together
        assert set(read) == set(known[::-1][first : first + 3])
        told += page["value"]
        asked = page["@odata.nextLink"]
    assert told == every[: 3 * size]
    read.clear()
    for text, number in (
        ("", len(every)), ("thon_code eq '11629001' and indicator ne 'tham_ho'", None), (f"day lt {YESTERDAY}", None),
    ):  # fmt: skip
        wanted = number or len(rows(program, filter=text))
        with app.test_request_context(f"{BASE}/Coverage/$count?$filter={text}"):
            assert int(flat_service.count(found).data) == wanted
    assert read == []
    with app.test_request_context(f"{BASE}/CoverageOfCommune/$count"):
        assert int(flat_service.count(whole).data) == len(rows(program, "CoverageOfCommune"))
    assert read == []


def codes_of(commune: Commune) -> Any:
    return partial(commune_input.row_codes, commune)


def test_rows_of_many_days_are_counted_with_no_more_statements_than_of_one(
    app: Flask, program: Browser
) -> None:
    def asked(text: str) -> int:
        count = [0]

        def one_more(*_: object) -> None:
            count[0] += 1

        sa.event.listen(db.engine, "before_cursor_execute", one_more)
        assert int(get(program, "/Coverage/$count", filter=text).data) > 0
        sa.event.remove(db.engine, "before_cursor_execute", one_more)
        return count[0]

    assert len(coverage_sets.days(YESTERDAY)) > 13
    assert asked(f"day le {YESTERDAY}") <= asked(f"day eq {YESTERDAY}") + 2


def test_part_of_rows_and_columns_can_be_had(program: Browser) -> None:
    whole = rows(program)
    answer = get(program, "/Coverage", top="0", count="true").json
    assert answer["value"] == []
    assert answer["@odata.count"] == len(whole)
    assert "@odata.nextLink" not in answer
    [row] = rows(program, top="1", skip="3", select="thon,percent")
    assert list(row) == ["thon", "percent"]
    assert row == {name: whole[3][name] for name in ("thon", "percent")}


def test_what_has_not_changed_is_not_sent_again(program: Browser) -> None:
    for path in ("", "/$metadata", "/Coverage?$top=5"):
        first = program.get(f"{BASE}{path}")
        again = program.get(f"{BASE}{path}", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["OData-Version"] == "4.0"


def test_excel_and_power_bi_are_answered_as_they_ask(app: Flask, commune: Commune) -> None:
    """Power Query asks without credentials first, is told of Basic, and reads service, description and rows."""
    asked = {
        "Accept": "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,"
        "application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7",
        "MaxDataServiceVersion": "3.0", "OData-MaxVersion": "4.0", "User-Agent": "Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)",
    }  # fmt: skip
    visitor = browser(app)
    refused = visitor.get(BASE, headers=asked)
    assert refused.status_code == 401
    assert any(each.startswith("Basic realm=") for each in refused.headers.getlist("WWW-Authenticate"))
    basic = asked | {"Authorization": f"Basic {b64encode(f'lanh.dao:{PASSWORD}'.encode()).decode()}"}
    service = visitor.get(BASE, headers=basic)
    assert service.status_code == 200
    described = visitor.get(
        urlsplit(service.json["@odata.context"]).path, headers=basic | {"Accept": "application/xml"}
    )
    assert described.content_type.startswith("application/xml")
    for each in service.json["value"]:
        read = visitor.get(f"{BASE}/{each['url']}?$top=1000", headers=basic)
        assert read.status_code == 200
        assert read.json["@odata.context"].endswith(f"$metadata#{each['name']}")
    assert visitor.get(BASE, headers=basic | {"OData-MaxVersion": "3.0"}).status_code == 404


def test_a_key_reads_its_commune_and_what_it_was_made_for(app: Flask, commune: Commune) -> None:
    fill("10930", villages=2)
    db.session.commit()
    visitor = browser(app)
    visitor.environ_base["HTTP_AUTHORIZATION"] = bearing(make_token(commune))["Authorization"]
    assert visitor.get(f"{BASE}/Coverage?$top=1").status_code == 200
    assert visitor.get("/v1/projects/10930/coverage.svc/Coverage").status_code == 403
    assert visitor.get("/v1/projects/99999/coverage.svc/Coverage").status_code == 404


def test_an_officer_is_told_no_more_than_everybody(app: Flask, commune: Commune) -> None:
    told = {}
    for name in ("lanh.dao", "can.bo"):
        visitor = browser(app)
        visitor.environ_base["HTTP_AUTHORIZATION"] = (
            f"Basic {b64encode(f'{name}:{PASSWORD}'.encode()).decode()}"
        )
        told[name] = rows(visitor, filter=f"day eq {YESTERDAY}")
    assert told["lanh.dao"] == told["can.bo"]
    assert any(row["suppressed"] == "base" for row in told["can.bo"])


def test_a_day_that_a_filter_leaves_out_is_not_read(app: Flask, commune: Commune) -> None:
    read: list[dt.date] = []

    def tables(days: Sequence[dt.date], _only: object) -> Any:
        read.extend(days)
        return coverage_table.tables(commune, days)

    [found, _] = coverage_sets.sets(coverage_sets.days(YESTERDAY), tables, codes_of(commune), commune.code)
    names = TableNames({each.name: AnswerAt(each.name) for each in found.columns})
    assert list(found.read(filter_text.expression("day ge 2026-11-15 and percent gt 50", names), False))
    assert read == [dt.date(2026, 11, 15), YESTERDAY]


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("indicator eq 'tham_ho'", {"tham_ho"}),
        ("indicator in ('tham_ho','phu_song_5g') and day ge 2026-11-15", {"tham_ho", "phu_song_5g"}),
        ("(indicator eq 'tham_ho' or 'phu_song_5g' eq indicator) and indicator eq 'phu_song_5g'", {"phu_song_5g"}),
        ("indicator eq 'tham_ho' or percent gt 50", None),
        ("indicator ne 'tham_ho'", None),
        ("not (indicator eq 'tham_ho')", None),
        ("indicator eq 'khong_co'", {"khong_co"}),
    ],
)  # fmt: skip
def test_rows_of_named_indicators_are_made_alone_and_as_they_stand_in_the_whole(
    app: Flask, program: Browser, commune: Commune, text: str, only: set[str] | None
) -> None:
    made: list[Any] = []

    def tables(days: Sequence[dt.date], only: Any) -> Any:
        made.append(only)
        return coverage_table.tables(commune, days, only=only)

    for found in coverage_sets.sets(coverage_sets.days(YESTERDAY), tables, codes_of(commune), commune.code):
        names = TableNames({each.name: AnswerAt(each.name) for each in found.columns})
        list(found.read(filter_text.expression(text, names), False))
        whole = rows(program, found.name)
        asked = [
            row for row in whole if only is None or (row["indicator"] in only and row["day"] >= "2026-11-15")
        ]
        got = rows(program, found.name, filter=text)
        assert [row for row in got if row in whole] == got
        if only is not None:
            assert [row for row in got if row["day"] >= "2026-11-15"] == asked
    assert made
    assert set(map(str, made)) == {str(made[0])}
    assert made[0] == only


def test_a_links_table_is_read_as_odata_too(app: Flask, commune: Commune) -> None:
    maker = db.session.scalars(sa.select(Person).where(Person.username == "lanh.dao")).unique().one()
    made = shared_links.add("Excel", "coverage", maker.id, commune=commune, by=SHELL)
    key = made.key
    db.session.commit()
    visitor, root = browser(app), f"/lien-ket/{key}/odata"
    service = visitor.get(root).json
    assert service["value"] == [{"name": "muc_bao_phu", "kind": "EntitySet", "url": "muc_bao_phu"}]
    assert visitor.get(f"{root}/$metadata").status_code == 200
    told = visitor.get(f"{root}/muc_bao_phu?$filter=so_ho gt 30&$orderby=so_ho desc&$count=true").json
    numbers = [row["so_ho"] for row in told["value"]]
    assert numbers == sorted((each for each in numbers if each > 30), reverse=True)
    assert told["@odata.count"] == len(numbers) > 1
    assert int(visitor.get(f"{root}/muc_bao_phu/$count?$filter=so_ho gt 30").text) == len(numbers)
    wrong = visitor.get(f"{root}/muc_bao_phu?$filter=khong_co eq 1")
    assert (wrong.status_code, wrong.json["error"]["code"]) == (400, "400.8")
    assert visitor.get(f"{root}/khong_co").json["error"]["message"] == "Dịch vụ này không có bảng “khong_co”."
    made.record.revoked_at = NOON
    db.session.commit()
    assert visitor.get(f"{root}/muc_bao_phu").json["error"]["message"]
