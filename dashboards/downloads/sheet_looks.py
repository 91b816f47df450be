"""How cells of a sheet that is printed look and are written: numbers as numbers, states in colour and word."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from dashboards.maps.map_colours import COLOURS
from server.exports.disarmed_cells import plain
from server.exports.workbook import Workbook, row_height

A3, A4 = 8, 9
"""XlsxWriter's numbers of papers."""
LIGHT_TEXT = frozenset({"k-met", "k-far"})
"""Classes whose colour is too dark for black letters."""


class SheetLooks:
    """Formats of one workbook, made as they are needed."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[tuple[Any, ...], Any] = {}
        self.head = book.format(
            bold=True, text_wrap=True, valign="vcenter", align="center", border=1, bg_color="#E8EDF2"
        )
        self.note = book.format(font_size=9, font_color="#444444")

    def cell(
        self, *, class_name: str = "", is_bold: bool = False, is_percent: bool = False, is_state: bool = False
    ) -> Any:
        """`is_state`: a word of a few letters, which stays inside its cell on paper."""
        key = (class_name, is_bold, is_percent, is_state)
        if key not in self._made:
            look: dict[str, Any] = {"border": 1, "bold": is_bold, "valign": "vcenter"}
            if is_state:
                look |= {"align": "center", "shrink": True}
            if is_percent:
                look |= {"num_format": "0.0", "align": "right", "shrink": True}
            if class_name in COLOURS:
                look |= {"bg_color": COLOURS[class_name].upper()}
                look |= {"font_color": "#FFFFFF"} if class_name in LIGHT_TEXT else {}
            self._made[key] = self._book.format(**look)
        return self._made[key]


def write_cell(page: Any, at: int, place: int, value: Any, look: Any) -> None:
    """A number as a number, a text as a text that is never a formula, nothing as an empty cell."""
    if value is None or value == "":
        page.write_blank(at, place, None, look)
    elif isinstance(value, int | Decimal):
        page.write_number(at, place, float(value) if isinstance(value, Decimal) else value, look)
    else:
        page.write_string(at, place, plain(str(value)), look)


NUMBER_WIDE, STATE_WIDE = 8, 12
"""Columns of a pair, in letters; a longer head is broken into lines, a longer word made smaller."""


def pair_columns(page: Any, heads: Sequence[str], before: Sequence[int]) -> None:
    """As wide as `before` says, then pairs of a number and a state; the row of the heads is as high as they need."""
    wide = [*before, *((NUMBER_WIDE, STATE_WIDE) * len(heads))][: len(heads)]
    for place, letters in enumerate(wide):
        page.set_column(place, place, letters)
    page.set_row(0, max(30, row_height(heads, wide)))


def to_print(page: Any, paper: int, title: str, *, pages_tall: int) -> None:
    """On paper laid sideways, one page wide, title and heading on each; `pages_tall` 0: as many as it takes."""
    page.set_landscape()
    page.set_paper(paper)
    page.set_margins(left=0.4, right=0.4, top=0.8, bottom=0.6)
    page.set_header(f'&L&"-,Bold"&14{title.replace("&", "&&")}', {"margin": 0.35})
    page.fit_to_pages(1, pages_tall)
    page.repeat_rows(0)
    page.set_footer("&C&P/&N")
