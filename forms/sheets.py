"""Workbooks (.xlsx, .xls, .csv, and Markdown tables for tests) as sheets of text rows, hostile files refused."""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import PurePath
from typing import Any

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils import get_column_letter
from pyxform import aliases
from pyxform.constants import SUPPORTED_SHEET_NAMES
from pyxform.xls2json_backends import (  # the same reading as pyxform's own, so that both see one form
    _md_table_to_ss_structure,
    xlrd_open,
    xls_value_to_unicode,
    xlsx_value_to_str,
)

from forms.errors import FormRejected, SheetError

MAX_BYTES = 5_000_000
MAX_UNPACKED_BYTES = 50_000_000
MAX_PARTS = 2_000
MAX_ROWS = 5_000
# Choices of a country's communes stand in forms that work; every other sheet is written by hand.
MAX_CHOICES = 30_000
MAX_COLUMNS = 200
# What one cell of Excel holds at most.
MAX_CELL = 32_767
# pyxform stops after as many empty rows; later ones are notes at the bottom of a sheet.
_FORMULA = re.compile(rb"<f[ >/]")
_UNCOMPUTED = (
    "ô này là công thức Excel mà file chưa có kết quả. Hãy mở bằng Excel, sao chép cột này rồi dán lại dạng giá trị "
    "(Paste Values), lưu và tải lên."
)
_EMPTY_ROWS_AT_END = 60
# Sheets that a form is made of; `osm` is pyxform's, the last three are ours.
PARTS = frozenset(SUPPORTED_SHEET_NAMES) | {"chi_tieu", "muc_dich", "kiem_tra"}
_SPACES = re.compile(r"\s+")
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
# Excel's column names that mean the same to pyxform.
_SAME_COLUMN = {
    "command": "type", "tag": "name", "value": "name", "caption": "label", "relevance": "relevant",
    "bind::relevant": "relevant", "calculate": "calculation", "bind::calculate": "calculation",
    "bind::constraint": "constraint", "bind::required": "required", "read_only": "readonly",
    "set_form_id": "form_id", "id_string": "form_id", "set_form_title": "form_title",
    "title": "form_title", "count": "repeat_count", "jr:count": "repeat_count", "bind::readonly": "readonly",
    "constraining_message": "constraint_message", "bind::tn:phan_loai": "phan_loai",
}  # fmt: skip
# Where a group of any kind begins and ends, Kobo's own kinds too; `end` and `end time` alone are moments.
_BOUND = re.compile(rf"(?P<side>begin|end)[\s_]+({'|'.join(aliases.control)}|score|rank|kobomatrix)\b")
_LANGUAGE_WORDS = {"vi": ("(vi)", "tiếng việt"), "en": ("(en)", "english")}


@dataclass(frozen=True)
class SheetRow:
    """One row: `cells` maps the heading as written to text without surrounding spaces; blanks are absent."""

    number: int
    cells: Mapping[str, str]

    @cached_property
    def _canonical(self) -> Mapping[str, str]:
        return {canonical(heading): text for heading, text in self.cells.items()}

    def __getitem__(self, column: str) -> str:
        """The text under pyxform's name of the column, '' where there is none."""
        return self._canonical.get(column, "")

    def translated(self, column: str, language: str) -> str:
        """The text of `column::…` in a language ('vi', 'en'), else of the plain column."""
        for heading, text in self._canonical.items():
            name, _, suffix = heading.partition("::")
            if name == column and any(word in suffix.strip() for word in _LANGUAGE_WORDS[language]):
                return text
        return self[column]

    def has(self, column: str) -> bool:
        """Whether the column is filled in, in any language."""
        return any(heading.partition("::")[0] == column for heading in self._canonical)


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name as written, the headings in order (None for a column without one), its rows."""

    name: str
    headings: tuple[str | None, ...] = ()
    rows: tuple[SheetRow, ...] = field(default=())

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """pyxform's name of a column → the heading as written."""
        return {canonical(heading): heading for heading in self.headings if heading}

    def error(self, row: SheetRow | None, column: str | None, sentence: str, value: str = "") -> SheetError:
        """A SheetError at a row and a column, given by pyxform's name of it or as written."""
        heading = self.columns.get(column or "", column)
        number = row.number if row else None
        cell = None
        if number is not None and heading in self.headings:
            cell = f"{get_column_letter(self.headings.index(heading) + 1)}{number}"
        return SheetError(self.name, number, heading, sentence, value, cell)

    def questions(self) -> Iterator[tuple[str, SheetRow]]:
        """Path without root and row of each row that is not an end, by following begin and end."""
        groups: list[str] = []
        for row in self.rows:
            bound = _BOUND.match(row["type"])
            if bound and bound["side"] == "end":
                del groups[-1:]
                continue
            path = "/".join([*groups, row["name"]])
            yield path, row
            if bound:
                groups.append(row["name"])


