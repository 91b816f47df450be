"""A table of households and people by thôn, as a commune keeps it in Excel → figures by official code."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geo import columns, names
from geo.columns import Columns, Figures

HEADING_WITHIN = 25
"""Titles and dates stand above the heading; rows farther down than this are not looked at for one."""
_TOTALS = ("tổng", "tổng cộng", "tổng số", "cộng", "toàn xã")

Table = Iterable[tuple[int, Sequence[Any]]]
"""Rows as a spreadsheet numbers them, with their cells."""


@dataclass(frozen=True, slots=True)
class Read:
    """The figures of each thôn by code, and every row that is wrong, told in a sentence."""

    figures: Mapping[str, Figures]
    errors: tuple[str, ...]


def read(table: Table, known: Mapping[str, str]) -> Read:
    """`known` are the commune's thôn, name by code; rows without a code are matched by a name that is unique."""
    rows = list(table)
    found = _heading(rows)
    if found is None:
        return Read(
            {}, ("Không thấy dòng tiêu đề có cột mã hoặc tên thôn và cột số hộ (Mã thôn, Tên thôn, Số hộ…).",)
        )
    start, heading, chosen = found
    figures: dict[str, Figures] = {}
    lines: dict[str, int] = {}
    errors = []
    for number, cells in rows[start:]:
        values = dict(zip(heading, cells, strict=False))
        told = _row(values, chosen, known)
        if told is None:
            continue
        code, row_figures, wrong = told
        if code in figures:
            wrong = f"{known[code]} (mã {code}) đã có ở dòng {lines[code]}"
        if wrong:
            errors.append(f"Dòng {number}: {wrong}.")
        else:
            figures[code], lines[code] = row_figures, number
    if not figures and not errors:
        errors.append("Bảng không có dòng nào dưới tiêu đề.")
    return Read(figures, tuple(errors))


def _heading(rows: Sequence[tuple[int, Sequence[Any]]]) -> tuple[int, tuple[str, ...], Columns] | None:
    """The row of headings: the first that names a code or a name, and the number of households."""
    for place, (_, cells) in enumerate(rows[:HEADING_WITHIN]):
        heading = tuple(columns.text_of(cell) for cell in cells)
        found = columns.find([name for name in heading if name], "village", None, None)
        if (
            found.households
            and (found.code or found.name)
            and found.households not in (found.code, found.name)
        ):
            return place + 1, heading, found
    return None


def _row(
    values: Mapping[str, Any], chosen: Columns, known: Mapping[str, str]
) -> tuple[str, Figures, str] | None:
    """Code, figures and what is wrong; None for a row that says nothing, or adds the others up."""
    code = columns.code_of(values.get(chosen.code or ""), "village")
    name = columns.text_of(values.get(chosen.name or ""))
    figures, wrong = columns.figures_of(values, chosen)
    if not code and (not name or name.casefold().strip(" :.") in _TOTALS):
        return None
    if not code:
        code = names.unique(known).get(names.plain(name), "")
        if not code:
            return "", figures, f"“{name[:60]}” không phải tên của đúng một thôn; hãy ghi mã thôn"
    if code not in known:
        return "", figures, f"xã không có thôn nào mang mã {code[:32]}"
    if not wrong and figures.households is None:
        wrong = "thiếu số hộ"
    return code, figures, wrong
