"""Maps for the wall, each one sheet of A3: an indicator with its table, and all surveyed targets side by side."""

from flask import render_template

from dashboards.maps import map_outlines, map_sheet
from dashboards.maps.map_colours import classes, fills, legend
from dashboards.maps.still_map import still_map
from dashboards.maps.target_maps import target_maps
from dashboards.pages.commune_page_request import ask
from dashboards.pages.front_page import blueprint
from dashboards.pages.map_page_request import ask_map
from server.accounts import access
from server.accounts.roles import Right


@blueprint.get("/xa/<code>/ban-do/in")
@access.needs(Right.READ_SUMS)
def wall_map(code: str) -> str:
    """The sheet; printed from the browser, or to PDF."""
    page = ask_map(code)
    asked, row = page.asked, page.chosen
    drawn = map_outlines.of_commune(asked.commune)
    return render_template(
        "wall.html",
        asked=asked,
        table=asked.table,
        row=row,
        page=page,
        head=map_sheet.head(asked.table, row),
        lines=map_sheet.rows(asked.table, row),
        legend=legend(asked.table, row),
        patterns=fills(classes(asked.table, row)),
        outlines=drawn,
        paper=still_map(asked.table, row.indicator.code, drawn, numbered=True),
    )


@blueprint.get("/xa/<code>/ban-do/cac-chi-tieu")
@access.needs(Right.READ_SUMS)
def all_maps(code: str) -> str:
    """A small map of each surveyed target of the plan, on one sheet."""
    asked = ask(code)
    drawn = map_outlines.of_commune(asked.commune)
    found = target_maps(asked.table, drawn)
    known = {each.name: each for small in found for each in small.classes}
    return render_template(
        "all_maps.html",
        asked=asked,
        table=asked.table,
        maps=found,
        patterns=fills(tuple(known.values())),
        known=tuple(known.values()),
        outlines=drawn,
    )
