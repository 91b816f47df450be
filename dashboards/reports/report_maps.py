"""The maps of a report, as pictures that Word and PDF both take."""

from dashboards import village_lines
from dashboards.maps import map_outlines, map_picture
from dashboards.maps.map_picture import MapPicture
from geo.compute_coverage import CoverageTable
from server.models import Commune

MOST = 2
"""Maps in one report; all others are on the pages."""
ZOOM = 2
"""Pixels of the picture for one of the drawing: about 250 dots an inch as wide as it stands on A4."""


def maps_of(commune: Commune, table: CoverageTable) -> tuple[MapPicture, ...]:
    """The first indicators of the thôn table; none where no thôn has an outline."""
    drawn = map_outlines.of_commune(commune)
    made = (_map(table, column, drawn) for column in village_lines.columns(table)[:MOST])
    return tuple(picture for picture in made if picture)


def _map(
    table: CoverageTable, column: village_lines.IndicatorColumn, drawn: map_outlines.Outlines
) -> MapPicture | None:
    row = table.indicator(column.code)
    svg = map_picture.svg(table, row, drawn) if row else None
    if svg is None:
        return None
    title = f"{column.label} ({column.required})" if column.required else column.label
    return map_picture.png(svg, title, ZOOM)
