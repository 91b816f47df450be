"""Files that a form names by which phones cannot find them: refused at their cell, since nothing else would tell."""

import re
from collections.abc import Iterator, Mapping

from forms.errors import SheetError
from forms.sheets import Sheet, SheetRow, canonical

_MEDIA = frozenset({"image", "audio", "video", "big-image"})
_JR = re.compile(r"jr://(?:images|audio|video|file)/", re.IGNORECASE)
_NETWORK = re.compile(r"[a-z]{2,}://", re.IGNORECASE)
_SEARCH = re.compile(r"\bsearch\s*\(")
_QUOTED = re.compile(r"\bsearch\s*\(\s*['\"‘’“”]\s*[^'\"‘’“”\s][^'\"‘’“”]*['\"‘’“”]")
_FROM_FILE = re.compile(r"select[ _](?:one|multiple)_from_file\s+(\S+(?:\s+\S+)+)")


def errors(book: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """Pictures in folders or on the network, tables without quotes, files with spaces where none may be."""
    for name in ("survey", "choices"):
        sheet = book.get(name, Sheet(name))
        for row in sheet.rows:
            yield from _media_errors(sheet, row)
    survey = book["survey"]
    for row in survey.rows:
        if _SEARCH.search(row["appearance"]) and not _QUOTED.search(row["appearance"]):
            sentence = "search() phải ghi tên bảng trong dấu nháy, ví dụ search('danh_sach_cho')."
            yield survey.error(row, "appearance", sentence, row["appearance"])


def spaced_file(kind: str) -> str:
    """The name with spaces that a `select_…_from_file` gives its file, else ""."""
    found = _FROM_FILE.fullmatch(kind)
    return found[1] if found else ""


def _media_errors(sheet: Sheet, row: SheetRow) -> Iterator[SheetError]:
    for heading, text in row.cells.items():
        parts = canonical(heading).split("::")
        column = parts[1] if parts[0] == "media" and len(parts) > 1 else parts[0]
        if column.strip() not in _MEDIA:
            continue
        name = _JR.sub("", text.strip())
        if _NETWORK.match(name):
            sentence = (
                "điện thoại không lấy tệp từ mạng: tải tệp về, gửi kèm biểu mẫu, rồi ghi tên tệp ở đây."
            )
            yield sheet.error(row, heading, sentence, text)
        elif "/" in name or "\\" in name:
            own = name.replace("\\", "/").rpartition("/")[2]
            sentence = f"chỉ ghi tên tệp, không ghi thư mục: “{own}”."
            yield sheet.error(row, heading, sentence, text)
