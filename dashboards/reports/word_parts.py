"""What python-docx leaves to its users: rules under lines, page numbers, repeated headers, bytes that stay the same."""

import io
import zipfile
from typing import Any

from docx.document import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table
from docx.text.paragraph import Paragraph
from docx.text.run import Run

FONT = "Times New Roman"
EPOCH = (2020, 1, 1, 0, 0, 0)
"""The time of every file inside; that of a report stands in its text and in its properties."""
CENTRE = WD_ALIGN_PARAGRAPH.CENTER
RIGHT = WD_ALIGN_PARAGRAPH.RIGHT
JUSTIFY = WD_ALIGN_PARAGRAPH.JUSTIFY


def element(name: str, **attributes: str) -> Any:
    """An element of WordprocessingML, `w:` before its attributes."""
    made = OxmlElement(name)
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), value)
    return made


def write(paragraph: Paragraph, text: str, size: float, *, bold: bool = False, italic: bool = False) -> Run:
    """Add a run in the official font, black, for every script; what XML cannot hold is left out."""
    run = paragraph.add_run("".join(letter for letter in text if letter in "\t\n" or letter >= " "))
    run.bold, run.italic = bold, italic
    run.font.size, run.font.name, run.font.color.rgb = Pt(size), FONT, RGBColor(0, 0, 0)
    fonts = run.font.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(script), FONT)
    return run


def line(
    place: Any,
    text: str,
    size: float,
    *,
    align: Any = CENTRE,
    bold: bool = False,
    italic: bool = False,
    before: float = 0,
    after: float = 0,
) -> Paragraph:
    """Add a paragraph of one run to a document, cell or header."""
    paragraph: Paragraph = place.add_paragraph()
    paragraph.alignment = align
    form = paragraph.paragraph_format
    form.space_before, form.space_after = Pt(before), Pt(after)
    if text:
        write(paragraph, text, size, bold=bold, italic=italic)
    return paragraph


def rule(place: Any, width: float, room: float) -> None:
    """A line drawn under what stands above, `width` of the `room` that the text has (millimetres), centred."""
    paragraph = line(place, "", 2)
    side = max(0.0, (room - width) / 2)
    form = paragraph.paragraph_format
    form.left_indent = form.right_indent = Mm(side)
    form.line_spacing = Pt(3)
    borders = element("w:pBdr")
    borders.append(element("w:top", val="single", sz="6", space="1", color="000000"))
    paragraph.paragraph_format.element.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def page_number(document: Document, size: float) -> None:
    """On the pages of the last section, their number in the middle of the top margin, from 1, not on the first."""
    section = document.sections[-1]
    section.different_first_page_header_footer = True
    section.header.is_linked_to_previous = section.first_page_header.is_linked_to_previous = False
    paragraph = section.header.paragraphs[0]
    paragraph.alignment = CENTRE
    run = write(paragraph, "", size)
    for part in (
        element("w:fldChar", fldCharType="begin"),
        _instruction("PAGE"),
        element("w:fldChar", fldCharType="end"),
    ):
        run.font.element.append(part)
    properties = document.element.body.sectPr
    for old in properties.findall(qn("w:pgNumType")):  # a new section begins as a copy of the last
        properties.remove(old)
    properties.insert_element_before(element("w:pgNumType", start="1"), "w:cols", "w:titlePg", "w:docGrid")


def _instruction(text: str) -> Any:
    made = element("w:instrText")
    made.set(qn("xml:space"), "preserve")
    made.text = text
    return made


def plain_table(document: Document, widths: tuple[float, ...], *, is_whole: bool = False) -> Table:
    """One row without borders, to set two things side by side; no page break cuts it where it `is_whole`."""
    table: Table = document.add_table(rows=1, cols=len(widths))
    _fix(table, widths)
    if is_whole:
        _around(table.rows[0].cells[0], "w:tr").get_or_add_trPr().append(element("w:cantSplit"))
    for cell in table.rows[0].cells:
        clear(cell)
    return table


def grid(document: Document, header: tuple[str, ...], widths: tuple[float, ...], size: float) -> Table:
    """A table with borders, whose header stands again on every page."""
    table: Table = document.add_table(rows=1, cols=len(widths))
    table.style = "Table Grid"
    _fix(table, widths)
    margins = element("w:tblCellMar")
    for side in ("left", "right"):
        margins.append(element(f"w:{side}", w="57", type="dxa"))  # 1 mm
    top = table.rows[0]
    _around(top.cells[0], "w:tbl").tblPr.insert_element_before(
        margins, "w:tblLook", "w:tblCaption", "w:tblDescription"
    )
    _around(top.cells[0], "w:tr").get_or_add_trPr().append(element("w:tblHeader"))
    for cell, text in zip(top.cells, header, strict=True):
        fill(cell, text, size, align=CENTRE, bold=True)
    return table


def add_row(
    table: Table, texts: tuple[str, ...], widths: tuple[float, ...], right: frozenset[int], size: float
) -> None:
    """A row that no page break cuts."""
    row = table.add_row()  # type: ignore[no-untyped-call]
    _around(row.cells[0], "w:tr").get_or_add_trPr().append(element("w:cantSplit"))
    for place, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
        cell.width = Mm(widths[place])
        fill(cell, text, size, align=RIGHT if place in right else WD_ALIGN_PARAGRAPH.LEFT)


def fill(cell: Any, text: str, size: float, *, align: Any, bold: bool = False) -> None:
    """Set the one paragraph of a cell."""
    paragraph = cell.paragraphs[0]
    paragraph.alignment = align
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)
    write(paragraph, text, size, bold=bold)


def clear(cell: Any) -> None:
    """Take the empty paragraph out of a cell that others are added to."""
    first = cell.paragraphs[0].paragraph_format.element
    first.getparent().remove(first)


def _around(cell: Any, name: str) -> Any:
    """The element of this name that a cell stands in: python-docx hands out rows and tables without theirs."""
    return next(cell.paragraphs[0].paragraph_format.element.iterancestors(qn(name)))


def _fix(table: Table, widths: tuple[float, ...]) -> None:
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)


def stable(document: Document) -> bytes:
    """The file with the same bytes for the same content: times inside are fixed, the order is kept."""
    first, written = io.BytesIO(), io.BytesIO()
    document.save(first)
    with zipfile.ZipFile(first) as made, zipfile.ZipFile(written, "w") as out:
        for entry in made.infolist():
            kept = zipfile.ZipInfo(entry.filename, EPOCH)
            kept.compress_type, kept.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            out.writestr(kept, made.read(entry))
    return written.getvalue()
