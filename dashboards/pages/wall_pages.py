"""The map of a commune for the wall: one sheet of A3 with legend and the table of numbers."""

from dataclasses import dataclass

from flask import render_template

from dashboards import coverage_lines, words
from dashboards.maps import map_outlines
from dashboards.maps.map_colours import class_of, classes, fills, legend, target_of
from dashboards.maps.still_map import still_map
from dashboards.pages.commune_pages import blueprint
from dashboards.pages.map_page_request import ask_map
from geo.coverage import Cell, CoverageTable, IndicatorRow
from server.accounts import access
from server.accounts.roles import Right


@dataclass(frozen=True)
class WallRow:
    """A thôn in the table beside the map, its class as on the map."""

    name: str
    code: str
    class_name: str
    households: str
    reach: str
    value: str


@blueprint.get("/xa/<code>/ban-do/in")
@access.needs(Right.READ_SUMS)
def wall_map(code: str) -> str:
    """The sheet; printed from the browser, or to PDF."""
    page = ask_map(code)
    asked, row = page.asked, page.chosen
    target = target_of(asked.table, row.indicator.code)
    drawn = map_outlines.of_commune(asked.commune)
    lines = _lines(asked.table, row)
    return render_template(
        "wall.html",
        asked=asked,
        table=asked.table,
        row=row,
        target=target,
        value=coverage_lines.shown(row.cell, row.indicator.code),
        reach=words.reach(row.cell, row.indicator),
        lines=lines,
        legend=legend(asked.table, row),
        patterns=fills(classes(asked.table, row)),
        outlines=drawn,
        paper=still_map(asked.table, row.indicator.code, drawn),
    )


def _lines(table: CoverageTable, row: IndicatorRow) -> list[WallRow]:
    code = row.indicator.code
    target = target_of(table, code)
    found = []
    for village in table.villages:
        cell = village.cells.get(code, Cell())
        found.append(
            WallRow(
                name=table.name_of(village),
                code=village.code,
                class_name=class_of(village, code, target),
                households=words.number(village.households) if village.households is not None else "–",
                reach=words.short_reach(cell, row.indicator) or "–",
                value=coverage_lines.shown(cell, code),
            )
        )
    return found
