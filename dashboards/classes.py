"""The colour classes of a map: five, told apart by colour-blind readers and on grey paper, and one for no number."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from dashboards import words
from geo.coverage import Cell, CoverageTable, VillageRow
from geo.targets import NEAR_POINTS, Target


@dataclass(frozen=True)
class Class:
    """A class of the legend: its name (`c1` best, to `c5`), colour and what it says."""

    name: str
    colour: str
    label: str


NONE = "none"
"""The class of a thôn without a number that may be shown."""

NO_NUMBER = "#e4e4e0"

# From met to far behind: blue to brown, which no common colour blindness confuses.
AGAINST_TARGET = ("#2166ac", "#92c5de", "#fee0b6", "#f1a340", "#b35806")
GAPS = (0, NEAR_POINTS, 15, 30)

# Without a target: one colour, from light to dark.
PLAIN = ("#eff3ff", "#bdd7e7", "#6baed6", "#3182bd", "#08519c")


def classes(target: Target | None) -> tuple[Class, ...]:
    """The legend's classes, best first: against the target, or fifths where there is none."""
    if target is None:
        return tuple(Class(f"c{n}", PLAIN[5 - n], _fifth(100 - 20 * n)) for n in range(1, 6))
    labels = (
        f"đạt mức giao ({words.required(target)})",
        f"thiếu dưới {GAPS[1]} điểm %",
        f"thiếu từ {GAPS[1]} đến dưới {GAPS[2]} điểm %",
        f"thiếu từ {GAPS[2]} đến dưới {GAPS[3]} điểm %",
        f"thiếu từ {GAPS[3]} điểm % trở lên",
    )
    named = zip(AGAINST_TARGET, labels, strict=True)
    return tuple(Class(f"c{n}", colour, label) for n, (colour, label) in enumerate(named, 1))


def _fifth(least: int) -> str:
    return f"từ {least} đến {'' if least == 80 else 'dưới '}{least + 20}{words.SPACE}%"


def target_of(table: CoverageTable, indicator: str) -> Target | None:
    """The target that the map of this indicator is set against; only percents can be."""
    row = table.indicator(indicator)
    return row.target if row and row.target and row.target.unit == "percent" else None


def class_of(row: VillageRow, indicator: str, target: Target | None, min_reach: Fraction) -> str:
    """The class of a thôn; hatched (`h…`) where too few of its households were asked to judge by (DESIGN 6.6)."""
    cell = row.cells[indicator]
    place = _place(row, indicator, cell, target)
    if place is None:
        return NONE
    few = cell.reach is not None and cell.reach < min_reach and not (target and target.over_households)
    return f"{'h' if few else 'c'}{place}"


def _place(row: VillageRow, indicator: str, cell: Cell, target: Target | None) -> int | None:
    """1 (best) to 5, or None; a bound counts only where every value within it is of one class."""
    if cell.bound:
        place = _rank(Fraction(cell.bound.percent), target)
        return place if place == (1 if cell.bound.comparator == ">" else 5) else None
    judgement = row.judgements.get(indicator)
    if target and target.over_households:
        return _rank(judgement.value, target) if judgement and judgement.value is not None else None
    return None if cell.percent is None else _rank(Fraction(cell.percent), target)


def _rank(value: Fraction, target: Target | None) -> int:
    """Which fifth, or how far from the target. A cut value meets a target only if the exact one does."""
    if target is None:
        return 5 - min(4, int(value // 20))
    if target.met_by(value):
        return 1
    return next((n for n, limit in enumerate(GAPS[1:], 2) if target.short(value) < limit), 5)


def counts(names: Sequence[str]) -> dict[str, int]:
    """How many thôn are in each class of the legend, hatched or not; NONE among them."""
    found = dict.fromkeys((*(f"c{n}" for n in range(1, 6)), NONE), 0)
    for name in names:
        found[name.replace("h", "c")] += 1
    return found
