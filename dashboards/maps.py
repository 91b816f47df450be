"""Coverage table and outlines → a folium map whose scripts, styles and fonts are all served by us."""

import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import folium
import shapely
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from folium.template import Template
from shapely.geometry.base import BaseGeometry

from dashboards import words
from dashboards.classes import NO_NUMBER, NONE, Class, class_of, classes, figure, target_of
from dashboards.outlines import Outlines
from dashboards.overview import shown
from geo.coverage import Cell, CoverageTable, IndicatorRow, VillageRow
from geo.targets import Target
from server.coverage import VISITED

LOCAL = {
    "leaflet": "vendor/leaflet/leaflet.js",
    "leaflet_css": "vendor/leaflet/leaflet.css",
    # these serve markers, icons and popups, which our maps do not use
    "jquery": None,
    "bootstrap": None,
    "awesome_markers": None,
    "bootstrap_css": None,
    "glyphicons_css": None,
    "awesome_markers_font_css": None,
    "awesome_markers_css": None,
    "awesome_rotate_css": None,
}
"""What folium links to by name → our own file, or None to leave it out."""

Address = Callable[[str], str]
"""From the name of one of our files to its URL."""


class LocalFigure(Figure):
    """A page of folium's that links to our own files alone, and whose inline parts carry the response's nonce.

    A link that LOCAL does not name is a LookupError, so that a new plugin cannot reach out of the building.
    """

    _template = Template(
        """<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><title>{{ this.title | e }}</title>
{% for url in this.styles %}<link rel="stylesheet" href="{{ url }}">
{% endfor %}{% for url in this.scripts %}<script src="{{ url }}"></script>
{% endfor %}{{ this.inline_header }}
</head><body>
{{ this.html.render(**kwargs) }}
<noscript><p>Bản đồ cần JavaScript. Mọi số liệu của bản đồ có trong bảng các thôn.</p></noscript>
<script nonce="{{ this.nonce }}">
{{ this.script.render(**kwargs) }}
</script></body></html>
"""
    )

    def __init__(self, title: str, nonce: str, address: Address) -> None:
        super().__init__(title=title)
        self.nonce = nonce
        self.address = address
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.inline_header = ""

    def render(self, **kwargs: Any) -> str:
        for child in self._children.values():
            child.render(**kwargs)
        inline = []
        self.scripts, self.styles = [], [self.address("vendor/be-vietnam-pro/font.css")]
        for name, child in self.header._children.items():
            if isinstance(child, JavascriptLink | CssLink):
                self._link(name, self.scripts if isinstance(child, JavascriptLink) else self.styles)
            elif name != "meta_http":
                inline.append(child.render(**kwargs))
        self.scripts.append(self.address("js/map.js"))
        self.styles.append(self.address("css/map.css"))
        self.inline_header = self._with_nonce("\n".join(inline))
        return str(self._template.render(this=self, kwargs=kwargs))

    def _link(self, name: str, links: list[str]) -> None:
        if name not in LOCAL:
            raise LookupError(f"a map links to {name!r}, of which we serve no copy")
        local = LOCAL[name]
        if local:
            links.append(self.address(local))

    def _with_nonce(self, header: str) -> str:
        """folium's own header holds no words of ours or of users, so every tag in it is folium's."""
        for tag in ("style", "script"):
            header = header.replace(f"<{tag}>", f'<{tag} nonce="{self.nonce}">')
        return header


