"""An officer's XLSForm becomes the XForm that phones fill in, or a list of what is wrong with it."""

import itertools
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pyxform.constants import SUPPORTED_SHEET_NAMES
from pyxform.errors import PyXFormError
from pyxform.xls2xform import convert as convert_with_pyxform

from forms import checked_visit, sheets, visit_checks
from forms.check import (
    blank_fill,
    cycles,
    empty_form_files,
    external_choices,
    formula_cells,
    impossible_answers,
    kobo_forms,
    phone_and_web_limits,
    sheet_rules,
    survey_rules,
)
from forms.check.mend_workbook import mended
from forms.check.pyxform_words import all_told, told
from forms.definition import Definition, IndicatorDeclaration, define
from forms.engine.engine import HANOI
from forms.engine.unfillable import Unfillable
from forms.errors import FormRejected, SheetError, Unreadable
from forms.sheets import Sheet, SheetRow

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Converted:
    """A form ready to publish: `xform` are the very bytes to store and hash (C16, C22)."""

    xform: bytes
    definition: Definition
    warnings: tuple[SheetError, ...]
    versioned: bool = True
    """Whether the workbook says its version itself."""
    filled: bool = True
    """Whether it was filled once with nothing, every formula worked out."""


def first_of_today(_form_id: str) -> str:
    """The version of a form that has none, where nobody counts: the day in Việt Nam, and 01."""
    return f"{datetime.now(HANOI):%Y%m%d}01"


@dataclass(frozen=True)
class FreeVersions:
    """Versions for forms that name none: the wanted one, else the day and a count of two digits, whichever is free."""

    taken: Mapping[str, frozenset[str]]
    """By the form's id."""
    day: date
    wanted: str | None = None

    def __call__(self, form_id: str) -> str:
        taken = self.taken.get(form_id, frozenset())
        if self.wanted is not None and self.wanted not in taken:
            return self.wanted
        counted = (f"{self.day:%Y%m%d}{count:02}" for count in itertools.count(1))
        return next(version for version in counted if version not in taken)


def convert(
    workbook: bytes,
    filename: str,
    known: Mapping[str, IndicatorDeclaration] | None = None,
    version_of: Callable[[str], str] = first_of_today,
    megabytes: int = 20,
) -> Converted:
    """Reads .xlsx, .xls, .csv or (for the library and tests) .md; raises FormRejected and nothing else.

    `known` are the library's indicators by code, whose units need no declaration; `version_of` gives the version
    of a form (by its id) whose workbook has none; `megabytes` is what one submission may hold. Neither Java nor the
    network is used.
    """
    # openpyxl warns about styles and extensions that do not matter here.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mend = mended(kobo_forms.standard(sheets.read(workbook, filename)), filename, version_of)
        book = mend.book
        found = [*_control_characters(book), *sheet_rules.errors(book)]
        if found:
            raise FormRejected(found)
        xform, remarks = _converted(book)
    try:
        impossible = [*formula_cells.unknown_instances(book, _instances(xform)), *_circles(xform, book)]
        if impossible:
            raise FormRejected(impossible)
        definition = define(xform, book, known)
    except Unreadable as problem:
        raise FormRejected([told(str(problem), book)]) from problem
    filled = _filled(xform, definition, book)
    films = phone_and_web_limits.film_remarks(book, megabytes)
    suspects = _suspects_everybody(xform, definition, book) if filled else ()
    own = (
        *mend.remarks,
        *suspects,
        *external_choices.remarks(book),
        *impossible_answers.remarks(book),
        *sheet_rules.warnings(book, known or {}),
    )
    warned = (*remarks, *own, *_consequences(definition), *phone_and_web_limits.remarks(xform), *films)
    return Converted(xform, definition, warned, mend.versioned, filled)


def _filled(xform: bytes, definition: Definition, book: Mapping[str, Sheet]) -> bool:
    """Fill it once with nothing; FormRejected where a formula fails, False where the engine knows a function not."""
    try:
        found = blank_fill.stops(xform, empty_form_files.empty(definition))
    except Unfillable:
        return False
    if found:
        rows = dict(book["survey"].questions())
        raise FormRejected([_stopped(stop, rows.get(stop.path), book["survey"]) for stop in found])
    return True


