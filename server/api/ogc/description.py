"""What /ogc says of itself: landing, classes it holds to, layers, and all of it as OpenAPI 3.0."""

from collections.abc import Iterable, Mapping
from typing import Any

from server.api.ogc.column_kinds import LayerColumn
from server.api.ogc.item_query import CRS84, DEFAULT, MOST, SYSTEMS
from server.api.ogc.map_layer import MapLayer

JSON = "application/json"
GEOJSON = "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
"""QGIS looks for this very text."""
SCHEMA = "application/schema+json"
TITLE = "Từng Nhà"
DESCRIPTION = "Bản đồ thôn, sóng 5G và địa điểm của các xã, phường, cho QGIS và phần mềm bản đồ khác."
HAI_PHONG = (105.95, 20.45, 107.2, 21.25)
"""West, south, east, north of all that can lie in the layers: the city, with its islands but for Bạch Long Vĩ."""

_FEATURES = "http://www.opengis.net/spec/ogcapi-features-{part}/1.0/conf/{name}"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/{name}"
CONFORMS_TO = (
    *(_FEATURES.format(part=1, name=name) for name in ("core", "geojson", "oas30")),
    _FEATURES.format(part=2, name="crs"),
    *(
        _FEATURES.format(part=3, name=name)
        for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")
    ),
    *(
        _CQL2.format(name=name)
        for name in (
            "cql2-text",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
        )
    ),
)
"""The classes of the standards that hold (Part 1: 17-069r4, 2: 18-058r1, 3: 19-079r2, CQL2: 21-065r2)."""


def link(href: str, rel: str, kind: str, title: str = "") -> dict[str, str]:
    """A link of an answer."""
    return {"href": href, "rel": rel, "type": kind} | ({"title": title} if title else {})


def landing(root: str) -> dict[str, Any]:
    """Where everything is; `root` is the address of /ogc without a slash at its end."""
    return {
        "title": TITLE,
        "description": DESCRIPTION,
        "links": [
            link(f"{root}/", "self", JSON, "Trang này"),
            link(f"{root}/api", "service-desc", OPENAPI, "Mô tả OpenAPI"),
            link(f"{root.removesuffix('/ogc')}/api/docs", "service-doc", "text/html", "Mô tả cho người đọc"),
            link(f"{root}/conformance", "conformance", JSON, "Các lớp tiêu chuẩn"),
            link(f"{root}/collections", "data", JSON, "Các lớp bản đồ"),
        ],
    }


def collections(root: str, layers: Iterable[MapLayer]) -> dict[str, Any]:
    return {
        "links": [link(f"{root}/collections", "self", JSON)],
        "crs": list(SYSTEMS),
        "collections": [collection(root, layer) for layer in layers],
    }


def collection(root: str, layer: MapLayer) -> dict[str, Any]:
    """A layer: where it lies, in which systems it can be had, and where its features are."""
    here = f"{root}/collections/{layer.name}"
    return {
        "id": layer.name,
        "title": layer.title,
        "description": layer.description,
        "itemType": "feature",
        "extent": {
            "spatial": {"bbox": [list(HAI_PHONG)], "crs": CRS84},
            "temporal": {
                "interval": [["2025-07-01T00:00:00Z", None]],
                "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
            },
        },
        "crs": list(SYSTEMS),
        "storageCrs": CRS84,
        "links": [
            link(here, "self", JSON),
            link(f"{here}/items", "items", GEOJSON, layer.title),
            link(
                f"{here}/queryables",
                "http://www.opengis.net/def/rel/ogc/1.0/queryables",
                SCHEMA,
                "Các cột để lọc",
            ),
            link(f"{here}/schema", "describedby", SCHEMA, "Các cột và kiểu của chúng"),
        ],
    }


def schema(root: str, layer: MapLayer, columns: Mapping[str, LayerColumn]) -> dict[str, Any]:
    """The features of a layer as a JSON schema: by it GDAL knows the kind of a column whose first values are null."""
    told = queryables(root, layer, columns)
    shape = f"https://geojson.org/schema/{layer.shape}.json"
    return told | {
        "$id": f"{root}/collections/{layer.name}/schema",
        "properties": {
            "type": {"const": "Feature"},
            "id": {"type": "string"},
            "geometry": {"oneOf": [{"type": "null"}, {"$ref": shape}]},
            "properties": {"type": "object", "properties": told["properties"]},
        },
    }


