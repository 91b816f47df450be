"""The lists that come with a form (secondary instances), from XML, CSV and GeoJSON, as phones keep them."""

import codecs
import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from lxml import etree

from forms.engine.java_values import write_double
from forms.engine.unfillable import Unfillable

_COLUMN = re.compile(r"[^\W\d][\w.-]*")
_BLANKS = "".join(map(chr, range(33)))
"""What JavaRosa takes away around the texts of an XML list (`String.trim`)."""
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
)


class ListCell:
    """One text of a list, or a branch of an XML list that is deeper than a table."""

    __slots__ = ("children", "index", "name", "parent", "value")
    chain: tuple[()] = ()
    live = True

    def __init__(self, name: str, value: str, parent: Any, index: int = 0) -> None:
        self.name, self.value, self.parent, self.index = name, value, parent, index
        self.children: list[Any] = []

    def named(self, name: str) -> list[Any]:
        return [each for each in self.children if name in {"*", each.name}]

    @property
    def filled(self) -> bool:
        return bool(self.children) or self.value != ""


class ListItem:
    """One item of a list, its cells made when they are asked for."""

    __slots__ = ("cells", "index", "name", "parent")
    chain: tuple[()] = ()
    live = True
    value = ""
    filled = True

    def __init__(self, cells: Mapping[str, str], parent: Any, index: int) -> None:
        self.cells, self.parent, self.index, self.name = cells, parent, index, "item"

    def named(self, name: str) -> list[ListCell]:
        if name == "*":
            return [ListCell(column, text, self) for column, text in self.cells.items()]
        text = self.cells.get(name)
        return [] if text is None else [ListCell(name, text, self)]


class Table:
    """A list as a table: `root` and its items."""

    chain: tuple[()] = ()
    live, value, filled, name, parent, index = True, "", True, "root", None, 0

    def __init__(self, rows: list[Mapping[str, str]]) -> None:
        self.rows = [ListItem(cells, self, at) for at, cells in enumerate(rows)]
        self._by_text: dict[str, dict[str, list[ListItem]]] = {}

    def named(self, name: str) -> list[ListItem]:
        return self.rows if name in {"item", "*"} else []

    def first(self, name: str) -> ListItem | None:
        return next(iter(self.named(name)), None)

    def rows_with(self, name: str, column: str, text: str) -> list[ListItem]:
        """The items with that text in that column; one without the column counts as having ""."""
        if name != "item":
            return []
        if column not in self._by_text:
            found: dict[str, list[ListItem]] = {}
            for row in self.rows:
                found.setdefault(row.cells.get(column, ""), []).append(row)
            self._by_text[column] = found
        return self._by_text[column].get(text, [])


class Branches(Table):
    """An XML list that is no table of items."""

    def __init__(self, root: Any) -> None:
        super().__init__([])
        self.top = _branch(root, self, 0)

    def named(self, name: str) -> list[Any]:
        return self.top.named(name)

    @cached_property
    def _columns(self) -> dict[tuple[str, str], dict[str, list[Any]]]:
        return {}

    def rows_with(self, name: str, column: str, text: str) -> list[Any]:
        if (name, column) not in self._columns:
            found: dict[str, list[Any]] = {}
            for each in self.named(name):
                cells = each.named(column)
                found.setdefault(cells[0].value if cells else "", []).append(each)
            self._columns[name, column] = found
        return self._columns[name, column].get(text, [])


def _branch(element: Any, parent: Any, index: int) -> ListCell:
    cell = ListCell(etree.QName(element).localname, "" if len(element) else _text(element), parent, index)
    seen: dict[str, int] = {}
    for child in element:
        name = etree.QName(child).localname
        cell.children.append(_branch(child, cell, seen.get(name, 0)))
        seen[name] = seen.get(name, 0) + 1
    for key, value in element.attrib.items():
        cell.children.append(ListCell("@" + etree.QName(key).localname, value, cell))
    return cell


def of_element(root: Any) -> Table:
    """The list in an XML element "root"."""
    items = [child for child in root if etree.QName(child).localname == "item"]
    simple = len(items) == len(root) and not any(len(cell) for item in items for cell in item)
    if not simple or any(item.attrib for item in items):
        return Branches(root)
    rows: list[Mapping[str, str]] = [
        {etree.QName(cell).localname: _text(cell) for cell in reversed(item)} for item in items
    ]
    return Table(rows)


def _text(element: Any) -> str:
    return (element.text or "").strip(_BLANKS)


def parsed(xml: bytes) -> Any:
    """The root of an XML document; Unfillable for anything else, or one with a DOCTYPE."""
    try:
        root: Any = etree.fromstring(xml, _PARSER)
    except (etree.XMLSyntaxError, ValueError) as wrong:
        raise Unfillable(f"không phải XML: {wrong}") from wrong
    if root.getroottree().docinfo.doctype:
        raise Unfillable("biểu mẫu có DOCTYPE")
    return root


