"""The coverage table laid flat: one row for each area and indicator, as files carry it."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from geo.compute_coverage import Cell, CountedIndicator, CoverageTable
from geo.target_states import TargetFigure, TargetJudgement

COMMUNE, VILLAGE, NOWHERE = "commune", "village", "nowhere"


@dataclass(frozen=True)
class CoverageRow:
    """One indicator in one area; numbers and names as in the JSON of R16, None as it is there.

    `bound` is the limit told where done is withheld ("> 98"); `households` is what reach is taken of; `met` and
    `state` hold the commune's target against this area.
    """

    area: str
    code: str
    name: str
    indicator: str
    label: str
    unit: str
    kind: str
    done: int | None
    of: int | None
    percent: Decimal | None
    percent_judged: Decimal | None
    bound: str | None
    reach: Fraction | None
    subjects: int | None
    expected: int | None
    suppressed: str | None
    target: str | None
    comparator: str | None
    value: Fraction | None
    met: bool | None
    state: str | None
    households: int | None
    visited: int | None
    self_of: str | None
    """The indicator of which these are people's own answers, apart from what teams asked; None: teams asked."""


@dataclass(frozen=True)
class _Area:
    """Whose row it is: a commune or a thôn, with its denominators."""

    area: str
    code: str
    name: str
    households: int | None
    visited: int | None


def rows(table: CoverageTable) -> Iterator[CoverageRow]:
    """The commune's rows, then those of each thôn, indicators in the table's order."""
    whole = _Area(COMMUNE, table.code, table.name, table.households, table.visited)
    for known in table.indicators:
        yield _row(whole, known.indicator, known.cell, known.target, known.judgement)
    for village in table.villages:
        area = _Area(VILLAGE, village.code, village.name, village.households, village.visited)
        for known in table.indicators:
            code = known.indicator.code
            yield _row(area, known.indicator, village.cells[code], known.target, village.judgements.get(code))

    nowhere = _Area(NOWHERE, "", "Không rõ thôn", None, None)
    for known in table.indicators:
        cell = table.unplaced.get(known.indicator.code, Cell())
        if cell.subjects or cell.suppressed:
            yield _row(nowhere, known.indicator, cell, known.target, None)


def _row(
    area: _Area,
    indicator: CountedIndicator,
    cell: Cell,
    target: TargetFigure | None,
    judgement: TargetJudgement | None,
) -> CoverageRow:
    limit = cell.bound
    return CoverageRow(
        area=area.area,
        code=area.code,
        name=area.name,
        indicator=indicator.code,
        label=indicator.label,
        unit=indicator.unit,
        kind=indicator.kind,
        done=cell.done,
        of=cell.of,
        percent=cell.percent,
        percent_judged=cell.percent_judged,
        bound=f"{limit.comparator} {limit.percent}" if limit else None,
        reach=cell.reach,
        subjects=cell.subjects,
        expected=cell.expected,
        suppressed=cell.suppressed,
        target=target.id if target else None,
        comparator=target.comparator if target else None,
        value=target.value if target else None,
        met=judgement.met if judgement else None,
        state=judgement.state.value if judgement else None,
        households=area.households,
        visited=area.visited,
        self_of=indicator.self_of,
    )
