"""A file or pasted cells → the cells of each sheet, whatever program and letters wrote them; hostile ones refused."""

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from lxml import etree
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils import range_boundaries
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel
from pyxform.xls2json_backends import xlrd_open

from forms.errors import FormRejected
from forms.sheets import refuse_bombs
from geo import encodings
from geo.plain_words import one_line

MOST_BYTES = 10_000_000
MOST_ROWS = 20_000
"""Of one sheet, the heading and empty rows included."""
MOST_COLUMNS = 100
MOST_SHEETS = 60
MOST_LETTERS = 2_000
"""Of one cell; what is longer is cut."""
_MOST_MERGED = 20_000
_MOST_EMPTY = 60
"""Rows without a cell that are kept one after the other."""
_ZIP, _OLE = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
_OTHER_KINDS = {
    "xl/workbook.bin": "bảng Excel nhị phân (.xlsb)",
    "content.xml": "bảng của LibreOffice (.ods)",
    "word/document.xml": "văn bản Word",
}
"""What an archive is that has this part."""
_WEB = re.compile(rb"\s*(<!doctype html|<html|<table|<\?xml|mime-version:)", re.IGNORECASE)
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]{0,80}?ref=\"([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})\"")
_HIDDEN = re.compile(
    rb"<(?:\w+:)?row(?=\s[^>]{0,300}?\shidden=\"(?:1|true)\")[^>]{0,300}?\sr=\"([0-9]{1,7})\""
)
_MARKS = "\t;,|"
_XLS_NUMBER, _XLS_DAY, _XLS_BOOLEAN, _XLS_ERROR = 2, 3, 4, 5
"""Kinds of cells as xlrd numbers them."""
_QUOTED = re.compile(r"^['’](\d.*)$")

Cell = str | int | float | None
"""Text on one line, a number as the program kept it, or nothing."""


NO_RESULT = "=(công thức chưa có kết quả)"
"""Stands for a formula of a workbook that holds no result; what is typed as text may begin with "=" too."""
MOST_TOLD = 50
"""Sentences that are told at once."""


class TableRejected(Exception):
    """A table of which nothing was stored; one Vietnamese sentence for each thing to put right, MOST_TOLD at most."""

    def __init__(self, sentences: Iterable[str]) -> None:
        told = tuple(sentences)
        more = (f"… và {len(told) - MOST_TOLD} dòng nữa.",) if len(told) > MOST_TOLD else ()
        self.sentences = (*told[:MOST_TOLD], *more)
        super().__init__(" ".join(self.sentences))


@dataclass(frozen=True, slots=True)
class SheetCells:
    """One sheet: rows numbered as Excel does; a formula without a result is `NO_RESULT`.

    What a merged cell says stands in each of its rows, in its leftmost column.
    """

    name: str
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    hidden: bool = False
    is_cut: bool = False
    """Whether it has more rows than are read."""
    is_cut_wide: bool = False
    """Whether it has more columns than are read."""
    wide: tuple[tuple[int, int, int, int], ...] = ()
    """Cells merged over several columns: first and last row, first and last column, counted from 1."""
    hidden_rows: frozenset[int] = frozenset()
    """Rows with cells that Excel does not show, by hand or by a filter; they are read."""


def of_file(content: bytes, filename: str) -> tuple[SheetCells, ...]:
    """The sheets of a workbook, or the one of a text file, by what the bytes are. Raises TableRejected."""
    if not content:
        raise TableRejected(["Bảng trống: tệp không có gì."])
    if len(content) > MOST_BYTES:
        raise TableRejected([f"Tệp lớn hơn {MOST_BYTES // 1_000_000} MB; hãy tách thành nhiều tệp."])
    if content.startswith(_ZIP):
        _check_kind(content)
        return tuple(map(_in_todays_letters, _of_xlsx(content, filename)))
    if content.startswith(_OLE):
        return tuple(map(_in_todays_letters, _of_xls(content)))
    if _WEB.match(content):
        raise TableRejected(
            ["Tệp là trang web lưu với đuôi của Excel: hãy mở bằng Excel rồi lưu lại dạng .xlsx."]
        )
    text = encodings.table_text(content)
    if text is None:
        raise TableRejected(["Không đọc được tệp: không phải bảng Excel (.xlsx, .xls) hay CSV."])
    return of_text(text)


