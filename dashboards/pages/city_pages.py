"""The page of the city: its communes side by side on one indicator, on a map and in a table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flask import render_template, request

from dashboards import words
from dashboards.charts import Bullet
from dashboards.furthest_behind import WORST_FIRST
from dashboards.households_met import share_bar
from dashboards.maps import map_outlines
from dashboards.maps.city_map import draw
from dashboards.maps.map_colours import FAR, FIFTHS, UNKNOWN, fifth_words, state_class
from dashboards.pages.commune_page_request import asked_day
from dashboards.pages.front_page import blueprint
from geo.compute_coverage import Cell, CountedIndicator
from geo.plain_words import unaccented
from geo.target_states import TargetState, cut
from geo.vietnamese_order import sort_key
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import city_table
from server.coverage.city_table import CityTable
from server.coverage.commune_input import VISITED
from server.coverage.commune_row import CommuneRow
from server.coverage.coverage_problems import CoverageProblem
from server.errors import Problem

ORDERS = {
    "ten": "Tên",
    "gap": "Hộ đã gặp",
    "ket_qua": "Kết quả, thấp trước",
    "uoc_luong": "Ước lượng cả xã, thấp trước",
    "trang_thai": "Trạng thái, chậm trước",
}


@dataclass(frozen=True)
class CommuneLine:
    """A commune in the city's table and on its map; texts are ready to read, "" where there is nothing to say."""

    code: str
    name: str
    households: str
    visited: str
    visited_share: str
    bar: Bullet
    value: str
    """The share of those asked, in every row; what offices report where no commune asks anybody."""
    reported: str
    """What its office reports, beside a column of shares."""
    over_all: str
    """The share of all there are, where the commune's target is judged by it."""
    estimated: str
    found_by: str
    """What its name is found by when typed: small letters without marks, and its code."""
    reach: str
    required: str
    state: TargetState | None
    gap: str
    colour: str
    """The class of its colour on the map."""
    sent: str
    """Of a commune on an installation of its own: until when it sent its sums."""


@blueprint.get("/thanh-pho", endpoint="city")
@access.needs(Right.COMPARE_COMMUNES)
def page() -> str:
    """Which communes are behind: every commune that is valid now, on the indicator asked for."""
    choices = city_table.compared()
    chosen = _chosen(choices, request.args.get("chi_tieu", ""))
    table = city_table.table(chosen, asked_day())
    has_targets = any(row.target for row in table.rows)
    order = request.args.get("xep", "")
    order = order if order in ORDERS else "trang_thai" if has_targets else "ten"
    is_share = any(row.cell.percent is not None for row in table.rows)
    lines = [
        _line(row, chosen, has_targets=has_targets, is_share=is_share)
        for row in _sorted(table, order, is_share=is_share)
    ]
    return render_template(
        "city.html",
        table=table,
        lines=lines,
        by_code={line.code: line for line in lines},
        choices=choices,
        chosen=chosen,
        order=order,
        orders=ORDERS,
        has_targets=has_targets,
        states=[(state, sum(line.state is state for line in lines)) for state in WORST_FIRST],
        of_colour=Counter(line.colour for line in lines),
        fifths=_fifths(),
        legend=_states(),
        has_over_all=any(line.over_all for line in lines),
        has_estimates=any(line.estimated for line in lines),
        is_share=is_share,
        total=_total(table),
        map=draw(map_outlines.of_city()),
        is_illustrative=any(row.illustrative for row in table.rows),
        is_visits=chosen.code == VISITED,
    )


def _chosen(choices: Sequence[CountedIndicator], code: str) -> CountedIndicator:
    """The indicator asked for, else the first."""
    found = next((each for each in choices if each.code == code), None)
    if found is None and code:
        raise Problem(CoverageProblem.INDICATOR_UNKNOWN, code=code[:64])
    return found or choices[0]


def _sorted(table: CityTable, order: str, *, is_share: bool) -> list[CommuneRow]:
    """Communes without a number stand last, whatever the order; equal ones by name."""

    def key(row: CommuneRow) -> tuple[bool, Fraction, str]:
        number = _order_number(row, order, is_share=is_share)
        return number is None, number or Fraction(0), sort_key(row.name)

    return sorted(table.rows, key=key)


