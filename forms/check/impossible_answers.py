"""Answers that formulas ask for and that can never be: codes which a list does not have, days written as text."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pyxform.utils import default_is_dynamic
from pyxform.xls2json import RE_SELECT

from forms.check import formula_cells
from forms.engine import java_dates
from forms.engine.java_values import read_answer
from forms.errors import SheetError
from forms.sheets import Sheet, SheetRow

_TEXT = r"(?:'([^']*)'|\"([^\"]*)\")"
_ASKED = r"(?:\$\{\s*([\w.-]+)\s*\}|(?<![\w.)/])(\.)(?![\w./]))"
_COMPARED = (
    re.compile(rf"{_ASKED}\s*!?=\s*{_TEXT}"),
    re.compile(rf"selected\(\s*{_ASKED}\s*,\s*{_TEXT}\s*\)"),
)
_DAY = r"'\d{1,4}[-/]\d{1,2}[-/]\d{1,4}'"
_DAY_AS_TEXT = re.compile(rf"[<>]=?\s*{_DAY}|{_DAY}\s*[<>]")
_WANTED = {
    "integer": ("int", "một số nguyên"), "int": ("int", "một số nguyên"), "range": ("decimal", "một số"),
    "decimal": ("decimal", "một số (phần lẻ viết sau dấu chấm)"), "date": ("date", "một ngày (viết 2026-11-20)"),
    "time": ("time", "một giờ (viết 07:45)"),
    "datetime": ("dateTime", "một ngày và giờ (viết 2026-11-20T07:45)"),
    "dateTime": ("dateTime", "một ngày và giờ (viết 2026-11-20T07:45)"),
    "geopoint": ("geopoint", "một vị trí (viết 20.8 106.6 0 0)"),
}  # fmt: skip
"""By the type of a question: of which kind its answers are, and how such an answer is written."""
_ANY_DAY = java_dates.FIRST
_FROM_ELSEWHERE = re.compile(r"\bsearch\(|\$\{")


def remarks(book: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """At each cell; of a book without errors."""
    codes = _codes(book)
    for formula in formula_cells.formulas(book):
        if _DAY_AS_TEXT.search(formula.text):
            yield formula.error("ngày viết như văn bản thì không so lớn bé được: viết date('2026-11-20').")
        for name, code in _asked(formula.text, formula.row["name"]):
            offered = codes.get(name)
            if offered is not None and code and code not in offered:
                near = get_close_matches(code, offered, n=1, cutoff=0.6)
                hint = f" Có phải “{near[0]}”?" if near else ""
                yield formula.error(f"câu “{name}” không có lựa chọn nào mang mã “{code}”.{hint}")
    yield from _defaults(book)


def _defaults(book: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """Answers that stand there from the start: phones leave out what is not of the question's kind, without a word."""
    survey = book["survey"]
    lists = _lists(book)
    for row in survey.rows:
        text = row["default"]
        if not text or default_is_dynamic(text, row["type"]):
            continue
        wanted = _WANTED.get(" ".join(row["type"].split()))
        offered = _of_question(row, lists)
        unknown = [code for code in text.split() if offered and code not in offered]
        if unknown:
            sentence = f"giá trị mặc định “{unknown[0]}” không phải mã lựa chọn nào của câu này."
            yield survey.error(row, "default", sentence, text)
        elif wanted is not None and read_answer(text, wanted[0], _ANY_DAY) == "":
            sentence = f"giá trị mặc định “{text}” không phải {wanted[1]}: điện thoại để câu này trống."
            yield survey.error(row, "default", sentence, text)


def _asked(formula: str, own: str) -> Iterator[tuple[str, str]]:
    """Each question with a code that a formula compares it with, each once; `.` is the formula's `own`."""
    found = (match.groups() for pattern in _COMPARED for match in pattern.finditer(formula))
    yield from dict.fromkeys((name or own, one or other or "") for name, _, one, other in found)


def _codes(book: Mapping[str, Sheet]) -> dict[str, frozenset[str]]:
    """The codes of each question that is asked once and chooses from a list of the sheet `choices`."""
    lists = _lists(book)
    named = [row["name"] for row in book["survey"].rows]
    found = {}
    for row in book["survey"].rows:
        codes = _of_question(row, lists)
        if codes and named.count(row["name"]) == 1:
            found[row["name"]] = codes
    return found


def _lists(book: Mapping[str, Sheet]) -> Mapping[str, set[str]]:
    lists: dict[str, set[str]] = {}
    for row in book.get("choices", Sheet("choices")).rows:
        lists.setdefault(row["list_name"], set()).add(row["name"])
    return lists


def _of_question(row: SheetRow, lists: Mapping[str, set[str]]) -> frozenset[str]:
    select = RE_SELECT.search(row["type"])
    if select is None or _FROM_ELSEWHERE.search(row["appearance"] + row["type"]):
        return frozenset()
    own = lists.get(select["list_name"], set())
    more = {"other"} if "or_other" in row["type"] or "specify" in row["type"] else set()
    return frozenset(own | more) if own else frozenset()