def _suspects_everybody(
    xform: bytes, definition: Definition, book: Mapping[str, Sheet]
) -> Iterator[SheetError]:
    """Checks that a visit meets at which nothing was answered: everybody who was not at home would be doubtful."""
    if not definition.checks:
        return
    met = checked_visit.prepare(xform, definition).met_by_nothing()
    for row, check in visit_checks.rows(book):
        if met.get(check.code):
            sentence = (
                "điều kiện này đúng cả khi chưa trả lời câu nào, nên phiếu vắng nhà cũng bị coi là đáng ngờ. Hãy thêm "
                "một vế, ví dụ ${ket_qua} = 'gap' and …"
            )
            yield book[visit_checks.SHEET].error(row, "dieu_kien", sentence, check.condition)


def _stopped(stop: blank_fill.Stop, row: SheetRow | None, survey: Sheet) -> SheetError:
    sentence = f"điền thử thì điện thoại dừng ở công thức này: {stop.why}."
    return survey.error(row, stop.formula, sentence, row[stop.formula] if row else stop.path)


def _circles(xform: bytes, book: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """What waits for itself by paths that no reference names."""
    circle = cycles.waiting(xform)
    if circle:
        rows = dict(book["survey"].questions())
        named = next((path for path in circle if path in rows), None)
        row = rows[named] if named else None
        yield survey_rules.waiting_error(book["survey"], row, circle, circle[1].rpartition("/")[2])


def _instances(xform: bytes) -> frozenset[str]:
    """The lists of an XForm that instance() finds."""
    return frozenset(name.decode() for name in re.findall(rb'<instance id="([^"]+)"', xform))


def _control_characters(book: Mapping[str, Sheet]) -> Iterator[SheetError]:
    for sheet in book.values():
        for row in sheet.rows:
            for heading, text in row.cells.items():
                if _CONTROLS.search(text) or _CONTROLS.search(heading):
                    sentence = "ô có ký tự không in được. Hãy xoá ô và gõ lại."
                    yield sheet.error(row, heading, sentence, _CONTROLS.sub("?", text))


def _converted(book: Mapping[str, Sheet]) -> tuple[bytes, tuple[SheetError, ...]]:
    try:
        result = convert_with_pyxform(_for_pyxform(external_choices.joined(book)))
    except PyXFormError as problem:
        raise FormRejected(_told([str(problem) or repr(problem)], book)) from problem
    # pyxform does not promise what it raises for sheets that nobody has tried before.
    except Exception as problem:
        raise FormRejected([told(f"{type(problem).__name__}: {problem}", book)]) from problem
    return result.xform.encode(), tuple(_told(result.warnings, book))


def _told(messages: list[str], book: Mapping[str, Sheet]) -> list[SheetError]:
    return [remark for message in messages for remark in all_told(message, book)]


def _for_pyxform(book: Mapping[str, Sheet]) -> dict[str, Any]:
    """The sheets in the form that pyxform's own readers make, so that it sees what was checked."""
    content: dict[str, Any] = {"sheet_names": [sheet.name for sheet in book.values()]}
    for name in SUPPORTED_SHEET_NAMES & book.keys():
        sheet = book[name]
        content[name] = _padded(sheet) if name != "settings" else [dict(row.cells) for row in sheet.rows]
        content[f"{name}_header"] = [{heading: None for heading in sheet.headings if heading}]
    return content


def _padded(sheet: Sheet) -> list[dict[str, str]]:
    """Rows with the blank ones between them, so that pyxform's row numbers are Excel's."""
    rows: list[dict[str, str]] = []
    for row in sheet.rows:
        rows += [{} for _ in range(row.number - 2 - len(rows))]
        rows.append(dict(row.cells))
    return rows


def _consequences(definition: Definition) -> Iterator[SheetError]:
    """What a form that works will not do."""
    if definition.encrypted:
        sentence = (
            "phiếu được mã hoá nên máy chủ không đọc được: không lên bản đồ, không cập nhật danh sách hộ."
        )
        yield SheetError("settings", None, "public_key", sentence)
    for entity in definition.entities:
        if entity.creates and f"{entity.list_name}.csv" not in definition.media:
            # E8: a phone keeps what it creates only if the list is attached to the form.
            sentence = f"biểu mẫu tạo bản ghi mới nhưng không mở {entity.list_name}.csv: bản mới chỉ hiện sau khi gửi."
            yield SheetError("entities", None, "list_name", sentence, entity.list_name)
