"""Coverage table and outlines → a folium map whose scripts, styles and fonts are all served by us."""

from typing import Any

from dashboards import words
from dashboards.maps.folium_page import (
    Address,
    BaseMap,
    Drawing,
    LocalFigure,
    border,
    framed,
    geojson,
    inert,
    label_point,
)
from dashboards.maps.map_colours import class_of, classes, figure, fills, target_of
from dashboards.maps.map_outlines import Outlines
from dashboards.shown_cells import shown
from geo.compute_coverage import Cell, CoverageTable, IndicatorRow, VillageRow
from geo.reach import noun
from geo.target_states import TargetFigure
from server.coverage.commune_input import VISITED

__all__ = [
    "BaseMap",
    "LocalFigure",
    "coverage_map",
    "features",
    "inert",
    "label_point",
    "tooltip",
]


def coverage_map(
    table: CoverageTable,
    indicator: str,
    outlines: Outlines,
    *,
    nonce: str,
    address: Address,
    base_map: BaseMap | None = None,
) -> str:
    """The HTML of a choropleth by thôn, against the commune's target; LookupError for an unknown indicator."""
    row = table.indicator(indicator)
    if row is None:
        raise LookupError(indicator)
    drawing = Drawing(
        title=f"Bản đồ theo thôn: {row.indicator.label}, {table.name}",
        bounds=outlines.bounds,
        areas=features(table, row, outlines),
        above=border(outlines.commune),
        note=outlines.note,
        patterns=fills(classes(table, row)),
    )
    return framed(drawing, nonce=nonce, address=address, base_map=base_map)


def features(table: CoverageTable, row: IndicatorRow, outlines: Outlines) -> dict[str, Any]:
    """The thôn that have an outline, as GeoJSON with code, style, label and tooltip."""
    target = target_of(table, row.indicator.code)
    found = []
    for village in table.villages:
        shape = outlines.villages.get(village.code)
        if shape is None:
            continue
        name = class_of(village, row.indicator.code, target)
        properties = {
            "code": village.code,
            "name": inert(table.name_of(village)),
            "figure": inert(_figure(village, row.indicator.code)),
            "at": label_point(shape),
            "tip": tooltip(table, village, row, target),
            "style": {"color": "#3b3b3b", "weight": 1, "fillColor": f"url(#{name})", "fillOpacity": 0.9},
        }
        found.append({"type": "Feature", "geometry": geojson(shape), "properties": properties})
    return {"type": "FeatureCollection", "features": found}


def _figure(village: VillageRow, code: str) -> str:
    """What stands in the thôn on the map; nothing where there is no number to show."""
    text = shown(village.cells.get(code, Cell()), code)
    return text if "%" in text else ""


def tooltip(table: CoverageTable, village: VillageRow, row: IndicatorRow, target: TargetFigure | None) -> str:
    """Name, percent, done of how many, how much of what there is was asked, and the state, as inert HTML."""
    cell = village.cells.get(row.indicator.code, Cell())
    judgement = village.judgements.get(row.indicator.code)
    said = [over_all_words(row, cell), asked_words(row, cell), reach_words(row, cell)]
    if target and judgement:
        said.append(f"{judgement.state.words}, mức giao {words.required(target)}")
    lines = [f"<b>{inert(table.name_of(village))}</b>", *(inert(line) for line in said if line)]
    return "<br>".join(lines)


def over_all_words(row: IndicatorRow, cell: Cell) -> str:
    """The share of all there are, of an indicator that is judged over all; else ""."""
    value = figure(row.indicator.code, cell) if cell.over_all else None
    return "" if value is None else f"{words.percent(value)} của tất cả các {noun(row.indicator.unit)}"


def asked_words(row: IndicatorRow, cell: Cell) -> str:
    """Percent and done of how many of those asked, or why it is not told; "" of the households met."""
    if row.indicator.code == VISITED:
        return ""
    if cell.suppressed and not cell.bound:
        return "số quá nhỏ, không nêu để giữ kín cho từng hộ"
    if cell.done is not None and cell.of:
        parts = f"{words.number(cell.done)}/{words.number(cell.of)}"
        return f"{words.cell(cell)} ({parts} {words.UNITS.get(row.indicator.unit, '')})"
    return words.cell(cell) if cell.bound else words.UNKNOWN


def reach_words(row: IndicatorRow, cell: Cell) -> str:
    """How much of what there is was asked, or met."""
    verb = "đã gặp" if row.indicator.code == VISITED else "khảo sát"
    return words.reach(cell, row.indicator, verb=verb)
