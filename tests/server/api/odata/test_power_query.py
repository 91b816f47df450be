"""Excel's and Power BI's requests (Power Query's `OData.Feed`), as public documents tell them.

- github.com/NLstn/go-odata/issues/874 has the headers that Excel sends, to the letter; two `OData-Version` in an answer
  make it refuse the feed.
- learn.microsoft.com, powerquery-m/odata-feed: addresses up to 2,048 letters, `$batch` only where it was switched on,
  `Prefer` where somebody asked for values to be left out.
- learn.microsoft.com, power-query/samples/trippin/10-tableview1: which steps of a query become `$top`, `$skip`,
  `$count` (an address of its own), `$select`, `$orderby`.
- learn.microsoft.com, power-query/connectors/odata-feed: anonymous or Basic, from the address of the service.
- learn.microsoft.com, power-bi/connect-data/incremental-refresh-configure: a span of moments as a filter.
"""

import base64
import gzip
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
import pytest
from flask import Flask
from lxml import etree
from werkzeug.test import TestResponse

from tests.people import browser
from tests.server.api.conftest import FIRST, SECOND, THIRD, Client

BASE = "/v1/projects/11629/forms/khao_sat.svc"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
SENT = {
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "Microsoft.Data.Mashup (https://go.microsoft.com/fwlink/?LinkID=304225)",
    "MaxDataServiceVersion": "3.0",
    "OData-MaxVersion": "4.0",
    "Accept": "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,"
    "application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7",
}


class PowerQuery:
    """A workbook that asks with a key as password."""

    def __init__(self, app: Flask, key: str, **more: str) -> None:
        self.app = app
        basic = base64.b64encode(f"excel:{key}".encode()).decode()
        self.headers = {**SENT, "Authorization": f"Basic {basic}", **more}

    def get(self, path: str) -> TestResponse:
        answer = browser(self.app).get(path, headers=self.headers)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers.getlist("OData-Version") == ["4.0"]
        assert not answer.history
        return answer

    def json(self, path: str) -> Any:
        answer = self.get(path)
        is_packed = answer.headers.get("Content-Encoding") == "gzip"
        return orjson.loads(gzip.decompress(answer.data) if is_packed else answer.data)


@pytest.fixture
def excel(app: Flask, named: Client, visits: str) -> PowerQuery:
    return PowerQuery(app, named.headers["Authorization"].removeprefix("Token "))


def test_a_feed_is_opened_from_the_address_of_its_service(app: Flask, excel: PowerQuery) -> None:
    """First without a password, then the service, its description, and a preview of each table."""
    refused = browser(app).get(BASE, headers=SENT)
    assert refused.status_code == 401
    assert any(each.startswith("Basic realm=") for each in refused.headers.getlist("WWW-Authenticate"))
    service = excel.json(BASE)
    described = excel.get(urlsplit(service["@odata.context"]).path)
    assert described.content_type.startswith("application/xml")
    sets = [each.get("Name") for each in etree.fromstring(described.data).iter(f"{EDM}EntitySet")]
    assert sets == [each["url"] for each in service["value"]]
    for name in sets:
        told = excel.json(f"{BASE}/{name}?$top=1000")
        assert told["@odata.context"] == f"{service['@odata.context']}#{name}"
        assert told["value"]


