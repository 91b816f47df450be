"""The rows of a table by what their columns hold: heading found, columns chosen, what is left out named."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from geo import column_words, numbers
from geo.plain import words
from server.files.tables import passed_over, read_cells, table_file
from server.files.tables.table_file import Cell, SheetCells, TableRejected

MOST_LOOKED_AT = 30_000
"""Cells that are looked at for a heading in sheets that have none."""
HEADING_WITHIN = 25
"""Titles and dates stand above the heading; rows farther down than this are not looked at for one."""
_SERIAL = frozenset({"stt", "tt", "so tt", "so thu tu", "no", "thu tu", "s tt"})


@dataclass(frozen=True, slots=True)
class TableColumn:
    """What a column may hold: its meaning as `geo.column_words` has it, and how a template heads and fills it."""

    meaning: str
    title: str
    example: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class TableKind:
    """A kind of table: its columns, and of which groups each row needs at least one."""

    name: str
    columns: tuple[TableColumn, ...]
    needed: tuple[tuple[str, ...], ...]

    def title(self, meaning: str) -> str:
        """What a column is called where people read."""
        return next(column.title for column in self.columns if column.meaning == meaning)


@dataclass(frozen=True, slots=True)
class ReadingChoice:
    """What a person chose by hand: which column (from 0, None for none) holds what, which sheets are left out."""

    columns: Mapping[str, int | None] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    heading: int | None = None
    """The heading's row as Excel numbers it; None: it is looked for."""


AS_FOUND = ReadingChoice()


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

    def whole(self, meaning: str, title: str) -> int | str | None:
        """A whole number, None where the cell says nothing, else a sentence that says what is wrong with it."""
        value = self.cells.get(meaning)
        if numbers.says_nothing(value):
            return None
        if str(value).startswith("="):
            return f"cột {title} là công thức chưa có kết quả; hãy mở bằng Excel, lưu lại rồi nạp"
        number = numbers.whole(value)
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

    @property
    def unused(self) -> tuple[str, ...]:
        """Headings of columns that nothing is taken from."""
        taken = set(self.chosen.values())
        return tuple(
            heading
            for place, heading in enumerate(self.headings)
            if heading and place not in taken and words(heading) not in _SERIAL
        )


@dataclass(frozen=True)
class TableRead:
    """All that was read, and in sentences what was not."""

    kind: TableKind
    sheets: tuple[SheetRead, ...]
    left_out: tuple[str, ...]

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
    return read(read_cells.of_file(content, filename), kind, choice)


def read_text(text: str, kind: TableKind, choice: ReadingChoice = AS_FOUND) -> TableRead:
    """The table of pasted cells. Raises TableRejected."""
    return read(read_cells.of_text(text), kind, choice)


def read(sheets: Sequence[SheetCells], kind: TableKind, choice: ReadingChoice = AS_FOUND) -> TableRead:
    """The rows of every sheet that holds such a table. Raises TableRejected where none does, or it is empty."""
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
        elif (one := _sheet(sheet, kind, choice, several=several)) is not None:
            found.append(one)
            if sheet.is_cut:
                raise TableRejected([f"Bảng dài quá {table_file.MOST_ROWS} dòng; hãy tách thành nhiều tệp."])
        elif any(any(cell is not None for cell in cells) for _, cells in sheet.rows):
            looked += sum(len(cells) for _, cells in sheet.rows[:HEADING_WITHIN])
            if looked > MOST_LOOKED_AT:
                raise TableRejected(["Tệp có quá nhiều trang tính khác; hãy gửi riêng trang cần nạp."])
            left_out.append(f"{name} không có bảng này nên bỏ qua.")
    if not found:
        raise TableRejected([_unrecognised(sheets, kind), *(left_out if several else ())])
    reading = TableRead(kind, tuple(found), tuple(left_out))
    if not reading.rows:
        raise TableRejected(["Bảng chỉ có dòng tiêu đề, không có dòng nào dưới đó."])
    return reading


@dataclass(frozen=True, slots=True)
class _Heading:
    first: int
    last: int
    titles: tuple[str, ...]
    chosen: Mapping[str, int]


def _sheet(sheet: SheetCells, kind: TableKind, choice: ReadingChoice, *, several: bool) -> SheetRead | None:
    heading = _heading(sheet, kind, choice)
    if heading is None:
        return None
    number = sheet.rows[heading.last][0]
    rows, passed = _rows(sheet, heading, kind, several=several)
    return SheetRead(sheet.name, number, heading.titles, heading.chosen, rows, passed)


def _heading(sheet: SheetCells, kind: TableKind, choice: ReadingChoice) -> _Heading | None:
    """The row, or the two rows, in which most columns are known, all that are needed among them; the uppermost."""
    if choice.heading is not None:
        chosen = [place for place, (number, _) in enumerate(sheet.rows) if number == choice.heading]
        return _best(sheet, [(place, place) for place in chosen], kind, choice)
    places = range(min(HEADING_WITHIN, len(sheet.rows)))
    likely = [(place, place + 1 if _is_split(sheet, place) else place) for place in places]
    pairs = [(place, place + 1) for place in places if place + 1 < len(sheet.rows)]
    return _best(sheet, likely, kind, choice) or _best(
        sheet, [(first, last) for first, last in pairs if _may_be_second(sheet.rows[last][1])], kind, choice
    )


def _best(
    sheet: SheetCells, places: Iterable[tuple[int, int]], kind: TableKind, choice: ReadingChoice
) -> _Heading | None:
    best: _Heading | None = None
    for first, last in places:
        titles = _titles(sheet, first, last)
        chosen = _chosen(titles, kind, choice)
        is_whole = all(any(each in chosen for each in group) for group in kind.needed)
        if is_whole and (best is None or len(chosen) > len(best.chosen)):
            best = _Heading(first, last, titles, chosen)
    return best


