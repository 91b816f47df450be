"""Workbooks written row by row in constant memory; every text is a string cell, never a formula or a link."""

import contextlib
import datetime as dt
import os
import textwrap
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

import xlsxwriter
import xlsxwriter.utility
from xlsxwriter.exceptions import FileCreateError

from server.exports.disarmed_cells import LONGEST, plain

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
A4 = 9
"""XlsxWriter's number of the paper."""
DAY_WIDE, MOMENT_WIDE = 11, 17
"""Letters that a column needs to show a day, and a day with its hour."""
_LINE, _TALLEST = 15, 405
"""Points: the height of one line, and what Excel allows a row in whole lines."""
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,  # links are strings: no limit of 65,530, nothing that opens by itself
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
    "remove_timezone": True,
}
_NAME_LETTERS = 31
_FORBIDDEN = str.maketrans(dict.fromkeys("[]*?:\\/'", " "))


class GrowingSheet:
    """One sheet; where its rows do not fit in one, a row of sheets numbered (2), (3); where its columns do not,
    sheets beside each other, `cột 2`, `cột 3`, each with the same rows (X16)."""

    def __init__(
        self,
        book: "Workbook",
        name: str,
        header: Sequence[str],
        widths: Sequence[int],
        cut_header: str = "",
        *,
        titles: Sequence[str] = (),
        is_printed: bool = False,
    ) -> None:
        self._book, self._name, self._widths, self._titles = book, name, widths, titles
        self._header = [*header, cut_header] if cut_header else header
        self._cut_header = cut_header
        self._is_printed = is_printed
        self._widened: set[tuple[str, int]] = set()
        self.count = 0
        """Rows written below the header, over all parts."""
        self.cut = 0
        """Texts that were longer than a cell holds."""
        self.pages = 0
        """Pages that it was written to."""
        self.title = ""
        """Of its first page, as Excel shows it."""
        self._begin(name)

    def _begin(self, name: str) -> None:
        beside = range(2, -(-len(self._header) // self._book.most_columns) + 1)
        self._page, *self._beside = [
            self._book.page(each) for each in (name, *(f"{name} (cột {part})" for part in beside))
        ]
        self.pages += 1 + len(self._beside)
        self.title = self.title or str(self._page.get_name())
        for column, width in enumerate(self._widths):
            self._page.set_column(column, column, width)
        if self._is_printed:
            one_page_wide(self._page, len(self._titles))
        self._at = 0
        for line in self._titles:
            self._line([line], self._book.title)
        if self._header:
            self._line(self._header, self._book.bold)
            for page in (self._page, *self._beside):
                page.freeze_panes(self._at, 0)

    def note(self, column: int, text: str) -> None:
        """A remark at a header, which Excel shows where the mouse rests; on the first of several pages."""
        if column < self._book.most_columns:
            self._page.write_comment(0, column, text)

    def row(self, values: Sequence[Any], bold: bool = False) -> None:
        """Add a row; None leaves a cell empty. What had to be cut is named in the last column, if there is one."""
        if self._at >= self._book.most_rows:
            part = self.count // (self._book.most_rows - 1) + 1
            self._begin(f"{self._name} ({part})")
        if self._cut_header and any(type(value) is str and len(value) > LONGEST for value in values):
            values = [*values, self._cut_names(values)]
        self._line(values, self._style(values, bold=bold))
        self.count += 1

    def _style(self, values: Sequence[Any], *, bold: bool) -> Any:
        """On paper a text is whole in its cell; one that stands alone in its row runs on over the cells beside it."""
        if len(values) == 1 and self._is_printed:
            return self._book.title if bold else None
        return self._book.bold if bold else self._book.wrapped if self._is_printed else None

    def _cut_names(self, values: Sequence[Any]) -> str:
        pairs = zip(self._header, values, strict=False)
        return "; ".join(name for name, value in pairs if isinstance(value, str) and len(value) > LONGEST)

    def _line(self, values: Sequence[Any], style: Any) -> None:
        if self._is_printed and len(values) > 1:
            self._page.set_row(self._at, row_height(values, self._widths))
        if self._beside:
            most = self._book.most_columns
            for number, page in enumerate((self._page, *self._beside)):
                self._cells(page, values[number * most : (number + 1) * most], style)
        else:
            self._cells(self._page, values, style)
        self._at += 1

    def _cells(self, page: Any, values: Iterable[Any], style: Any) -> None:
        at = self._at
        for column, value in enumerate(values):
            if value is None or value == "":
                continue
            kind = type(value)
            if kind is str:
                page.write_string(at, column, value if len(value) <= LONGEST else self._short(value), style)
            elif kind is int or kind is float:
                page.write_number(at, column, value, style)
            else:
                self._other(page, at, column, value, style)

    def _short(self, text: str) -> str:
        self.cut += 1
        return text[:LONGEST]

    def _other(self, page: Any, at: int, column: int, value: Any, style: Any) -> None:
        if isinstance(value, bool):
            page.write_boolean(at, column, value, style)
        elif isinstance(value, Decimal | Fraction):
            page.write_number(at, column, float(value), style)
        elif isinstance(value, dt.datetime):
            page.write_datetime(at, column, value, self._book.moment)
            self._widen(page, column, MOMENT_WIDE)
        elif isinstance(value, dt.date):
            page.write_datetime(at, column, value, self._book.day)
            self._widen(page, column, DAY_WIDE)
        elif isinstance(value, dt.time):
            page.write_datetime(at, column, value, self._book.time)
        else:
            page.write_string(at, column, str(value)[:LONGEST], style)

    def _widen(self, page: Any, column: int, letters: int) -> None:
        """Give a column room for a day, which Excel shows as #### where it does not fit."""
        given = self._widths[column] if page is self._page and column < len(self._widths) else 0
        if (page.name, column) not in self._widened:
            self._widened.add((page.name, column))
            page.set_column(column, column, max(given, letters))


def one_page_wide(page: Any, heading: int = 0) -> None:
    """Printed on A4 laid sideways, the heading's row (counted from 0) on each page."""
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.repeat_rows(heading)
    page.set_footer("&C&P/&N")


def row_height(values: Iterable[Any], widths: Iterable[int]) -> int:
    """Points that a row needs to show its texts whole in columns of so many letters.

    Told to each row: LibreOffice does not work it out for files that look like Excel's.
    """
    pairs = zip(values, widths, strict=False)
    long = ((each, letters) for each, letters in pairs if isinstance(each, str) and len(each) >= letters)
    lines = max((len(textwrap.wrap(each, max(1, letters - 1))) for each, letters in long), default=1)
    return min(_TALLEST, _LINE * max(1, lines))


class Workbook:
    """A workbook in the file at `path`; whole when the block ends. `most_rows`, `most_columns`: Excel's limits."""

    def __init__(self, path: Path, *, most_rows: int = MOST_ROWS, most_columns: int = MOST_COLUMNS) -> None:
        self._path = path
        self._parts = TemporaryDirectory(dir=path.parent, prefix=".dang-viet-")
        self._book = xlsxwriter.Workbook(path, {**_OPTIONS, "tmpdir": self._parts.name})
        self.most_rows, self.most_columns = most_rows, most_columns
        self._names: set[str] = set()
        self.bold = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.title = self._book.add_format({"bold": True})
        self.wrapped = self._book.add_format({"text_wrap": True, "valign": "top"})
        self.day = self._book.add_format({"num_format": "dd/mm/yyyy", "valign": "top"})
        self.moment = self._book.add_format({"num_format": "hh:mm dd/mm/yyyy", "valign": "top"})
        self.time = self._book.add_format({"num_format": "hh:mm"})

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._book.close()
        except FileCreateError as failed:  # the library's own word for what the disk did
            with contextlib.suppress(OSError):
                os.truncate(self._path, 0)  # its archive is closed later, and would complain of the same disk
            raise next((each for each in failed.args if isinstance(each, OSError)), failed) from failed
        finally:
            self._parts.cleanup()  # on a full disk the library leaves them

    def sheet(
        self,
        name: str,
        header: Sequence[str] = (),
        widths: Sequence[int] = (),
        cut_header: str = "",
        *,
        titles: Sequence[str] = (),
        is_printed: bool = False,
    ) -> GrowingSheet:
        """A sheet with a header row that stays in sight; `cut_header` adds a column for what had to be cut.

        `titles` stand above the header, a line each.
        `is_printed`: few enough columns to be read on one sheet of A4 laid sideways.
        """
        return GrowingSheet(self, name, header, widths, cut_header, titles=titles, is_printed=is_printed)

    def name_range(self, name: str, title: str, rows: int, columns: int) -> None:
        """Give the first rows and columns of the page with this title a name."""
        last = xlsxwriter.utility.xl_rowcol_to_cell(rows - 1, columns - 1, row_abs=True, col_abs=True)
        page = xlsxwriter.utility.quote_sheetname(title)
        self._book.define_name(f"{page}!{name}", f"={page}!$A$1:{last}")

    def format(self, **properties: Any) -> Any:
        """How cells look: properties of an XlsxWriter format."""
        return self._book.add_format(properties)

    def page(self, name: str) -> Any:
        """A page whose name is allowed and not taken: 31 letters, none of []*?:\\/ (X8)."""
        bare = plain(name.translate(_FORBIDDEN)) or "_"
        short, number = _whole_words(bare, _NAME_LETTERS), 1
        while short.casefold() in self._names or short.casefold() == "history":
            number += 1
            tail = f"~{number}"
            short = _whole_words(bare, _NAME_LETTERS - len(tail)) + tail
        self._names.add(short.casefold())
        return self._book.add_worksheet(short)


def _whole_words(name: str, letters: int) -> str:
    """As many whole words of a name as have room, without a comma at the end; where little would be left, letters."""
    if len(name) <= letters:
        return name
    whole = name[: letters + 1].rpartition(" ")[0].rstrip(" ,;–-(")
    return whole if 2 * len(whole) > letters else name[:letters]