class Behaviour(MacroElement):
    """What static/js/map.js adds: limits, labels, keyboard, attribution, word of a base map that is missing."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "tungNha.dress({{ this.map.get_name() }}, {{ this.layer.get_name() }}, {{ this.said|tojson }}, "
        "{{ this.tiles.get_name() if this.tiles else 'null' }});"
        "{% endmacro %}"
    )

    def __init__(
        self, drawn: folium.Map, layer: folium.GeoJson, tiles: folium.TileLayer | None, said: dict[str, Any]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Behaviour"
        self.map, self.layer, self.tiles, self.said = drawn, layer, tiles, said


@dataclass(frozen=True)
class BaseMap:
    """Tiles from elsewhere, where an installation sets them (TUNGNHA_BASE_MAP)."""

    url: str
    attribution: str


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
    document = LocalFigure(f"{row.indicator.label}, {table.name}", nonce, address)
    south, west, north, east = outlines.bounds or (20.6, 106.4, 21.0, 106.9)
    drawn = folium.Map(
        location=((south + north) / 2, (west + east) / 2),
        zoom_start=13,
        tiles=None,
        zoom_snap=0.25,
        max_zoom=18,
        font_size="14px",
    )
    document.add_child(drawn)
    document.html.add_child(Element(patterns(classes(target_of(table, indicator)))))
    tiles = _tiles(base_map)
    if tiles:
        drawn.add_child(tiles)
    layer = folium.GeoJson(
        features(table, row, outlines),
        name="thon",
        smooth_factor=0,
        tooltip=folium.GeoJsonTooltip(fields=["tip"], labels=False, sticky=True)
        if outlines.villages
        else None,
    )
    drawn.add_child(layer)
    if outlines.commune is not None:
        drawn.add_child(_border(outlines.commune))
    drawn.add_child(Behaviour(drawn, layer, tiles, _said(row, outlines)))
    drawn.fit_bounds([[south, west], [north, east]], padding=(6, 6))
    return document.render()


def _said(row: IndicatorRow, outlines: Outlines) -> dict[str, Any]:
    south, west, north, east = outlines.bounds or (20.6, 106.4, 21.0, 106.9)
    note = "Ranh giới minh họa, không có giá trị pháp lý" if outlines.is_illustrative else ""
    return {
        "bounds": [[south, west], [north, east]],
        "note": note,
        "name": f"Bản đồ theo thôn: {inert(row.indicator.label)}",
    }


def _tiles(base_map: BaseMap | None) -> folium.TileLayer | None:
    if base_map is None:
        return None
    return folium.TileLayer(tiles=base_map.url, attr=inert(base_map.attribution), control=False, opacity=0.6)


def _border(commune: BaseGeometry) -> folium.GeoJson:
    style = {"color": "#222222", "weight": 2.5, "fill": False, "interactive": False}
    feature = {"type": "Feature", "geometry": _geojson(commune), "properties": {"style": style}}
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": [feature]}, name="xa", smooth_factor=0, interactive=False
    )


def features(table: CoverageTable, row: IndicatorRow, outlines: Outlines) -> dict[str, Any]:
    """The thôn that have an outline, as GeoJSON with style, label and tooltip; codes are told to nobody."""
    target = target_of(table, row.indicator.code)
    found = []
    for village in table.villages:
        shape = outlines.villages.get(village.code)
        if shape is None:
            continue
        name = class_of(village, row.indicator.code, target, table.min_reach)
        properties = {
            "name": inert(village.name),
            "figure": inert(_figure(village, row.indicator.code, target)),
            "at": label_point(shape),
            "tip": tooltip(village, row, target),
            "style": {"color": "#3b3b3b", "weight": 1, "fillColor": f"url(#{name})", "fillOpacity": 0.9},
        }
        found.append({"type": "Feature", "geometry": _geojson(shape), "properties": properties})
    return {"type": "FeatureCollection", "features": found}


def _geojson(shape: BaseGeometry) -> Any:
    return json.loads(shapely.to_geojson(shape))


def label_point(shape: BaseGeometry) -> list[float]:
    """Latitude and longitude of the middle of the widest place inside."""
    longitude, latitude = shapely.get_coordinates(shapely.maximum_inscribed_circle([shape], 0.0003)[0])[0]
    return [round(float(latitude), 5), round(float(longitude), 5)]


def inert(text: str) -> str:
    """Text that is HTML to a browser and nothing to folium, which reads what it has rendered as a template again."""
    return html.escape(text).replace("{", "&#123;").replace("}", "&#125;")


def _figure(village: VillageRow, code: str, target: Target | None) -> str:
    """What stands in the thôn on the map; nothing where there is no number to show."""
    text = shown(village.cells.get(code, Cell()), village.judgements.get(code), code, target)
    return text if "%" in text else ""


def tooltip(village: VillageRow, row: IndicatorRow, target: Target | None) -> str:
    """Name, percent, done of how many, how many households were asked, and the state, as inert HTML."""
    code = row.indicator.code
    cell = village.cells.get(code, Cell())
    judgement = village.judgements.get(code)
    over_all = figure(code, cell, judgement, target) if target and target.over_households else None
    said = [f"{words.percent(over_all)} của tất cả các hộ" if over_all is not None else ""]
    if code != VISITED:
        said.append(_asked(cell, row.indicator.unit))
    if cell.reach is not None:
        surveyed = words.of_households(cell.subjects, village.households)
        verb = "đã gặp" if code == VISITED else "khảo sát"
        said.append(f"{verb} {surveyed} ({words.share(cell.reach)})")
    if target and judgement:
        said.append(f"{judgement.state.words}, mức giao {words.required(target)}")
    lines = [f"<b>{inert(village.name)}</b>", *(inert(line) for line in said if line)]
    return "<br>".join(lines)


def _asked(cell: Cell, unit: str) -> str:
    if cell.suppressed and not cell.bound:
        return "số quá nhỏ, không nêu để giữ kín cho từng hộ"
    if cell.done is not None and cell.of:
        parts = f"{words.number(cell.done)}/{words.number(cell.of)}"
        return f"{words.cell(cell)} ({parts} {words.UNITS.get(unit, '')})"
    return words.cell(cell) if cell.bound else words.UNKNOWN


def patterns(shown: tuple[Class, ...]) -> str:
    """SVG fills by class name: plain `c1` …, hatched `h1` … where few households were asked, dotted for none."""
    fills = []
    for each in shown:
        fills.append(_pattern(each.name, each.colour, ""))
        stroke = '<path d="M-1 9 9 -1M-1 1 1 -1M7 9 9 7" stroke="#fff" stroke-width="1.7"/>'
        fills.append(_pattern(each.name.replace("c", "h"), each.colour, stroke))
    dots = '<circle cx="2" cy="2" r="1" fill="#777"/><circle cx="6" cy="6" r="1" fill="#777"/>'
    fills.append(_pattern(NONE, NO_NUMBER, dots))
    return (
        f'<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>{"".join(fills)}</defs></svg>'
    )


def _pattern(name: str, colour: str, over: str) -> str:
    return (
        f'<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect width="8" height="8" fill="{colour}"/>{over}</pattern>'
    )
