"""The map of one indicator on two days, side by side, with how each thôn moved between them."""

from flask import render_template

from dashboards.maps import map_outlines, map_sheet, two_days
from dashboards.maps.map_colours import Class, classes, fills, legend
from dashboards.maps.still_labels import HALF
from dashboards.maps.still_map import still_map
from dashboards.pages.commune_page_request import ask_since, asked_day
from dashboards.pages.front_page import blueprint
from dashboards.pages.map_page_request import map_page
from geo.compute_coverage import CoverageTable, IndicatorRow
from geo.weeks import week_ends
from server.accounts import access
from server.accounts.roles import Right

FOUR_WEEKS = 5
"""Ends of weeks from which the first is four weeks before the last."""


@blueprint.get("/xa/<code>/ban-do/hai-ngay")
@access.needs(Right.READ_SUMS)
def two_days_of(code: str) -> str:
    """The earlier day is `tu_ngay`, four weeks before without it; the later one is that of every page."""
    wanted = asked_day("tu_ngay")
    asked, before = ask_since(code, lambda day: min(wanted or week_ends(day, FOUR_WEEKS)[0], day))
    page = map_page(asked)
    row, now, commune = page.chosen, page.table, asked.commune
    found = two_days.moved(before, now, row)
    drawn = map_outlines.of_commune(commune)
    marks = {each.code: each.words for each in found if each.words}
    return render_template(
        "two_days.html",
        page=page,
        asked=asked,
        table=now,
        before=before,
        row=row,
        heads=[map_sheet.head(table, table.indicator(row.indicator.code) or row) for table in (before, now)],
        moved=found,
        counts=two_days.counts(found),
        legends=_legends(before, now, row),
        patterns=fills(
            tuple({each.name: each for table in (before, now) for each in classes(table, row)}.values())
        ),
        papers=[
            still_map(before, row.indicator.code, drawn, label=HALF),
            still_map(now, row.indicator.code, drawn, beneath=marks, label=HALF),
        ],
        outlines=drawn,
    )


def _legends(before: CoverageTable, now: CoverageTable, row: IndicatorRow) -> list[tuple[Class, int, int]]:
    """Each class with its thôn on both days; after New Year the plan, and with it the classes, may be another."""
    then, today = ({each.shown.name: each for each in legend(table, row)} for table in (before, now))
    return [
        (each.shown, then[name].count if name in then else 0, today[name].count if name in today else 0)
        for name, each in {**today, **then}.items()
    ]
