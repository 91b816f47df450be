"""A workbook that reads its table anew: the rows of today, and the web query by which Excel's "Refresh" fetches them.

Parts as ECMA-376-1 (SpreadsheetML) has them: a connection of type 4 with `webPr` (18.13.14), a query table of the
sheet (18.12), and the name of its range, by which Excel knows where the rows go (18.2.5).
"""

import zipfile
from pathlib import Path
from xml.sax.saxutils import quoteattr

from dashboards.downloads import flat_files
from server.exports.flat_table import FlatTable
from server.exports.workbook import Workbook

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
NAME = "bang_so"
"""Of the query and of the range that it fills."""
_AT = "xl/worksheets/_rels/sheet1.xml.rels"


def write(table: FlatTable, url: str, path: Path) -> None:
    """`url` is that of the table's page (`flat_files.html`); the workbook is whole without it too."""
    bare = path.with_name(f".{path.name}.bare")
    with Workbook(bare) as book:
        sheet = flat_files.fill(book, table)
        book.name_range(NAME, sheet.title, len(table.rows) + 1, len(table.columns))
    with zipfile.ZipFile(bare) as read, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in read.namelist():
            made.writestr(name, _changed(name, read.read(name).decode()))
        made.writestr("xl/connections.xml", _connections(table, url))
        made.writestr("xl/queryTables/queryTable1.xml", _query_table())
        if _AT not in read.namelist():
            made.writestr(_AT, _relations("rId1", "queryTable", "../queryTables/queryTable1.xml"))
    bare.unlink()


def _changed(name: str, text: str) -> str:
    """The parts that name the new ones."""
    if name == "[Content_Types].xml":
        new = "".join(
            f'<Override PartName="/xl/{part}" ContentType="{_TYPE}.{kind}+xml"/>'
            for part, kind in (
                ("connections.xml", "connections"),
                ("queryTables/queryTable1.xml", "queryTable"),
            )
        )
        return text.replace("</Types>", f"{new}</Types>")
    if name == "xl/_rels/workbook.xml.rels":
        new = f'<Relationship Id="rIdQuery" Type="{_RELATION}/connections" Target="connections.xml"/>'
        return text.replace("</Relationships>", f"{new}</Relationships>")
    return text


def _relations(key: str, kind: str, target: str) -> str:
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    one = f'<Relationship Id="{key}" Type="{_RELATION}/{kind}" Target="{target}"/>'
    return f'{_HEAD}<Relationships xmlns="{space}">{one}</Relationships>'


def _connections(table: FlatTable, url: str) -> str:
    return (
        f'{_HEAD}<connections xmlns="{MAIN}"><connection id="1" name={quoteattr(NAME)} '
        f"description={quoteattr(table.title)} "
        'type="4" refreshedVersion="4" background="1" saveData="1">'
        f'<webPr sourceData="1" parsePre="1" consecutive="1" xl2000="1" url={quoteattr(url)} htmlTables="1">'
        '<tables count="1"><x v="1"/></tables></webPr></connection></connections>'
    )


def _query_table() -> str:
    """Cells keep how they look; what is shorter than before leaves no old rows behind."""
    return (
        f'{_HEAD}<queryTable xmlns="{MAIN}" name={quoteattr(NAME)} growShrinkType="insertClear" '
        'adjustColumnWidth="0" connectionId="1" autoFormatId="16" applyNumberFormats="0" applyBorderFormats="0" '
        'applyFontFormats="0" applyPatternFormats="0" applyAlignmentFormats="0" applyWidthHeightFormats="0"/>'
    )
