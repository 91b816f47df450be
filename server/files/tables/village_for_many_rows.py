"""A thôn that stands once for many rows: in a row of its own before them, in the table's title, in its sheet's name."""

import re
from collections.abc import Iterable, Sequence

from geo import village_kinds, written_numbers
from geo.plain_words import one_line
from server.files.tables.excel_and_csv import Cell

_LARGE_WRITTEN = (
    *village_kinds.UNITS,
    *village_kinds.MARKED_UNITS,
    *village_kinds.SHORT,
    *village_kinds.unmarked(village_kinds.UNITS),
)
_WRITTEN = (*_LARGE_WRITTEN, *village_kinds.SMALL_UNITS, "xom")
_KIND = rf"(?:{village_kinds.pattern(_WRITTEN)})"
"""With their marks, or without where that is no family name: "Lang", "Ban" and "To" are."""
_NO_UNIT = (
    r"(?!bản\s+(?:tổng|kê|danh|thống|báo|đăng|sao|đồ|cam|tự|chính)|khối\s+lượng"
    r"|khu vực\s+(?:nông|thành|biên|miền))"
)
"""What begins like a kind and is none: "BẢN TỔNG HỢP", "Khối lượng"."""
_BEFORE = r"(?:(?:[ivx]+|[0-9]{1,3}|[a-z])\s*[.)/\-:]\s*|[-+*•]\s*)?"
_TEAM = rf"(?:(?!{_KIND}\b)(?:tổ|đội|nhóm|danh sách|địa bàn)\b[^,;:()]{{0,60}}?\s)?"
"""What belongs to the thôn: "Tổ công nghệ số cộng đồng ấp 5"."""
_ALONE = re.compile(rf"{_BEFORE}{_TEAM}({_NO_UNIT}{_KIND}(?:\b[\s:.]*|(?=[0-9]))[\w].*)", re.IGNORECASE)
_WITHIN = re.compile(rf".*\b({_NO_UNIT}{_KIND}\s+[\w].*)", re.IGNORECASE)
_LARGE = re.compile(rf"\b((?:{village_kinds.pattern(_LARGE_WRITTEN)})\s+[\w].*)", re.IGNORECASE)
_BEHIND = re.compile(
    r"\s*(?:[,;(\[:]|\s[-–—]\s|[-–—]\s*[0-9]"
    r"|\b(?:xã|xa|phường|phuong|thị trấn|thi tran|năm|nam|tháng|quý|đợt|tính|có)\s).*$",
    re.IGNORECASE,
)
"""What follows the name: its commune, a year, how many households."""
_ROMAN = re.compile(r"\(?[IVXivx]{1,6}[.)]?|[A-Za-z][.)]?")
_LONGEST = 60


def of_row(cells: Sequence[Cell]) -> str:
    """The thôn of a row that says nothing else but a number of its own or of households, else ""."""
    said = [cell for cell in cells if cell is not None and not _is_number(cell)]
    found = _ALONE.fullmatch(one_line(said[0])) if len(said) == 1 and isinstance(said[0], str) else None
    return _named(found[1]) if found else ""


def of_title(lines: Iterable[Sequence[Cell]]) -> str:
    """The thôn that the lines above a heading name last, else ""."""
    named = ""
    for cells in lines:
        for cell in cells:
            found = _WITHIN.fullmatch(one_line(cell)) if isinstance(cell, str) else None
            named = (_named(found[1]) if found else "") or named
    return named


def of_sheet(name: str) -> str:
    """The thôn that a sheet's name says ("Thôn Đông", "2. TDP số 3"), else ""."""
    found = _ALONE.fullmatch(one_line(name))
    return _named(found[1]) if found else ""


def of_address(cell: Cell) -> str:
    """The thôn that an address names ("Số 7 ngõ 5, thôn Vạn Phúc, xã An Lão"), a xóm only where there is no other."""
    text = one_line(cell) if isinstance(cell, str) else ""
    found = _LARGE.search(text) or _WITHIN.fullmatch(text)
    return _named(found[1]) if found else ""


def _is_number(cell: Cell) -> bool:
    return written_numbers.whole(cell) is not None or _ROMAN.fullmatch(str(cell)) is not None


def _named(text: str) -> str:
    name = _BEHIND.sub("", re.sub(rf"^({_KIND})[\s:.]+", r"\1 ", text, flags=re.IGNORECASE)).strip(" .:-–—")
    kind = re.fullmatch(_KIND, name, re.IGNORECASE)
    return "" if kind or len(name) > _LONGEST else name
