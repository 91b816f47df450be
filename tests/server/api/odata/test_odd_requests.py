"""Odd requests at a form's service: each is answered with the rows that it means, or with one sentence and a code."""

import unicodedata
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.answers.expression import AnswerAt
from server.api.odata import filter_text, form_names, query_options, row_filter
from server.errors import Problem
from server.exports import form_columns, select_submissions
from tests import sample
from tests.phone import Phone, statuses
from tests.server.api.conftest import FIRST, SECOND, THIRD, Client

BASE = "/v1/projects/11629/forms/khao_sat.svc"
FOURTH = "uuid:00000000-0000-4000-8000-000000000004"
CAPITALS = (
    "<start>2027-01-01T00:30:00.000+07:00</start><thon>11629002</thon><ho><chu_ho>NGUYỄN VĂN ĐỨC</chu_ho>"
    "<so_nguoi>3</so_nguoi><toc_do>-2.5</toc_do></ho><ngay>2027-01-01</ngay>"
)
ALL = [FIRST, SECOND, THIRD, FOURTH]


@pytest.fixture
def four(walker: Phone, visits: str) -> str:
    """The three visits, and one whose household is written in capitals."""
    xml = sample.filled(CAPITALS, form_id="khao_sat", instance_id=FOURTH)
    assert statuses(walker.send(xml)) == [201]
    return visits


def ids(client: Client, text: str, name: str = "Submissions") -> list[str]:
    told = client.json(f"{BASE}/{name}?$filter={quote(text)}&$count=true")
    counted = client.get(f"{BASE}/{name}/$count?$filter={quote(text)}")
    assert (counted.status_code, counted.content_type) == (200, "text/plain")
    assert int(counted.text) == told["@odata.count"] == len(told["value"])
    return [row["__id"] for row in told["value"]]


ASKED: list[tuple[str, list[str]]] = [
    # letters of either kind and of either composition
    ("tolower(ho/chu_ho) eq 'nguyễn văn đức'", [FOURTH]), ("contains(tolower(ho/chu_ho),'nguyễn')", [FIRST, FOURTH]),
    ("contains(toupper(ho/chu_ho),'ĐỨC')", [FOURTH]), ("endswith(tolower(ho/chu_ho),'đức')", [FOURTH]),
    ("startswith(toupper(ho/chu_ho),toupper('trần'))", [SECOND]), ("contains(tolower(ho/chu_ho),'ĐỨC')", []),
    ("tolower(ho/chu_ho) eq 'Trần'", []), ("toupper(ho/chu_ho) eq 'TRẦN'", [SECOND]),
    (unicodedata.normalize("NFD", "ho/chu_ho eq 'Trần'"), [SECOND]),
    (unicodedata.normalize("NFD", "contains(ho/chu_ho,'ĐỨC')"), [FOURTH]),
    ("ho/chu_ho eq 'Tran'", []), ("ho/chu_ho eq 'it''s'", []), ("ho/chu_ho eq ''", []), ("ho/chu_ho eq '\x00'", []),
    # numbers beyond what a column holds
    ("ho/so_nguoi lt 99999999999999999999", [FIRST, SECOND, FOURTH]), ("ho/so_nguoi eq 18446744073709551616", []),
    (f"ho/so_nguoi gt -1{'0' * 400}", [FIRST, SECOND, FOURTH]), (f"ho/so_nguoi in (7,1{'0' * 400})", [FIRST]),
    ("ho/toc_do lt 1e400", [FIRST, FOURTH]), ("ho/toc_do eq -2.5", [FOURTH]), ("ho/toc_do gt - 3", [FIRST, FOURTH]),
    ("ho/so_nguoi eq '1e400'", []), ("ho/so_nguoi eq 'nan'", []),
    # days and moments, to the ends of the calendar
    ("year(ngay) eq 2027", [FOURTH]), ("year(ngay) lt 2027", [FIRST, SECOND]), ("date(ngay) eq 2026-11-20", [FIRST]),
    ("ngay eq 2026-11-20T00:00:00Z", [FIRST]), ("ngay ge 2026-11-21T00:00:00+07:00", [SECOND, FOURTH]),
    ("ngay lt 9999-12-31", [FIRST, SECOND, FOURTH]), ("start lt 9999-12-31T23:59:59Z", [FIRST, FOURTH]),
    ("year(start) eq 2026", [FIRST, FOURTH]), ("date(start) eq 2026-12-31", [FOURTH]),
    ("start eq 2026-12-31T17:30:00Z", [FOURTH]), ("start ge 2026-12-31T12:30:00-05:00", [FOURTH]),
    ("__system/submissionDate lt 9999-12-31T23:59:59-14:00", ALL), ("date(__system/submissionDate) le 9999-12-31", ALL),
    ("now() gt __system/submissionDate", ALL), ("__system/submissionDate ge 2020-01-01", ALL),
    # what nobody said
    ("ho/so_nguoi eq null", [THIRD]), ("null ne ho/so_nguoi", [FIRST, SECOND, FOURTH]), ("thon gt null", []),
    ("thon in (null)", []), ("ho/toc_do in (1.5,null)", [FIRST, SECOND, THIRD]), ("__system/status eq null", ALL),
    ("__system/submitterName ne null", ALL), ("__system/submitterName eq 'x'", []),
    # brackets, spaces and words
    ("  thon   eq   '11629001'  ", [FIRST, THIRD]), ("thon\teq\n'11629001'", [FIRST, THIRD]), ("not false", ALL),
    ("not not (thon eq '11629001')", [FIRST, THIRD]), ("(" * 40 + "thon eq 'x'" + ")" * 40, []),
    ("thon in (" + ",".join(f"'{n}'" for n in range(500)) + ",'11629002')", [SECOND, FOURTH]),
    ("thon eq 'x'" + " or thon eq '11629002'" * 150, [SECOND, FOURTH]),
]  # fmt: skip


