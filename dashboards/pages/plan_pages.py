"""The plan's pages: all its figures, one figure with its history, and one thôn against all of them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import sqlalchemy as sa
from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from dashboards import (
    furthest_behind,
    households_met,
    new_year,
    self_answer_lines,
    shown_cells,
    target_lines,
    words,
)
from dashboards.charts import Bullet, bullet
from dashboards.maps.map_colours import figure, target_of
from dashboards.maps.small_map import SmallMap, small_map
from dashboards.pages.commune_page_request import CommunePage, ask
from dashboards.pages.front_page import blueprint
from dashboards.shown_cells import ShownCell
from dashboards.target_lines import TargetLine
from forms import indicator_sets
from geo.compute_coverage import Cell, CoverageTable, IndicatorRow, VillageRow
from geo.estimate import METHODS
from geo.reach import noun
from geo.target_states import Tallied, TargetFigure, TargetState, cut
from geo.weeks import Week
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import commune_input, coverage_table
from server.coverage.commune_input import VISITED
from server.db import db
from server.errors import CommonProblem, Problem
from server.models import Commune, Indicator, Plan, Task, Village
from server.models import Target as TargetOfPlan
from server.plans import office_figures

WORST_FIRST = (
    TargetState.BEHIND,
    TargetState.AT_RISK,
    TargetState.ON_TRACK,
    TargetState.UNKNOWN,
    TargetState.MET,
)


@dataclass(frozen=True)
class WeekCount:
    """A week of a figure: how many were asked by its end and what they answered; texts, "" where not told."""

    day: str
    subjects: str
    share: str
    value: str
    bar: Bullet


class WeekShape(Enum):
    """What the table of weeks tells of a figure: the heads of its columns of numbers."""

    SHARE = ("Đã hỏi", "Số đạt", "Tỷ lệ")
    EVENT = ("Số phiếu có ghi", "Tổng từ đầu năm")
    COUNT = ("Kết quả",)


@dataclass(frozen=True)
class ThonLine:
    """A thôn under one figure."""

    code: str
    name: str
    households: str
    shown: ShownCell
    gap: str
    """`thiếu 13 điểm, khoảng 240 người`; "" where it is not short, or not judged."""
    bar: Bullet | None
    """None where the number is not told as it is."""
    by_themselves: ShownCell | None
    """What people of the thôn answered by themselves; None where nobody of the commune did."""


@dataclass(frozen=True)
class FigureLine:
    """A figure under one thôn, beside the commune's own."""

    code: str
    label: str
    required: str
    shown: ShownCell
    bar: Bullet | None
    """The thôn against the commune's target; None where its number is not told as it is."""
    of_commune: str
    target: str | None
    """The id of the plan's figure, where there is one."""


@blueprint.get("/xa/<code>/chi-tieu")
@access.needs(Right.READ_SUMS)
def targets(code: str) -> str:
    """Every figure of the plan with who reports it, its last value and its evidence; to take into a meeting."""
    asked = ask(code)
    lines = target_lines.lines(asked.table)
    return render_template(
        "targets.html",
        asked=asked,
        table=asked.table,
        lines=lines,
        summary=target_lines.summary(lines),
        turn=new_year.turn(asked.commune, asked.table),
        groups=_by_section(lines),
        by_themselves=self_answer_lines.by_target(asked.table),
    )


@blueprint.get("/xa/<code>/chi-tieu/<target_id>")
@access.needs(Right.READ_SUMS)
def target(code: str, target_id: str) -> str | Response:
    """One figure: what was promised, how it is counted, where it stands, since when, and in which thôn.

    That of another year's plan is shown as of that year's end: links to it do not die on New Year's day.
    """
    asked = ask(code)
    stored, year = _stored(asked.commune, target_id)
    row = asked.table.target(target_id)
    if row is None:
        end = dt.date(year, 12, 31)
        if end >= asked.table.as_of:  # a plan of days to come, or the very day on which it should stand
            raise Problem(CommonProblem.NOT_FOUND)
        return redirect(url_for(".target", code=code, target_id=target_id, den_ngay=end))
    counted = asked.table.indicator(row.target.indicator or "") if row.surveyed else None
    return render_template(
        "target.html",
        asked=asked,
        table=asked.table,
        row=row,
        line=next(line for line in target_lines.lines(asked.table) if line.id == target_id),
        stored=stored,
        explanation=_explanation(row.target),
        document=indicator_sets.source_of(row.target.indicator or ""),
        rule=_rule(row.target, asked.table, counted),
        weeks=_weeks(asked, counted, row.target),
        week_heads=_shape(counted, row.target).value,
        has_share=_shape(counted, row.target) is WeekShape.SHARE,
        thons=_thons(asked.table, counted, row.target)
        if counted and counted.indicator.kind != "event"
        else [],
        last=furthest_behind.furthest(asked.table, row.target) if counted else None,
        map=_map(asked, counted, row.target),
        history=office_figures.history(stored),
        tasks=_tasks(stored),
        year=year,
        by_themselves=self_answer_lines.told(asked.table.self_answered(row.target.indicator or "")),
        is_percent=row.target.unit == "percent",
        may_enter=access.may(Right.REPORT_FIGURES, asked.commune),
    )


