"""A month's sheet as an Excel workbook to print and sign."""

import datetime as dt
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geo import vietnamese_writing
from server.exports.disarmed_cells import plain
from server.exports.workbook import Workbook, one_page_wide, row_height
from server.pay.pay_sheet import MonthSheet, PayLine

HEADER = (
    "STT",
    "Họ tên",
    "Thôn",
    "Nội dung",
    "Ngày đi",
    "Lượt đến hộ",
    "Người được giúp",
    "Thành tiền (đồng)",
    "Ký nhận",
)
_WIDTHS = (6, 28, 28, 26, 10, 12, 12, 18, 18)


_HEADING = 4
"""The heading's row, counted from 0: on every page that is printed."""


def workbook(made: MonthSheet, commune: str, *, is_draft: bool) -> bytes:
    """One sheet laid sideways: the lines of the month, what earlier months have to make good, the sum, who signs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ngay-cong.xlsx"
        with Workbook(path) as book:
            page = book.page(f"Ngày công {made.month:%m-%Y}")
            one_page_wide(page, _HEADING)
            page.freeze_panes(_HEADING + 1, 2)
            for column, wide in enumerate(_WIDTHS):
                page.set_column(column, column, wide)
            _write(page, book, made, _title(made, commune, is_draft=is_draft))
        return path.read_bytes()


def _title(made: MonthSheet, commune: str, *, is_draft: bool) -> tuple[str, str, str]:
    draft = " (BẢN NHÁP, CHƯA CHỐT)" if is_draft else ""
    month = month_words(made.month).upper()
    return (
        f"Ủy ban nhân dân {commune}",
        f"BẢNG NGÀY CÔNG TỔ CÔNG NGHỆ SỐ CỘNG ĐỒNG, {month}{draft}",
        rates_words(made),
    )


def _write(page: Any, book: Workbook, made: MonthSheet, title: Sequence[str]) -> None:
    line = {"border": 1, "valign": "top", "text_wrap": True}
    text, number = book.format(**line), book.format(**line, num_format="#,##0")
    head = book.format(**line | {"bold": True, "align": "center"})
    bold, sums = book.format(bold=True), book.format(**line, bold=True, num_format="#,##0")
    for at, said in enumerate(title):
        page.write_string(at, 0, said, bold if said != title[-1] else None)
    page.set_row(_HEADING, row_height(HEADER, _WIDTHS))
    for column, said in enumerate(HEADER):
        page.write_string(_HEADING, column, said, head)
    at = _HEADING
    for at, each in enumerate((*made.lines, *made.corrections), _HEADING + 1):
        cells = (at - _HEADING, each.name, each.villages, matter(made, each), *_numbers(each), "")
        _row(page, at, cells, text, number)
    work = [each.work for each in (*made.lines, *made.corrections)]
    total = [sum(e.days for e in work), sum(e.visits for e in work), sum(e.helped for e in work), made.total]
    _row(page, at + 1, ("", "Cộng", "", "", *total, ""), sums, sums)
    for column, said in ((1, "Người lập bảng"), (3, "Tổ trưởng"), (7, "Chủ tịch (hoặc người được ủy quyền)")):
        page.write_string(at + 3, column, said, bold)


def _row(page: Any, at: int, cells: Sequence[str | int], text: Any, number: Any) -> None:
    page.set_row(at, row_height(cells, _WIDTHS))
    for column, cell in enumerate(cells):
        if isinstance(cell, int):
            page.write_number(at, column, cell, number)
        else:
            page.write_string(at, column, plain(cell), text)


def _numbers(line: PayLine) -> tuple[int, int, int, int]:
    return line.work.days, line.work.visits, line.work.helped, line.amount


def matter(made: MonthSheet, line: PayLine) -> str:
    """What a line is for: the sheet's own month, or what has changed of an earlier one."""
    words = month_words(line.month)
    return words[0].upper() + words[1:] if line.month == made.month else f"Điều chỉnh {words}"


def month_words(month: dt.date) -> str:
    """`tháng 11/2026`"""
    return f"tháng {month:%m/%Y}"


def rates_words(made: MonthSheet) -> str:
    """The rates of the month, in a sentence."""
    rates = made.rates
    parts = (
        (rates.day, "một ngày đi"),
        (rates.visit, "một lượt đến hộ"),
        (rates.helped, "một người được giúp"),
    )
    told = [f"{vietnamese_writing.number(amount)} đồng {words}" for amount, words in parts if amount]
    return f"Mức chi: {'; '.join(told)}." if told else "Chưa đặt mức chi; bảng chỉ ghi công."
