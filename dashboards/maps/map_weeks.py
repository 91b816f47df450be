"""The map at the ends of weeks: one compact answer for the page that slides through them, each day as all may see it.

A day here is what the page of that day shows: the same table, with the same small cells hidden (R25).
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dashboards import shown_cells, words
from dashboards.charts import spark
from dashboards.maps.map_colours import class_of, classes, figure, legend, target_of
from dashboards.maps.map_sheet import as_of
from geo.compute_coverage import Cell, CoverageTable, IndicatorRow
from geo.weeks import week_ends

WEEKS = 13


def days(table: CoverageTable, today: dt.date) -> tuple[dt.date, ...]:
    """The ends of the last weeks since something was counted, oldest first; the table's own day is among them."""
    counted = [week.day for week in table.weeks if week.tallied is None or week.tallied.subjects]
    first = min(counted, default=table.as_of)
    return tuple(sorted({day for day in week_ends(today, WEEKS) if day >= first} | {table.as_of}))


@dataclass(frozen=True)
class ThonWeeks:
    """A thôn through the days: its classes, the numbers shown, and the line that they draw."""

    name: str
    classes: tuple[str, ...]
    figures: tuple[str, ...]
    percents: tuple[Decimal | None, ...]


def thons(tables: Sequence[CoverageTable], code: str) -> dict[str, ThonWeeks]:
    """By the code of each thôn of the last day; "" and None for a day on which it was not there."""
    found = {}
    for village in tables[-1].villages:
        rows = [(table, table.village(village.code)) for table in tables]
        cells = [row.cells.get(code, Cell()) if row else Cell() for _, row in rows]
        found[village.code] = ThonWeeks(
            name=tables[-1].name_of(village),
            classes=tuple(
                class_of(row, code, target_of(table, code)) if row else "k-unknown" for table, row in rows
            ),
            figures=tuple(shown_cells.shown(cell, code) for cell in cells),
            percents=tuple(figure(code, cell) for cell in cells),
        )
    return found


def answer(tables: Sequence[CoverageTable], row: IndicatorRow, heads: Sequence[str]) -> dict[str, Any]:
    """What the page's script is given: each day with its legend and its head, each thôn through the days."""
    code = row.indicator.code
    told = []
    for table, head in zip(tables, heads, strict=True):
        known = table.indicator(code)
        told.append(
            {
                "day": table.as_of.isoformat(),
                "said": words.day(table.as_of),
                "as_of": f"{as_of(table)}.",
                "head": head,
                "counts": {each.shown.name: each.count for each in legend(table, known)} if known else {},
            }
        )
    found = thons(tables, code)
    return {
        "days": told,
        "labels": {each.name: each.short for each in classes(tables[-1], row)},
        "thon": {key: _thon(each, tables) for key, each in found.items()},
    }


def _thon(thon: ThonWeeks, tables: Sequence[CoverageTable]) -> dict[str, Any]:
    """A thôn as the script is given it: its line and what it has come to, where the last day's own number is told.

    Where that is a bound or hidden, an earlier percent beside it would be another answer to the same question.
    """
    known = [
        (table.as_of, each) for table, each in zip(tables, thon.percents, strict=True) if each is not None
    ]
    told: dict[str, Any] = {"name": thon.name, "classes": thon.classes, "figures": thon.figures}
    if len(known) < 2 or thon.percents[-1] is None:
        return told
    (first, before), (last, now) = known[0], known[-1]
    told["line"] = spark(thon.percents)
    told["trend"] = f"{words.percent(before)} ({words.day(first)}) → {words.percent(now)} ({words.day(last)})"
    return told