def canonical(heading: str) -> str:
    """pyxform's name for a heading: lower case, "_" for spaces before any "::", aliases resolved."""
    stem, colons, rest = _SPACES.sub(" ", heading).strip().lower().partition("::")
    plain = f"{stem.strip().replace(' ', '_')}{colons}{rest}"
    return _SAME_COLUMN.get(plain, plain)


def key(name: str) -> str:
    """The name under which a sheet is known: lower case, without spaces around."""
    return name.strip().lower()


def read(workbook: bytes, filename: str) -> Mapping[str, Sheet]:
    """Sheets by lower-case name; raises FormRejected with one error for a file that cannot be read.

    A sheet that no form has is known by its name alone: what officers keep beside their form is their own.
    """
    found = tables(workbook, filename, lambda name: key(name) in PARTS)
    if len(found) == 1 and not PARTS & {key(name) for name, _ in found}:
        found = [("survey", rows) for _, rows in tables(workbook, filename)]
    return {key(name): _sheet(name, rows) for name, rows in found}


def tables(workbook: bytes, filename: str, wanted: Callable[[str], bool] = bool) -> "list[Table]":
    """Each sheet as it is: its name and its rows, numbered as Excel does; raises FormRejected like `read`.

    Sheets whose name is not `wanted` come without rows; every sheet of a workbook has a name.
    """
    suffix = PurePath(filename).suffix.lower()
    if not workbook:
        raise _refused("file rỗng. Hãy lưu lại biểu mẫu trong Excel rồi tải lên lần nữa.", filename)
    if len(workbook) > MAX_BYTES:
        raise _refused("file lớn hơn 5 MB. Biểu mẫu chỉ gồm chữ; hãy xoá ảnh, trang tính thừa.", filename)
    if suffix == ".xlsx":
        return _read_xlsx(workbook, filename, wanted)
    if suffix == ".xls":
        return _read_xls(workbook, filename, wanted)
    if suffix in {".md", ".csv"}:
        read_text = _read_markdown if suffix == ".md" else _read_csv
        return [(name, rows if wanted(name) else ()) for name, rows in read_text(workbook, filename)]
    if suffix in {".xlsm", ".xltm", ".xlsb"}:
        raise _refused("file có macro hoặc dạng nhị phân. Hãy lưu lại dưới dạng .xlsx thường.", filename)
    raise _refused("không phải file Excel. Hãy lưu dưới dạng .xlsx.", filename)


def _refused(sentence: str, filename: str) -> FormRejected:
    shown = unicodedata.normalize("NFC", PurePath(filename).name)[:100]
    return FormRejected([SheetError("", None, None, sentence, shown)])


Table = tuple[str, Iterable[tuple[int, Sequence[str | None]]]]


