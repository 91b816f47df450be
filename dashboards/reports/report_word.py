"""The report as a Word file, set as Annex I of Decree 30/2020/NĐ-CP sets a report; sizes in points."""

import datetime as dt
import io
from collections.abc import Sequence

import docx
from docx.document import Document
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from dashboards.maps.map_picture import MapPicture
from dashboards.reports import report_sentences
from dashboards.reports.report_content import Report
from dashboards.reports.word_parts import (
    CENTRE,
    FONT,
    JUSTIFY,
    add_row,
    grid,
    line,
    page_number,
    plain_table,
    rule,
    stable,
    write,
)

BODY = 14
TABLE = 10
LEFT, RIGHT_COLUMN = 65.0, 100.0
"""Millimetres of the two halves of the head and of the foot."""
MAP_WIDTH = 140
MAP_HEIGHT = 165
DRAFT = "DỰ THẢO"


def write_docx(report: Report, pictures: Sequence[MapPicture], *, is_draft: bool) -> bytes:
    """The whole file. The same report gives the same bytes."""
    document = docx.Document()
    _page(document)
    _properties(document, report)
    _head(document, report, is_draft=is_draft)
    _body(document, report)
    _foot(document, report)
    for number, annex in enumerate(report_sentences.annexes(report)):
        _annex(document, report, annex, report_sentences.ROMAN[number], pictures)
    return stable(document)


def _page(document: Document) -> None:
    """A4, margins of 20 mm above and below, 30 left, 15 right (Annex I, I.2)."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin = section.bottom_margin = Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    section.header_distance = Mm(9)
    page_number(document, BODY)
    style = document.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(BODY)
    style.paragraph_format.space_after = Pt(0)


def _properties(document: Document, report: Report) -> None:
    properties = document.core_properties
    properties.title = f"Báo cáo {report.subject}"
    properties.author = properties.last_modified_by = report.issuer
    properties.language = "vi-VN"
    properties.comments = report.received
    day = dt.datetime.combine(dt.date.fromisoformat(report.as_of), dt.time())
    properties.created = properties.modified = day


def _head(document: Document, report: Report, *, is_draft: bool) -> None:
    left, right = plain_table(document, (LEFT, RIGHT_COLUMN)).rows[0].cells
    line(left, report_sentences.ISSUER_CAPS, 12, bold=True)
    line(left, report.name.upper(), 12, bold=True)
    rule(left, 24, LEFT - 4)
    line(left, report_sentences.NUMBER, 13, before=4)
    if is_draft:
        line(left, DRAFT, 13, bold=True, before=2)
    line(right, report_sentences.NATION[0], 12, bold=True)
    line(right, report_sentences.NATION[1], 13, bold=True)
    rule(right, 49, RIGHT_COLUMN - 4)
    line(right, report_sentences.place_and_day(report), 13, italic=True, before=4)
    line(document, "BÁO CÁO", BODY, bold=True, before=18)
    line(document, report.subject, BODY, bold=True)
    rule(document, 60, report_sentences.WIDTH)
    if len(report.upward) == 1:
        line(document, f"Kính gửi: {report.upward[0]}", BODY, before=12, after=12)
    elif report.upward:
        line(document, "Kính gửi:", BODY, before=12)
        for place, name in enumerate(report.upward):
            end = "." if place == len(report.upward) - 1 else ";"
            line(document, f"- {name}{end}", BODY, after=12 if end == "." else 0)


def _body(document: Document, report: Report) -> None:
    _paragraph(document, report_sentences.opening(report))
    for part in report_sentences.parts(report):
        heading = _paragraph(document, part.heading, bold=True)
        heading.paragraph_format.keep_with_next = True
        for text in part.paragraphs:
            _paragraph(document, text)
    last = _paragraph(document, report_sentences.closing(report))
    last.paragraph_format.keep_with_next = True  # no signature alone on a page


def _paragraph(document: Document, text: str, *, bold: bool = False) -> Paragraph:
    """A paragraph of the body: both edges straight, first line in by 12.7 mm, 6 points after."""
    paragraph = line(document, text, BODY, align=JUSTIFY, bold=bold, after=6)
    paragraph.paragraph_format.first_line_indent = Mm(12.7)
    paragraph.paragraph_format.line_spacing = 1.15
    return paragraph


def _foot(document: Document, report: Report) -> None:
    line(document, "", 6).paragraph_format.keep_with_next = True
    left, right = plain_table(document, (LEFT + 10, RIGHT_COLUMN - 10), is_whole=True).rows[0].cells
    line(left, "Nơi nhận:", 12, align=WD_ALIGN_PARAGRAPH.LEFT, bold=True, italic=True)
    for place, name in enumerate(report.copies):
        end = "." if place == len(report.copies) - 1 else ";"
        line(left, f"- {name}{end}", 11, align=WD_ALIGN_PARAGRAPH.LEFT)
    for text in report_sentences.signature(report):
        line(right, text, BODY, bold=True)
    for _ in range(4):
        line(right, "", BODY)
    line(right, report.signer, BODY, bold=True)


def _annex(
    document: Document,
    report: Report,
    annex: report_sentences.Annex,
    roman: str,
    pictures: Sequence[MapPicture],
) -> None:
    """On pages of its own, numbered from 1 (Annex I, II.11)."""
    document.add_section(WD_SECTION.NEW_PAGE)
    page_number(document, BODY)
    line(document, f"Phụ lục {roman}", BODY, bold=True)
    line(document, annex.title, BODY, bold=True)
    line(document, report_sentences.attached(report), BODY, italic=True)
    rule(document, 60, report_sentences.WIDTH)
    line(document, f"({report.received})", 11, italic=True, before=4, after=6)
    if annex.rows:
        table = grid(document, annex.header, annex.widths, TABLE)
        for row in annex.rows:
            add_row(table, row, annex.widths, annex.right, TABLE)
        if annex.note:
            line(document, annex.note, 11, align=WD_ALIGN_PARAGRAPH.LEFT, italic=True, before=4)
    else:
        line(document, report_sentences.NO_ROWS, BODY)
    if annex.has_maps:
        for picture in pictures:
            _picture(document, picture)


def _picture(document: Document, picture: MapPicture) -> None:
    title = line(document, f"Bản đồ: {picture.title}", BODY, bold=True, before=14, after=4)
    title.paragraph_format.keep_with_next = True
    place = line(document, "", BODY, align=CENTRE)
    width = min(MAP_WIDTH, MAP_HEIGHT * picture.width / picture.height)
    write(place, "", BODY).add_picture(io.BytesIO(picture.png), width=Mm(width))
    described = place.paragraph_format.element.xpath(".//wp:docPr")[0]
    described.set("descr", f"Bản đồ các thôn: {picture.title}")
