"""The features of a layer as GeoJSON (RFC 7946): which are asked for, a page of them, in the system asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geo import crs
from server.accounts import access
from server.api.ogc import item_query
from server.api.ogc.column_kinds import LayerColumn
from server.api.ogc.item_query import ItemQuery
from server.api.ogc.map_layer import Feature, LayerScope, MapLayer
from server.api.ogc.ogc_problems import OgcProblem
from server.errors import Problem
from server.places import communes

DEGREES, METRES = 7, 3
"""Decimals that coordinates are told with: a centimetre, a millimetre."""


@dataclass(frozen=True)
class ItemPage:
    """A page of features, and how many are asked for in all."""

    features: tuple[Feature, ...]
    matched: int


def scope(query: ItemQuery) -> LayerScope:
    """The communes that the asker may be shown something of."""
    return LayerScope(communes.valid_today(access.signed_in().commune_ids), query.day)


def page(layer: MapLayer, query: ItemQuery) -> ItemPage:
    """The features that are asked for, those of the page with all their columns; fewer than `limit` where the layer
    fills those of few communes at once.

    A filter by columns that are filled is refused where those of more communes would have to be (FILTER_TOO_WIDE).

    What has no place comes last: QGIS takes the first features for the kind of the layer, and a layer that begins
    without shapes for a table.
    """
    columns, asked_of = layer.columns(), scope(query)
    placed_first = sorted(layer.read(asked_of), key=lambda each: each.shape is None)
    found: Sequence[Feature] = _inside(placed_first, query.box)
    is_filled = layer.fill is None
    if layer.fill is not None and not query.asked_columns <= layer.cheap:
        found = [each for each in found if item_query.may_fit(query, columns, each.properties, layer.cheap)]
        _check_width(layer, query, found)
        found, is_filled = layer.fill(found, asked_of), True
    if query.equal or query.filter:
        found = [each for each in found if item_query.fits(query, columns, each.properties)]
    shown: Sequence[Feature] = found[query.offset : query.offset + query.limit]
    if layer.fill is not None and not is_filled:
        shown = layer.fill(_of_first_communes(shown, layer.communes_at_once), asked_of)
    return ItemPage(tuple(shown), len(found))


def _check_width(layer: MapLayer, query: ItemQuery, features: Sequence[Feature]) -> None:
    """Problem FILTER_TOO_WIDE where the features of more communes would have to be filled than on one page.

    They cannot be looked through page by page: QGIS takes a page on which nothing fits for the last one.
    """
    most = layer.communes_at_once
    if most is not None and len({each.commune.id for each in features}) > most:
        dear = ", ".join(sorted(query.asked_columns - layer.cheap)[:3])
        raise Problem(OgcProblem.FILTER_TOO_WIDE, name=dear, most=most)


def _of_first_communes(features: Sequence[Feature], most: int | None) -> Sequence[Feature]:
    """Those before the first feature of one commune too many."""
    if most is None:
        return features
    met: set[int] = set()
    for place, each in enumerate(features):
        met.add(each.commune.id)
        if len(met) > most:
            return features[:place]
    return features


def one(layer: MapLayer, query: ItemQuery, feature_id: str) -> Feature:
    """The feature with this id, of those that the asker is shown; Problem FEATURE_UNKNOWN."""
    asked_of = scope(query)
    found: Sequence[Feature] = [each for each in layer.read(asked_of) if each.id == feature_id]
    if found and layer.fill:
        found = layer.fill(found, asked_of)
    if not found:
        raise Problem(OgcProblem.FEATURE_UNKNOWN, name=feature_id[:60])
    return found[0]


def _inside(features: Sequence[Feature], box: item_query.Box | None) -> Sequence[Feature]:
    """Those that touch the box; what has no place lies in none."""
    if box is None:
        return features
    west, south, east, north = box
    # a box over the date line has its west east of its east
    boxes = [box] if west <= east else [(west, south, 180.0, north), (-180.0, south, east, north)]
    wanted = shapely.union_all([shapely.box(*each) for each in boxes])
    shapely.prepare(wanted)
    touch = shapely.intersects(wanted, [each.shape for each in features])
    return [each for each, is_inside in zip(features, touch, strict=True) if is_inside]


def to_json(feature: Feature, columns: Mapping[str, LayerColumn], epsg: int | None) -> dict[str, Any]:
    """One feature: every column is there, null where it is not known or not told."""
    return {
        "type": "Feature",
        "id": feature.id,
        "geometry": _geometry(feature.shape, epsg),
        "properties": {name: feature.properties.get(name) for name in columns},
    }


def _geometry(shape: BaseGeometry | None, epsg: int | None) -> dict[str, Any] | None:
    if shape is None or shape.is_empty:
        return None
    if isinstance(shape, shapely.Point) and epsg is None:
        return {"type": "Point", "coordinates": (round(shape.x, DEGREES), round(shape.y, DEGREES))}
    turned = shapely.orient_polygons(shape, exterior_cw=False)  # RFC 7946, 3.1.6
    if isinstance(turned, shapely.Polygon):  # one kind of shape in a layer
        turned = shapely.MultiPolygon([turned])
    decimals = DEGREES
    if epsg is not None:
        turned = crs.in_order_of(turned, epsg)
        decimals = DEGREES if epsg in crs.DEGREES else METRES
    found: dict[str, Any] = shapely.geometry.mapping(
        shapely.transform(turned, lambda points: points.round(decimals))
    )
    return found
