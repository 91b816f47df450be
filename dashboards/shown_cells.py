"""The one number of an area and indicator that tables and maps show, in words, or why there is none."""

from dataclasses import dataclass

from dashboards import words
from dashboards.maps.map_colours import figure
from geo.compute_coverage import Cell, CoverageTable, VillageRow
from geo.target_states import TargetState


@dataclass(frozen=True)
class ShownCell:
    """A cell of the thôn table: its words, the reach beside it, and the state that marks it (None: not told)."""

    text: str
    reach: str
    state: TargetState | None
    is_hidden: bool


def shown_cell(table: CoverageTable, row: VillageRow, code: str) -> ShownCell:
    """A thôn's cell of one indicator as tables show it."""
    cell, judgement = row.cells.get(code, Cell()), row.judgements.get(code)
    known = table.indicator(code)
    return ShownCell(
        text=shown(cell, code),
        reach=words.short_reach(cell, known.indicator) if known else "",
        state=judgement.state if judgement else None,
        is_hidden=cell.suppressed is not None,
    )


def shown(cell: Cell, code: str) -> str:
    """The one number of an area that tables and maps show, in words; or why there is none."""
    value = figure(code, cell)
    if value is not None:
        return words.percent(value)
    if cell.bound and not cell.over_all:
        return words.cell(cell)
    return words.HIDDEN[cell.suppressed] if cell.suppressed else "–"
