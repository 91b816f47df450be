"""The classes of a map: the state of each thôn, told apart by colour-blind readers and on grey paper.

Map, wall map, report and their legends take class, colour and words from here, and the state from the table's
judgement: no place can call a thôn otherwise than another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from dashboards import words
from geo.compute_coverage import Cell, CoverageTable, IndicatorRow, VillageRow
from geo.hidden_cells import Bound
from geo.reach import noun
from geo.target_states import TargetFigure, TargetJudgement, TargetState, cut, gap_shown
from server.coverage.commune_input import VISITED


@dataclass(frozen=True)
class Class:
    """A class of the legend: the name of its fill, its colour and what it says."""

    name: str
    colour: str
    label: str

    @property
    def fill(self) -> str:
        """What paper is printed with: the colour itself, since tiles of it leave hairlines; the fill where hatched."""
        return f"url(#{self.name})" if self.name in (UNKNOWN, WITHHELD) else self.colour

    @property
    def short(self) -> str:
        """The label's first words: `chưa đủ số liệu`."""
        return self.label.partition(":")[0].partition(" (")[0]


FAR_POINTS = 20
"""Points short from which "chưa đạt" is drawn in the darker brown."""
WITHHELD = "k-withheld"
"""The class of a thôn of which no number and no state may be told."""
UNKNOWN = "k-unknown"
"""The class of a thôn that was asked too little to judge, or not at all."""
FAR = "k-far"
NO_NUMBER = "#e4e4e0"

# From met to far behind: blue to brown, which no common colour blindness confuses.
COLOURS = {
    "k-met": "#2166ac",
    "k-on_track": "#92c5de",
    "k-at_risk": "#fee0b6",
    "k-behind": "#f1a340",
    FAR: "#b35806",
    UNKNOWN: NO_NUMBER,
    WITHHELD: NO_NUMBER,
}

# Without a target: one colour, from dark to light.
PLAIN = ("#08306b", "#1f6fb2", "#5fa6d1", "#a6cde4", "#f0f5fb")
FIFTHS = tuple(Fraction(least) for least in (80, 60, 40, 20, 0))


def target_of(table: CoverageTable, indicator: str) -> TargetFigure | None:
    """The target that the map of this indicator is set against; None where no thôn can be."""
    row = table.indicator(indicator)
    target = row.target if row else None
    return target if target and target.judges_thon else None


def state_class(
    judgement: TargetJudgement | None, target: TargetFigure | None = None, bound: Bound | None = None
) -> str:
    """The class of a judged area; WITHHELD where its state may not be told.

    Where only a bound is told ("< 33,4 %", or "> 60 %" of an upper limit), it is far behind if the bound alone says so.
    """
    if judgement is None:
        return WITHHELD
    gap = judgement.gap
    if gap is None and bound and target and bound.comparator == (">" if target.is_upper_limit else "<"):
        gap = gap_shown(target, Fraction(bound.percent))
    if judgement.state is TargetState.BEHIND and gap is not None and gap >= FAR_POINTS:
        return FAR
    return f"k-{judgement.state.value}"


def class_of(row: VillageRow, indicator: str, target: TargetFigure | None) -> str:
    """The class of a thôn: that of its state, or the fifth it is in where there is no target."""
    cell = row.cells.get(indicator, Cell())
    if target is not None:
        return state_class(row.judgements.get(indicator), target, cell.bound)
    value = figure(indicator, cell)
    if value is not None:
        return _fifth(Fraction(value))
    if cell.bound:
        place = _fifth(Fraction(cell.bound.percent))
        return place if place == ("c1" if cell.bound.comparator == ">" else "c5") else WITHHELD
    return WITHHELD if cell.suppressed else UNKNOWN


def _fifth(value: Fraction) -> str:
    return f"c{next(n for n, limit in enumerate(FIFTHS, 1) if value >= limit)}"


