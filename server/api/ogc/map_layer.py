"""What a layer is: its features as this reader is shown them, its columns, and who may open it."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from server.accounts import access, person_keys
from server.accounts.callers import Caller
from server.api.ogc.column_kinds import LayerColumn
from server.coverage import coverage_table
from server.models import Commune

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature: `shape` is EPSG:4326, longitude first, None where none is known; properties by column."""

    id: str
    commune: Commune
    shape: BaseGeometry | None
    properties: Mapping[str, Any]

    def with_more(self, properties: Mapping[str, Any]) -> "Feature":
        return replace(self, properties={**self.properties, **properties})


@dataclass(frozen=True)
class LayerScope:
    """Of which communes the reader may be shown something, and as of which day (None: today)."""

    communes: Sequence[Commune]
    day: dt.date | None = None


Read = Callable[[LayerScope], Sequence[Feature]]
Fill = Callable[[Sequence[Feature], LayerScope], Sequence[Feature]]


@dataclass(frozen=True)
class MapLayer:
    """A collection of OGC API Features.

    `read` gives all features of a scope in a fixed order, with what is had at no cost; `fill` adds the other columns
    to those that are shown or asked about. Whatever the reader may not be told is in neither.
    """

    name: str
    title: str
    description: str
    columns: Callable[[], Mapping[str, LayerColumn]]
    read: Read
    declared: Callable[[View], View]
    """The declaration of its views (server/accounts/access.py)."""
    is_open_to: Callable[[Caller], bool]
    """Whether the list of layers names it to somebody: as `declared` decides."""
    shape: str = "Point"
    """`Point` or `MultiPolygon`."""
    cheap: frozenset[str] = field(default_factory=frozenset)
    """The columns that `read` gives where there is a `fill`."""
    fill: Fill | None = None
    communes_at_once: int | None = None
    """Of how many communes `fill` adds the columns on one page, where each costs as much as its own page does."""
    has_days: bool = False
    """Whether `datetime` chooses the day as of which everything is told."""


def day_of(commune: Commune, scope: LayerScope) -> dt.date:
    """As of which day a reader is told of a commune: any day for one who sees records, else that of a feed (R8)."""
    if access.sees_records(commune):
        return coverage_table.day_shown(scope.day, full=True)
    return coverage_table.day_of_feed(scope.day)


def reads_sums(caller: Caller) -> bool:
    """Whether somebody may open layers of sums, as `client_access.sums` decides."""
    return caller.is_person or not caller.reads.isdisjoint(("coverage", person_keys.SUBMISSIONS))


def point(place: tuple[float, float] | None) -> BaseGeometry | None:
    """The shape of a place given as (latitude, longitude)."""
    return shapely.Point(place[1], place[0]) if place else None


def points(places: Sequence[tuple[float, float] | None]) -> list[BaseGeometry | None]:
    """The shapes of many such places, made at once."""
    known = [(at, place) for at, place in enumerate(places) if place is not None]
    found: list[BaseGeometry | None] = [None] * len(places)
    made = shapely.points([place[1] for _, place in known], [place[0] for _, place in known])
    for (at, _), shape in zip(known, made, strict=True):
        found[at] = shape
    return found


def named(*columns: LayerColumn) -> Mapping[str, LayerColumn]:
    """Columns by their names, in this order."""
    return {column.name: column for column in columns}
