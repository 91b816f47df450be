"""The rows of a table by what their columns hold: heading found, columns chosen, what is left out named."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from geo import written_numbers
from geo.plain_words import words
from server.files.tables import (
    cells_by_reading_process,
    excel_and_csv,
    find_heading,
    rows_without_data,
    village_for_many_rows,
)
from server.files.tables.excel_and_csv import NO_RESULT, Cell, SheetCells, TableRejected
from server.files.tables.find_heading import HEADING_WITHIN, Heading
from server.files.tables.table_kinds import AS_FOUND, ReadingChoice, TableKind

MOST_LOOKED_AT = 30_000
"""Cells that are looked at for a heading in sheets that have none."""
_NO_RESULT = "là công thức chưa có kết quả; hãy mở bằng Excel, lưu lại rồi nạp"
_ERRORS = frozenset({"#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
_AGAIN, _GROUP, _MEMBER = "tiêu đề lặp lại", "dòng tên thôn", "thành viên của hộ, không phải chủ hộ"
_UNITS = "dòng đơn vị tính"
_AS_ABOVE = re.compile(
    r"""\W*(?:nt|n\.t|như trên)\W*|\s*-*\s*(?:["“”″〃]|''|,,){1,3}\s*-*\s*""", re.IGNORECASE
)
"""What clerks write for "the same as above"."""
_SERIAL_BEFORE = re.compile(r"^\(?\d{1,4}\s*[.)]\s*(?=[^\W\d_])")
"""A number of the row that stands before a name in its cell: "1. Mạc Thị Sớm"."""
_HEADS = frozenset({"chu ho", "chu", "ch", "chu nha", "ban than", "la chu ho"})
"""What members' relation to the head of their household says of the head."""
_IS_HEAD = "la chu ho"
_NOT_HEADS = frozenset({"khong", "0", "k", "no", "false"})
"""Heads the column where heads are marked ("x", "có") and the others are not."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of data: text by meaning, blanks absent; `where` names it to people."""

    sheet: str
    number: int
    cells: Mapping[str, Cell]
    where: str

    def text(self, meaning: str) -> str:
        """The cell as text, "" where there is none; a code that a program keeps as a number has no fraction."""
        value = self.cells.get(meaning)
        return "" if value is None else str(value)

    def uncomputed(self, kind: TableKind) -> Iterator["RowFault"]:
        """A fault for each text that is a formula without a result, or with an error; numbers tell it themselves."""
        for column in kind.columns:
            if not column.is_number and (text := self.text(column.meaning)) in (NO_RESULT, *_ERRORS):
                why = _NO_RESULT if text == NO_RESULT else f"là ô lỗi “{text}” của Excel; hãy sửa công thức"
                yield RowFault(self, f"cột {column.title} {why}", column.meaning)

    def whole(self, meaning: str, title: str) -> int | str | None:
        """A whole number, None where the cell says nothing, else a sentence that says what is wrong with it."""
        value = self.cells.get(meaning)
        if written_numbers.says_nothing(value):
            return None
        if str(value).startswith("="):
            return f"cột {title} {_NO_RESULT}"
        number = written_numbers.whole(value)
        shown = str(value).replace(".", ",") if isinstance(value, float) else str(value)
        return f"cột {title}: “{shown[:40]}” không phải số nguyên từ 0 trở lên" if number is None else number


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong with a row, in Vietnamese without a full stop; `meaning` names the column where one is to blame."""

    row: TableRow
    sentence: str
    meaning: str = ""

    def __str__(self) -> str:
        return f"{self.row.where}: {self.sentence}."


class RowsRejected(TableRejected):
    """Rows of which nothing was stored, each with what is wrong."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(map(str, faults))


@dataclass(frozen=True, slots=True)
class PassedOverRow:
    """A row that is no data, why, and its first words."""

    where: str
    why: str
    text: str


@dataclass(frozen=True, slots=True)
class SheetRead:
    """A sheet in which a table was found; `chosen` tells the place of each meaning among `headings`."""

    name: str
    heading_row: int
    headings: tuple[str, ...]
    chosen: Mapping[str, int]
    rows: tuple[TableRow, ...]
    passed: tuple[PassedOverRow, ...]
    name_columns: tuple[int, ...] = ()
    """The columns whose texts make a name together."""

    @property
    def unused(self) -> tuple[str, ...]:
        """Headings of columns that nothing is taken from."""
        taken = {*self.chosen.values(), *self.name_columns}
        return tuple(
            heading
            for place, heading in enumerate(self.headings)
            if heading and place not in taken and not find_heading.is_serial(heading)
        )


@dataclass(frozen=True)
class TableRead:
    """All that was read, and in sentences what was not."""

    kind: TableKind
    sheets: tuple[SheetRead, ...]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    """What was read though it may not be meant."""

    @cached_property
    def rows(self) -> tuple[TableRow, ...]:
        """The rows of all sheets."""
        return tuple(row for sheet in self.sheets for row in sheet.rows)

    @cached_property
    def passed(self) -> tuple[PassedOverRow, ...]:
        """The rows of all sheets that are no data."""
        return tuple(row for sheet in self.sheets for row in sheet.passed)

    @cached_property
    def unused(self) -> tuple[str, ...]:
        """Columns of any sheet that nothing is taken from, each once."""
        return tuple(dict.fromkeys(heading for sheet in self.sheets for heading in sheet.unused))

    def has(self, meaning: str) -> bool:
        """Whether any sheet has a column of this meaning."""
        return any(meaning in sheet.chosen for sheet in self.sheets)


def read_file(content: bytes, filename: str, kind: TableKind, choice: ReadingChoice = AS_FOUND) -> TableRead:
    """The table of a workbook or text file. Raises TableRejected."""
    return read(cells_by_reading_process.of_file(content, filename), kind, choice)


def read_text(text: str, kind: TableKind, choice: ReadingChoice = AS_FOUND) -> TableRead:
    """The table of pasted cells. Raises TableRejected."""
    return read(cells_by_reading_process.of_text(text), kind, choice)


def read(sheets: Sequence[SheetCells], kind: TableKind, choice: ReadingChoice = AS_FOUND) -> TableRead:
    """The rows of every sheet that holds such a table. Raises TableRejected where none does, or it is empty."""
    found, left_out = _found(sheets, kind, choice, find_heading.find)
    if not found and kind.around:
        by_name = sum(find_heading.lacks_around(sheet, kind) for sheet in sheets) > 1
        find = partial(find_heading.find_with_around, by_name=by_name)
        found, left_out = _found(sheets, kind, choice, find)
    if not found and kind.within:
        found, left_out = _found(sheets, kind, choice, find_heading.find_with_addresses)
    if not found:
        raise TableRejected([_unrecognised(sheets, kind), *(left_out if len(sheets) > 1 else ())])
    read_sheets = {sheet.name for sheet in found}
    remarks = [_hidden(sheet) for sheet in sheets if sheet.hidden_rows and sheet.name in read_sheets]
    remarks += [_wide(sheet) for sheet in sheets if sheet.is_cut_wide and sheet.name in read_sheets]
    reading = TableRead(kind, tuple(found), tuple(left_out), tuple(remarks))
    if not reading.rows and any(row.why == _MEMBER for row in reading.passed):
        raise TableRejected(["Cột quan hệ với chủ hộ không có dòng nào ghi “Chủ hộ”."])
    if not reading.rows:
        raise TableRejected(["Bảng chỉ có dòng tiêu đề, không có dòng nào dưới đó."])
    return reading


def _found(
    sheets: Sequence[SheetCells],
    kind: TableKind,
    choice: ReadingChoice,
    find: Callable[[SheetCells, TableKind, ReadingChoice], Heading | None],
) -> tuple[list[SheetRead], list[str]]:
    """The sheets in which a heading is found, and in sentences those that are left out."""
    several = len(sheets) > 1
    looked = 0
    found: list[SheetRead] = []
    left_out: list[str] = []
    for sheet in sheets:
        name = f"Trang “{sheet.name}”"
        if sheet.name in choice.without:
            left_out.append(f"{name} được bỏ lại theo lựa chọn.")
        elif sheet.hidden and several:
            left_out.append(f"{name} đang ẩn nên không đọc.")
        elif (heading := find(sheet, kind, choice)) is not None:
            found.append(_sheet(sheet, heading, kind, several=several))
            if sheet.is_cut:
                raise TableRejected(
                    [f"Bảng dài quá {excel_and_csv.MOST_ROWS} dòng; hãy tách thành nhiều tệp."]
                )
        elif any(any(cell is not None for cell in cells) for _, cells in sheet.rows):
            looked += sum(len(cells) for _, cells in sheet.rows[:HEADING_WITHIN])
            if looked > MOST_LOOKED_AT:
                raise TableRejected(["Tệp có quá nhiều trang tính khác; hãy gửi riêng trang cần nạp."])
            left_out.append(f"{name} không có bảng này nên bỏ qua.")
    return found, left_out


def _hidden(sheet: SheetCells) -> str:
    where = f"Trang “{sheet.name}” có" if sheet.name else "Bảng có"
    return f"{where} {len(sheet.hidden_rows)} dòng đang ẩn hoặc bị lọc; các dòng ấy vẫn được đọc."


def _wide(sheet: SheetCells) -> str:
    where = f"Trang “{sheet.name}”" if sheet.name else "Bảng"
    return f"{where} rộng quá {excel_and_csv.MOST_COLUMNS} cột; các cột sau đó không được đọc."


def _sheet(sheet: SheetCells, heading: Heading, kind: TableKind, *, several: bool) -> SheetRead:
    number = sheet.rows[heading.last][0]
    if find_heading.is_doubled(sheet, heading, kind):
        title = heading.titles[heading.chosen[kind.needed[0][0]]]
        raise TableRejected(
            [
                f"Trang tính có hai bảng đặt cạnh nhau (hai cột “{title}”); hãy chuyển bảng bên phải xuống dưới."
            ]
        )
    rows, passed = _rows(sheet, heading, kind, several=several)
    return SheetRead(sheet.name, number, heading.titles, heading.chosen, rows, passed, heading.name_columns)


def _rows(
    sheet: SheetCells, heading: Heading, kind: TableKind, *, several: bool
) -> tuple[tuple[TableRow, ...], tuple[PassedOverRow, ...]]:
    rows: list[TableRow] = []
    passed: list[PassedOverRow] = []
    serial, first, is_over = heading.serial, heading.last + 1, False
    after = first  # where the lines begin that stand behind the last row
    numbered = first  # where the row may be that numbers the columns: under each heading
    for place in range(first, len(sheet.rows)):
        number, cells = sheet.rows[place]
        if all(cell is None for cell in cells):
            continue
        row = _row(sheet.name if several else "", number, cells, heading, kind)
        row = _as_above(row, rows[-1] if rows else None, kind)
        is_counted = (
            serial is not None and serial < len(cells) and written_numbers.whole(cells[serial]) is not None
        )
        is_over = (is_over or (bool(rows) and not is_counted and _is_end(cells, row, kind))) and not (
            is_counted and _is_whole(row, kind)
        )
        why = _why(cells, heading, row, kind, is_over=is_over, is_first=place == numbered)
        if why == _UNITS:
            numbered = place + 1
        elif why == _AGAIN:
            named = (
                village_for_many_rows.of_title(cells for _, cells in sheet.rows[after:place])
                if kind.around
                else ""
            )
            heading = find_heading.again(sheet, place, heading, kind)
            heading, is_over = replace(heading, around=named or heading.around), False
            numbered = place + 1
        elif why == _GROUP:
            heading = replace(heading, around=village_for_many_rows.of_row(cells))
        if why:
            said = heading.around if why == _GROUP else rows_without_data.first_words(cells) or str(cells[0])
            passed.append(PassedOverRow(row.where, why, said[:80]))
        else:
            rows.append(row)
            after = place + 1
    return tuple(rows), tuple(passed)


def _why(
    cells: Sequence[Cell], heading: Heading, row: TableRow, kind: TableKind, *, is_over: bool, is_first: bool
) -> str:
    """Why a row is no data; "" where it is."""
    if is_first and rows_without_data.is_numbering(cells):
        return "dòng đánh số cột"
    if is_first and rows_without_data.is_units(cells):
        return _UNITS
    if rows_without_data.is_sum(cells):
        return "dòng cộng"
    if kind.around and not _names_village(cells, heading, kind) and village_for_many_rows.of_row(cells):
        return _GROUP
    if _is_heading(cells, heading, kind):
        return _AGAIN
    return "phần ký tên dưới bảng" if is_over else _not_meant(cells, heading, row, kind)


def _names_village(cells: Sequence[Cell], heading: Heading, kind: TableKind) -> bool:
    """Whether a row says its thôn in the column that is there for it."""
    place = heading.chosen.get(kind.around, len(cells))
    return place < len(cells) and cells[place] is not None


def _is_heading(cells: Sequence[Cell], heading: Heading, kind: TableKind) -> bool:
    titles = {words(title) for title in heading.titles if title}.union(*heading.lines)
    texts = [words(cell) for cell in cells if isinstance(cell, str)]
    named = cells[name] if (name := heading.chosen.get(kind.needed[0][0], 0)) < len(cells) else None
    if isinstance(named, str) and words(named) == words(heading.titles[name]):
        return True  # nobody is called as their column is
    return len(texts) > 1 and all(text in titles for text in texts)


def _not_meant(cells: Sequence[Cell], heading: Heading, row: TableRow, kind: TableKind) -> str:
    """Why a row among the others is none of the table's subjects; "" where it is."""
    if all(meaning == kind.around and heading.around for meaning in row.cells):
        return "không có ô nào của các cột được đọc"
    if _is_member(row, heading, kind):
        return _MEMBER
    return "ghi chú" if rows_without_data.is_note(cells) and not _is_whole(row, kind) else ""


def _is_member(row: TableRow, heading: Heading, kind: TableKind) -> bool:
    """Whether a row is about a member of a household, not its head."""
    relation, place = row.text(kind.heads), heading.chosen.get(kind.heads)
    if place is not None and _IS_HEAD in words(heading.titles[place]):
        return not relation or words(relation) in _NOT_HEADS
    return bool(relation) and words(relation) not in _HEADS


def _row(sheet: str, number: int, cells: Sequence[Cell], heading: Heading, kind: TableKind) -> TableRow:
    told = {
        meaning: cells[place]
        for meaning, place in heading.chosen.items()
        if place < len(cells) and cells[place] is not None
    }
    parts = [cells[at] for at in heading.name_columns if at < len(cells) and cells[at] is not None]
    if parts:
        told[kind.needed[0][0]] = " ".join(map(str, parts))
    if kind.around and isinstance(name := told.get(kind.needed[0][0]), str):
        told[kind.needed[0][0]] = _SERIAL_BEFORE.sub("", name)
    if heading.around and not any(
        each in told for group in kind.needed if kind.around in group for each in group
    ):
        told[kind.around] = heading.around
    if heading.is_within and (named := village_for_many_rows.of_address(told.get(kind.within))):
        told[kind.around] = named
    where = f"Trang “{sheet}”, dòng {number}" if sheet else f"Dòng {number}"
    return TableRow(sheet, number, told, where)


def _as_above(row: TableRow, above: TableRow | None, kind: TableKind) -> TableRow:
    """The row with what stands above it where a cell says so ("nt", 〃); names and numbers are never the same again."""
    same = {
        column.meaning: above.cells[column.meaning]
        for column in kind.columns
        if above is not None
        and not column.is_number
        and column.meaning != kind.needed[0][0]
        and column.meaning in above.cells
        and _AS_ABOVE.fullmatch(row.text(column.meaning))
    }
    return replace(row, cells={**row.cells, **same}) if same else row


def _is_end(cells: Sequence[Cell], row: TableRow, kind: TableKind) -> bool:
    """Whether the table ends here; in a row that has all it needs, other columns may say anything."""
    read = tuple(row.cells.values())
    return rows_without_data.is_signature(read if _is_whole(row, kind) else cells, read)


def _is_whole(row: TableRow, kind: TableKind) -> bool:
    return all(any(each in row.cells for each in group) for group in kind.needed)


def _unrecognised(sheets: Sequence[SheetCells], kind: TableKind) -> str:
    """What was seen and what was looked for."""
    seen: tuple[str, ...] = ()
    for sheet in sheets:
        for _, cells in sheet.rows[:HEADING_WITHIN]:
            texts = tuple(str(cell)[:40] for cell in cells if cell is not None)
            if len(texts) > len(seen):
                seen = texts
    looked = " và ".join(" hoặc ".join(f"“{kind.title(each)}”" for each in group) for group in kind.needed)
    told = ", ".join(f"“{each}”" for each in seen[:12]) or "không có chữ nào"
    sentence = (
        f"Không thấy dòng tiêu đề có cột {looked} trong {HEADING_WITHIN} dòng đầu. Các cột đã thấy: {told}."
    )
    sentence += "".join(f" {_wide(sheet)}" for sheet in sheets if sheet.is_cut_wide)
    if kind.around and any(find_heading.lacks_around(sheet, kind) for sheet in sheets):
        sentence += (
            " Thiếu thôn: hãy thêm cột “Thôn”, hoặc ghi “Thôn …” ở dòng riêng trên các dòng của thôn, hay ở tên "
            "trang tính."
        )
    return sentence
