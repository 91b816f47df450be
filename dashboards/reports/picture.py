"""The maps of a report, as pictures that Word and PDF both take: PNG, drawn of the same still map as pages print."""

import base64
import io
from dataclasses import dataclass

import resvg_py
from flask import render_template
from markupsafe import Markup
from PIL import Image
from PIL.Image import Quantize

from dashboards import coverage_lines
from dashboards.maps import map_outlines
from dashboards.maps.map_colours import classes, fills, legend
from dashboards.maps.still_map import still_map
from geo.coverage import CoverageTable
from server.models import Commune

MOST = 2
"""Maps in one report; all others are on the pages."""
ZOOM = 2
"""Pixels of the picture for one of the drawing: about 250 dots an inch as wide as it stands on A4."""
COLOURS = 64
"""Of the picture: a tenth of its bytes, and nobody sees it."""
FONTS = "Liberation Sans"


@dataclass(frozen=True)
class MapPicture:
    """A map as PNG; `width` and `height` in pixels of the drawing."""

    title: str
    png: bytes
    width: int
    height: int

    @property
    def base64(self) -> str:
        return base64.b64encode(self.png).decode()


def maps_of(commune: Commune, table: CoverageTable) -> tuple[MapPicture, ...]:
    """The first indicators of the thôn table; none where no thôn has an outline."""
    drawn = map_outlines.of_commune(commune)
    made = (_map(table, column, drawn) for column in coverage_lines.columns(table)[:MOST])
    return tuple(picture for picture in made if picture)


def _map(
    table: CoverageTable, column: coverage_lines.IndicatorColumn, drawn: map_outlines.Outlines
) -> MapPicture | None:
    still = still_map(table, column.code, drawn)
    row = table.indicator(column.code)
    if still is None or row is None:
        return None
    entries = legend(table, row)
    height = still.height + 22 * len(entries) + 24
    svg = render_template(
        "report_map.svg",
        map=still,
        legend=entries,
        patterns=Markup(fills(classes(table, row))),  # noqa: S704 - drawn by us
        note=drawn.note,
        height=height,
        fonts=FONTS,
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, background="#ffffff", zoom=ZOOM, sans_serif_family=FONTS)
    small = io.BytesIO()
    Image.open(io.BytesIO(bytes(png))).convert("RGB").quantize(COLOURS, Quantize.FASTOCTREE).save(
        small, "PNG"
    )
    title = f"{column.label} ({column.required})" if column.required else column.label
    return MapPicture(title, small.getvalue(), still.width, height)
