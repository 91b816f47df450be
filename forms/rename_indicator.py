"""An indicator of a workbook under a new code, where what it says is no longer what the old code said (R9)."""

import re
from collections.abc import Mapping

from forms import library, sheets
from forms.sheets import Sheet, SheetRow

_ENDS = ("_done", "_of")


def renamed(workbook: bytes, filename: str, codes: Mapping[str, str]) -> bytes:
    """An .xlsx with the same cells, each indicator of `codes` (old → new) renamed; raises FormRejected.

    Widths and colours of the uploaded workbook are not kept: what is published is what stands in its cells.
    """
    book = sheets.read(workbook, filename)
    names = {f"{old}{end}": f"{new}{end}" for old, new in codes.items() for end in _ENDS}
    return library.packed(_table(sheet, names, codes) for sheet in book.values())


def _table(sheet: Sheet, names: Mapping[str, str], codes: Mapping[str, str]) -> library.LibrarySheet:
    headings = tuple(heading or "" for heading in sheet.headings)
    # what the old code was called stays the old code's: the new one has a name of its own
    kept = [row for row in sheet.rows if row["indicator"] not in codes]
    rows = {1: headings, **{row.number: _cells(sheet, row, names) for row in kept}}
    empty = ("",) * len(headings)
    return library.LibrarySheet(
        sheet.name, tuple(rows.get(number, empty) for number in range(1, max(rows) + 1))
    )


def _cells(sheet: Sheet, row: SheetRow, names: Mapping[str, str]) -> tuple[str, ...]:
    texts = {heading: _referring(text, names) for heading, text in row.cells.items()}
    name = sheet.columns.get("name")
    if name in texts:
        texts[name] = names.get(texts[name], texts[name])
    return tuple(texts.get(heading or "", "") for heading in sheet.headings)


def _referring(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: f"${{{names.get(found[1], found[1])}}}", text)
