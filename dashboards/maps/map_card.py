"""What the card of a thôn tells that was touched on the map: no more than the table of thôn does (R25)."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards import furthest_behind, shown_cells, words
from dashboards.maps.coverage_map import asked_words, over_all_words, reach_words
from dashboards.maps.map_colours import target_of
from geo.compute_coverage import Cell, CoverageTable, IndicatorRow, VillageRow
from geo.target_states import TargetState


@dataclass(frozen=True)
class MapCard:
    """A thôn against the indicator that the map shows; texts are "" where there is nothing to tell.

    `state` is None where there is no target, or where the number and so its state are withheld.
    """

    code: str
    name: str
    value: str
    required: str
    state: TargetState | None
    gap: str
    """`thiếu 13 điểm, khoảng 240 người`, where the thôn is judged and short."""
    lines: tuple[str, ...]
    team: tuple[str, ...]


def card(table: CoverageTable, village: VillageRow, row: IndicatorRow, team: Sequence[str]) -> MapCard:
    """The card of one thôn; `team` are the names of those who walk it."""
    code = row.indicator.code
    cell = village.cells.get(code, Cell())
    shown = shown_cells.shown_cell(table, village, code)
    target = target_of(table, code)
    told = (over_all_words(row, cell), asked_words(row, cell), reach_words(row, cell))
    return MapCard(
        code=village.code,
        name=table.name_of(village),
        value=shown.text,
        required=words.required(target) if target else "",
        state=shown.state if target else None,
        gap=furthest_behind.gap_of(table, village, target) if target else "",
        lines=tuple(words.sentence(line) for line in told if line not in ("", shown.text)),
        team=tuple(team),
    )