def of_text(text: str) -> tuple[SheetCells, ...]:
    """The cells of CSV text or of what was copied from Excel, its separator found out. Raises TableRejected."""
    told = re.match(r"sep=(.)\r?\n", text)
    body = text[told.end() :] if told else text
    try:
        rows = list(_csv_rows(body, told[1] if told else _mark(body)))
    except csv.Error as error:
        raise TableRejected(["Không đọc được tệp: có ô mở ngoặc kép mà không đóng."]) from error
    if not any(any(cells) for _, cells in rows):
        raise TableRejected(["Bảng trống."])
    kept = tuple((number, cells[:MOST_COLUMNS]) for number, cells in rows[:MOST_ROWS])
    is_wide = any(any(cells[MOST_COLUMNS:]) for _, cells in rows)
    sheet = SheetCells("", kept, is_cut=len(rows) > MOST_ROWS, is_cut_wide=is_wide)
    return (_in_todays_letters(sheet),)


def _csv_rows(text: str, mark: str) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=mark), start=1):
        if number > MOST_ROWS + 1:
            return
        yield number, tuple(map(_cell, cells[: MOST_COLUMNS + 1]))


def _mark(text: str) -> str:
    """What parts the cells: the sign that stands equally often on most of the first lines."""
    lines = [line for line in text[:200_000].splitlines() if line.strip()][:60]

    def steady(mark: str) -> int:
        counts = [line.count(mark) for line in lines if mark in line]
        return max((counts.count(each) for each in set(counts)), default=0)

    return max(_MARKS, key=steady)


