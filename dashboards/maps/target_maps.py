"""Small maps of a commune, one for each surveyed target: colours, the thôn's percents where there is room, counts."""

from dataclasses import dataclass

from dashboards import village_lines
from dashboards.maps.map_colours import Class, Entry, classes, legend
from dashboards.maps.map_outlines import Outlines
from dashboards.maps.map_sheet import SheetHead, head
from dashboards.maps.still_labels import SMALL
from dashboards.maps.still_map import StillMap, still_map
from geo.compute_coverage import CoverageTable, IndicatorRow
from geo.target_states import TargetState


@dataclass(frozen=True)
class TargetMap:
    """A map that stands among others; `counts` are the classes that have thôn, `state` is the commune's own."""

    code: str
    head: SheetHead
    state: TargetState | None
    drawing: StillMap | None
    counts: tuple[Entry, ...]
    classes: tuple[Class, ...]


def target_maps(table: CoverageTable, outlines: Outlines) -> tuple[TargetMap, ...]:
    """One for each column of the thôn table, in its order."""
    rows = (table.indicator(column.code) for column in village_lines.columns(table))
    return tuple(target_map(table, row, outlines) for row in rows if row)


def target_map(table: CoverageTable, row: IndicatorRow, outlines: Outlines) -> TargetMap:
    """The map of one indicator, small enough to stand on a page with other things."""
    return TargetMap(
        code=row.indicator.code,
        head=head(table, row),
        state=row.judgement.state if row.judgement else None,
        drawing=still_map(table, row.indicator.code, outlines, label=SMALL),
        counts=tuple(each for each in legend(table, row) if each.count),
        classes=classes(table, row),
    )
