"""A small map for a page of numbers: the colours of the thôn with their legend, without names."""

from dataclasses import dataclass

from dashboards.maps import map_outlines
from dashboards.maps.map_colours import Entry, classes, fills, legend
from dashboards.maps.still_map import StillMap, still_map
from geo.compute_coverage import CoverageTable, IndicatorRow
from server.models import Commune


@dataclass(frozen=True)
class SmallMap:
    """An indicator over the thôn; of the legend only the classes in which there is a thôn."""

    row: IndicatorRow
    label: str
    paper: StillMap
    legend: tuple[Entry, ...]
    patterns: str
    note: str


def small_map(commune: Commune, table: CoverageTable, row: IndicatorRow) -> SmallMap | None:
    """None where no thôn has an outline."""
    drawn = map_outlines.of_commune(commune)
    paper = still_map(table, row.indicator.code, drawn)
    if paper is None:
        return None
    told = tuple(entry for entry in legend(table, row) if entry.count)
    label = row.target.label if row.target else row.indicator.label
    return SmallMap(row, label, paper, told, fills(classes(table, row)), drawn.note)