def _order_number(row: CommuneRow, order: str, *, is_share: bool) -> Fraction | None:
    if order == "ten":
        return Fraction(0)
    if order == "gap":
        return Fraction(row.visited, row.households) if row.visited is not None and row.households else None
    if order == "trang_thai" and row.target:
        return Fraction(WORST_FIRST.index(row.target.judgement.state))
    if order == "uoc_luong":
        return Fraction(row.estimate.percent) if row.estimate else None
    return _value(row, is_share=is_share) if order == "ket_qua" else None


def _value(row: CommuneRow, *, is_share: bool) -> Fraction | None:
    """What communes are sorted by: the share of those asked, of every one; what offices report where nobody asks."""
    if row.cell.suppressed is None and row.cell.percent is not None:
        return Fraction(row.cell.percent)
    if not is_share and row.target and row.target.judgement.source == "office":
        return row.target.judgement.value
    return None


def _line(row: CommuneRow, chosen: CountedIndicator, *, has_targets: bool, is_share: bool) -> CommuneLine:
    met = Fraction(row.visited, row.households) if row.visited is not None and row.households else None
    met = min(Fraction(1), met) if met is not None else None
    target = row.target
    name = f"{row.kind.capitalize()} {row.name}"
    return CommuneLine(
        code=row.code,
        name=name,
        households=words.number(row.households) if row.households is not None else "–",
        visited=words.number(row.visited) if row.visited is not None else words.NOT_TOLD,
        visited_share=words.share(met) if met is not None else "",
        bar=share_bar(met),
        value=words.cell(row.cell) if is_share or row.cell.suppressed else _reported(row) or "–",
        reported=_reported(row) if is_share else "",
        over_all=words.percent(row.cell.percent_judged) if row.cell.percent_judged is not None else "",
        estimated=words.between(row.estimate) if row.estimate and not chosen.is_sample else "",
        found_by=f"{unaccented(name)} {row.code}",
        reach=words.short_reach(row.cell, chosen),
        required=words.required(target.target) if target else "",
        state=target.judgement.state if target else None,
        gap=_gap(row),
        sent=_sent(row),
        colour=_colour(row, met if chosen.code == VISITED else None, has_targets=has_targets),
    )


def _sent(row: CommuneRow) -> str:
    return f"máy riêng gửi, đến {words.day(row.sent)}" if row.sent else ""


def _reported(row: CommuneRow) -> str:
    """What the commune's office reports, where that is what counts."""
    told = row.target
    return words.judged(told.target, told.judgement) if told and told.judgement.source == "office" else ""


def _gap(row: CommuneRow) -> str:
    found = row.target
    if found is None or not found.judgement.gap:
        return ""
    unit = "điểm" if found.target.unit == "percent" else ""
    return f"{words.missed(found.target)} {words.number(found.judgement.gap)} {unit}".strip()


def _colour(row: CommuneRow, met: Fraction | None, *, has_targets: bool) -> str:
    """The class of a commune on the map: that of its state, the same as on its own page, or a fifth."""
    if has_targets:
        return state_class(row.target.judgement) if row.target else UNKNOWN
    value = 100 * met if met is not None else None if row.cell.percent is None else Fraction(row.cell.percent)
    if value is None:
        return UNKNOWN
    return f"f{next(n for n, least in enumerate(FIFTHS, 1) if value >= least)}"


def _states() -> list[tuple[str, str]]:
    """The legend where communes have targets: class, and what it says."""
    return [
        ("k-met", TargetState.MET.words),
        ("k-on_track", TargetState.ON_TRACK.words),
        ("k-at_risk", TargetState.AT_RISK.words),
        ("k-behind", f"{TargetState.BEHIND.words}, thiếu dưới 20 điểm"),
        (FAR, f"{TargetState.BEHIND.words}, thiếu từ 20 điểm"),
        (UNKNOWN, f"{TargetState.UNKNOWN.words}, hoặc xã không giao chỉ tiêu này"),
    ]


def _fifths() -> list[tuple[str, str]]:
    """The legend where no commune has a target: class, and what it says."""
    return [(f"f{n + 1}", fifth_words(n)) for n in range(len(FIFTHS))]


def _total(table: CityTable) -> Cell:
    """The city's share; none for events and for numbers that offices report."""
    if table.indicator.kind == "event" or not table.total.of:
        return Cell(done=table.total.done, of=table.total.of, subjects=table.total.subjects)
    percent = table.total.percent
    return Cell(
        done=table.total.done,
        of=table.total.of,
        percent=None if percent is None else cut(percent),
        subjects=table.total.subjects,
    )