def _sheet(name: str, table: Iterable[tuple[int, Sequence[str | None]]]) -> Sheet:
    rows = iter(table)
    _, first = next(rows, (1, ()))
    headings = tuple(_SPACES.sub(" ", text).strip() if text else None for text in first)
    while headings and headings[-1] is None:
        headings = headings[:-1]
    named = [heading for heading in headings if heading]
    repeated = next((heading for heading in named if named.count(heading) > 1), None)
    if repeated:
        sentence = "có hai cột cùng tên. Hãy xoá hoặc đổi tên một cột."
        raise FormRejected([SheetError(name, 1, repeated, sentence, repeated)])
    kept = []
    for number, texts in rows:
        if any(text and len(text) > MAX_CELL for text in texts):
            sentence = f"dòng này có ô dài hơn {MAX_CELL} chữ. Hãy xoá bớt nội dung ô đó."
            raise FormRejected([SheetError(name, number, None, sentence)])
        cells = {
            heading: text.strip()
            for heading, text in zip(headings, texts, strict=False)
            if heading and text and text.strip()
        }
        if cells:
            kept.append(SheetRow(number, cells))
        if len(kept) > _most_rows(name):
            sentence = f"trang tính quá {_most_rows(name)} dòng. Danh sách dài hãy để trong file .csv đi kèm."
            raise FormRejected([SheetError(name, number, None, sentence)])
    return Sheet(name, headings, tuple(kept))


def _most_rows(name: str) -> int:
    return MAX_CHOICES if key(name) in {"choices", "external_choices"} else MAX_ROWS


def _read_markdown(workbook: bytes, filename: str) -> list[Table]:
    try:
        sections = _md_table_to_ss_structure(workbook.decode("utf-8"))
        return [(str(name), list(enumerate(rows, start=1))) for name, rows in sections.items() if rows]
    except (UnicodeDecodeError, TypeError, AttributeError) as problem:
        raise _refused("bảng Markdown không đọc được (cần UTF-8 và dấu | ở mỗi dòng).", filename) from problem


def _read_csv(workbook: bytes, filename: str) -> list[Table]:
    """As pyxform has it: the first column names the sheet, the rows under it begin with an empty cell."""
    try:
        rows = list(
            islice(csv.reader(io.StringIO(workbook.decode("utf-8-sig"), newline="")), 2 * MAX_CHOICES)
        )
    except (UnicodeDecodeError, csv.Error) as problem:
        sentence = "file .csv không đọc được (cần UTF-8, cách nhau bằng dấu phẩy). Hãy lưu dạng .xlsx."
        raise _refused(sentence, filename) from problem
    tables: dict[str, list[tuple[int, Sequence[str | None]]]] = {}
    current: list[tuple[int, Sequence[str | None]]] = []
    for first, *cells in filter(None, rows):
        if first.strip():
            current = tables.setdefault(first.strip(), [])
        if any(cell.strip() for cell in cells):
            current.append((len(current) + 1, [cell or None for cell in cells[:MAX_COLUMNS]]))
    return list(tables.items())


def _read_xlsx(workbook: bytes, filename: str, wanted: Callable[[str], bool]) -> list[Table]:
    if workbook.startswith(_OLE):
        raise _refused("file có mật khẩu, hoặc là .xls đổi tên. Bỏ mật khẩu, lưu lại dạng .xlsx.", filename)
    refuse_bombs(workbook, filename)
    _refuse_strangers(workbook, filename)
    try:
        reader = ExcelReader(io.BytesIO(workbook), read_only=True, data_only=True)
        reader.read()
        try:
            tables: list[Table] = [
                (sheet.title, list(_xlsx_rows(sheet)) if wanted(sheet.title) else ())
                for sheet in reader.wb.worksheets
            ]
        finally:
            reader.wb.close()
            reader.archive.close()
        if _computes(workbook):
            _refuse_uncomputed(workbook, tables)
        return tables
    except FormRejected:
        raise
    # openpyxl meets a damaged file with whatever its parts raise: KeyError, ValueError, ParseError, zlib.error …
    except Exception as problem:
        raise _refused("file .xlsx bị hỏng. Hãy mở bằng Excel, lưu lại và tải lên.", filename) from problem