def of_file(source: str, media: Mapping[str, bytes], uuid: Callable[[], str]) -> Table:
    """The list that a form names as `src`; Unfillable where the file is missing (C27) or cannot be read."""
    name = PurePosixPath(source).name
    if source.startswith("jr://instance/"):
        return Table([])
    if name not in media:
        raise Unfillable(f"thiếu tệp {name} mà biểu mẫu dùng (C27)")
    if name.endswith(".csv"):
        return _of_csv(media[name], uuid)
    if name.endswith(".geojson"):
        return Table(geojson_rows(media[name]))
    return of_element(parsed(media[name]))


def _of_csv(content: bytes, uuid: Callable[[], str]) -> Table:
    """The list as phones keep it: an entity list (E4) gets a trunk version and a branch a row (E8).

    As JavaRosa reads it: semicolons part the cells where the first line has one, and empty lines are none.
    """
    text, mark = _text_of_csv(content)
    header = csv_columns(content)
    try:
        lines = [
            line for line in csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True) if line
        ]
    except csv.Error as wrong:
        raise Unfillable(f"không đọc được tệp CSV: {wrong}") from wrong
    rows: list[Mapping[str, str]] = []
    entities = "__version" in header and "__trunkVersion" not in header
    for line in lines[1:]:
        cells = {
            column: cell
            for column, cell in itertools.zip_longest(header, line[: len(header)], fillvalue="")
            if _COLUMN.fullmatch(column)
        }
        if entities:
            cells |= {"__trunkVersion": cells["__version"], "__branchId": uuid()}
        rows.append(cells)
    return Table(rows)


def check(name: str, content: bytes) -> None:
    """Unfillable for a file with which no phone opens the form that names it; other kinds than lists pass."""
    kind = PurePosixPath(name.lower()).suffix
    if kind == ".csv":
        csv_columns(content)
    elif kind == ".geojson":
        geojson_rows(content)
    elif kind == ".xml" and content.startswith(codecs.BOM_UTF8):
        raise Unfillable(
            "tệp XML bắt đầu bằng dấu BOM, điện thoại không mở được biểu mẫu: hãy lưu lại là UTF-8 không BOM"
        )


def csv_columns(content: bytes) -> list[str]:
    """The columns of a CSV list; Unfillable for one with which no phone opens the form: empty, or a column twice."""
    text, mark = _text_of_csv(content)
    try:
        header = next(
            (line for line in csv.reader(io.StringIO(text, newline=""), delimiter=mark) if line), None
        )
    except csv.Error as wrong:
        raise Unfillable(f"không đọc được tệp CSV: {wrong}") from wrong
    if header is None:
        raise Unfillable("tệp CSV trống: điện thoại không mở được biểu mẫu")
    twice = next((column for column in header if header.count(column) > 1), None)
    if twice is not None:
        named = f"hai cột “{twice[:40]}”" if twice else "hai cột không có tên"
        raise Unfillable(f"tệp CSV có {named}: điện thoại không mở được biểu mẫu")
    return header


def _text_of_csv(content: bytes) -> tuple[str, str]:
    """The text of a CSV list, and the sign that parts its cells."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfillable(
            "tệp CSV phải theo UTF-8 (Excel: Lưu thành, CSV UTF-8), nếu không chữ hỏng"
        ) from None
    return text, ";" if ";" in text.partition("\n")[0] else ","


def geojson_rows(content: bytes) -> list[Mapping[str, str]]:
    """The features of a GeoJSON list as items: geometry as ODK writes places, the properties, the id."""
    try:
        document = json.loads(content)
        if document["type"] != "FeatureCollection":
            raise ValueError(document["type"])
        return [_feature(feature) for feature in document["features"]]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as wrong:
        raise Unfillable(f"không đọc được danh sách GeoJSON: {wrong}") from wrong


def _feature(feature: Mapping[str, Any]) -> Mapping[str, str]:
    geometry = feature["geometry"]
    kind, places = geometry["type"], geometry["coordinates"]
    if kind not in {"Point", "LineString", "Polygon"}:
        raise ValueError(kind)
    points = [places] if kind == "Point" else places if kind == "LineString" else (places or [[]])[0]
    row = {"geometry": "; ".join(f"{_written(p[1])} {_written(p[0])} 0 0" for p in points)}
    row |= {str(key): _written(value) for key, value in (feature.get("properties") or {}).items()}
    if feature.get("id") is not None:
        row["id"] = _written(feature["id"])
    return row


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise ValueError("một giá trị không phải chữ hay số")
    if isinstance(value, bool):
        return "true" if value else "false"
    return write_double(value) if isinstance(value, float) else str(value)
