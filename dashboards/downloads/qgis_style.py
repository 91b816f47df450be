"""The style that QGIS shows a layer of thôn with: the states of the first target, in the colours of the page's map.

QGIS reads it from the table `layer_styles` of a GeoPackage, where it keeps styles itself; a layer opens with the one
that is its default (QGIS documentation, "Saving and Sharing Layer Properties").
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

from dashboards.downloads.village_sheet import shown_columns
from dashboards.maps.map_colours import COLOURS
from geo.compute_coverage import CoverageTable
from geo.target_states import TargetState

LAYER, GEOMETRY = "thon", "geom"
_TABLE = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
)"""
_KNOWN = """
INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('layer_styles', 'attributes', 'layer_styles')"""
_STYLE = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML,
  styleSLD, useAsDefault, description, owner) VALUES ('', '', ?, ?, ?, ?, '', ?, ?, '')"""


def add(path: Path, table: CoverageTable) -> None:
    """A style for each surveyed target of the table, the first the layer's default; nothing where there is none."""
    columns = [column for column in shown_columns(table) if column.target]
    if not columns:
        return
    with closing(sqlite3.connect(path)) as link, link:
        link.execute(_TABLE)
        link.execute(_KNOWN)
        for place, column in enumerate(columns):
            qml = _qml(f"{column.code}_state")
            link.execute(_STYLE, (LAYER, GEOMETRY, column.code[:30], qml, place == 0, column.label))


def _qml(field: str) -> str:
    root = ElementTree.Element("qgis", version="3.22.0", styleCategories="Symbology")
    root.append(renderer_of_states(field))
    return '<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">' + ElementTree.tostring(
        root, encoding="unicode"
    )


def renderer_of_states(field: str) -> ElementTree.Element:
    """A renderer of categories by a state, each with its word; what has no state last, hatched with nothing."""
    named = [(state.value, state.words, COLOURS[f"k-{state.value}"]) for state in TargetState]
    return categorised(field, [*named, ("", "không nêu", COLOURS["k-withheld"])])


def categorised(field: str, named: Sequence[tuple[str, str, str]], kind: str = "fill") -> ElementTree.Element:
    """A renderer of categories by a field: of each its value, its word and its colour; `fill` or `marker`."""
    renderer = ElementTree.Element("renderer-v2", type="categorizedSymbol", attr=field, enableorderby="0")
    categories = ElementTree.SubElement(renderer, "categories")
    symbols = ElementTree.SubElement(renderer, "symbols")
    for number, (value, label, colour) in enumerate(named):
        ElementTree.SubElement(
            categories, "category", value=value, label=label, symbol=str(number), render="true", type="string"
        )
        symbol = ElementTree.SubElement(symbols, "symbol", type=kind, name=str(number), alpha="1")
        drawn = {"fill": "SimpleFill", "marker": "SimpleMarker"}[kind]
        layer = ElementTree.SubElement(symbol, "layer", {"class": drawn, "enabled": "1", "pass": "0"})
        options = ElementTree.SubElement(layer, "Option", type="Map")
        for name, text in (
            ("color", _rgb(colour)),
            ("outline_color", "59,59,59,255"),
            ("outline_width", "0.26"),
            ("outline_width_unit", "MM"),
            ("style", "solid"),
        ):
            ElementTree.SubElement(options, "Option", name=name, value=text, type="QString")
    return renderer


def _rgb(colour: str) -> str:
    """`#2166ac` as QGIS writes it: `33,102,172,255`."""
    return ",".join(str(int(colour[n : n + 2], 16)) for n in (1, 3, 5)) + ",255"