def queryables(root: str, layer: MapLayer, columns: Mapping[str, LayerColumn]) -> dict[str, Any]:
    """What may be filtered by, as a JSON schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{root}/collections/{layer.name}/queryables",
        "type": "object",
        "title": layer.title,
        "description": layer.description,
        "properties": {
            name: {"title": column.title, **column.kind.schema} for name, column in columns.items()
        },
        "additionalProperties": False,
    }


def openapi(root: str, layers: Iterable[MapLayer]) -> dict[str, Any]:
    """The description that programs read; QGIS and GDAL take the size of a page from the parameter `limit`."""
    paths = {
        "/": _get("Trang đầu", "landing", JSON),
        "/conformance": _get("Các lớp tiêu chuẩn mà máy chủ theo", "conformance", JSON),
        "/collections": _get("Các lớp bản đồ", "collections", JSON),
    }
    for layer in layers:
        paths |= _paths(layer)
    return {
        "openapi": "3.0.3",
        "info": {"title": f"{TITLE}: OGC API Features", "version": "1.0.0", "description": DESCRIPTION},
        "servers": [{"url": root}],
        "paths": paths,
        "components": {"parameters": _PARAMETERS, "securitySchemes": _SECURITY, "schemas": _SCHEMAS},
        "security": [{"basic": []}, {"token": []}, {"session": []}],
    }


def _paths(layer: MapLayer) -> dict[str, Any]:
    here = f"/collections/{layer.name}"
    common = [{"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS if name != "featureId"]
    own = [_parameter(column) for column in layer.columns().values()]
    one = [{"$ref": f"#/components/parameters/{name}"} for name in ("featureId", "crs")]
    return {
        here: _get(layer.title, f"{layer.name}.describe", JSON),
        f"{here}/queryables": _get("Các cột để lọc", f"{layer.name}.queryables", SCHEMA),
        f"{here}/schema": _get("Các cột và kiểu của chúng", f"{layer.name}.schema", SCHEMA),
        f"{here}/items": _get(layer.description, f"{layer.name}.items", GEOJSON, [*common, *own]),
        f"{here}/items/{{featureId}}": _get(layer.title, f"{layer.name}.item", GEOJSON, one),
    }


def _get(
    summary: str, operation: str, kind: str, parameters: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    refused = {
        "description": "Không được",
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/exception"}}},
    }
    return {
        "get": {
            "summary": summary,
            "operationId": operation,
            "parameters": list(parameters),
            "responses": {
                "200": {"description": summary, "content": {kind: {"schema": {"type": "object"}}}},
                "default": refused,
            },
        }
    }


def _parameter(column: LayerColumn) -> dict[str, Any]:
    return {
        "name": column.name,
        "in": "query",
        "description": column.title,
        "required": False,
        "schema": dict(column.kind.schema),
        "style": "form",
        "explode": False,
    }


def _of_query(name: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": False,
        "schema": dict(schema),
        "style": "form",
        "explode": False,
    }


_NUMBERS = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
_PARAMETERS: dict[str, Any] = {
    "limit": _of_query(
        "limit",
        "Số đối tượng một trang",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT},
    ),
    "offset": _of_query(
        "offset", "Bỏ qua bấy nhiêu đối tượng", {"type": "integer", "minimum": 0, "default": 0}
    ),
    "bbox": _of_query("bbox", "Tây, nam, đông, bắc", _NUMBERS),
    "bbox-crs": _of_query("bbox-crs", "Hệ tọa độ của bbox", {"type": "string", "enum": list(SYSTEMS)}),
    "crs": _of_query("crs", "Hệ tọa độ của kết quả", {"type": "string", "enum": list(SYSTEMS)}),
    "datetime": _of_query("datetime", "Ngày của số liệu, hoặc khoảng ngày", {"type": "string"}),
    "filter": _of_query("filter", "Bộ lọc CQL2 theo các cột", {"type": "string"}),
    "filter-lang": _of_query("filter-lang", "Ngôn ngữ của bộ lọc", {"type": "string", "enum": ["cql2-text"]}),
    "featureId": {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}},
}
_SECURITY = {
    "basic": {"type": "http", "scheme": "basic", "description": "Tên bất kỳ; mật khẩu là khóa truy cập"},
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token ` và khóa truy cập",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "session"},
}
_SCHEMAS = {
    "exception": {
        "type": "object",
        "required": ["code"],
        "properties": {"code": {"type": "string"}, "description": {"type": "string"}},
    }
}
