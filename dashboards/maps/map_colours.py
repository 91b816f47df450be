"""The colour classes of a map: five, told apart by colour-blind readers and on grey paper, and one for no number."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from dashboards import words
from geo.coverage import Cell, CoverageTable, VillageRow
from geo.targets import NEAR_POINTS, Judgement, Target, cut
from server.coverage.coverage_table import VISITED


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

# Without a target: one colour, from dark to light.
PLAIN = ("#08519c", "#3182bd", "#6baed6", "#bdd7e7", "#eff3ff")
FIFTHS = tuple(Fraction(least) for least in (80, 60, 40, 20, 0))


def target_of(table: CoverageTable, indicator: str) -> Target | None:
    """The target that the map of this indicator is set against; only percents to be reached can be."""
    row = table.indicator(indicator)
    target = row.target if row else None
    return target if target and target.unit == "percent" and target.comparator in (">=", ">") else None


def classes(target: Target | None) -> tuple[Class, ...]:
    """The legend's classes, best first: against the target, or fifths where there is none."""
    limits = _limits(target)
    colours = AGAINST_TARGET if target else PLAIN
    return tuple(
        Class(f"c{n}", colours[n - 1], _range(limits, n - 1, target)) for n in range(1, len(limits) + 1)
    )


def _limits(target: Target | None) -> tuple[Fraction, ...]:
    """The least percent of each class: the target, 5 points under it (at risk, R7), two thirds, one third."""
    if target is None:
        return FIFTHS
    goal = target.value
    thirds = [Fraction(5 * round(goal * part / 15)) for part in (2, 1)]
    below = [limit for limit in (goal - NEAR_POINTS, *thirds) if limit > 0]
    kept = [limit for n, limit in enumerate(below) if limit < min([goal, *below[:n]])]
    return (goal, *kept, Fraction(0))


def _range(limits: Sequence[Fraction], place: int, target: Target | None) -> str:
    if place == 0 and target:
        return f"đạt mức giao ({words.required(target)})"
    least = words.number(limits[place])
    if place == 0:
        return f"từ {least}{words.SPACE}%"
    most = f"dưới {words.number(limits[place - 1])}{words.SPACE}%"
    near = f", thiếu không quá {NEAR_POINTS} điểm" if target and place == 1 else ""
    return f"từ {least} đến {most}{near}" if limits[place] else f"{most}{near}"


def class_of(row: VillageRow, indicator: str, target: Target | None, min_reach: Fraction) -> str:
    """The class of a thôn; hatched (`h…`) where too few of its households were asked to judge by (R6)."""
    cell = row.cells.get(indicator, Cell())
    place = _place(row, indicator, cell, target)
    if place is None:
        return NONE
    few = cell.reach is not None and cell.reach < min_reach and not _over_all(indicator, target)
    return f"{'h' if few else 'c'}{place}"


def _place(row: VillageRow, indicator: str, cell: Cell, target: Target | None) -> int | None:
    """1 is best; None where no number may be shown. A bound counts only where all within it is of one class."""
    value = figure(indicator, cell, row.judgements.get(indicator), target)
    if value is not None:
        return _rank(Fraction(value), target)
    if cell.bound and not _over_all(indicator, target):
        place = _rank(Fraction(cell.bound.percent), target)
        return place if place == (1 if cell.bound.comparator == ">" else len(_limits(target))) else None
    return None


def figure(indicator: str, cell: Cell, judgement: Judgement | None, target: Target | None) -> Decimal | None:
    """The one percent that maps and tables show of an area, cut; None where it is unknown or hidden.

    Mostly the share of those asked; of households met the share of all, which is what one wants to know of them;
    and of a target over all households (AL-T26) the number that is judged (R6).
    """
    if indicator == VISITED:
        return None if cell.reach is None or cell.suppressed else cut(100 * min(Fraction(1), cell.reach))
    if target and target.over_households:
        return judgement.value_shown if judgement else None
    return cell.percent


def _over_all(indicator: str, target: Target | None) -> bool:
    """Whether the figure is one over all households, met or not."""
    return indicator == VISITED or (target is not None and target.over_households)


def _rank(value: Fraction, target: Target | None) -> int:
    """Which class a shown percent is in; cut as it is, it meets a target only if the exact one does."""
    limits = _limits(target)
    if target is None or target.met_by(value):
        return next(n for n, limit in enumerate(limits, 1) if value >= limit)
    return next(n for n, limit in enumerate(limits[1:], 2) if value >= limit)


def counts(names: Sequence[str]) -> dict[str, int]:
    """How many thôn are in each class of the legend, hatched or not; NONE among them."""
    found = dict.fromkeys((*(f"c{n}" for n in range(1, 6)), NONE), 0)
    for name in names:
        found[name.replace("h", "c")] += 1
    return found
