"""The still map as a picture: SVG for paper, PNG for letters and slides, drawn of the same map as pages print."""

import base64
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import resvg_py
from flask import render_template
from markupsafe import Markup
from PIL import Image
from PIL.Image import Quantize

from dashboards.maps.map_colours import classes, fills, legend
from dashboards.maps.map_outlines import Outlines
from dashboards.maps.still_map import still_map
from geo.compute_coverage import CoverageTable, IndicatorRow

COLOURS = 64
"""Of the picture: a tenth of its bytes, and nobody sees it."""
FONTS = "Noto Sans, DejaVu Sans, Arimo, Liberation Sans"
"""Families in the order in which they are tried: older ones of the last lack the letters of Vietnamese, and a drawing
would mix two hands."""


@dataclass(frozen=True)
class MapSvg:
    """A drawing as SVG text; lengths in its pixels."""

    text: str
    width: int
    height: int

    @property
    def markup(self) -> Markup:
        return Markup(self.text)  # noqa: S704 - drawn by us


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


def svg(
    table: CoverageTable,
    row: IndicatorRow,
    outlines: Outlines,
    *,
    head: Sequence[str] = (),
    notes: Sequence[str] | None = None,
    lit: Collection[str] = (),
    numbered: bool = False,
    has_legend: bool = True,
) -> MapSvg | None:
    """The map, its legend beneath; None where no thôn has an outline.

    `head` are lines above; `notes` stand below, what the outlines are without any; `lit` are the only classes shown,
    all where it is empty.
    """
    drawn = still_map(table, row.indicator.code, outlines, numbered=numbered)
    if drawn is None:
        return None
    entries = legend(table, row) if has_legend else ()
    under = [each for each in ((outlines.note,) if notes is None else notes) if each]
    top = 20 * len(head) + 8 if head else 0
    height = top + drawn.height + 22 * len(entries) + (10 + 14 * len(under) if entries or under else 0)
    text = render_template(
        "map_picture.svg",
        map=drawn,
        head=head,
        top=top,
        legend=entries,
        lit=lit,
        patterns=Markup(fills(classes(table, row))),  # noqa: S704 - drawn by us
        notes=under,
        height=height,
        fonts=FONTS,
    )
    return MapSvg(text, drawn.width, height)


def png(drawing: MapSvg, title: str, zoom: int) -> MapPicture:
    """The drawing with `zoom` pixels of the picture for one of its own."""
    drawn = resvg_py.svg_to_bytes(
        svg_string=drawing.text,
        background="#ffffff",
        zoom=zoom,
        sans_serif_family=FONTS.partition(",")[0],
    )
    small = io.BytesIO()
    Image.open(io.BytesIO(bytes(drawn))).convert("RGB").quantize(COLOURS, Quantize.FASTOCTREE).save(
        small, "PNG"
    )
    return MapPicture(title, small.getvalue(), drawing.width, drawing.height)
