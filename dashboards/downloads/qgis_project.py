"""A QGIS project of a commune: the layers of /ogc as they are served, in the colours and words of the page's map.

QGIS reads .qgs as XML (QGIS documentation, "QGIS File Formats"); the key is asked for when the project is opened, and
never stands in it.
"""

import zipfile
from collections.abc import Collection
from io import BytesIO
from xml.etree import ElementTree

from dashboards.downloads.qgis_style import categorised, renderer_of_states
from dashboards.downloads.village_sheet import shown_columns
from geo.compute_coverage import CoverageTable
from server.households import household_states

MEDIA_TYPE = "application/x-qgis-project"
_VERSION = "3.22.0"
_POLYGON, _POINT = "MultiPolygon", "Point"
_SIGNAL = (
    ("covered", "có 5G", "#2166ac"),
    ("not", "không có 5G", "#b35806"),
    ("old", "số đo đã cũ", "#c9c9c4"),
)
_WIFI = (
    ("1", "Wi-Fi dùng được", "#2166ac"),
    ("0", "không dùng được", "#b35806"),
    ("", "chưa kiểm tra", "#c9c9c4"),
)
_CRS84 = (
    ("authid", "OGC:CRS84"),
    ("description", "WGS 84 (CRS84)"),
    ("proj4", "+proj=longlat +datum=WGS84 +no_defs"),
    ("srid", "0"),
    ("geographicflag", "true"),
)


def write(table: CoverageTable, ogc: str, name: str, served: Collection[str]) -> bytes:
    """The project packed as .qgz: a layer of thôn for each surveyed target, squares of 5G, places, households to visit.

    `ogc` is the address of the layers, `served` those of them that its reader may open and that have shapes: QGIS
    stops at a layer that it cannot open. The first target is drawn, the others are there to be switched on.
    """
    root = ElementTree.Element("qgis", version=_VERSION, projectname=name)
    ElementTree.SubElement(root, "title").text = name
    _crs(ElementTree.SubElement(root, "projectCrs"))
    tree = ElementTree.SubElement(root, "layer-tree-group")
    layers = ElementTree.SubElement(root, "projectlayers")
    told_layers = [each for each in _layers(table) if each[2] in served]
    drawn = next((number for number, each in enumerate(told_layers) if each[2] == "thon"), -1)
    for number, (key, title, source, shape, renderer) in enumerate(told_layers):
        is_drawn = number == drawn or source == "dia-diem"
        ElementTree.SubElement(
            tree, "layer-tree-layer", id=key, name=title, providerKey="OAPIF",
            checked="Qt::Checked" if is_drawn else "Qt::Unchecked",
        )  # fmt: skip
        _layer(layers, key, title, _source(ogc, source), shape, renderer)
    told = '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">\n' + ElementTree.tostring(
        root, encoding="unicode"
    )
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ban-do.qgs", told)
    return packed.getvalue()


def _layers(table: CoverageTable) -> list[tuple[str, str, str, str, ElementTree.Element]]:
    """Key, title, layer of /ogc, kind of shape and renderer; what lies above comes first.

    QGIS gives a layer whose key has ten letters or fewer another one, and then does not find it in the tree.
    """
    states = [(state, household_states.word(state), household_states.COLOURS[state]) for state in (
        household_states.NOT_VISITED, household_states.AWAY, household_states.REVISIT
    )]  # fmt: skip
    targets = [column for column in shown_columns(table) if column.target]
    return [
        (
            "dia_diem_cong_cong",
            "Địa điểm công cộng, Wi-Fi",
            "dia-diem",
            _POINT,
            categorised("works", _WIFI, "marker"),
        ),
        *(
            (f"thon_theo_{each.code}", each.label, "thon", _POLYGON, renderer_of_states(f"{each.code}_state"))
            for each in targets
        ),
        ("luoi_phu_song", "Lưới sóng 5G", "luoi-phu-song", _POLYGON, categorised("state", _SIGNAL)),
        ("nhiem_vu_cua_to", "Hộ cần đến", "nhiem-vu", _POINT, categorised("state", states, "marker")),
    ]


def _layer(
    layers: ElementTree.Element, key: str, title: str, source: str, shape: str, renderer: ElementTree.Element
) -> None:
    layer = ElementTree.SubElement(
        layers, "maplayer", type="vector", geometry=shape, hasScaleBasedVisibilityFlag="0"
    )
    ElementTree.SubElement(layer, "id").text = key
    ElementTree.SubElement(layer, "datasource").text = source
    ElementTree.SubElement(layer, "layername").text = title
    _crs(ElementTree.SubElement(layer, "srs"))
    ElementTree.SubElement(layer, "provider", encoding="UTF-8").text = "OAPIF"
    layer.append(renderer)


def _source(ogc: str, layer: str) -> str:
    """As QGIS writes the source of a layer of OGC API Features."""
    return (
        f" pagingEnabled='default' restrictToRequestBBOX='1' srsname='OGC:CRS84' typename='{layer}' url='{ogc}' "
        "version='OGC_API_FEATURES'"
    )


def _crs(parent: ElementTree.Element) -> None:
    system = ElementTree.SubElement(parent, "spatialrefsys", nativeFormat="Wkt")
    for name, text in _CRS84:
        ElementTree.SubElement(system, name).text = text
