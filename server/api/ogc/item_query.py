"""What an address asks of a layer: a page, a box, a day, values of columns, a CQL2 filter, a coordinate system."""

import datetime as dt
import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from geo import crs
from server import clock
from server.api.ogc import cql2
from server.api.ogc.column_kinds import LayerColumn, read_day
from server.api.ogc.cql2 import Filter, FilterUnreadable
from server.api.ogc.map_layer import MapLayer
from server.api.ogc.ogc_problems import OgcProblem
from server.errors import Problem

DEFAULT, MOST = 1_000, 10_000
"""Features on a page: without `limit`, and at most. QGIS asks for as many as the description allows."""
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
SYSTEMS: Mapping[str, int | None] = {CRS84: None} | {
    f"http://www.opengis.net/def/crs/EPSG/0/{epsg}": epsg for epsg in crs.SYSTEMS
}
"""The systems that answers can be in, each an EPSG code; None: longitude first, as GeoJSON is by itself."""
COMMON = (
    "limit",
    "offset",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "f",
)

FORMS = frozenset(("", "json", "geojson", "application/json", "application/geo+json"))
"""What `f` may ask for: all of it is GeoJSON."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class ItemQuery:
    """What is asked of a layer; `box` is west, south, east, north in degrees."""

    limit: int = DEFAULT
    offset: int = 0
    box: Box | None = None
    day: dt.date | None = None
    epsg: int | None = None
    equal: tuple[tuple[str, Any], ...] = ()
    filter: Filter | None = None

    @property
    def asked_columns(self) -> frozenset[str]:
        """The columns whose values decide which features are found."""
        named = frozenset(name for name, _ in self.equal)
        return named | (self.filter.columns if self.filter else frozenset())


def read(layer: MapLayer, given: MultiDict[str, str]) -> ItemQuery:
    """Understand the query of an address; Problem for what is not understood, unknown parameters among it."""
    columns = layer.columns()
    unknown = next((name for name in given if name not in COMMON and name not in columns), None)
    if unknown is not None:
        raise Problem(OgcProblem.PARAMETER_UNKNOWN, name=unknown[:60])
    _check_form(given)
    return ItemQuery(
        limit=min(_whole(given, "limit", DEFAULT, least=1), MOST),
        offset=_whole(given, "offset", 0, least=0),
        box=_box(given.get("bbox", ""), system(given, "bbox-crs")),
        day=_day(given.get("datetime", "")),
        epsg=system(given, "crs"),
        equal=tuple((name, columns[name].read(text)) for name, text in given.items() if name in columns),
        filter=_filter(given, columns),
    )


def read_one(given: Mapping[str, str]) -> ItemQuery:
    """Understand the query of one feature's address, which names a system at most."""
    unknown = next((name for name in given if name not in ("crs", "f")), None)
    if unknown is not None:
        raise Problem(OgcProblem.PARAMETER_UNKNOWN, name=unknown[:60])
    _check_form(given)
    return ItemQuery(epsg=system(given))


def _check_form(given: Mapping[str, str]) -> None:
    """Problem VALUE_UNREADABLE where another form than GeoJSON is asked for."""
    if given.get("f", "json") not in FORMS:
        raise Problem(OgcProblem.VALUE_UNREADABLE, name="f", value=given["f"][:40], what="json")


def system(given: Mapping[str, str], name: str = "crs") -> int | None:
    """The system that a parameter names; None for longitude and latitude. Problem CRS_UNKNOWN."""
    named = given.get(name, CRS84)
    if named not in SYSTEMS:
        raise Problem(OgcProblem.CRS_UNKNOWN, name=named[:80])
    return SYSTEMS[named]


def _whole(given: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = given.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) >= least):
        raise Problem(OgcProblem.VALUE_UNREADABLE, name=name, value=text[:40], what=f"số nguyên từ {least}")
    return int(text)


def _box(text: str, epsg: int | None) -> Box | None:
    """Four numbers, or six with heights, which are passed over."""
    if not text:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise Problem(OgcProblem.BOX_UNREADABLE) from error
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)) or numbers[1] > numbers[3]:
        raise Problem(OgcProblem.BOX_UNREADABLE)
    west, south, east, north = numbers
    box = (west, south, east, north) if epsg is None else crs.box_to_degrees((west, south, east, north), epsg)
    if not all(map(math.isfinite, box)):
        raise Problem(OgcProblem.BOX_UNREADABLE)
    return box


def _day(text: str) -> dt.date | None:
    """The day as of which is asked: that of an instant, or the last of an interval; None for an open end."""
    if not text:
        return None
    begin, _, end = text.partition("/")
    if "/" in text:
        first, last = _moment(begin), _moment(end)
        if first and last and first > last:
            raise Problem(OgcProblem.TIME_UNREADABLE, value=text[:60])
        return last
    found = _moment(text)
    if found is None:
        raise Problem(OgcProblem.TIME_UNREADABLE, value=text[:60])
    return found


def _moment(text: str) -> dt.date | None:
    if text in ("", ".."):
        return None
    try:
        if "T" not in text.upper():
            return read_day(text)
        moment = dt.datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(clock.LOCAL).date()
    except (ValueError, OverflowError) as error:
        raise Problem(OgcProblem.TIME_UNREADABLE, value=text[:60]) from error


def _filter(given: Mapping[str, str], columns: Mapping[str, LayerColumn]) -> Filter | None:
    language = given.get("filter-lang", "cql2-text")
    if language != "cql2-text":
        raise Problem(OgcProblem.FILTER_UNREADABLE, why="Bộ lọc ở đây viết bằng cql2-text.")
    system(given, "filter-crs")
    if "filter" not in given:
        return None
    try:
        return cql2.read(given["filter"], columns)
    except FilterUnreadable as error:
        raise Problem(OgcProblem.FILTER_UNREADABLE, why=str(error)) from error


def may_fit(
    query: ItemQuery, columns: Mapping[str, LayerColumn], properties: Mapping[str, Any], known: Set[str]
) -> bool:
    """Whether a feature may be asked for, as far as what is asked about these `known` columns tells."""
    equal = tuple(pair for pair in query.equal if pair[0] in known)
    is_open = query.filter is None or query.filter.may_hold(properties, known)
    return is_open and fits(replace(query, equal=equal, filter=None), columns, properties)


def fits(query: ItemQuery, columns: Mapping[str, LayerColumn], properties: Mapping[str, Any]) -> bool:
    """Whether a feature with these properties is asked for; where and when is not looked at."""
    for name, value in query.equal:
        found = columns[name].comparable(properties.get(name))
        if found is None or found != value:
            return False
    return query.filter is None or query.filter.test(properties) is True
