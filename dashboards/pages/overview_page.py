"""The overview of a commune: what a leader asks first, and all the rest below it."""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction

from flask import Response, make_response, render_template, request, url_for

from dashboards import (
    furthest_behind,
    households_met,
    new_year,
    sampled_lines,
    self_answer_lines,
    target_lines,
    village_lines,
)
from dashboards.charts import DayNumber, ReachColumns, ThonReached, Trend, reach_columns, trend
from dashboards.furthest_behind import FurthestThon, Worry
from dashboards.maps.small_map import SmallMap, small_map
from dashboards.moved_since_sunday import moved, sunday_before
from dashboards.pages import chosen_columns
from dashboards.pages.commune_page_request import CommunePage, ask_since
from dashboards.pages.front_page import blueprint
from dashboards.pages.map_page_request import mapped
from dashboards.target_lines import TargetLine
from geo.compute_coverage import CoverageTable
from geo.target_states import share_of_time_gone
from server.accounts import access
from server.accounts.roles import Right
from server.backchecks import sentences
from server.office import first_steps
from server.review import difficulties

SECOND_VISITS = dt.timedelta(days=91)
"""How far back the page looks for second visits: a quarter, whatever the size of a year."""


@blueprint.get("/xa/<code>")
@access.needs(Right.READ_SUMS)
def commune(code: str) -> Response:
    """What a leader asks first of their commune: what to worry about, where, what moved; then all the rest."""
    asked, before = ask_since(code, sunday_before)
    columns = self_answer_lines.columns(asked.table, village_lines.columns(asked.table))
    shown = village_lines.chosen(columns, chosen_columns.asked())
    order = village_lines.order(request.args.get("xep"), request.args.get("chieu"), shown)
    lines = target_lines.lines(asked.table)
    worries = furthest_behind.worries(asked.table)
    page = render_template(
        "commune.html",
        asked=asked,
        table=asked.table,
        lines=lines,
        summary=target_lines.summary(lines),
        columns=columns,
        shown=shown,
        order=order,
        thons=village_lines.thons(asked.table, shown, order),
        reached=_reached(asked.table, order),
        nowhere=village_lines.nowhere(asked.table, shown),
        met=households_met.met(asked.table),
        worries=worries,
        others=_others(asked.table, lines, worries),
        map=_small_map(asked, worries),
        moved=moved(before, asked.table) if before.visited else None,
        turn=new_year.turn(asked.commune, asked.table),
        trends=_trends(asked.table),
        unplaced=village_lines.unplaced(asked.table),
        difficulties=difficulties.open_count(asked.commune),
        second_visits=sentences.told(asked.commune, asked.table.as_of - SECOND_VISITS, asked.table.as_of),
        sampled=sampled_lines.of(asked.commune, asked.table),
        first=None if asked.table.visited else first_steps.of(asked.commune),
    )
    address = url_for(".commune", code=asked.commune.code)
    return chosen_columns.remember(make_response(page), address, (column.code for column in columns))


def _others(
    table: CoverageTable, lines: Sequence[TargetLine], worries: Sequence[Worry]
) -> list[tuple[TargetLine, FurthestThon | None]]:
    """The surveyed targets that are not told first, each with the thôn furthest behind."""
    told = {worry.id for worry in worries}
    targets = {row.target.id: row.target for row in table.targets}
    return [
        (line, furthest_behind.furthest(table, targets[line.id]))
        for line in lines
        if line.indicator and line.id not in told
    ]


def _small_map(asked: CommunePage, worries: Sequence[Worry]) -> SmallMap | None:
    """Of the first target to worry about, else of the first that a map can show; None where nothing is surveyed."""
    choices = mapped(asked.table)
    first = worries[0].indicator if worries else ""
    row = next((each for each in choices if each.indicator.code == first), next(iter(choices), None))
    return small_map(asked.commune, asked.table, row) if row else None


def _reached(table: CoverageTable, order: village_lines.Order) -> tuple[ReachColumns, ...]:
    """The thôn in the order of the table, by their households and the share that was met, for a desk and a phone.

    Empty where fewer than two have households: there is nothing to compare.
    """
    drawn = [
        ThonReached(table.name_of(row), row.households, row.visited, village_lines.met_words(row))
        for row in village_lines.ordered(table, order)
        if row.households
    ]
    return (
        (reach_columns(drawn, width=1100), reach_columns(drawn, width=360, height=240))
        if len(drawn) > 1
        else ()
    )


def _trends(table: CoverageTable) -> tuple[Trend, ...]:
    """Households met by week, drawn for a desk and for a phone; empty where too few may be shown."""
    points = [DayNumber(week.day, week.tallied.subjects) for week in table.weeks if week.tallied]
    if len(points) < 2 or table.visited is None:
        return ()
    end, households = households_met.last_surveyed(table), table.households
    line: list[Fraction] = []
    if end is not None and households:
        line = [
            households * share_of_time_gone(end.start, end.deadline, min(point.day, table.over))
            for point in points
        ]
    return trend(points, line, width=1100), trend(points, line, width=360, height=200)