def _computes(workbook: bytes) -> bool:
    """Whether any cell of any sheet is a formula of Excel."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(_FORMULA.search(archive.read(name)) for name in names)


def _refuse_uncomputed(workbook: bytes, tables: Sequence[Table]) -> None:
    """Refuse a formula whose result the file does not hold: its cell would read as blank and the question be lost.

    Excel stores results beside formulas; programs that write workbooks often do not.
    """
    reader = ExcelReader(io.BytesIO(workbook), read_only=True, data_only=False)
    reader.read()
    try:
        for sheet, (title, rows) in zip(reader.wb.worksheets, tables, strict=True):
            if not rows:
                continue
            written = dict(_xlsx_rows(sheet))
            headings = next((texts for _, texts in rows), [])
            for number, texts in rows:
                for place, (shown, typed) in enumerate(zip(texts, written.get(number, ()), strict=False)):
                    if shown is None and typed is not None and typed.startswith("="):
                        heading = headings[place] if place < len(headings) else None
                        raise FormRejected([SheetError(title, number, heading, _UNCOMPUTED, typed[:80])])
    finally:
        reader.wb.close()
        reader.archive.close()


def _xlsx_rows(sheet: Any) -> Iterator[tuple[int, list[str | None]]]:
    """(row number, texts); stops after a run of empty rows, so a row claimed far down costs nothing."""
    sheet.reset_dimensions()
    empty = 0
    # one row more than is allowed, so that `_sheet` says so; a sheet of 100,000 rows is not read to its end
    last = _most_rows(sheet.title) + 2 + _EMPTY_ROWS_AT_END
    rows = sheet.iter_rows(max_row=last, max_col=MAX_COLUMNS, values_only=True)
    for number, values in enumerate(rows, start=1):
        texts = [None if value is None else xlsx_value_to_str(value) for value in values]
        empty = 0 if any(texts) else empty + 1
        if empty > _EMPTY_ROWS_AT_END:
            return
        yield number, texts


def refuse_bombs(workbook: bytes, filename: str) -> None:
    """Refuse what is no zip of a sane size, or declares types of its own (DTD); FormRejected says why."""
    try:
        with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                raise _refused("file nén quá nhiều dữ liệu bên trong; không phải bảng tính thường.", filename)
            for part in islice(parts, MAX_PARTS):
                if _has_doctype(archive.read(part)):
                    raise _refused("file chứa khai báo XML lạ (DTD); hãy lưu lại bằng Excel.", filename)
    except FormRejected:
        raise
    # zipfile raises BadZipFile, zlib.error, NotImplementedError, RuntimeError (a password), EOFError, OSError
    except Exception as problem:
        raise _refused("không phải file .xlsx, hoặc file tải lên dở dang.", filename) from problem


def _refuse_strangers(workbook: bytes, filename: str) -> None:
    """Refuse macros and other people's paths; `refuse_bombs` has opened the archive before."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        names = [name.lower() for name in archive.namelist()]
    if any("vbaproject" in name for name in names):
        raise _refused("file có macro. Hãy lưu lại dưới dạng .xlsx thường.", filename)
    if any(name.startswith("xl/externallinks/") for name in names):
        raise _refused(
            "file lấy số liệu từ một file Excel khác. Trong Excel chọn Data › Edit Links › Break Link.",
            filename,
        )


def _has_doctype(part: bytes) -> bool:
    return any(marker in part for marker in _DOCTYPES)


def _read_xls(workbook: bytes, filename: str, wanted: Callable[[str], bool]) -> list[Table]:
    try:
        book = xlrd_open(file_contents=workbook, logfile=io.StringIO())
        return [
            (sheet.name, list(_xls_rows(sheet, book.datemode)) if wanted(sheet.name) else ())
            for sheet in book.sheets()
        ]
    # xlrd meets a damaged file with AssertionError, struct.error, IndexError …
    except Exception as problem:
        raise _refused("file .xls không đọc được. Hãy lưu lại dưới dạng .xlsx.", filename) from problem


def _xls_rows(sheet: Any, datemode: int) -> Iterator[tuple[int, list[str | None]]]:
    for index in range(min(sheet.nrows, _most_rows(sheet.name) + 2)):
        cells = sheet.row(index)[:MAX_COLUMNS]
        yield index + 1, [xls_value_to_unicode(cell.value, cell.ctype, datemode) or None for cell in cells]
