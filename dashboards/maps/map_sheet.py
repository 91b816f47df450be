"""A map as a sheet of paper: what stands above it, its table of thôn, and the whole as PDF for A4 and A3."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from flask import render_template

from dashboards import furthest_behind, pdf_pages, shown_cells, words
from dashboards.maps import map_picture
from dashboards.maps.map_colours import Class, class_of, classes, legend, target_of
from dashboards.maps.map_outlines import Outlines
from geo.compute_coverage import Cell, CoverageTable, IndicatorRow
from server.coverage.commune_input import VISITED

STYLE = Path(__file__).parents[1] / "static/css/map_pdf.css"
MOST_BEHIND = 10
"""Thôn furthest behind that are named beside the map on A4, where the table of all is on the next page."""
SIZES = {"a4": "A4", "a3": "A3"}


@dataclass(frozen=True)
class SheetHead:
    """What a map says of the whole commune; texts are "" where there is nothing to tell."""

    label: str
    value: str
    required: str
    state: str
    reach: str


@dataclass(frozen=True)
class ThonOnSheet:
    """A thôn in the table beside the map, its class as on the map."""

    name: str
    code: str
    shown: Class
    households: str
    reach: str
    value: str
    gap: str


def head(table: CoverageTable, row: IndicatorRow) -> SheetHead:
    """The indicator over the whole commune."""
    target = target_of(table, row.indicator.code)
    is_visits = row.indicator.code == VISITED
    return SheetHead(
        label=row.target.label if row.target else row.indicator.label,
        value=shown_cells.shown(row.cell, row.indicator.code),
        required=words.required(target) if target else "",
        state=words.state(row.judgement) if row.judgement else "",
        reach=words.reach(row.cell, row.indicator, verb="đã gặp" if is_visits else "khảo sát"),
    )


def rows(table: CoverageTable, row: IndicatorRow) -> tuple[ThonOnSheet, ...]:
    """Every thôn with its number, in the table's order."""
    code = row.indicator.code
    target = target_of(table, code)
    named = {each.name: each for each in classes(table, row)}
    found = []
    for village in table.villages:
        cell = village.cells.get(code, Cell())
        found.append(
            ThonOnSheet(
                name=table.name_of(village),
                code=village.code,
                shown=named[class_of(village, code, target)],
                households=words.number(village.households) if village.households is not None else "–",
                reach=words.short_reach(cell, row.indicator) or "–",
                value=shown_cells.shown(cell, code),
                gap=furthest_behind.gap_of(table, village, target) if target else "",
            )
        )
    return tuple(found)


def lines(place: str, table: CoverageTable, row: IndicatorRow) -> tuple[str, ...]:
    """What stands above a picture that travels alone: place and indicator, the number, and of which day it is."""
    said = head(table, row)
    number = f"{said.value}, chỉ tiêu {said.required}: {said.state}" if said.required else said.value
    second = f"{number}. {words.sentence(said.reach)}." if said.reach else f"{number}."
    return f"{place}: {said.label}", second, f"{as_of(table)}."


def as_of(table: CoverageTable) -> str:
    return words.sentence(words.as_of(table.as_of, table.received_until))


def write_pdf(
    place: str,
    table: CoverageTable,
    row: IndicatorRow,
    outlines: Outlines,
    *,
    size: str,
    lit: Collection[str] = (),
) -> bytes:
    """The map with its legend, and the table of thôn: on A4 behind it, on A3 beside it.

    Problem PDF_IMPOSSIBLE where the system lacks Pango.
    """
    drawing = map_picture.svg(table, row, outlines, notes=(), lit=lit, numbered=True, has_legend=False)
    target = target_of(table, row.indicator.code)
    page = render_template(
        "map_pdf.html",
        place=place,
        kind=table.kind,
        size=size,
        head=head(table, row),
        as_of=as_of(table),
        drawing=drawing,
        legend=legend(table, row),
        rows=rows(table, row),
        behind=furthest_behind.behind(table, target)[:MOST_BEHIND] if target else (),
        note=outlines.note,
        lit=lit,
    )
    swatches = (f"i.{each.name} {{ background: {each.colour}; }}" for each in classes(table, row))
    return pdf_pages.drawn(
        page, STYLE, also=f"@page {{ size: {SIZES[size]} landscape; }} {' '.join(swatches)}"
    )
