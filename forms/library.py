"""The library of XLSForms: Markdown tables in forms/library, and the same tables as an .xlsx workbook."""

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

LIBRARY: tuple[str, ...] = (
    "ho_gia_dinh",
    "diem_5g",
    "wifi_cong_cong",
    "diem_loa",
    "truong_hoc",
    "doanh_nghiep",
    "hai_long",
    "phan_anh",
    "phuc_tra",
)
_FOLDER = Path(__file__).parent / "library"
_BORDER = re.compile(r"(?<!\\)\|")
# Excel would write the time of day; the same table must give the same bytes.
_CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LibrarySheet:
    """One sheet of an XLSForm: its first row is the header, '' is an empty cell."""

    name: str
    rows: tuple[tuple[str, ...], ...]


def read(form_id: str) -> str:
    """Return the Markdown tables of a library form; KeyError if the library has no such form."""
    if form_id not in LIBRARY:
        raise KeyError(form_id)
    return (_FOLDER / f"{form_id}.md").read_text(encoding="utf-8")


def sheets(markdown: str) -> tuple[LibrarySheet, ...]:
    r"""Return the sheets of Markdown tables as pyxform writes them.

    A line `| survey |` begins a sheet, the lines after it have an empty first cell; `\|` is a bar within a
    cell; lines that begin with # are remarks.
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    name = ""
    for first, *cells in _lines(markdown):
        if first:
            name = first
            found[name] = []
        if name and any(cells):
            found[name].append(tuple(cells))
    return tuple(LibrarySheet(name, tuple(rows)) for name, rows in found.items())


def _lines(markdown: str) -> Iterator[list[str]]:
    for line in markdown.splitlines():
        text = line.strip()
        if text.startswith("|") and text.endswith("|") and len(text) > 1 and text.strip("|- "):
            yield [cell.strip().replace(r"\|", "|") for cell in _BORDER.split(text[1:-1])]


def workbook(markdown: str, version: str | None = None) -> bytes:
    """Return an .xlsx with one sheet a table, every cell text; the same Markdown gives the same bytes.

    `version` stands in place of the form's own.
    """
    tables = sheets(markdown)
    if version is None:
        return packed(tables)
    return packed(
        with_settings(sheet, {"version": version}) if sheet.name == "settings" else sheet for sheet in tables
    )


def with_settings(sheet: LibrarySheet, values: Mapping[str, str]) -> LibrarySheet:
    """The sheet `settings` with other values in some of its columns."""
    headings, cells = sheet.rows
    told = tuple(values.get(heading, cell) for heading, cell in zip(headings, cells, strict=True))
    return replace(sheet, rows=(headings, told))


def packed(tables: Iterable[LibrarySheet]) -> bytes:
    """Return an .xlsx of these sheets, the first row of each standing still while one scrolls."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": _CREATED})
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    for table in tables:
        sheet = book.add_worksheet(table.name)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(map(len, table.rows), default=1) - 1, 24)
        for row, cells in enumerate(table.rows):
            for column, cell in enumerate(cells):
                if cell:
                    sheet.write_string(row, column, cell, wrapped if row else bold)
    book.close()
    return out.getvalue()