def _is_split(sheet: SheetCells, place: int) -> bool:
    """Whether a heading goes on in the next row: cells merged over both rows, or one over several columns below."""
    if place + 1 >= len(sheet.rows) or not _may_be_second(sheet.rows[place + 1][1]):
        return False
    (number, upper), (_, lower) = sheet.rows[place], sheet.rows[place + 1]
    if any(above is not None and above == below for above, below in zip(upper, lower, strict=False)):
        return True
    return any(
        top <= number <= bottom and sum(cell is not None for cell in lower[left - 1 : right]) > 1
        for top, bottom, left, right in sheet.wide
    )


def _may_be_second(cells: Sequence[Cell]) -> bool:
    """Whether a row may be the lower half of a heading: words alone, and not every one of its own."""
    filled = [cell for cell in cells if cell is not None]
    return (
        bool(filled)
        and all(isinstance(cell, str) and numbers.whole(cell) is None for cell in filled)
        and (not passed_over.is_numbering(cells))
    )


def _titles(sheet: SheetCells, first: int, last: int) -> tuple[str, ...]:
    """The headings of columns; of two rows, what stands above (merged or not) before what stands below."""
    upper = _spread(sheet, first)
    if first == last or last >= len(sheet.rows):
        return tuple(upper)
    lower = [str(cell) if isinstance(cell, str) else "" for cell in sheet.rows[last][1]]
    width = max(len(upper), len(lower))
    upper += [""] * (width - len(upper))
    lower += [""] * (width - len(lower))
    return tuple(
        above if not below or words(above) == words(below) else f"{above} {below}".strip()
        for above, below in zip(upper, lower, strict=True)
    )


def _spread(sheet: SheetCells, place: int) -> list[str]:
    """A row of headings, one merged over several columns in each of them."""
    number, cells = sheet.rows[place]
    titles = [cell if isinstance(cell, str) else "" for cell in cells]
    for top, bottom, left, right in sheet.wide:
        if top <= number <= bottom and left <= len(titles):
            for column in range(left, min(right, len(titles))):
                titles[column] = titles[column] or titles[left - 1]
    return titles


def _chosen(titles: Sequence[str], kind: TableKind, choice: ReadingChoice) -> dict[str, int]:
    """Columns by their headings, those that a person chose first."""
    by_hand = {
        each: place for each, place in choice.columns.items() if place is not None and place < len(titles)
    }
    open_titles = ["" if place in by_hand.values() else title for place, title in enumerate(titles)]
    meanings = [column.meaning for column in kind.columns if column.meaning not in choice.columns]
    needed = [group[-1] for group in kind.needed]
    return column_words.assign(open_titles, meanings, [each for each in needed if each in meanings]) | by_hand


def _rows(
    sheet: SheetCells, heading: _Heading, kind: TableKind, *, several: bool
) -> tuple[tuple[TableRow, ...], tuple[PassedOverRow, ...]]:
    rows: list[TableRow] = []
    passed: list[PassedOverRow] = []
    serial = next((n for n, title in enumerate(heading.titles) if words(title) in _SERIAL), None)
    is_over = False
    for place in range(heading.last + 1, len(sheet.rows)):
        number, cells = sheet.rows[place]
        if all(cell is None for cell in cells):
            continue
        row = _row(sheet.name if several else "", number, cells, heading.chosen)
        is_counted = serial is not None and serial < len(cells) and numbers.whole(cells[serial]) is not None
        is_over = (is_over or (bool(rows) and not is_counted and _is_end(cells, row, kind))) and not (
            is_counted and _is_whole(row, kind)
        )
        why = _why(cells, heading, row, is_over=is_over, is_first=place == heading.last + 1)
        if why:
            passed.append(PassedOverRow(row.where, why, passed_over.first_words(cells)[:80] or str(cells[0])))
        else:
            rows.append(row)
    return tuple(rows), tuple(passed)


def _why(cells: Sequence[Cell], heading: _Heading, row: TableRow, *, is_over: bool, is_first: bool) -> str:
    """Why a row is no data; "" where it is."""
    if is_first and passed_over.is_numbering(cells):
        return "dòng đánh số cột"
    if passed_over.is_sum(cells):
        return "dòng cộng"
    if is_over:
        return "phần ký tên dưới bảng"
    titles = {words(title) for title in heading.titles if title}
    texts = [words(cell) for cell in cells if isinstance(cell, str)]
    if texts and len(texts) > 1 and all(text in titles for text in texts):
        return "tiêu đề lặp lại"
    if not row.cells:
        return "không có ô nào của các cột được đọc"
    return ""


def _row(sheet: str, number: int, cells: Sequence[Cell], chosen: Mapping[str, int]) -> TableRow:
    told = {
        meaning: cells[place]
        for meaning, place in chosen.items()
        if place < len(cells) and cells[place] is not None
    }
    where = f"Trang “{sheet}”, dòng {number}" if sheet else f"Dòng {number}"
    return TableRow(sheet, number, told, where)


def _is_end(cells: Sequence[Cell], row: TableRow, kind: TableKind) -> bool:
    """Whether the table ends here; in a row that has all it needs, other columns may say anything."""
    read = tuple(row.cells.values())
    return passed_over.is_signature(read if _is_whole(row, kind) else cells, read)


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
    return (
        f"Không thấy dòng tiêu đề có cột {looked} trong {HEADING_WITHIN} dòng đầu. Các cột đã thấy: {told}."
    )