def figure(indicator: str, cell: Cell) -> Decimal | None:
    """The one percent that maps and tables show of an area, cut; None where it is unknown or hidden.

    Mostly the share of those asked; of households met the share of all, which is what one wants to know of them;
    and of a target over all there are (AL-T26) the number that is judged (R6).
    """
    if indicator == VISITED:
        return None if cell.reach is None or cell.suppressed else cut(100 * cell.reach)
    return cell.percent_judged if cell.over_all else cell.percent


@dataclass(frozen=True)
class Entry:
    """A line of the legend: a class and how many thôn are in it."""

    shown: Class
    count: int


def legend(table: CoverageTable, row: IndicatorRow) -> tuple[Entry, ...]:
    """Every class with its number of thôn, each thôn counted once: the numbers add up to those of the commune."""
    target = target_of(table, row.indicator.code)
    found = [class_of(village, row.indicator.code, target) for village in table.villages]
    return tuple(
        Entry(each, found.count(each.name))
        for each in classes(table, row)
        if each.name != WITHHELD or not table.full or WITHHELD in found
    )


def classes(table: CoverageTable, row: IndicatorRow) -> tuple[Class, ...]:
    """The classes of an indicator's map, best first, those without a state last."""
    target = target_of(table, row.indicator.code)
    named = _against(target, is_full=table.full) if target else _fifths()
    return (
        *named,
        Class(UNKNOWN, NO_NUMBER, _too_little(table, row, is_judged=target is not None)),
        Class(WITHHELD, NO_NUMBER, "số quá nhỏ nên không nêu"),
    )


def _against(target: TargetFigure, *, is_full: bool) -> tuple[Class, ...]:
    """Of a thôn that is behind by a bound alone nobody may say that it is short of little."""
    said = {
        "k-met": f"đạt mức giao ({words.required(target)})",
        "k-on_track": TargetState.ON_TRACK.words,
        "k-at_risk": TargetState.AT_RISK.words,
        "k-behind": f"{TargetState.BEHIND.words}, {words.missed(target)} dưới {FAR_POINTS} điểm"
        + ("" if is_full else " hoặc không nêu"),
        FAR: f"{TargetState.BEHIND.words}, {words.missed(target)} từ {FAR_POINTS} điểm",
    }
    return tuple(Class(name, COLOURS[name], label) for name, label in said.items())


def _fifths() -> tuple[Class, ...]:
    return tuple(Class(f"c{n}", PLAIN[n - 1], fifth_words(n - 1)) for n in range(1, len(FIFTHS) + 1))


def fifth_words(place: int) -> str:
    """`từ 60 đến dưới 80 %`"""
    least, most = FIFTHS[place], FIFTHS[place - 1] if place else None
    upper = f"dưới {words.number(most)}{words.SPACE}%" if most is not None else ""
    if not least:
        return upper
    return f"từ {words.number(least)} đến {upper}" if upper else f"từ {words.number(least)}{words.SPACE}%"


def _too_little(table: CoverageTable, row: IndicatorRow, *, is_judged: bool) -> str:
    if not is_judged or row.indicator.is_sample or row.indicator.unit in ("village", "point"):
        return TargetState.UNKNOWN.words
    whose = noun(row.indicator.unit)
    return f"{TargetState.UNKNOWN.words}: khảo sát dưới {words.limit(table.min_reach)} số {whose} của thôn"


def fills(named: Sequence[Class]) -> str:
    """SVG fills by the classes' names: plain ones, one hatched for too little, one dotted for withheld."""
    over = {
        UNKNOWN: '<path d="M-1 9 9 -1M-1 1 1 -1M7 9 9 7" stroke="#8a8a84" stroke-width="1.3"/>',
        WITHHELD: '<circle cx="2" cy="2" r="1" fill="#777"/><circle cx="6" cy="6" r="1" fill="#777"/>',
    }
    drawn = "".join(_fill(each, over.get(each.name, "")) for each in named)
    return f'<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>{drawn}</defs></svg>'


def _fill(each: Class, over: str) -> str:
    return (
        f'<pattern id="{each.name}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{each.colour}"/>{over}</pattern>'
    )