STEPS: list[tuple[str, list[str]]] = [
    # Table.FirstN, Table.Skip, Table.Range
    ("$top=2", [FIRST, SECOND]), ("$skip=1&$top=1000", [SECOND, THIRD]), ("$skip=1&$top=1", [SECOND]),
    # Table.Sort
    ("$orderby=ho_so_nguoi%20desc&$top=1000", [SECOND, FIRST, THIRD]),
    ("$orderby=thon,ho_so_nguoi%20desc", [FIRST, THIRD, SECOND]),
    # Table.SelectRows: texts, numbers, nothing, lists
    ("$filter=thon__label eq 'Thôn 1'", [FIRST, THIRD]), ("$filter=thon__label ne 'Thôn 1'&$top=1000", [SECOND]),
    ("$filter=startswith(thon__label,'Thôn')", [FIRST, SECOND, THIRD]),
    ("$filter=endswith(thon__label,'2')", [SECOND]),
    ("$filter=contains(thon__label,'n 1')", [FIRST, THIRD]),
    ("$filter=not contains(thon__label,'n 1')", [SECOND]),
    ("$filter=contains(tolower(thon__label),'thôn 2')", [SECOND]),
    ("$filter=ho_so_nguoi ge 7 and ho_so_nguoi lt 10", [FIRST]),
    ("$filter=thon eq '11629001' or thon eq '11629002'", [FIRST, SECOND, THIRD]),
    ("$filter=ho_so_nguoi eq null", [THIRD]),
    ("$filter=ho_so_nguoi ne null and ho_dich_vu__shp eq true", [FIRST]), ("$filter=xa_code eq 'O''Brien'", []),
    # days, and the span of an incremental refresh
    ("$filter=ngay ge 2026-11-20 and ngay lt 2026-11-21", [FIRST]),
    ("$filter=year(ngay) eq 2026", [FIRST, SECOND]),
    ("$filter=submission_date ge 2026-01-01T00:00:00Z and submission_date lt 2100-01-01T00:00:00Z",
     [FIRST, SECOND, THIRD]),
    ("$filter=start ge 2026-11-20T09:00:00+07:00 and start lt 2026-11-20T09:00:01.0000000+07:00&$top=1000",
     [FIRST]),
]  # fmt: skip


def test_each_step_of_a_query_is_answered_by_the_feed(excel: PowerQuery) -> None:
    flat = f"{BASE}/Submissions_flat"
    told = {
        step: [row["__id"] for row in excel.json(f"{flat}?{quote(step, safe='$=&%')}")["value"]]
        for step, _ in STEPS
    }
    assert told == dict(STEPS)


def test_rows_are_counted_and_columns_chosen_and_pages_followed(excel: PowerQuery) -> None:
    flat = f"{BASE}/Submissions_flat"
    of_first_thon = quote("thon eq '11629001'")
    assert excel.get(f"{flat}/$count").text == "3"
    assert excel.get(f"{flat}/$count?$filter={of_first_thon}").text == "2"
    path, found = f"{flat}?$select=__id,thon__label&$top=1", []
    while path:
        page = excel.json(path)
        found += page["value"]
        link = urlsplit(page.get("@odata.nextLink", ""))
        path = f"{link.path}?{link.query}" if link.path else ""
    assert found == [
        {"__id": each, "thon__label": f"Thôn {number}"} for each, number in ((FIRST, 1), (SECOND, 2), (THIRD, 1))
    ]  # fmt: skip


def test_a_table_of_a_repeat_is_read_and_joined_to_its_submissions(excel: PowerQuery) -> None:
    """A navigator's related tables: the column of the parent's key, or the links themselves."""
    [first, *_] = excel.json(f"{BASE}/Submissions?$top=1000")["value"]
    of_first = excel.json(f"{BASE}/{quote(first['tv@odata.navigationLink'])}")["value"]
    rounds = excel.json(f"{BASE}/Submissions.tv?$top=1000")["value"]
    assert of_first == rounds
    assert {each["__Submissions-id"] for each in rounds} == {FIRST}


def test_what_a_query_may_switch_on_changes_no_answer(app: Flask, excel: PowerQuery) -> None:
    """`Prefer` is a wish, which an answer that leaves nothing out does not confirm."""
    wishing = PowerQuery(
        app, "", **{**excel.headers, "Prefer": 'odata.omit-values="nulls",odata.maxpagesize=2'}
    )
    answer = wishing.get(f"{BASE}/Submissions_flat?$top=1000")
    assert "Preference-Applied" not in answer.headers
    assert wishing.json(f"{BASE}/Submissions_flat?$top=1000") == excel.json(
        f"{BASE}/Submissions_flat?$top=1000"
    )
    longest = "thon eq 'x'" + " or thon eq 'y'" * 70
    path = f"{BASE}/Submissions_flat?$filter={quote(longest, safe='$=')}"
    assert len(path) <= 2_048
    assert excel.json(path)["value"] == []
