"""What programs and links are told of a commune, each number set against the recount of phones' XML.

These doors read to the end of the day before and hide small cells: where a number stands it is the recount's, where
none stands that is because the recount knows none either or because the row says that it is withheld.
"""

import csv
import io
from collections.abc import Mapping
from typing import Any

import openpyxl

from tests.independent_recount import COMMUNE, WORDS, Recount
from tests.people import Browser

AT_DOORS = frozenset({"household", "person", "adult"})
"""The units of which small numbers are withheld."""


def told_by_odata(program: Browser, recount: Recount) -> None:
    """Every column of both sets, of every thôn and of the commune, in every unit."""
    for name in ("Coverage", "CoverageOfCommune"):
        path = f"/v1/projects/{_code(recount)}/coverage.svc/{name}"
        rows = _json(program, f"{path}?$filter=day eq {recount.ground.day}")["value"]
        areas = recount.ground.thon if name == "Coverage" else (COMMUNE,)
        found = {(row.get("thon_code", COMMUNE), row["indicator"]): row for row in rows}
        for area in areas:
            for code in recount.ground.units:
                _compare(found[area, code], recount, area, code)
                bound = found[area, code]["bound"]
                if bound:
                    sums, (sign, limit) = recount.sums[area, code], bound.split()
                    exact = 100 * sums.done / sums.of
                    assert exact > float(limit) if sign == ">" else exact < float(limit), (area, code)


def told_by_map_programs(program: Browser, recount: Recount) -> None:
    """OGC API Features."""
    told = _json(program, f"/ogc/collections/thon/items?datetime={recount.ground.day}")
    assert {each["id"] for each in told["features"]} == set(recount.ground.thon)
    for each in told["features"]:
        for code in recount.ground.units:
            own = {
                name.removeprefix(f"{code}_"): value
                for name, value in each["properties"].items()
                if name.startswith(f"{code}_")
            }
            _compare(own, recount, each["id"], code)


def told_by_links(visitor: Browser, link: str, city_link: str, recount: Recount) -> None:
    """A link's table as OData; its CSV and its workbook hold the same values; the city's line of the commune."""
    rows = _json(visitor, f"{link}/odata/muc_bao_phu")["value"]
    assert [row["ma_thon"] for row in rows] == sorted(recount.ground.thon)
    for row in rows:
        area = row["ma_thon"]
        assert row["tinh_den"] == recount.ground.day.isoformat()
        met = recount.sums[area, "tham_ho"].subjects
        assert row["da_gap"] in (met, None), area
        for goal in recount.ground.goals:
            if goal.unit == "percent":
                told, note = recount.told(area, goal.indicator), row[f"{goal.indicator}_ghi_chu"]
                assert row[goal.indicator] == told.shown or (row[goal.indicator] is None and note), (
                    area,
                    goal,
                )
                state = row[f"{goal.indicator}_trang_thai"].removesuffix(", trong sai số")
                assert state in (WORDS[told.state], ""), (area, goal)
    values = sorted([_text(value) for value in row.values()] for row in rows)
    head, *lines = csv.reader(io.StringIO(visitor.get(f"{link}/bang.csv").get_data(as_text=True)))
    assert sorted([_text(value) for value in line] for line in lines) == values
    book = openpyxl.load_workbook(io.BytesIO(visitor.get(f"{link}/bang.xlsx").data))
    first, *cells = book.worksheets[0].iter_rows(values_only=True)
    assert [str(each) for each in first] == [each.removeprefix("\ufeff") for each in head]
    assert sorted([_text(value) for value in line] for line in cells) == values
    [commune] = _json(visitor, f"{city_link}/odata/thanh_pho?$filter=ma_xa eq '{_code(recount)}'")["value"]
    for goal in recount.ground.goals:
        if goal.indicator in commune:
            shown = commune[goal.indicator]
            assert shown in (recount.told(COMMUNE, goal.indicator).percent, None), goal


def _compare(row: Mapping[str, Any], recount: Recount, area: str, code: str) -> None:
    expected, unit = recount.told(area, code), recount.ground.units[code]
    may_hide = unit in AT_DOORS or code in recount.ground.by_chance
    for name in ("done", "of", "subjects", "expected", "percent", "percent_judged"):
        wanted, found = getattr(expected, name), row[name]
        if found is None and wanted is not None:
            assert row["suppressed"], (area, code, name)
            assert may_hide, (area, code, name)
        else:
            assert found == wanted, (area, code, name)
    if expected.state and row.get("state") is not None and not row["suppressed"]:
        assert row["state"] == expected.state, (area, code)


def _code(recount: Recount) -> str:
    return recount.ground.thon[0][:5]


def _json(visitor: Browser, path: str) -> Any:
    answer = visitor.get(path)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json


def _text(value: object) -> str:
    """A cell of any kind of file, so that numbers and days compare."""
    text = "" if value is None else str(value)
    text = text.removesuffix(" 00:00:00")
    return text.removesuffix(".0")
