"""The map of a commune: its page with legend and card, and the frame in which folium draws it."""

from flask import Response, current_app, jsonify, make_response, render_template, request

from dashboards import furthest_behind, static_files
from dashboards.maps import coverage_map, folium_page, map_outlines, map_picture, map_sheet, map_weeks
from dashboards.maps.map_card import MapCard, card
from dashboards.maps.map_colours import classes, fills, legend, target_of
from dashboards.maps.still_map import still_map
from dashboards.pages.commune_page_request import ask_days
from dashboards.pages.front_page import blueprint
from dashboards.pages.map_page_request import MapPage, ask_map, map_page
from geo.compute_coverage import CoverageTable, IndicatorRow, VillageRow
from geo.weeks import week_ends
from server import clock
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import coverage_table
from server.errors import CommonProblem, Problem
from server.phones import collectors
from server.settings import Settings

PNG_ZOOM = 3
"""Pixels of the picture for one of the drawing: 2,040 across, sharp on a projector and on half a page of paper."""


@blueprint.get("/xa/<code>/ban-do")
@access.needs(Right.READ_SUMS)
def commune_map(code: str) -> str:
    """The map of one indicator with its legend; the map itself is a frame with a policy of its own."""
    page = ask_map(code)
    table, row = page.table, page.row
    drawn = map_outlines.of_commune(page.asked.commune)
    return render_template(
        "map.html",
        page=page,
        asked=page.asked,
        table=table,
        **(_head(table, row) if row else {"row": None}),
        days=map_weeks.days(table, clock.today()),
        legend=legend(table, row) if row else (),
        patterns=fills(classes(table, row)) if row else "",
        outlines=drawn,
        paper=still_map(table, row.indicator.code, drawn) if row else None,
        card=_card(page, page.thon) if row and page.thon else None,
    )


@blueprint.get("/xa/<code>/ban-do/khung")
@access.needs(Right.READ_SUMS)
def map_frame(code: str) -> Response:
    """The folium map of one indicator, to stand in a frame of `commune_map`."""
    page = ask_map(code)
    settings: Settings = current_app.config["SETTINGS"]
    allowed = static_files.nonce()
    drawn = coverage_map.coverage_map(
        page.table,
        page.chosen.indicator.code,
        map_outlines.of_commune(page.asked.commune),
        nonce=allowed,
        address=static_files.address,
        base_map=folium_page.base_map(settings),
    )
    response = static_files.packed(make_response(drawn))
    response.headers["Content-Security-Policy"] = static_files.frame_policy(allowed, settings.tiles)
    return response


@blueprint.get("/xa/<code>/ban-do/thon/<village>")
@access.needs(Right.READ_SUMS)
def map_card(code: str, village: str) -> str:
    """The card of one thôn alone, for the page that shows the map."""
    page = ask_map(code)
    row = page.table.village(village)
    if row is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return render_template("map_card.html", page=page, card=_card(page, row))


@blueprint.get("/xa/<code>/ban-do/cac-tuan")
@access.needs(Right.READ_SUMS)
def map_weeks_of(code: str) -> Response:
    """The map at the ends of the last weeks, for the page that slides through them."""
    asked, read = ask_days(code, lambda _: week_ends(clock.today(), map_weeks.WEEKS))
    row, full = map_page(asked).chosen, asked.table.full
    days = {coverage_table.day_shown(day, full=full) for day in map_weeks.days(asked.table, clock.today())}
    tables = [read.table(day, only={row.indicator.code}) for day in sorted(days)]
    heads = [
        render_template(
            "map_head.html", table=table, **_head(table, table.indicator(row.indicator.code) or row)
        )
        for table in tables
    ]
    return static_files.packed(jsonify(map_weeks.answer(tables, row, heads)))


@blueprint.get("/xa/<code>/ban-do.pdf")
@access.needs(Right.READ_SUMS)
def map_pdf(code: str) -> Response:
    """The map that is shown as a sheet to print: `kho` is a4 (the default) or a3."""
    page = ask_map(code)
    size = request.args.get("kho", "a4").lower()
    if size not in map_sheet.SIZES:
        raise Problem(CommonProblem.NOT_FOUND)
    outlines = map_outlines.of_commune(page.asked.commune)
    written = map_sheet.write_pdf(
        page.asked.title, page.table, page.chosen, outlines, size=size, lit=page.only
    )
    return _attached(page, written, "application/pdf", f"{size}.pdf")


@blueprint.get("/xa/<code>/ban-do.png")
@access.needs(Right.READ_SUMS)
def map_png(code: str) -> Response:
    """The map that is shown as a picture, for a slide or a letter; Problem NOT_FOUND where nothing is outlined."""
    page = ask_map(code)
    lines = map_sheet.lines(page.asked.title, page.table, page.chosen)
    outlines = map_outlines.of_commune(page.asked.commune)
    drawing = map_picture.svg(page.table, page.chosen, outlines, head=lines, lit=page.only)
    if drawing is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return _attached(page, map_picture.png(drawing, lines[0], PNG_ZOOM).png, "image/png", "ban-do.png")


def _attached(page: MapPage, content: bytes, kind: str, ending: str) -> Response:
    name = f"{page.table.code}-{page.chosen.indicator.code}-{page.table.as_of}-{ending}"
    response = Response(content, mimetype=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _card(page: MapPage, village: VillageRow) -> MapCard:
    team = collectors.team_of(page.asked.commune, village.code)
    return card(page.table, village, page.chosen, team)


def _head(table: CoverageTable, row: IndicatorRow) -> dict[str, object]:
    """What stands above the legend: the indicator over the whole commune."""
    target = target_of(table, row.indicator.code)
    return {
        "row": row,
        "head": map_sheet.head(table, row),
        "target": target,
        "last": furthest_behind.furthest(table, target) if target else None,
    }
