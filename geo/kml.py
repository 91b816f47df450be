"""KML read as rows: each Placemark with its data and its shape; no DTD, no entities, no link is followed."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import shapely
from lxml import etree
from shapely.geometry.base import BaseGeometry

from geo.boundary_problems import UnreadableBoundaries

MOST_MARKS = 1_000_000
"""Signs that begin or end an element, or give an attribute: of a tree each takes some 150 bytes, thôn have 60 each."""


def placemarks(data: bytes) -> list[tuple[dict[str, Any], BaseGeometry | None]]:
    """Every Placemark of every folder; raises UnreadableBoundaries where the text is not KML."""
    return [(_values(mark), _shape(mark)) for mark in _root(data).iter("{*}Placemark")]


def has_areas(data: bytes) -> bool:
    """Whether the document has an area of its own; raises as `placemarks` does."""
    return next(_root(data).iter("{*}Polygon"), None) is not None


def links(data: bytes) -> list[str]:
    """The files beside it that the document links to (NetworkLink), without addresses of the network."""
    found = [unquote((link.text or "").strip()) for link in _root(data).iter("{*}href")]
    return [link for link in dict.fromkeys(found) if link and ":" not in link]


def is_link(data: bytes) -> bool:
    """Whether the document says only where outlines are to be fetched from."""
    root = _root(data)
    return next(root.iter("{*}NetworkLink"), None) is not None and not placemarks(data)


def _root(data: bytes) -> Any:
    if max(data.count(b"<"), data.count(b"=")) > MOST_MARKS:
        raise UnreadableBoundaries(
            "Tệp KML có quá nhiều phần tử: hãy chỉ xuất lớp ranh giới cần nạp, hoặc xuất GeoPackage."
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError) as error:
        raise UnreadableBoundaries("Tệp KML bị cắt cụt hoặc sai cú pháp XML.") from error
    docinfo: Any = root.getroottree().docinfo
    if docinfo.doctype:
        raise UnreadableBoundaries("Tệp KML có khai báo DOCTYPE, không được nhận.")
    if etree.QName(root).localname != "kml":
        raise UnreadableBoundaries("Tệp XML không phải KML.")
    return root


def _values(mark: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"name": (mark.findtext("{*}name") or "").strip()}
    for data in mark.iter("{*}Data"):
        values[data.get("name") or ""] = (data.findtext("{*}value") or "").strip()
    for data in mark.iter("{*}SimpleData"):
        values[data.get("name") or ""] = (data.text or "").strip()
    return values


def _shape(mark: Any) -> BaseGeometry | None:
    """The polygons of a Placemark as one shape; a point or line where it has only those; None if broken."""
    try:
        polygons = list(_polygons(mark))
        if polygons:
            return shapely.MultiPolygon(polygons)
        for kind, make in (("Point", shapely.MultiPoint), ("LineString", shapely.LineString)):
            found = next(mark.iter("{*}" + kind), None)
            if found is not None:
                return make(_coordinates(found))
    except (ValueError, shapely.errors.GEOSException):
        return None
    return None


def _polygons(mark: Any) -> Iterator[shapely.Polygon]:
    for polygon in mark.iter("{*}Polygon"):
        outer = polygon.find("{*}outerBoundaryIs")
        if outer is None:
            raise ValueError("a polygon without an outer ring")
        yield shapely.Polygon(
            _coordinates(outer), [_coordinates(hole) for hole in polygon.iter("{*}innerBoundaryIs")]
        )


def _coordinates(element: Any) -> list[tuple[float, float]]:
    """Pairs (longitude, latitude) in degrees; heights are left out."""
    text = "".join(found.text or "" for found in element.iter("{*}coordinates"))
    pairs = []
    for word in text.split():
        longitude, latitude = word.split(",")[:2]
        pairs.append((float(longitude), float(latitude)))
    return pairs