def test_each_odd_filter_finds_the_rows_that_it_means(named: Client, four: str) -> None:
    found = {text: ids(named, text) for text, _ in ASKED}
    assert found == dict(ASKED)


FLAT = [
    (text.replace("ho/", "ho_"), wanted) for text, wanted in ASKED if "__system" not in text and "now()" not in text
]  # fmt: skip


def test_the_flat_table_finds_the_same(named: Client, four: str) -> None:
    found = {text: ids(named, text, "Submissions_flat") for text, _ in FLAT}
    assert found == dict(FLAT)


REFUSED: dict[str, int] = {
    "and eq 1": 400, "1 eq and": 400, "thon eq": 400, "thon in ()": 400, "thon in 'a'": 400, "thon eq \"x\"": 400,
    "thon eq 'x": 400, "THON eq 'x'": 400, "@p1 eq 1": 400, "thon eq @p1": 400, "$it/khong eq 1": 400, "()": 400,
    "ngay eq 2026-02-31": 400, "ngay ge 2026-11-20T08:00:00Z": 400, "start lt 2026-11-20T25:00:00Z": 400,
    "contains(thon)": 400, "tolower() eq 'x'": 400, "ho eq null": 400, "'": 400, "''": 501, "null": 501,
    "tv/any(t:t/tuoi gt 3)": 501, "tv/all(t:t/tuoi gt 3)": 501, "tv/any()": 501, "ho/dich_vu has 'shp'": 501,
    "startswith(thon,null)": 501, "thon eq thon": 501, "thon add 1 eq 2": 501, "length(thon) gt 3": 501,
    "indexof(thon,'x') eq 1": 501, "concat(thon,'x') eq 'y'": 501, "month(ngay) eq 11": 501, "not thon": 501,
    "-'x' eq thon": 501, "thon eq -now()": 501, "thon eq -'x'": 501, "tolower(thon) gt 'x'": 501, "now() eq now()": 501,
    "geo.distance(ho/vi_tri,geography'POINT(1 2)') lt 3": 501, "contains(tolower(tolower(thon)),'x')": 501,
    "(" * 70 + "thon eq 'x'" + ")" * 70: 200, "thon eq '" + "x" * 4_000 + "'": 400,
}  # fmt: skip


