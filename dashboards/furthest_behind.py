"""What a leader is told first: the targets to worry about, and in each the thôn furthest behind, in people."""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from dashboards import words
from geo.compute_coverage import Cell, CoverageTable, TargetRow, VillageRow
from geo.reach import noun
from geo.target_states import TargetFigure, TargetState

MOST = 3
"""Targets to worry about that are told first."""
WORST_FIRST = (
    TargetState.BEHIND,
    TargetState.AT_RISK,
    TargetState.ON_TRACK,
    TargetState.MET,
    TargetState.UNKNOWN,
)
"""In the order of what a meeting has to talk about first."""
WORRYING = (TargetState.BEHIND, TargetState.AT_RISK, TargetState.UNKNOWN)


@dataclass(frozen=True)
class FurthestThon:
    """The thôn furthest behind a target; `gap` is `thiếu 13 điểm, khoảng 240 người`."""

    code: str
    name: str
    gap: str


@dataclass(frozen=True)
class Worry:
    """A target that is not met: how far the commune is short, and the thôn furthest behind with its gap."""

    id: str
    label: str
    indicator: str
    state: TargetState
    words: str
    value: str
    required: str
    gap: str
    """`thiếu 13 điểm, khoảng 240 người`; "" where it cannot be told, or where too few were asked to say so."""
    why: str
    """Why nobody can judge it yet: `mới khảo sát 450/2.000 hộ`; "" of a target that is behind."""
    last: FurthestThon | None


def worries(table: CoverageTable) -> tuple[Worry, ...]:
    """At most three surveyed percents: those behind first, the furthest first; then those nobody can judge yet."""
    found = [
        row
        for row in table.targets
        if row.surveyed
        and row.judgement.state in WORRYING
        and row.target.unit == "percent"
        and row.judgement.value_shown is not None
        and not row.judgement.periods
    ]
    found.sort(
        key=lambda row: (WORRYING.index(row.judgement.state), -(row.judgement.gap or 0), row.target.id)
    )
    return tuple(_worry(table, row) for row in found[:MOST])


def _worry(table: CoverageTable, row: TargetRow) -> Worry:
    target, code = row.target, row.target.indicator or ""
    known = table.indicator(code)
    unit = known.indicator.unit if known else ""
    is_open = row.judgement.state is TargetState.UNKNOWN
    return Worry(
        id=target.id,
        label=target.label,
        indicator=code,
        state=row.judgement.state,
        words=words.state(row.judgement),
        value=words.judged(target, row.judgement),
        required=words.required(target),
        gap="" if is_open else _gap(row.judgement.gap, known.cell if known else Cell(), target, unit),
        why=row.judgement.words if is_open else "",
        last=furthest(table, target),
    )


def furthest(table: CoverageTable, target: TargetFigure) -> FurthestThon | None:
    """The thôn that is judged, not met, and furthest short; of those alike the one with more households."""
    return next(iter(behind(table, target)), None)


def behind(table: CoverageTable, target: TargetFigure) -> tuple[FurthestThon, ...]:
    """Every thôn that is judged and not met, the furthest short first; of those alike the one with more households."""
    code = target.indicator or ""

    def short(row: VillageRow) -> tuple[Fraction, int]:
        return Fraction(row.judgements[code].gap or 0), row.households or 0

    found = [row for row in table.villages if gap_of(table, row, target)]
    return tuple(
        FurthestThon(row.code, table.name_of(row), gap_of(table, row, target))
        for row in sorted(found, key=short, reverse=True)
    )


def gap_of(table: CoverageTable, row: VillageRow, target: TargetFigure) -> str:
    """How far a thôn is short of a target, in points and in people; "" where it is not judged, or not short.

    Thôn are judged by their indicator's own target, the first by id; a further target of it has no gap of theirs.
    """
    code = target.indicator or ""
    known = table.indicator(code)
    if known is None or known.target is None or known.target.id != target.id or not _is_behind(row, code):
        return ""
    return _gap(row.judgements[code].gap, row.cells[code], target, known.indicator.unit)


def _is_behind(row: VillageRow, code: str) -> bool:
    judged = row.judgements.get(code)
    return (
        judged is not None and judged.state in (TargetState.BEHIND, TargetState.AT_RISK) and bool(judged.gap)
    )


def _gap(points: Decimal | None, cell: Cell, target: TargetFigure, unit: str) -> str:
    """In points, and in people or households of all there are, as the answers of those asked let one expect."""
    if not points:
        return ""
    said = f"{words.missed(target)} {words.number(points)} điểm"
    missing = _missing(cell, target)
    if not missing:
        return said
    what = words.UNITS.get(unit, noun(unit))
    return f"{said}, khoảng {words.number(missing)} {what}"


def _missing(cell: Cell, target: TargetFigure) -> int | None:
    """How many more must have it: of all there are, or of as many as are expected from those asked."""
    if cell.done is None or not cell.of or not cell.subjects or not cell.expected:
        return None
    if target.comparator not in (">=", ">"):  # nobody more is to have it
        return None
    if cell.over_all:
        return max(0, math.ceil(target.value * cell.expected / 100) - cell.done)
    whole = Fraction(cell.of, cell.subjects) * max(cell.expected, cell.subjects)
    return max(0, math.ceil((target.value / 100 - Fraction(cell.done, cell.of)) * whole))
