"""The surface of 5G by operator and place, and the public places with their Wi-Fi, as drawings and their legends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from dashboards import words
from dashboards.maps.folium_page import Drawing, Features, border, collection, feature, inert
from dashboards.maps.map_outlines import Outlines
from geo.signal import CELL, SignalSquare
from server.coverage.signal_points import Wifi

COVERED, NOT, OLD = "#2166ac", "#b35806", "#b9b9b4"
COLOURS = {"covered": COVERED, "not": NOT, "old": OLD}
STATES = {"covered": "có 5G dùng được", "not": "chưa có 5G dùng được", "old": "chỉ có lần đo cũ"}


@dataclass(frozen=True)
class MarkStyle:
    """How a public place is marked, told apart without colours too: full, a ring, or small. `radius` in pixels."""

    main: str
    radius: int
    is_ring: bool = False

    @property
    def fill(self) -> str:
        return "#ffffff" if self.is_ring else self.main

    @property
    def stroke(self) -> str:
        return self.main if self.is_ring else "#ffffff"

    @property
    def width(self) -> int:
        """Of the stroke, in pixels."""
        return 4 if self.is_ring else 2


MARKS: Mapping[bool | None, MarkStyle] = {
    True: MarkStyle("#2166ac", 8),
    False: MarkStyle("#b35806", 7, is_ring=True),
    None: MarkStyle("#8a8a85", 5),
}
"""By whether its Wi-Fi can be used, None where nobody could tell; in colours that no colour blindness confuses."""
THON = {"color": "#7a7a75", "weight": 1, "fill": False}


def of_surface(cells: Sequence[SignalSquare], outlines: Outlines, title: str) -> Drawing:
    """Squares of the ground in which something was measured; all else is left blank, since it is unknown."""
    return Drawing(
        title=title,
        bounds=outlines.bounds,
        areas=collection(*(_square(cell) for cell in cells)),
        below=(_thon(outlines),),
        above=border(outlines.commune),
        note=outlines.note,
    )


def _square(cell: SignalSquare) -> dict[str, Any]:
    colour = COLOURS[cell.state]
    style = {
        "color": colour,
        "weight": 1,
        "fillColor": colour,
        "fillOpacity": 0.35 if cell.state == "old" else 0.65,
    }
    said = f"{STATES[cell.state]}: {cell.done}/{cell.of} điểm, đo mới nhất {words.day(cell.newest)}"
    shape = shapely.box(cell.west, cell.south, round(cell.west + CELL, 6), round(cell.south + CELL, 6))
    return feature(shape, style, tip=inert(words.sentence(said)))


def of_places(places: Sequence[Wifi], outlines: Outlines, title: str) -> Drawing:
    """A mark at each public place whose point is known, coloured by whether its Wi-Fi can be used."""
    return Drawing(
        title=title,
        bounds=outlines.bounds,
        areas=_labelled_thon(outlines),
        above=border(outlines.commune),
        points=collection(*(_mark(place) for place in places if place.point is not None)),
        note=outlines.note,
    )


def _mark(place: Wifi) -> dict[str, Any]:
    latitude, longitude = place.point or (0.0, 0.0)
    mark = MARKS[place.works]
    style = {
        "color": mark.stroke,
        "weight": mark.width,
        "fillColor": mark.fill,
        "fillOpacity": 1,
        "radius": mark.radius,
    }
    lines = [f"<b>{inert(place.name)}</b>", inert(place.village), inert(wifi_words(place))]
    return feature(shapely.Point(longitude, latitude), style, tip="<br>".join(lines))


def wifi_words(place: Wifi) -> str:
    """What the last check says, in a line."""
    if place.day is None:
        return "chưa kiểm tra"
    if place.there is False:
        return f"không có Wi-Fi công cộng ({words.day(place.day)})"
    said = {True: "dùng được", False: "chưa dùng được", None: "không rõ"}[place.works]
    if place.is_open is False:
        said = "có Wi-Fi nhưng dân không vào được"
    speed = f", {words.number(round(place.download))} Mbps" if place.download is not None else ""
    posted = ", có dán hướng dẫn" if place.posted else ""
    return f"Wi-Fi {said}{speed}{posted} ({words.day(place.day)})".replace("Wi-Fi có Wi-Fi", "có Wi-Fi")


def _thon(outlines: Outlines) -> Features:
    return collection(*(feature(shape, THON) for shape in outlines.villages.values()))


def _labelled_thon(outlines: Outlines) -> Features:
    """Thôn as a pale ground under the marks; they are not touched, the marks are."""
    style = {
        "color": "#7a7a75",
        "weight": 1,
        "fillColor": "#ffffff",
        "fillOpacity": 0.6,
        "interactive": False,
    }
    return collection(*(feature(shape, style) for shape in outlines.villages.values()))
