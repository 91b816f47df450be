"""A thôn that stands once for many rows: in a row of its own before them, in the table's title, in its sheet's name."""

import re
from collections.abc import Iterable, Sequence

from geo import written_numbers
from geo.plain_words import one_line
from server.files.tables.table_file import Cell

_KIND = (
    r"(?:thôn|thon|tổ dân phố|to dan pho|tdp|khu dân cư|khu dan cu|kdc|khu phố|khu pho|cụm dân cư|cum dan cu|xóm|xom"
    r"|ấp|làng)"
)
"""With their marks, or without any: "Lang", "Ban" and "To" are family names."""
_BEFORE = r"(?:(?:[ivx]+|[0-9]{1,3}|[a-z])\s*[.)/\-:]\s*|[-+*•]\s*)?"
_ALONE = re.compile(rf"{_BEFORE}({_KIND}\b[\s:.]*[\w].*)", re.IGNORECASE)
_WITHIN = re.compile(rf".*\b({_KIND}\s+[\w].*)", re.IGNORECASE)
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


def _is_number(cell: Cell) -> bool:
    return written_numbers.whole(cell) is not None or _ROMAN.fullmatch(str(cell)) is not None


def _named(text: str) -> str:
    name = _BEHIND.sub("", re.sub(rf"^({_KIND})[\s:.]+", r"\1 ", text, flags=re.IGNORECASE)).strip(" .:-–—")
    kind = re.fullmatch(_KIND, name, re.IGNORECASE)
    return "" if kind or len(name) > _LONGEST else name
