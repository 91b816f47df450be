"""The first page of a commune's leaders: all at a glance."""

from fractions import Fraction

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from dashboards import coverage_lines, furthest_behind, new_year
from dashboards.charts import DayNumber, Trend, trend
from dashboards.pages.commune_page_request import ask
from geo.coverage import CoverageTable
from geo.target_states import share_of_time_gone
from server.accounts import access
from server.accounts.roles import Right
from server.office import first_steps
from server.review import difficulties

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
