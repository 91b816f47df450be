"""Officers' workbooks, read by the reading process; one that goes over its bounds is refused as any other fault is."""

from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from forms import rename_indicator, sheets
from forms.check import empty_form_files
from forms.check.blank_answers import BlankFinding, blank_findings
from forms.convert_workbook import Converted, FreeVersions, convert
from forms.definition import IndicatorDeclaration
from forms.engine.unfillable import TooMuch
from forms.errors import FormRejected, SheetError
from forms.sheets import Sheet
from server.files import reading_process
from server.files.reading_process import Bounds, Stopped

Given = ParamSpec("Given")
Read = TypeVar("Read")
_REMEDY = (
    "Hãy bớt câu hỏi, công thức, hoặc chuyển danh sách dài sang tệp .csv đi kèm, rồi tải biểu mẫu lên lại."
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KINDS = ((b"PK\x03\x04", "xlsx", XLSX), (bytes.fromhex("d0cf11e0"), "xls", "application/vnd.ms-excel"))
_BLANK = Bounds(cpu=4, clock=5, turn=5)
"""Trying blank answers is worth less than an answer in time."""


def ending_and_type(workbook: bytes) -> tuple[str, str]:
    """What a stored workbook's file name ends with, and its media type; text for the tables of tests."""
    return next((each[1:] for each in _KINDS if workbook.startswith(each[0])), ("txt", "text/plain"))


def file_name(workbook: bytes) -> str:
    """A name under which a stored workbook can be read again."""
    ending, _ = ending_and_type(workbook)
    return f"form.{'md' if ending == 'txt' else ending}"


def convert_workbook(
    workbook: bytes,
    filename: str,
    known: Mapping[str, IndicatorDeclaration],
    versions: FreeVersions,
    megabytes: int,
) -> Converted:
    """`forms.convert_workbook.convert`. Raises FormRejected."""
    return _read(convert, workbook, filename, known, versions, megabytes)


def sheets_of(workbook: bytes, filename: str) -> Mapping[str, Sheet]:
    """`forms.sheets.read`. Raises FormRejected."""
    return _read(sheets.read, workbook, filename)


def renamed(workbook: bytes, filename: str, codes: Mapping[str, str]) -> bytes:
    """`forms.rename_indicator.renamed`. Raises FormRejected."""
    return _read(rename_indicator.renamed, workbook, filename, codes)


def stated_when_blank(converted: Converted) -> list[BlankFinding]:
    """`blank_findings` of a form with empty lists. Raises Unfillable, also where it would take too long."""
    media = empty_form_files.empty(converted.definition)
    try:
        return reading_process.read_within(_BLANK, blank_findings, converted.xform, media)
    except Stopped as stopped:
        raise TooMuch(stopped.why) from stopped


def _read(function: Callable[Given, Read], *given: Given.args, **named: Given.kwargs) -> Read:
    try:
        return reading_process.read(function, *given, **named)
    except Stopped as stopped:
        raise FormRejected([SheetError("", None, None, stopped.sentence(_REMEDY))]) from stopped
