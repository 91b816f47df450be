"""Workbooks that officers take away: a template to fill in, and their own rows with what is wrong beside them."""

import io
from collections.abc import Iterable, Mapping, Sequence

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from server.files.tables.read_table import RowFault
from server.files.tables.table_kinds import TableKind


def template(kind: TableKind) -> bytes:
    """The headings and an example row; codes and numbers of houses stay text in it."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, _, _ = _headed(book, kind)
        for place, column in enumerate(kind.columns):
            if column.example.isdigit() and column.is_number:
                sheet.write_number(1, place, int(column.example))
            else:
                sheet.write_string(1, place, column.example)
    return out.getvalue()


def filled(
    kind: TableKind,
    rows: Iterable[Sequence[str]],
    beside: Mapping[str, Iterable[Sequence[str]]] | None = None,
) -> bytes:
    """Rows under the headings of a kind of table, each cell text: what comes back is what went out.

    `beside` are more sheets by name, to read and not to send: rows of text, the heading first.
    """
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, bold, text = _headed(book, kind)
        for line, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                sheet.write_string(line, place, cell, text)
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        for name, lines in (beside or {}).items():
            _told(book.add_worksheet(name), lines, bold, wrapped)
    return out.getvalue()


def _headed(book: xlsxwriter.Workbook, kind: TableKind) -> tuple[Worksheet, Format, Format]:
    """A sheet with the headings of a kind of table, columns of text; the formats of headings and of text."""
    sheet = book.add_worksheet("Bảng")
    bold, text = (
        book.add_format({"bold": True, "bg_color": "#E8EEF5"}),
        book.add_format({"num_format": "@"}),
    )
    for place, column in enumerate(kind.columns):
        sheet.set_column(place, place, max(14, len(column.title) + 4), text)
        sheet.write_string(0, place, column.title, bold)
    sheet.freeze_panes(1, 0)
    return sheet, bold, text


def _told(sheet: Worksheet, lines: Iterable[Sequence[str]], bold: Format, wrapped: Format) -> None:
    sheet.set_column(0, 9, 32)
    for line, row in enumerate(lines):
        for place, cell in enumerate(row):
            sheet.write_string(line, place, cell, wrapped if line else bold)
    sheet.freeze_panes(1, 0)


def to_mend(kind: TableKind, faults: Sequence[RowFault]) -> bytes:
    """The wrong rows as they were read, what is wrong in the last column; mended, the file can be sent as it is."""
    wrong: dict[tuple[str, int], list[RowFault]] = {}
    for fault in faults:
        wrong.setdefault((fault.row.sheet, fault.row.number), []).append(fault)
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Cần sửa")
        bold = book.add_format({"bold": True, "bg_color": "#E8EEF5"})
        blamed = book.add_format({"bg_color": "#FBE3E0", "num_format": "@"})
        text = book.add_format({"num_format": "@"})
        titles = [column.title for column in kind.columns]
        sheet.write_row(0, 0, [*titles, "Chỗ sai", "Dòng trong tệp"], bold)
        sheet.set_column(0, len(titles), 22, text)
        sheet.set_column(len(titles), len(titles) + 1, 60)
        for line, found in enumerate(wrong.values(), start=1):
            meanings = {fault.meaning for fault in found}
            for place, column in enumerate(kind.columns):
                look = blamed if column.meaning in meanings else text
                sheet.write_string(line, place, found[0].row.text(column.meaning), look)
            told = "; ".join(fault.sentence for fault in found)
            sheet.write_string(line, len(titles), told)
            sheet.write_string(line, len(titles) + 1, found[0].row.where)
        sheet.freeze_panes(1, 0)
    return out.getvalue()
