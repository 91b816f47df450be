"""A flat table as CSV, as a workbook, and as the page that Excel's web query reads."""

import csv
import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

from markupsafe import escape

from dashboards.downloads.coverage_files import BOM
from server import clock
from server.exports.disarmed_cells import guarded, plain
from server.exports.flat_table import DAY, DECIMAL, INTEGER, MOMENT, FlatTable
from server.exports.workbook import GrowingSheet, Workbook

WIDTHS = {INTEGER: 10, DECIMAL: 11, DAY: 12, MOMENT: 18}
TEXT_WIDTH = 22


def csv_text(table: FlatTable) -> str:
    """Headings as people read them, a byte order mark for Excel, numbers with a decimal point; nothing is computed."""
    text = io.StringIO()
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow([guarded(column.label) for column in table.columns])
    for row in table.rows:
        writer.writerow([_in_csv(value) for value in row])
    return text.getvalue()


def _in_csv(value: Any) -> Any:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(clock.LOCAL):%Y-%m-%d %H:%M:%S}"
    return value


def xlsx(table: FlatTable, path: Path) -> None:
    """One sheet with the rows, one with what is said of them."""
    with Workbook(path) as book:
        fill(book, table)


def fill(book: Workbook, table: FlatTable) -> GrowingSheet:
    """The same into a workbook that holds more."""
    widths = [WIDTHS.get(column.kind, TEXT_WIDTH) for column in table.columns]
    sheet = book.sheet(table.title, [column.label for column in table.columns], widths)
    for row in table.rows:
        sheet.row(row)
    about = book.sheet("Nguồn", (), (110,))
    for note in table.notes:
        about.row([note])
    return sheet


def html(table: FlatTable) -> str:
    """A page that holds one table and nothing else, for Excel's query to read.

    Excel reads numbers of a page by the signs of the machine's own language, where 83.3 may be a day or a text. A
    decimal is written without any sign, 833E-1, and days as ISO 8601 has them: both are read alike everywhere.
    """
    heads = "".join(f"<th>{escape(plain(column.label))}</th>" for column in table.columns)
    lines = "".join(
        f"<tr>{''.join(f'<td>{escape(_in_html(value))}</td>' for value in row)}</tr>\n" for row in table.rows
    )
    return (
        '<!DOCTYPE html>\n<html lang="vi"><head><meta charset="utf-8"><meta name="robots" content="noindex">'
        f"<title>{escape(plain(table.title))}</title></head>\n<body><table>\n<tr>{heads}</tr>\n{lines}</table></body>"
        "</html>\n"
    )


def _in_html(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return signless(value)
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(clock.LOCAL):%Y-%m-%d %H:%M:%S}"
    return guarded(plain(value)) if isinstance(value, str) else str(value)


def signless(value: Decimal) -> str:
    """83.3 as 833E-1: whole numbers alone, which every language of Excel reads."""
    sign, digits, exponent = value.normalize().as_tuple()
    whole = f"{'-' if sign else ''}{''.join(map(str, digits))}"
    return whole if exponent == 0 else f"{whole}E{exponent}"