@blueprint.get("/xa/<code>/thon/<village>")
@access.needs(Right.READ_SUMS)
def village(code: str, village: str) -> str | Response:
    """One thôn: its households, and every surveyed figure beside the commune's."""
    asked = ask(code)
    stored = _village(asked.commune, village)
    table = asked.table
    if not table.full and access.sees_records(asked.commune, stored):  # a team leader, in their own thôn
        table = coverage_table.table(asked.commune, asked.day, full=True)
    row = table.village(stored.code)
    if row is None:
        return redirect(url_for(".village", code=code, village=_home(stored).code, den_ngay=asked.day))
    return render_template(
        "village.html",
        asked=asked,
        table=table,
        row=row,
        lines=_figures(table, row),
        helped=_helped(table, row),
        met=households_met.met_of(row.visited, row.households),
        is_mine=stored.id in access.signed_in().village_ids,
    )


def _stored(commune: Commune, target_id: str) -> tuple[TargetOfPlan, int]:
    """A figure of any of the commune's plans, and the year of that plan; Problem NOT_FOUND for any other."""
    found = (
        sa.select(TargetOfPlan, Plan.year)
        .join(Plan)
        .where(Plan.commune_id == commune.id, TargetOfPlan.code == target_id)
    )
    row = db.session.execute(found).one_or_none()
    if row is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return row[0], row[1]


def _village(commune: Commune, code: str) -> Village:
    known = sa.select(Village).where(Village.commune_id == commune.id, Village.code == code)
    found = db.session.scalars(known.order_by(Village.valid_from.desc())).first()
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _home(stored: Village) -> Village:
    """The thôn that a merged one went into; Problem NOT_FOUND for one that has none and no row."""
    found = db.session.get(Village, stored.merged_into_id) if stored.merged_into_id else None
    if found is None or found.id == stored.id:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _by_section(lines: Sequence[TargetLine]) -> list[tuple[str, list[TargetLine]]]:
    """The figures under the plan's sections, in its order."""
    found: dict[str, list[TargetLine]] = {}
    for line in lines:
        found.setdefault(line.section, []).append(line)
    return list(found.items())


def _explanation(target: TargetFigure) -> str | None:
    return db.session.scalar(sa.select(Indicator.explanation).where(Indicator.code == target.indicator))


def _rule(target: TargetFigure, table: CoverageTable, counted: IndicatorRow | None) -> list[str]:
    """How the figure is judged, in sentences."""
    said = []
    if target.comparator in (">", "<"):
        said.append(
            f"Kế hoạch viết “{'trên' if target.comparator == '>' else 'dưới'}”: đúng bằng mức giao là chưa đạt."
        )
    if counted and counted.cell.over_all:
        what = noun(counted.indicator.unit)
        said.append(f"Tính trên tất cả các {what} của {table.kind}, kể cả {what} chưa được hỏi.")
    if counted and counted.indicator.is_sample:
        said.append(
            "Người được hỏi là người gặp ngẫu nhiên, không có danh sách; chỉ kết luận khi đã hỏi từ "
            f"{words.number(table.enough.asked)} người."
        )
    elif counted and counted.indicator.unit != "point" and target.unit == "percent":
        said.append(
            ("Chỉ" if counted.cell.over_all else "Tỷ lệ tính trên số đã hỏi; chỉ")
            + f" kết luận đạt hay không khi đã khảo sát từ {words.limit(table.min_reach)} số "
            f"{noun(counted.indicator.unit)}."
        )
    if counted and counted.estimate and not counted.indicator.is_sample:
        said.append(
            f"Ước lượng cho cả {table.kind}: mỗi thôn nặng theo số hộ của mình, kể cả hộ chưa hỏi; thôn có dưới 5 hộ "
            f"trả lời hoặc có số không nêu được gộp lại. Phương pháp: {METHODS[counted.estimate.method]}; khoảng tin "
            "cậy 95 %. “Đạt, trong sai số” là đạt trên số đã hỏi nhưng khoảng ước lượng còn xuống dưới mức giao."
        )
    if target.period in words.PERIODS:
        name = words.PERIOD_NAMES[target.period]
        said.append(
            f"Đếm theo từng {name}: mọi {name} đã qua đều phải đạt; {name} chưa có số liệu không coi là hỏng."
        )
    if target.how == "both":
        said.append("Số của đơn vị là số chính thức; trước khi có, dùng số khảo sát.")
    return said


def _weeks(asked: CommunePage, counted: IndicatorRow | None, target: TargetFigure) -> list[WeekCount]:
    """The figure at the ends of the last weeks, the newest first."""
    if counted is None or counted.indicator.kind == "derived":
        return []
    code, table = counted.indicator.code, asked.table
    weeks = coverage_table.trend(asked.commune, code, commune_input.WEEKS, as_of=asked.day, full=table.full)
    return [_counted(week, counted, target) for week in reversed(weeks)]


