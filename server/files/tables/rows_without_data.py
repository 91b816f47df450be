"""Rows of an office's table that are no data: numbers of columns, sums, signatures; known by what stands in them."""

import re
from collections.abc import Iterable, Sequence

from geo import village_kinds, written_numbers
from geo.plain_words import words
from server.files.tables.excel_and_csv import Cell

_SUM = re.compile(
    r"(tong cong|tong so|tong toan|tong chung|tong|cong don|(?:cong |so )?(?:mang|chuyen) sang|luy ke|cong|toan xa"
    r"|toan phuong|toan thon|sum|total)\b ?(.*)"
)
_SUM_REST = re.compile(
    r"(?:[0-9]+|ho|gia dinh|nguoi|khau|nhan khau|thon|to dan pho|tdp|thanh vien|xa|phuong|toan xa|toan phuong|so"
    r"|cong|va|la|danh sach|co|ca|trang|bang|chu|i+|\s)*"
)
_UNITS = village_kinds.pattern(village_kinds.unmarked(village_kinds.ALL))
_SUM_OF_PLACE = re.compile(rf"({_UNITS}|to|khu|xa|phuong|dac khu|trang|muc|cum)\b.*")
_SIGNED = re.compile(
    r"\b(nguoi lap|lap bieu|lap bang|lap danh sach|nguoi tong hop|thu truong|ky ten|ky ghi ro|ky dong dau|ghi ro ho ten"
    r"|thay mat|tm uy ban|tm ubnd|kt chu tich|noi nhan|xac nhan cua|nguoi kiem tra|ke toan truong)\b"
    r"|^(tm|kt|tl|tuq) |^dai dien |^nguoi (thong ke|ke khai|ra soat|cung cap|bao cao|ghi chep)\b"
    r"|^(.{0,40} )?ngay [0-9 ]*thang [0-9 ]*nam( [0-9]+)?$|^(.{0,40} )?ngay [0-9]{1,2} [0-9]{1,2} [0-9]{4}$"
)
_OFFICE = re.compile(
    rf"^(pho )?(chu tich|truong (?:{_UNITS}|khu)|to truong|truong cong an|truong phong|bi thu|can bo|cong chuc"
    r"|ke toan)\b.*$"
)
_MARKED = (
    "tổng", "tong", "cộng", "cong", "toàn", "toan", "sum", "total", "mang sang", "số mang sang", "chuyển sang",
    "số chuyển sang", "lũy kế", "luỹ kế", "luy ke", "chuyen sang", "so mang sang",
)  # fmt: skip
"""First words of sums as they are written, on every page and from one to the next; "Tống" is a family name."""
_NOTE = re.compile(
    r"\s*(?:\(?\*|(?:ghi chú|lưu ý|chú thích|chú ý|ấn định)\b|\(?(?:danh sách|bảng)(?: này)? (?:có|gồm)\b"
    r"|[-–]?\s*(?:trang|page)\s*(?:số\s*)?[0-9]+(?:\s*(?:/|of|trên)\s*[0-9]+)?\s*[-–]?\s*$|hết\W*$)",
    re.IGNORECASE,
)
"""Remarks about a table, and the feet of its pages."""
_NUMBERING = re.compile(r"[(\[]?\s*([0-9]{1,2}|[A-Za-z])\s*[)\]]?(?:\s*=[\s0-9()+*/:x×%-]+)?")
"""The number of a column, and how it follows from others: "(3)=(4)+(5)"."""
_UNIT = re.compile(
    r"\(?\s*(?:đvt\s*:?\s*)?(?:hộ|người|khẩu|nhân khẩu|hộ gia đình|%|đồng|triệu đồng|m2|ha)\s*\)?",
    re.IGNORECASE,
)


def is_numbering(cells: Sequence[Cell]) -> bool:
    """Whether a row under the heading numbers the columns: (1) (2) (3), 1 2 3, A B 1 2."""
    filled = [str(cell) for cell in cells if cell is not None]
    found = [match[1] for cell in filled if (match := _NUMBERING.fullmatch(cell))]
    if len(found) < 2 or len(found) < len(filled):
        return False
    counted = [int(each) for each in found if each.isdigit()]
    lettered = [each.upper() for each in found if not each.isdigit()]
    in_order = counted == list(range(counted[0], counted[0] + len(counted))) if counted else True
    return (
        in_order
        and (not counted or counted[0] <= 2)
        and lettered == [chr(65 + n) for n in range(len(lettered))]
    )


def is_units(cells: Sequence[Cell]) -> bool:
    """Whether a row under the heading says in what its columns count: "(hộ)", "(người)"."""
    filled = [str(cell) for cell in cells if cell is not None]
    return bool(filled) and all(map(_UNIT.fullmatch, filled))


def is_sum(cells: Sequence[Cell]) -> bool:
    """Whether a row adds others up: its first words are "Tổng cộng", "Cộng: 3 hộ", "Cộng thôn Đông"."""
    text = first_words(cells)
    found = _SUM.fullmatch(words(text))
    if found is None or not text.casefold().lstrip(" (*-").startswith(_MARKED):
        return False
    rest = found[2].strip()
    return bool(_SUM_REST.fullmatch(rest) or _SUM_OF_PLACE.fullmatch(rest))


def is_signature(cells: Iterable[Cell], read: Iterable[Cell]) -> bool:
    """Whether a row begins what stands under a table: who made it, place and day, a seal.

    `read` are the cells of columns that are read; an office ("Trưởng thôn") is a signature only there, and what its
    holder does elsewhere. With a number beside it an office is none: "Cán bộ, công chức có kỹ năng số", 100 %.
    """
    row = [cell for cell in cells if cell is not None]
    if any(_SIGNED.search(words(cell)) for cell in row if isinstance(cell, str)):
        return True
    has_number = any(character.isdigit() for cell in row for character in str(cell))
    return not has_number and any(_OFFICE.match(words(cell)) for cell in read if isinstance(cell, str))


def is_note(cells: Sequence[Cell]) -> bool:
    """Whether a row is a remark about the table: "Ghi chú: …", "* Hộ số 2 mới chuyển đến"."""
    return _NOTE.match(first_words(cells)) is not None


def first_words(cells: Sequence[Cell]) -> str:
    """The first cell that holds words; a row's own number is none."""
    texts = (str(cell) for cell in cells if cell is not None)
    return next((text for text in texts if written_numbers.whole(text.strip("().")) is None), "")