def _check_kind(content: bytes) -> None:
    """Refuse by name the workbooks that look like .xlsx and are none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = frozenset(archive.namelist())
    except zipfile.BadZipFile:
        return  # told as damaged
    other = next((told for part, told in _OTHER_KINDS.items() if part in names), "")
    if other:
        raise TableRejected([f"Tệp là {other}: hãy mở ra rồi chọn Lưu thành (Save As) dạng .xlsx."])


def _of_xlsx(content: bytes, filename: str) -> list[SheetCells]:
    try:
        refuse_bombs(content, filename)
        merged, hidden, computes = _parts(content)
        shown = _sheets(content, results=True)
        written = _sheets(content, results=False) if computes else shown
    except FormRejected as rejected:
        raise TableRejected(
            f"Không đọc được tệp: {error.sentence}" for error in rejected.errors
        ) from rejected
    # openpyxl meets a damaged file with whatever its parts raise: KeyError, ValueError, ParseError, zlib.error …
    except Exception as problem:
        raise TableRejected(
            ["Không đọc được tệp Excel: tệp hỏng, hãy mở bằng Excel rồi lưu lại."]
        ) from problem
    return [
        _filled(_marked(_with_formulas(sheet, typed), hidden), merged.get(sheet.name, ()))
        for sheet, typed in zip(shown, written, strict=True)
    ]


def _sheets(content: bytes, *, results: bool) -> list[SheetCells]:
    reader = ExcelReader(io.BytesIO(content), read_only=True, data_only=results)
    reader.read()
    try:
        return [
            _bounded(sheet.title, _xlsx_rows(sheet), hidden=sheet.sheet_state != "visible")
            for sheet in reader.wb.worksheets[:MOST_SHEETS]
        ]
    finally:
        reader.wb.close()
        reader.archive.close()


def _xlsx_rows(sheet: Any) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS + 1)
    for number, cells in enumerate(rows, start=1):
        yield number, tuple(map(_new_cell, cells))


def _bounded(name: str, rows: Iterable[tuple[int, tuple[Cell, ...]]], *, hidden: bool) -> SheetCells:
    """Rows to the last that is filled; of a long gap between them, its first rows alone."""
    kept: list[tuple[int, tuple[Cell, ...]]] = []
    empty, is_wide, width = 0, False, 0
    for number, cells in rows:
        filled = [place for place, cell in enumerate(cells) if cell is not None]
        empty, width = (0, max(width, filled[-1] + 1)) if filled else (empty + 1, width)
        if empty > _MOST_EMPTY:
            continue
        is_wide = width > MOST_COLUMNS
        if len(kept) == MOST_ROWS:
            return SheetCells(one_line(name), _narrow(kept, width), hidden, is_cut=True, is_cut_wide=is_wide)
        kept.append((number, cells[:MOST_COLUMNS]))
    told = _narrow(kept[: len(kept) - min(empty, _MOST_EMPTY)], width)
    return SheetCells(one_line(name), told, hidden, is_cut_wide=is_wide)


def _narrow(
    rows: Iterable[tuple[int, tuple[Cell, ...]]], width: int
) -> tuple[tuple[int, tuple[Cell, ...]], ...]:
    """Rows without the columns to the right that nothing stands in: they would be offered to choose from."""
    return tuple((number, cells[:width]) for number, cells in rows)


def _with_formulas(shown: SheetCells, written: SheetCells) -> SheetCells:
    """A formula that no program has worked out yet is `NO_RESULT`, so that none is taken for a blank."""
    if shown is written:
        return shown
    typed = dict(written.rows)
    rows = dict(shown.rows)
    for number, cells in typed.items():
        results = (*rows.get(number, ()), *[None] * len(cells))
        rows[number] = tuple(
            NO_RESULT if result is None and _is_formula(cell) else result
            for result, cell in zip(results, cells, strict=False)
        )
    return replace(shown, rows=tuple(sorted(rows.items())))


def _is_formula(cell: Cell) -> bool:
    return isinstance(cell, str) and cell.startswith("=")


def _marked(sheet: SheetCells, hidden: Mapping[str, frozenset[int]]) -> SheetCells:
    """The sheet with those of its hidden rows that hold something."""
    filled = {number for number, cells in sheet.rows if any(cell is not None for cell in cells)}
    return replace(sheet, hidden_rows=hidden.get(sheet.name, frozenset()) & filled)


def _parts(content: bytes) -> tuple[dict[str, list[str]], dict[str, frozenset[int]], bool]:
    """By each sheet's name its merged cells, as "A3:A5", and its hidden rows; whether any cell is a formula."""
    merged: dict[str, list[str]] = {}
    hidden: dict[str, frozenset[int]] = {}
    computes = False
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name, part in _paths(archive):
            cells = archive.read(part)
            computes = computes or _FORMULA.search(cells) is not None
            found = [each[1].decode() for each in _MERGED.finditer(cells)]
            merged[one_line(name)] = found[:_MOST_MERGED]
            hidden[one_line(name)] = frozenset(int(each[1]) for each in _HIDDEN.finditer(cells))
    return merged, hidden, computes


