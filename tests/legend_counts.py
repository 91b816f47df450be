"""Each indicator's legend, drawings and tables beside the numbers that the API tells the same reader (R7, R25)."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from lxml import html

from tests.people import Browser

STATES = {
    "met": "đạt",
    "on_track": "đúng tiến độ",
    "at_risk": "nguy cơ",
    "behind": "chưa đạt",
    "unknown": "chưa đủ số liệu",
}
FAR = 20
"""Points short from which a thôn is drawn darker, as the legend says."""
Classes = Mapping[str, str]
"""The class of each thôn, by its code."""


def shown_on_maps(reader: Browser, code: str) -> tuple[str, ...]:
    """The indicators that the map of a commune offers."""
    page = _page(reader, f"/xa/{code}/ban-do")
    return tuple(page.xpath("//select[@id='chi_tieu']/option/@value"))


def compare(reader: Browser, code: str) -> int:
    """Every indicator of the map, in every place; how many states of thôn were compared."""
    told = reader.get(f"/api/v1/communes/{code}/coverage").get_json()
    rows = {row["code"]: row for row in told["indicators"]}
    offered = shown_on_maps(reader, code)
    assert set(offered) == {indicator for indicator, row in rows.items() if row["kind"] != "event"}
    compared, small = 0, _small_maps(reader, code)
    for indicator in offered:
        row = rows[indicator]
        expected = {
            each["code"]: class_told(each["indicators"].get(indicator, {}), row) for each in told["villages"]
        }
        _on_the_map(reader, code, indicator, expected)
        _on_the_wall(reader, code, indicator, expected)
        if indicator in small:
            assert small[indicator] == Counter(expected.values()), indicator
        if row["target"]:
            _in_the_table(reader, code, row, told["villages"])
        compared += len(expected)
    return compared


def class_told(cell: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    """The class of a thôn by what its cell tells: its state where there is a target, else the fifth it is in."""
    value, bound = _value(cell, row["code"]), cell.get("bound")
    if row["target"] is None:
        return _fifth(cell, value, bound)
    if cell.get("state") is None:
        return "k-withheld"
    if cell["state"] != "behind":
        return f"k-{cell['state']}"
    if value is None and bound and bound["comparator"] == "<":
        value = bound["percent"]
    short = None if value is None else Fraction(str(row["target"]["value"])) - Fraction(str(value))
    return "k-far" if short is not None and short >= FAR else "k-behind"


def _value(cell: Mapping[str, Any], indicator: str) -> float | None:
    if indicator == "tham_ho":
        reach = cell.get("reach")
        return None if reach is None or cell["suppressed"] else 100 * reach
    judged = cell.get("percent_judged")
    return cell.get("percent") if judged is None else judged


def _fifth(cell: Mapping[str, Any], value: float | None, bound: Mapping[str, Any] | None) -> str:
    if value is not None:
        return _of_five(value)
    if bound:
        place = _of_five(bound["percent"])
        return place if place == ("c1" if bound["comparator"] == ">" else "c5") else "k-withheld"
    return "k-withheld" if cell.get("suppressed") else "k-unknown"


def _of_five(value: float) -> str:
    return f"c{next(place for place, least in enumerate((80, 60, 40, 20, 0), 1) if value >= least)}"


def _on_the_map(reader: Browser, code: str, indicator: str, expected: Classes) -> None:
    """The page: its legend, the names under each line, its drawing."""
    page = _page(reader, f"/xa/{code}/ban-do?chi_tieu={indicator}")
    counted, named = {}, {}
    for line in page.xpath("//aside[contains(@class,'legend')]//ul[@class='classes']/li"):
        [button] = line.xpath("./button")
        counted[button.get("data-class")] = _number(button.xpath("./b")[0])
        named |= {thon: button.get("data-class") for thon in line.xpath("./p/a/@data-thon")}
    _counts(counted, expected, (indicator, "legend of the map"))
    assert named == expected, (indicator, "names of the legend")
    assert _drawn(page) == expected, (indicator, "drawing of the map")


def _on_the_wall(reader: Browser, code: str, indicator: str, expected: Classes) -> None:
    page = _page(reader, f"/xa/{code}/ban-do/in?chi_tieu={indicator}")
    counted = {
        _swatch(line): _number(line.xpath("./b")[0]) for line in page.xpath("//ul[@class='classes']/li")
    }
    _counts(counted, expected, (indicator, "legend of the wall map"))
    assert _drawn(page) == expected, (indicator, "drawing of the wall map")
    rows = page.xpath("//table[contains(@class,'numbers')]/tbody/tr")
    listed = Counter(_swatch(row) for row in rows)
    assert listed == Counter(expected.values()), (indicator, "table of the wall map")


def _in_the_table(
    reader: Browser, code: str, row: Mapping[str, Any], villages: Sequence[Mapping[str, Any]]
) -> None:
    """The page of the target: as many thôn in each state as the legend counts."""
    page = _page(reader, f"/xa/{code}/chi-tieu/{row['target']['id']}")
    rows = page.xpath("//section[@aria-labelledby='theo-thon']//tbody/tr")
    told = [_words(each) for line in rows for each in line.xpath("./td[@data-label='Trạng thái']/span")]
    states = [village["indicators"].get(row["code"], {}).get("state") for village in villages]
    assert Counter(told) == Counter(STATES[state] for state in states if state), (
        row["code"],
        "table of the target",
    )
    assert len(rows) == len(villages), row["code"]


def _small_maps(reader: Browser, code: str) -> Mapping[str, Counter[str]]:
    """The sheet of all targets: how many thôn in each class, by indicator."""
    page = _page(reader, f"/xa/{code}/ban-do/cac-chi-tieu")
    found = {}
    for small in page.xpath("//ul[contains(@class,'all')]/li[h2/a]"):
        [indicator] = re.findall(r"chi_tieu=(\w+)", small.xpath("./h2/a/@href")[0])
        counts = {_swatch(each): _number(each) for each in small.xpath("./p[@class='counts']/span")}
        found[indicator] = Counter({name: count for name, count in counts.items() if count})
    return found


def _counts(counted: Mapping[str, int], expected: Classes, where: tuple[str, str]) -> None:
    assert Counter({name: count for name, count in counted.items() if count}) == Counter(expected.values()), (
        where
    )
    assert sum(counted.values()) == len(expected), where


def _drawn(page: html.HtmlElement) -> Classes:
    return {
        path.get("data-thon"): path.get("data-class")
        for path in page.xpath("//*[local-name()='path' and contains(@class,'thon')]")
    }


def _swatch(node: html.HtmlElement) -> str:
    [fill] = node.xpath(".//*[local-name()='rect']/@fill")
    return str(fill).removeprefix("url(#").removesuffix(")")


def _number(node: html.HtmlElement) -> int:
    return int(re.findall(r"\d+", node.text_content())[0])


def _words(node: html.HtmlElement) -> str:
    return " ".join(node.text_content().split()).removesuffix(", trong sai số")


def _page(reader: Browser, path: str) -> html.HtmlElement:
    answer = reader.get(path)
    assert answer.status_code == 200, path
    return html.fromstring(answer.text)