def test_what_is_no_filter_here_is_told_in_one_sentence(named: Client, visits: str) -> None:
    for text, status in REFUSED.items():
        for name in ("Submissions", "Submissions/$count"):
            answer = named.get(f"{BASE}/{name}?$filter={quote(text)}")
            assert answer.status_code == status, (text, answer.text[:300])
            if status != 200:
                told = answer.json
                assert (int(told["code"]), told["error"]["message"]) == (status, told["message"])
                assert told["message"].startswith(("Không đọc được $filter", "Dịch vụ OData này không có"))


OPTIONS: dict[str, int] = {
    "$top=-1": 400, "$top=1.5": 400, "$top=x": 400, "$top=99999999999": 400, "$skip=-1": 400, "$skip=2147483647": 200,
    "$top=2&$top=1": 400, "$filter=thon eq 'x'&$filter=thon ne 'x'": 400, "$select=khong": 400,
    "$select=tuoi,khong": 400, "$select=*,khong": 200, "$select=*": 200, "$select=,": 200, "$expand=tv": 501,
    "$expand=*($levels=max)": 501,    "$levels=2": 501, "$apply=x": 501, "$deltatoken=1": 501, "$Top=1": 501,
    "$count=1": 400, "$format=atom": 406,
    "$skiptoken=x": 400, "$skiptoken=01": 400, "$skiptoken=01e30=": 400, "$skiptoken=01W10=": 400,
    "$orderby=khong": 400, "$orderby=thon nulls first": 400, "$orderby=" + "x" * 5_000: 400, "top=1": 200,
}  # fmt: skip
TOKENS = (
    {"id": "x"}, {"id": "1", "at": "x"}, {"id": "1", "at": "9" * 5_000}, {"at": "1"}, {"id": "-1"}, {"id": "٣"},
    {"id": "9" * 30}, {"id": "1", "at": "-1"},
)  # fmt: skip


@pytest.mark.parametrize("name", ["Submissions", "Submissions_flat", "Submissions.tv"])
def test_odd_options_and_marks_of_pages_are_refused(named: Client, visits: str, name: str) -> None:
    for text, status in OPTIONS.items():
        answer = named.get(f"{BASE}/{name}?{text}")
        assert answer.status_code == status, (text, answer.text[:300])
    order = "tuoi" if name.endswith("tv") else "thon"
    for token in TOKENS:
        for more in ("", f"&$orderby={order}"):
            mark = query_options.token(token)
            answer = named.get(f"{BASE}/{name}?$top=1&$skiptoken={mark}{more}")
            assert answer.status_code == (
                200 if "at" in token and name != "Submissions.tv" and "id" in token else 400
            )
    gone = named.get(
        f"{BASE}/{name}?$top=1&$orderby={order}&$skiptoken={query_options.token({'id': '99', 'at': '1'})}"
    )
    assert gone.status_code == 400  # never the first page again, which a program would read for ever


def test_columns_of_groups_of_the_system_and_links_can_be_chosen(named: Client, visits: str) -> None:
    def first(name: str, selected: str) -> Any:
        return named.json(f"{BASE}/{name}?$select={selected}&$top=1")["value"][0]

    assert set(first("Submissions", "ho")["ho"]) == {
        "chu_ho",
        "so_nguoi",
        "toc_do",
        "vi_tri",
        "dich_vu",
        "anh",
    }
    system = first("Submissions", "thon,__system/edits,__system/formVersion")
    assert system == {"thon": "11629001", "__system": {"edits": 0, "formVersion": "1"}}
    assert first("Submissions", "tv") == {"tv@odata.navigationLink": f"Submissions('{FIRST}')/tv"}
    assert "chu_ho" in first("Submissions", "*,thon")["ho"]
    assert first("Submissions.tv", "tuoi,__Submissions-id") == {"tuoi": 30, "__Submissions-id": FIRST}
    refused = named.get(f"{BASE}/Submissions('{FIRST}')?$select=khong")
    assert (refused.status_code, refused.json["code"]) == (400, 400.8)


