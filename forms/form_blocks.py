"""Optional blocks of questions for the household form of the library, and the form with those that were chosen."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from forms import library, plans
from forms.library import LibrarySheet
from forms.plans import IndicatorSpec

HOUSEHOLD_FORM = "ho_gia_dinh"
BLOCKS = ("ky_nang_so", "hoc_tap_so", "thiet_bi_tai_khoan", "dich_vu_so")
"""In the order in which they are asked."""
BEFORE_QUESTION = "diem_ho"
"""Blocks are asked before the household's place, the last thing at a door."""
BEFORE_STATEMENT = "ghi_nhan"
"""What blocks state stands before the closing note of the group `chi_tieu`."""

_FOLDER = Path(__file__).parent / "library" / "blocks"
Row = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class FormBlock:
    """A block: its questions, and what it states about which indicators."""

    code: str
    label_vi: str
    label_en: str
    questions: LibrarySheet
    statements: LibrarySheet

    @property
    def question_names(self) -> tuple[str, ...]:
        """The names of its questions, by which a form that has the block is known."""
        return _column(self.questions, "name")

    @property
    def question_kinds(self) -> tuple[str, ...]:
        """The types of its questions, in the same order."""
        return _column(self.questions, "type")

    @property
    def statement_names(self) -> tuple[str, ...]:
        """The names of all that it states, its notes too."""
        return _column(self.statements, "name")

    @property
    def note_names(self) -> tuple[str, ...]:
        """The notes in which the collector reads what it states."""
        kinds = _column(self.statements, "type")
        names = _column(self.statements, "name")
        return tuple(name for kind, name in zip(kinds, names, strict=True) if kind == "note")

    @property
    def indicators(self) -> tuple[IndicatorSpec, ...]:
        """What it states, with the names and units of our own list."""
        codes = [
            name.removesuffix("_done") for name in _column(self.statements, "name") if name.endswith("_done")
        ]
        known = {spec.code: spec for spec in plans.indicators()}
        return tuple(known[code] for code in codes)


def _column(sheet: LibrarySheet, heading: str) -> tuple[str, ...]:
    place = sheet.rows[0].index(heading)
    return tuple(row[place] for row in sheet.rows[1:])


@cache
def block(code: str) -> FormBlock:
    """A block by its code; KeyError if there is none."""
    if code not in BLOCKS:
        raise KeyError(code)
    parts = {
        sheet.name: sheet for sheet in library.sheets((_FOLDER / f"{code}.md").read_text(encoding="utf-8"))
    }
    _, (label_vi, label_en) = parts["khoi"].rows
    return FormBlock(code, label_vi, label_en, parts["survey"], parts["chi_tieu"])


def every() -> tuple[FormBlock, ...]:
    """All blocks, in the order in which they are asked."""
    return tuple(map(block, BLOCKS))


def in_order(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes among these that are blocks, each once, in the order in which they are asked."""
    wanted = set(codes)
    return tuple(code for code in BLOCKS if code in wanted)


def held_by(question_names: Collection[str]) -> tuple[str, ...]:
    """The blocks all of whose questions a form asks, by the names of its questions."""
    return tuple(each.code for each in every() if set(each.question_names) <= set(question_names))


def composed(
    codes: Iterable[str], form_id: str = HOUSEHOLD_FORM, title: str = "", version: str = ""
) -> bytes:
    """The household form of the library with these blocks, as a workbook; the same choice gives the same bytes.

    Without a `version` each publication takes the next free one. `form_id`, `title`: those of a commune's own form;
    no title is the library's.
    """
    chosen = [block(code) for code in in_order(codes)]
    named = {"form_id": form_id, "version": version} | ({"form_title": title} if title else {})
    return library.packed(
        _sheet(sheet, chosen, named) for sheet in library.sheets(library.read(HOUSEHOLD_FORM))
    )


def library_version() -> str:
    """The version of the household form in the library."""
    settings = next(
        sheet for sheet in library.sheets(library.read(HOUSEHOLD_FORM)) if sheet.name == "settings"
    )
    return _column(settings, "version")[0]


def _sheet(sheet: LibrarySheet, chosen: Sequence[FormBlock], named: Mapping[str, str]) -> LibrarySheet:
    match sheet.name:
        case "survey":
            questions = [row for each in chosen for row in _fitted(each.questions, sheet)]
            statements = [row for each in chosen for row in _fitted(each.statements, sheet)]
            return _with(_with(sheet, BEFORE_QUESTION, questions), BEFORE_STATEMENT, statements)
        case "chi_tieu":
            more = tuple(_declared(spec) for each in chosen for spec in each.indicators)
            return dataclasses.replace(sheet, rows=sheet.rows + more)
        case "settings":
            return library.with_settings(sheet, named)
        case _:
            return sheet


def _fitted(part: LibrarySheet, into: LibrarySheet) -> Iterable[Row]:
    """The rows of a part under the headings of the sheet that takes them; ValueError for a heading it lacks."""
    places = [into.rows[0].index(heading) for heading in part.rows[0]]
    for cells in part.rows[1:]:
        row = [""] * len(into.rows[0])
        for place, cell in zip(places, cells, strict=False):
            row[place] = cell
        yield tuple(row)


def _with(sheet: LibrarySheet, name: str, rows: Sequence[Row]) -> LibrarySheet:
    """The sheet with rows put before the one of that name."""
    column = sheet.rows[0].index("name")
    place = next(n for n, row in enumerate(sheet.rows) if len(row) > column and row[column] == name)
    return dataclasses.replace(sheet, rows=(*sheet.rows[:place], *rows, *sheet.rows[place:]))


def _declared(spec: IndicatorSpec) -> Row:
    return (spec.code, spec.label_vi, spec.label_en, spec.unit, spec.kind)
