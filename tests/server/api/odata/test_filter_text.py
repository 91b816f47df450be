"""What `$filter` and `$orderby` say, and what is refused (O15, O16)."""

import contextlib
import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.answers.expression import AnswerAt, Key, OrderBy
from server.api.odata import filter_text, row_filter
from server.api.odata.filter_text import TableNames
from server.api.odata.odata_problems import ODataProblem
from server.errors import Problem

FIELDS = (
    "so",
    "chu",
    "ngay",
    "luc",
    "dung",
    "any_help",
    "all",
    "true_name",
    "nullable",
    "ho/chu_ho",
    "__id",
    "$root/Submissions/so",
)
NAMES = TableNames({name: AnswerAt(name) for name in FIELDS})
ROW: dict[str, Any] = {
    "so": 4, "chu": "Nguyễn A", "ngay": dt.date(2026, 11, 22),
    "luc": dt.datetime(2026, 11, 22, 2, 0, tzinfo=dt.UTC), "dung": True, "any_help": "x", "all": "y",
    "true_name": "z", "ho/chu_ho": "O'Brien (eq)", "__id": "uuid:1", "$root/Submissions/so": 4,
}  # fmt: skip


def look(key: Key) -> Any:
    return ROW.get(key.path) if isinstance(key, AnswerAt) else None


def holds(text: str) -> bool:
    return row_filter.holds(filter_text.expression(text, NAMES), look)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", True), ("so eq 4", True), ("so gt 3.5 and so lt 4.5", True), ("4 eq so", True), ("5 gt so", True),
        ("so ne 4 or chu eq 'Nguyễn A'", True), ("not (so eq 4)", False), ("not contains(chu,'B')", True),
        ("startswith(chu,'Nguyễn') and endswith(chu,'A')", True), ("contains(tolower(chu),'nguyễn a')", True),
        ("tolower(chu) eq 'nguyễn a'", True), ("chu in ('B','Nguyễn A')", True), ("chu in ('Nguyễn A')", True),
        ("chu in ('B')", False), ("so in (1, 4)", True), ("nullable eq null", True), ("nullable ne null", False),
        ("nullable ne 'x'", True), ("nullable gt 3", False), ("nullable in (null,'a')", True),
        ("ngay eq 2026-11-22", True), ("ngay lt 2026-11-22", False), ("ngay ge 2026-11-01", True),
        ("luc ge 2026-11-22T09:00:00+07:00", True), ("luc gt 2026-11-22T02:00:00Z", False),
        ("luc lt now()", True), ("year(luc) eq 2026", True), ("year(luc) gt 2026", False),
        ("date(luc) eq 2026-11-22", True), ("date(luc) gt 2026-11-22", False), ("dung eq true", True),
        ("any_help eq 'x' and all eq 'y' and true_name eq 'z'", True), ("ho/chu_ho eq 'O''Brien (eq)'", True),
        ("__id eq 'uuid:1'", True), ("$root/Submissions/so eq 4", True), ("(so eq 4) and ((chu ne 'x'))", True),
        ("year(ngay) eq 2026", True), ("year(ngay) gt 2026", False), ("ngay eq 2026-11-22T00:00:00Z", True),
        ("ngay ge 2026-11-22T08:00:00+07:00", False), ("luc ge 2026-11-22", True), ("luc lt 2026-11-22", False),
        ("luc lt 9999-12-31T23:59:59-14:00", True), ("date(luc) lt 9999-12-31", True), (" so eq 4 ", True),
        ("contains(tolower(chu),'Nguyễn')", False), ("contains(toupper(chu),toupper('nguyễn'))", True),
        ("chu eq 'Nguye\u0302\u0303n A'", True), ("so lt 99999999999999999999", True),
        ("so eq -4", False), ("chu gt 'M'", True), ("true", True), ("false", False),
    ],
)  # fmt: skip
def test_a_filter_says_what_odata_says(text: str, wanted: bool) -> None:
    assert holds(text) is wanted


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("khong_co eq 1", ODataProblem.OPTION_WRONG), ("so eq", ODataProblem.OPTION_WRONG),
        ("so eq 4 )", ODataProblem.OPTION_WRONG), ("so === 4", ODataProblem.OPTION_WRONG),
        ("so eq 4; drop table", ODataProblem.OPTION_WRONG), ("nohow(so) eq 1", ODataProblem.OPTION_WRONG),
        ("'", ODataProblem.OPTION_WRONG), ("so eq 4 and", ODataProblem.OPTION_WRONG),
        ("ngay eq 2026-02-31", ODataProblem.OPTION_WRONG), ("x" * 4_001, ODataProblem.OPTION_WRONG),
        ("not (" * 70 + "so eq 4" + ")" * 70, ODataProblem.OPTION_WRONG),
        ("so add 1 eq 5", ODataProblem.OPTION_UNSUPPORTED),
        ("so eq chu", ODataProblem.OPTION_UNSUPPORTED), ("length(chu) eq 3", ODataProblem.OPTION_UNSUPPORTED),
        ("geo.length(chu) gt 3", ODataProblem.OPTION_UNSUPPORTED), ("so", ODataProblem.OPTION_UNSUPPORTED),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_and_never_passed_over(text: str, kind: ODataProblem) -> None:
    with pytest.raises(Problem) as found:
        filter_text.expression(text, NAMES)
    assert found.value.kind is kind


@given(st.text(alphabet="sochungay eqandortgnl'()0123456789,/.$:-T_", max_size=60) | st.text(max_size=40))
def test_any_text_is_a_filter_or_a_problem(text: str) -> None:
    with contextlib.suppress(Problem):
        assert holds(text) in (True, False)


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_text_in_quotes_is_only_ever_a_text(value: str, other: str) -> None:
    quoted = value.replace("'", "''")
    rows = {"chu": other}
    found = filter_text.expression(f"chu eq '{quoted}'", NAMES)
    assert row_filter.holds(found, lambda key: rows.get(key.path)) is (value == other)


NUMBERS = st.none() | st.integers(-5, 5) | st.decimals(-5, 5, places=1).map(Decimal)


@given(st.lists(st.tuples(NUMBERS, st.none() | st.text("ab", max_size=2))))
def test_rows_stand_by_each_name_in_turn_and_the_unknown_comes_first(rows: list[tuple[Any, Any]]) -> None:
    wanted = filter_text.orders("so desc,chu", NAMES)
    assert wanted == (OrderBy(AnswerAt("so"), True), OrderBy(AnswerAt("chu")))
    found = row_filter.ordered(
        rows, wanted, lambda row: lambda key: row[0] if key == AnswerAt("so") else row[1]
    )
    expected = sorted(rows, key=lambda row: (row[1] is not None, row[1] or ""))
    expected.sort(key=lambda row: (row[0] is not None, row[0] or 0), reverse=True)
    assert found == expected


@pytest.mark.parametrize("text", ["khong_co", "so up", "so desc asc"])
def test_an_order_by_nothing_known_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        filter_text.orders(text, NAMES)
