"""A folium map as a page of ours: every script, style and font served by us, labels, limits and keyboard added."""

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import folium
import shapely
from branca.element import CssLink, Element, Figure, JavascriptLink, MacroElement
from flask import Response, current_app, make_response
from folium.template import Template
from shapely.geometry.base import BaseGeometry

from dashboards import static_files
from server.settings import Settings

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
        "{{ this.tiles.get_name() if this.tiles else 'null' }}, "
        "{{ this.points.get_name() if this.points else 'null' }});"
        "{% endmacro %}"
    )

    def __init__(
        self,
        drawn: folium.Map,
        layer: folium.GeoJson,
        tiles: folium.TileLayer | None,
        said: dict[str, Any],
        points: folium.GeoJson | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Behaviour"
        self.map, self.layer, self.tiles, self.said, self.points = drawn, layer, tiles, said, points


@dataclass(frozen=True)
class BaseMap:
    """Tiles from elsewhere, where an installation sets them (TUNGNHA_BASE_MAP)."""

    url: str
    attribution: str


def base_map(settings: Settings) -> BaseMap | None:
    """The tiles that this installation has set; mostly none."""
    return BaseMap(settings.tiles, settings.base_map_attribution) if settings.tiles else None


Features = Mapping[str, Any]
"""A GeoJSON FeatureCollection; `properties` hold `style`, and may hold `tip`, `name`, `figure` and `at`."""

HAI_PHONG = (20.6, 106.4, 21.0, 106.9)


@dataclass(frozen=True)
class Drawing:
    """What a map shows: areas with labels and tips, what lies below and above them, and points that can be touched.

    `bounds` are south, west, north, east; `note` stands in the corner; `patterns` are SVG fills that styles name.
    """

    title: str
    bounds: tuple[float, float, float, float] | None
    areas: Features
    below: tuple[Features, ...] = ()
    above: tuple[Features, ...] = ()
    points: Features | None = None
    note: str = ""
    patterns: str = ""


def framed(drawing: Drawing, *, nonce: str, address: Address, base_map: BaseMap | None = None) -> str:
    """The HTML of a map, to stand in a frame with a policy of its own."""
    document = LocalFigure(drawing.title, nonce, address)
    south, west, north, east = drawing.bounds or HAI_PHONG
    drawn = folium.Map(
        location=((south + north) / 2, (west + east) / 2),
        zoom_start=13,
        tiles=None,
        zoom_snap=0.25,
        max_zoom=18,
        font_size="14px",
    )
    document.add_child(drawn)
    if drawing.patterns:
        document.html.add_child(Element(drawing.patterns))
    tiles = _tiles(base_map)
    if tiles:
        drawn.add_child(tiles)
    for number, features in enumerate(drawing.below):
        drawn.add_child(_plain(features, f"duoi{number}"))
    layer = folium.GeoJson(
        drawing.areas, name="thon", smooth_factor=0, tooltip=_tip() if _has_tips(drawing.areas) else None
    )
    drawn.add_child(layer)
    for number, features in enumerate(drawing.above):
        drawn.add_child(_plain(features, f"tren{number}"))
    points = _points(drawing.points)
    if points:
        drawn.add_child(points)
    said = {"bounds": [[south, west], [north, east]], "note": drawing.note, "name": inert(drawing.title)}
    drawn.add_child(Behaviour(drawn, layer, tiles, said, points))
    drawn.fit_bounds([[south, west], [north, east]], padding=(6, 6))
    return document.render()


def respond(drawing: Drawing) -> Response:
    """A map as an answer, compressed, with a policy that lets in its own scripts and the tiles that are set."""
    settings: Settings = current_app.config["SETTINGS"]
    allowed = static_files.nonce()
    page = framed(drawing, nonce=allowed, address=static_files.address, base_map=base_map(settings))
    response = static_files.packed(make_response(page))
    response.headers["Content-Security-Policy"] = static_files.frame_policy(allowed, settings.tiles)
    return response


def _has_tips(features: Features) -> bool:
    """folium looks at the first, and wants the tip to be there."""
    return any("tip" in each["properties"] for each in features["features"][:1])


def _tip() -> folium.GeoJsonTooltip:
    return folium.GeoJsonTooltip(fields=["tip"], labels=False, sticky=True)


def _plain(features: Features, name: str) -> folium.GeoJson:
    """Lines and areas that are only looked at."""
    return folium.GeoJson(features, name=name, smooth_factor=0, interactive=False)


def _points(features: Features | None) -> folium.GeoJson | None:
    if features is None or not features["features"]:
        return None
    marker = folium.CircleMarker(radius=7, fill=True)
    return folium.GeoJson(features, name="diem", marker=marker, tooltip=_tip())


def _tiles(base_map: BaseMap | None) -> folium.TileLayer | None:
    if base_map is None:
        return None
    words = inert(base_map.attribution) or "&nbsp;"  # folium refuses tiles of another without any
    return folium.TileLayer(tiles=base_map.url, attr=words, control=False, opacity=0.6)


def collection(*features: Mapping[str, Any]) -> dict[str, Any]:
    """Features as one layer."""
    return {"type": "FeatureCollection", "features": list(features)}


def feature(shape: BaseGeometry, style: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    """A shape with its style; words in `properties` are inert already."""
    return {"type": "Feature", "geometry": geojson(shape), "properties": {**properties, "style": dict(style)}}


def border(commune: BaseGeometry | None) -> tuple[Features, ...]:
    """The line around a commune, as a layer; none where its outline is unknown."""
    if commune is None:
        return ()
    style = {"color": "#222222", "weight": 2.5, "fill": False, "interactive": False}
    return (collection(feature(commune, style)),)


def geojson(shape: BaseGeometry) -> Any:
    return json.loads(shapely.to_geojson(shape))


def label_point(shape: BaseGeometry) -> list[float]:
    """Latitude and longitude of the middle of the widest place inside."""
    longitude, latitude = shapely.get_coordinates(shapely.maximum_inscribed_circle([shape], 0.0003)[0])[0]
    return [round(float(latitude), 5), round(float(longitude), 5)]


def inert(text: str) -> str:
    """Text that is HTML to a browser and nothing to folium, which reads what it has rendered as a template again."""
    return html.escape(text).replace("{", "&#123;").replace("}", "&#125;")