def _paths(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    """Each sheet's name and its part of the archive (ECMA-376, 12.3.24: the relations of the workbook tell)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    relations = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), parser)
    targets = {each.get("Id"): each.get("Target") or "" for each in relations}
    found = []
    for sheet in etree.fromstring(archive.read("xl/workbook.xml"), parser).iterfind(".//{*}sheet"):
        link = next((value for name, value in sheet.attrib.items() if str(name).endswith("}id")), "")
        target = PurePosixPath("/xl") / targets.get(link, "")
        if (part := str(target).lstrip("/")) in archive.namelist():
            found.append((str(sheet.get("name")), part))
    return found


def _filled(sheet: SheetCells, merged: Sequence[str]) -> SheetCells:
    """What a merged cell says holds for all its rows."""
    rows = {number: list(cells) for number, cells in sheet.rows}
    wide = []
    for place in merged:
        left, top, right, bottom = (int(edge or 0) for edge in range_boundaries(place))
        if right > left:
            wide.append((top, bottom, left, right))
        value = rows[top][left - 1] if left <= len(rows.get(top, ())) else None
        for number in range(top + 1, min(bottom, top + MOST_ROWS) + 1):
            if left <= len(cells := rows.get(number, [])) and cells[left - 1] is None:
                cells[left - 1] = value
    return replace(
        sheet, rows=tuple((number, tuple(cells)) for number, cells in rows.items()), wide=tuple(wide)
    )


def _of_xls(content: bytes) -> list[SheetCells]:
    try:
        book = xlrd_open(file_contents=content, logfile=io.StringIO(), formatting_info=True)
        epoch = CALENDAR_MAC_1904 if book.datemode else CALENDAR_WINDOWS_1900
        found = []
        for sheet in book.sheets()[:MOST_SHEETS]:
            rows = (
                (n + 1, tuple(_old_cell(cell, epoch, book) for cell in sheet.row(n)[: MOST_COLUMNS + 1]))
                for n in range(sheet.nrows)
            )
            cells = _bounded(sheet.name, rows, hidden=bool(sheet.visibility))
            areas = [
                f"{_letters(left)}{top + 1}:{_letters(right - 1)}{bottom}"
                for top, bottom, left, right in sheet.merged_cells[:_MOST_MERGED]
            ]
            found.append(_filled(cells, areas))
    # xlrd meets a damaged file with AssertionError, struct.error, IndexError …
    except Exception as problem:
        raise TableRejected(
            ["Không đọc được tệp: tệp có mật khẩu hoặc hỏng. Hãy bỏ mật khẩu, lưu lại dạng .xlsx."]
        ) from problem
    return found


def _letters(column: int) -> str:
    """A column's letters from its place, counted from 0."""
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def _old_cell(cell: Any, epoch: dt.datetime, book: Any) -> Cell:
    """A cell of .xls, which keeps days, yes and no, and errors as numbers of another kind ([MS-XLS] 2.4)."""
    if cell.ctype == _XLS_ERROR:
        return "#N/A"
    if cell.ctype == _XLS_BOOLEAN:
        return _cell(bool(cell.value))
    if cell.ctype == _XLS_DAY and cell.value >= 1:
        return _cell(from_excel(cell.value, epoch))
    if (
        cell.ctype == _XLS_NUMBER
        and "%" in book.format_map[book.xf_list[cell.xf_index].format_key].format_str
    ):
        return _as_percent(cell.value)
    return _cell(cell.value)


def _new_cell(cell: Any) -> Cell:
    value = cell.value
    return _as_percent(value) if type(value) in (int, float) and "%" in cell.number_format else _cell(value)


def _as_percent(value: float) -> str:
    """A number as Excel shows it in a cell whose format is one of percents: typed as 92,5%, it is kept as 0.925."""
    return f"{round(value * 100, 6):.6f}".rstrip("0").rstrip(".").replace(".", ",") + "%"


def _cell(value: Any) -> Cell:
    """A cell as text on one line or as a number; None for a blank one."""
    if isinstance(value, bool) or value is None:
        return None if value is None else ("có" if value else "không")
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if isinstance(value, dt.datetime | dt.date):
        return f"{value:%d/%m/%Y}"
    text = " ".join(str(value)[:MOST_LETTERS].split())
    # before a number typed as text; Excel shows it in no cell, programs that fill cells leave it there
    return _QUOTED.sub(r"\1", text) or None


def _in_todays_letters(sheet: SheetCells) -> SheetCells:
    """Composed text without what cannot be seen; that of old fonts as it is meant."""
    read = _from_old_fonts(sheet)
    rows = tuple((number, tuple(map(_tidy, cells))) for number, cells in read.rows)
    return replace(read, rows=rows)


def _tidy(cell: Cell) -> Cell:
    return one_line(cell) or None if isinstance(cell, str) else cell


def _from_old_fonts(sheet: SheetCells) -> SheetCells:
    """Text of .VnTime or VNI fonts as it is meant, where the sheet as a whole reads as Vietnamese that way alone."""
    texts = [cell for _, cells in sheet.rows[:2_000] for cell in cells if _may_be_old(cell)]
    raw = [str(text).encode("latin-1") for text in texts]
    if not raw or encodings.is_trusted(raw, "latin-1"):
        return sheet
    best = max(encodings.OLD_FONTS, key=lambda font: encodings.share_of_syllables(raw, font))
    if not encodings.is_trusted(raw, best):
        return sheet

    def meant(cell: Cell) -> Cell:
        return encodings.in_old_font(str(cell), best) if _may_be_old(cell) else cell

    return replace(sheet, rows=tuple((number, tuple(map(meant, cells))) for number, cells in sheet.rows))


def _may_be_old(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.isascii() and all(letter < "\u0100" for letter in cell)