def test_rows_of_every_table_are_counted_by_their_own_address(named: Client, visits: str) -> None:
    """Power Query counts rows so."""
    for path, wanted in (
        ("Submissions", 3), ("Submissions_flat", 3), ("Submissions.tv", 2), ("Submissions.tv.may", 2),
        (f"Submissions('{FIRST}')/tv", 2), (f"Submissions('{SECOND}')/tv", 0),
    ):  # fmt: skip
        assert named.get(f"{BASE}/{path}/$count").text == str(wanted)
    assert named.get(f"{BASE}/Submissions.tv/$count?$filter=tuoi gt 10").text == "1"
    assert named.get(f"{BASE}/khong_co/$count").status_code == 404
    assert named.get(f"{BASE}/Submissions('uuid:khong-co')/tv/$count").status_code == 404


def test_nothing_is_written_through_a_service(named: Client, visits: str) -> None:
    for path in ("/Submissions", "/$batch", "", f"/Submissions('{FIRST}')", "/$metadata"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = named.open(method, BASE + path)
            assert (answer.status_code, answer.headers["OData-Version"]) == (405, "4.0")
            assert answer.json["error"]["message"]


VALUES = st.sampled_from(
    [
        "'11629001'",
        "'Trần'",
        "'TRẦN'",
        "''",
        "7",
        "12",
        "-2.5",
        "1e30",
        "'7'",
        "2026-11-20",
        "null",
        "'shp cks'",
        "true",
    ]
)
NAMED = st.sampled_from(["thon", "ho/chu_ho", "ho/so_nguoi", "ho/toc_do", "ngay", "ho/dich_vu"])
LEAVES = st.one_of(
    st.tuples(NAMED, st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"]), VALUES).map(" ".join),
    st.tuples(NAMED, st.lists(VALUES, min_size=1, max_size=3)).map(lambda each: f"{each[0]} in ({','.join(each[1])})"),
    st.tuples(
        st.sampled_from(["contains", "startswith", "endswith"]),
        st.sampled_from(["ho/chu_ho", "thon", "tolower(ho/chu_ho)", "toupper(ho/chu_ho)", "ho/dich_vu"]),
        st.sampled_from(["'tr'", "'TR'", "'ỄN'", "'1162900'", "''", "'p c'"]),
    ).map(lambda each: f"{each[0]}({each[1]},{each[2]})"),
)  # fmt: skip
FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda each: f"({' '.join(each)})"),
        inner.map(lambda each: f"not ({each})"),
    ),
    max_leaves=4,
)


@given(text=FILTERS)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_database_finds_the_rows_of_which_a_filter_holds(named: Client, four: str, text: str) -> None:
    """What the database says of a filter is what is said of each row that it tells."""
    names = form_names.names(
        KEYS, form_columns.merged(select_submissions.definitions(1)), select_submissions.known()
    )
    try:
        wanted = filter_text.expression(text, names)
    except Problem:
        assert named.get(f"{BASE}/Submissions?$filter={quote(text)}").status_code in (400, 501)
        return
    rows = {row["__id"]: _plain(row) for row in named.json(f"{BASE}/Submissions")["value"]}
    holding = [
        key for key, row in rows.items() if row_filter.holds(wanted, lambda asked, row=row: row[asked.path])
    ]  # type: ignore[misc]
    assert ids(named, text) == holding


KEYS = {
    name: AnswerAt(name) for name in ("thon", "ho/chu_ho", "ho/so_nguoi", "ho/toc_do", "ngay", "ho/dich_vu")
}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, **{f"ho/{name}": value for name, value in row["ho"].items()}}