def _shape(counted: IndicatorRow | None, target: TargetFigure) -> WeekShape:
    """People helped, and a number that the commune has to reach, are no shares of anything."""
    if counted is not None and counted.indicator.kind == "event":
        return WeekShape.EVENT
    return WeekShape.COUNT if target.unit == "count" else WeekShape.SHARE


def _counted(week: Week, counted: IndicatorRow, target: TargetFigure) -> WeekCount:
    day, tallied = words.day(week.day), week.tallied
    if tallied is None:
        return WeekCount(day, words.NOT_TOLD, "", "", bullet(None, None, None))
    if _shape(counted, target) is WeekShape.EVENT:
        return WeekCount(
            day, words.number(tallied.subjects), words.number(tallied.done), "", bullet(None, None, None)
        )
    if _shape(counted, target) is WeekShape.COUNT:
        return WeekCount(day, words.number(tallied.done), "", "", bullet(None, None, None))
    share = _share(tallied, counted.cell)
    percent = None if share is None else cut(share, target if target.unit == "percent" else None)
    return WeekCount(
        day=day,
        subjects=words.number(tallied.subjects),
        share=f"{words.number(tallied.done)}/{words.number(tallied.of)}" if tallied.of else "",
        value=words.percent(percent) if percent is not None else "",
        bar=bullet(percent, target.value if target.unit == "percent" else None, None),
    )


def _share(tallied: Tallied, cell: Cell) -> Fraction | None:
    """The percent that the target is judged by: of those asked, or of all there are now."""
    if not cell.over_all:
        return tallied.percent
    whole = max(tallied.subjects, cell.expected + cell.surplus) if cell.expected else 0
    return Fraction(100 * tallied.done, whole) if whole and tallied.subjects else None


def _thons(table: CoverageTable, counted: IndicatorRow, target: TargetFigure) -> list[ThonLine]:
    """Those furthest behind first, those without a number last."""
    code = counted.indicator.code
    own = table.self_answered(code)
    rank = {state: place for place, state in enumerate(WORST_FIRST)}

    def key(row: VillageRow) -> tuple[bool, int, float, str]:
        judgement = row.judgements.get(code)
        value = figure(code, row.cells.get(code, Cell()))
        state = judgement.state if judgement else TargetState.UNKNOWN
        return value is None, rank[state], float(value or 0), row.code

    return [
        ThonLine(
            row.code,
            table.name_of(row),
            words.number(row.households) if row.households is not None else "–",
            shown_cells.shown_cell(table, row, code),
            furthest_behind.gap_of(table, row, target),
            _bar(row, code, target),
            shown_cells.shown_cell(table, row, own.indicator.code) if own else None,
        )
        for row in sorted(table.villages, key=key)
    ]


def _bar(row: VillageRow, code: str, target: TargetFigure | None) -> Bullet | None:
    value = figure(code, row.cells.get(code, Cell()))
    of = target.value if target and target.unit == "percent" else None
    return None if value is None else bullet(value, of, None)


def _map(asked: CommunePage, counted: IndicatorRow | None, target: TargetFigure) -> SmallMap | None:
    """Thôn are coloured by their indicator's own target: a further target of it has no map of its own."""
    if counted is None or counted.indicator.kind == "event" or target.unit != "percent":
        return None
    own = target_of(asked.table, counted.indicator.code)
    return small_map(asked.commune, asked.table, counted) if own and own.id == target.id else None


def _tasks(stored: TargetOfPlan) -> Sequence[Task]:
    return db.session.scalars(
        sa.select(Task).where(Task.target_id == stored.id).order_by(Task.position)
    ).all()


def _figures(table: CoverageTable, row: VillageRow) -> list[FigureLine]:
    """Every surveyed share that anybody in the commune was asked for, those of the plan first."""
    asked = [each for each in table.indicators if each.indicator.kind != "event" and each.has_data]
    asked.sort(key=lambda each: (each.target is None, each.target.id if each.target else ""))
    found = []
    for each in asked:
        code = each.indicator.code
        if code == VISITED:
            continue
        found.append(
            FigureLine(
                code=code,
                label=each.target.label
                if each.target and not each.indicator.self_of
                else each.indicator.label,
                required=words.required(each.target) if each.target else "",
                shown=shown_cells.shown_cell(table, row, code),
                bar=_bar(row, code, each.target),
                of_commune=shown_cells.shown(each.cell, code),
                target=each.target.id if each.target else None,
            )
        )
    return found


def _helped(table: CoverageTable, row: VillageRow) -> list[tuple[str, str]]:
    """People helped in the thôn since New Year, by kind of help."""
    events = [each.indicator for each in table.indicators if each.indicator.kind == "event" and each.has_data]
    return [(each.label, _done(row.cells.get(each.code, Cell()))) for each in events]


def _done(cell: Cell) -> str:
    if cell.suppressed:
        return words.HIDDEN[cell.suppressed]
    return words.number(cell.done or 0)
