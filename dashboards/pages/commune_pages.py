"""The pages of a commune's leaders: all at a glance, and the map."""

from fractions import Fraction

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from dashboards import coverage_lines, furthest_behind, new_year, static_files, words
from dashboards.charts import DayNumber, Trend, trend
from dashboards.maps import coverage_map, folium_page, map_outlines
from dashboards.maps.map_colours import classes, fills, legend, target_of
from dashboards.maps.still_map import still_map
from dashboards.pages.commune_page_request import ask
from geo.coverage import CoverageTable, IndicatorRow
from geo.target_states import share_of_time_gone
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import coverage_table
from server.coverage.coverage_problems import CoverageProblem
from server.errors import Problem
from server.office import first_steps
from server.review import difficulties
from server.settings import Settings

blueprint = Blueprint("dashboards", __name__, template_folder="templates")


@blueprint.get("/")
@access.public
def front() -> BaseResponse:
    """Everybody's first page: their own commune, the city, or the way in."""
    found = access.caller()
    if found is None:
        return redirect(url_for("security.login"))
    return redirect(url_for("accounts.start"))


@blueprint.get("/xa/<code>")
@access.needs(Right.READ_SUMS)
def commune(code: str) -> str:
    """All that a leader wants to know of their commune on one page."""
    asked = ask(code)
    shown = coverage_lines.columns(asked.table)
    order = coverage_lines.order(request.args.get("xep"), request.args.get("chieu"), shown)
    lines = coverage_lines.lines(asked.table)
    return render_template(
        "commune.html",
        asked=asked,
        table=asked.table,
        lines=lines,
        summary=coverage_lines.summary(lines),
        columns=shown,
        sortable=[(column.code, column.label) for column in shown],
        order=order,
        thons=coverage_lines.thons(asked.table, shown, order),
        nowhere=coverage_lines.nowhere(asked.table, shown),
        met=coverage_lines.met(asked.table),
        worries=furthest_behind.worries(asked.table),
        moved=tuple(furthest_behind.moved(asked.table)),
        turn=new_year.turn(asked.commune, asked.table),
        trends=_trends(asked.table),
        unplaced=coverage_lines.unplaced(asked.table),
        difficulties=difficulties.open_count(asked.commune),
        first=None if asked.table.visited else first_steps.of(asked.commune),
    )


@blueprint.get("/xa/<code>/ban-do")
@access.needs(Right.READ_SUMS)
def commune_map(code: str) -> str:
    """The map of one indicator with its legend; the map itself is a frame with a policy of its own."""
    asked = ask(code)
    choices = mapped(asked.table)
    row = _chosen(choices)
    target = target_of(asked.table, row.indicator.code) if row else None
    drawn = map_outlines.of_commune(asked.commune)
    return render_template(
        "map.html",
        asked=asked,
        table=asked.table,
        choices=choices,
        row=row,
        value=coverage_lines.shown(row.cell, row.indicator.code) if row else "",
        target=target,
        legend=legend(asked.table, row) if row else (),
        reach=_reach(row) if row else "",
        patterns=fills(classes(asked.table, row)) if row else "",
        outlines=drawn,
        paper=still_map(asked.table, row.indicator.code, drawn) if row else None,
    )


@blueprint.get("/xa/<code>/ban-do/khung")
@access.needs(Right.READ_SUMS)
def map_frame(code: str) -> Response:
    """The folium map of one indicator, to stand in a frame of `commune_map`."""
    asked = ask(code)
    row = _chosen(mapped(asked.table))
    if row is None:
        raise Problem(CoverageProblem.INDICATOR_UNKNOWN, code=request.args.get("chi_tieu", ""))
    settings: Settings = current_app.config["SETTINGS"]
    allowed = static_files.nonce()
    page = coverage_map.coverage_map(
        asked.table,
        row.indicator.code,
        map_outlines.of_commune(asked.commune),
        nonce=allowed,
        address=static_files.address,
        base_map=folium_page.base_map(settings),
    )
    response = static_files.packed(make_response(page))
    response.headers["Content-Security-Policy"] = static_files.frame_policy(allowed, settings.base_map)
    return response


def _reach(row: IndicatorRow) -> str:
    is_visits = row.indicator.code == coverage_table.VISITED
    return words.reach(row.cell, row.indicator, verb="đã gặp" if is_visits else "khảo sát")


def mapped(table: CoverageTable) -> tuple[IndicatorRow, ...]:
    """The indicators that a map can show: those with a target first, in the plan's order; no events."""
    rows = [row for row in table.indicators if row.indicator.kind != "event"]
    return tuple(sorted(rows, key=lambda row: (row.target is None, row.target.id if row.target else "")))


def _chosen(choices: tuple[IndicatorRow, ...]) -> IndicatorRow | None:
    """The indicator asked for by `chi_tieu`, else the first; None where nothing is surveyed."""
    code = request.args.get("chi_tieu")
    if not code:
        return choices[0] if choices else None
    found = next((row for row in choices if row.indicator.code == code), None)
    if found is None:
        raise Problem(CoverageProblem.INDICATOR_UNKNOWN, code=code[:64])
    return found


def _trends(table: CoverageTable) -> tuple[Trend, ...]:
    """Households met by week, drawn for a desk and for a phone; empty where too few may be shown."""
    points = [DayNumber(week.day, week.tallied.subjects) for week in table.weeks if week.tallied]
    if len(points) < 2 or table.visited is None:
        return ()
    end, households = coverage_lines.last_surveyed(table), table.households
    line: list[Fraction] = []
    if end is not None and households:
        line = [households * share_of_time_gone(end.start, end.deadline, point.day) for point in points]
    return trend(points, line, width=1100), trend(points, line, width=360, height=200)
