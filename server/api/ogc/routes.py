"""The addresses under /ogc: landing, description, layers, and each layer's features (OGC API Features)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, request

from server import clock
from server.accounts import access, client_access
from server.api.ogc import description, item_query, items
from server.api.ogc.description import GEOJSON, JSON, OPENAPI, SCHEMA, link
from server.api.ogc.item_query import CRS84, SYSTEMS, ItemQuery
from server.api.ogc.items import ItemPage
from server.api.ogc.layers import LAYERS
from server.api.ogc.map_layer import MapLayer
from server.api.ogc.ogc_problems import OgcProblem
from server.errors import Problem

blueprint = Blueprint("ogc", __name__, url_prefix="/ogc")


def answer(told: Mapping[str, Any], kind: str = JSON, **headers: str) -> Response:
    """JSON of a media type of its own."""
    response = Response(orjson.dumps(told), content_type=kind)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def say(problem: Problem) -> Response:
    """A problem as OGC API words it: a code, and a sentence to show."""
    response = answer({"code": problem.kind.code, "description": problem.sentence})
    response.status_code = problem.status
    return response


def root() -> str:
    """The address of /ogc as the asker reached it."""
    return f"{request.host_url.rstrip('/')}/ogc"


def shown() -> list[MapLayer]:
    """The layers that are named to the asker: all to a stranger, who opens none of them."""
    caller = client_access.known()
    return [layer for layer in LAYERS.values() if caller is None or layer.is_open_to(caller)]


@blueprint.get("/")
@access.public
def landing() -> Response:
    """Where everything is."""
    return answer(description.landing(root()))


@blueprint.get("/api")
@access.public
def api() -> Response:
    """All of it as OpenAPI."""
    return answer(description.openapi(root(), shown()), OPENAPI)


@blueprint.get("/conformance")
@access.public
def conformance() -> Response:
    """The classes of the standard that hold."""
    return answer({"conformsTo": list(description.CONFORMS_TO)})


@blueprint.get("/collections")
@access.public
def collections() -> Response:
    """The layers that the asker may open."""
    return answer(description.collections(root(), shown()))


@blueprint.get("/collections/<name>")
@access.public
def collection(name: str) -> Response:
    """One layer."""
    return answer(description.collection(root(), _layer(name)))


@blueprint.get("/collections/<name>/queryables")
@access.public
def queryables(name: str) -> Response:
    """What one layer may be filtered by."""
    layer = _layer(name)
    return answer(description.queryables(root(), layer, layer.columns()), SCHEMA)


@blueprint.get("/collections/<name>/schema")
@access.public
def schema(name: str) -> Response:
    """Which columns one layer has, and of which kind."""
    layer = _layer(name)
    return answer(description.schema(root(), layer, layer.columns()), SCHEMA)


def _layer(name: str) -> MapLayer:
    if name not in LAYERS:
        raise Problem(OgcProblem.LAYER_UNKNOWN, name=name[:60])
    return LAYERS[name]


def add(layer: MapLayer) -> None:
    """The two addresses of a layer's features, with the layer's own declaration."""

    def features() -> Response:
        return _features(layer)

    def feature(feature_id: str) -> Response:
        return _feature(layer, feature_id)

    here = f"/collections/{layer.name}/items"
    blueprint.add_url_rule(here, f"{layer.name}_items", layer.declared(features))
    blueprint.add_url_rule(f"{here}/<feature_id>", f"{layer.name}_item", layer.declared(feature))


def _features(layer: MapLayer) -> Response:
    """A page of a layer's features, with links to the next and the one before."""
    query = item_query.read(layer, request.args)
    page, columns = items.page(layer, query), layer.columns()
    here = f"{root()}/collections/{layer.name}"
    links = [
        link(request.url, "self", GEOJSON),
        link(here, "collection", JSON, layer.title),
        *_turns(f"{here}/items", query, page, is_cut=layer.communes_at_once is not None),
    ]
    told = {
        "type": "FeatureCollection",
        "numberMatched": page.matched,
        "numberReturned": len(page.features),
        "timeStamp": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "links": links,
        "features": [items.to_json(feature, columns, query.epsg) for feature in page.features],
    }
    return answer(told, GEOJSON, Content_Crs=_content_crs(query))


def _turns(here: str, query: ItemQuery, page: ItemPage, *, is_cut: bool) -> list[dict[str, str]]:
    """The page after this one and the one before, where there are such; none before where pages end early."""
    found = []
    after = query.offset + len(page.features)
    if page.features and after < page.matched:
        found.append(("next", after))
    if query.offset > 0 and not is_cut:
        found.append(("prev", max(0, query.offset - query.limit)))
    kept = [(name, value) for name, value in request.args.items() if name not in ("offset", "limit")]
    return [
        link(f"{here}?{urlencode([*kept, ('limit', query.limit), ('offset', offset)])}", rel, GEOJSON)
        for rel, offset in found
    ]


def _feature(layer: MapLayer, feature_id: str) -> Response:
    """One feature by its id."""
    query = item_query.read_one(request.args)
    found = items.one(layer, query, feature_id)
    here = f"{root()}/collections/{layer.name}"
    told = items.to_json(found, layer.columns(), query.epsg)
    links = [link(request.url, "self", GEOJSON), link(here, "collection", JSON, layer.title)]
    return answer(told | {"links": links}, GEOJSON, Content_Crs=_content_crs(query))


def _content_crs(query: ItemQuery) -> str:
    named = next((name for name, epsg in SYSTEMS.items() if epsg == query.epsg), CRS84)
    return f"<{named}>"


for _each in LAYERS.values():
    add(_each)
