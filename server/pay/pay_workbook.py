"""A month's sheet as an Excel workbook to print and sign."""

import datetime as dt
import tempfile
from pathlib import Path

from server.exports.workbook import Workbook
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


def workbook(made: MonthSheet, commune: str, *, is_draft: bool) -> bytes:
    """One page: the lines of the month, what earlier months have to make good, the sum, and who signs."""
    month = month_words(made.month)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ngay-cong.xlsx"
        with Workbook(path) as book:
            page = book.sheet(f"Ngày công {made.month:%m-%Y}", widths=_WIDTHS)
            page.row([f"Ủy ban nhân dân {commune}"], bold=True)
            draft = " (BẢN NHÁP, CHƯA CHỐT)" if is_draft else ""
            page.row([f"BẢNG NGÀY CÔNG TỔ CÔNG NGHỆ SỐ CỘNG ĐỒNG, {month.upper()}{draft}"], bold=True)
            page.row([rates_words(made)])
            page.row([])
            page.row(HEADER, bold=True)
            for number, line in enumerate((*made.lines, *made.corrections), 1):
                page.row([number, line.name, line.villages, matter(made, line), *_numbers(line)])
            work = [each.work for each in (*made.lines, *made.corrections)]
            sums = [
                sum(each.days for each in work),
                sum(each.visits for each in work),
                sum(e.helped for e in work),
            ]
            page.row([None, "Cộng", None, None, *sums, made.total], bold=True)
            page.row([])
            page.row(
                [
                    None,
                    "Người lập bảng",
                    None,
                    "Tổ trưởng",
                    None,
                    None,
                    None,
                    "Chủ tịch (hoặc người được ủy quyền)",
                ]
            )
        return path.read_bytes()


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
    told = [f"{amount:,} đồng {words}".replace(",", ".") for amount, words in parts if amount]
    return f"Mức chi: {'; '.join(told)}." if told else "Chưa đặt mức chi; bảng chỉ ghi công."
