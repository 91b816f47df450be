"""The cells that phones evaluate, each read with what stands around it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyxform import aliases
from pyxform.utils import default_is_dynamic
from pyxform.xls2json import RE_BEGIN_CONTROL, RE_END_CONTROL, RE_SELECT

from forms.check import phone_rules
from forms.check.formulas import REFERENCE, bad_reference, malformed
from forms.check.mend_workbook import EXCEL_ERRORS
from forms.check.phone_rules import PhoneRefusal, Question, Where
from forms.engine.unfillable import TooMuch, Unfillable
from forms.errors import SheetError
from forms.sheets import Sheet, SheetRow

_WITHOUT_YES = {"required": "không bắt buộc", "readonly": "sửa được"}
_OF_THE_SURVEY = (
    "relevant",
    "constraint",
    "calculation",
    "required",
    "readonly",
    "choice_filter",
    "repeat_count",
)
_OF_ENTITIES = ("label", "entity_id", "create_if", "update_if")
_LATER = frozenset({"constraint", "default", "repeat_count"})
"""Evaluated when something is answered, or where rounds are made: a phone opens the form all the same."""
_SHOWN = frozenset({"label", "hint", "guidance_hint", "constraint_message", "required_message"})
_YES_NO = frozenset(aliases.yes_no)


@dataclass(frozen=True)
class Formula:
    """One cell with a formula, and what it is read with."""

    sheet: Sheet
    row: SheetRow
    column: str
    text: str
    where: Where

    def error(self, sentence: str) -> SheetError:
        """What is wrong with it, at its cell."""
        return self.sheet.error(self.row, self.column, sentence, self.text)


def errors(book: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """Formulas that phones cannot evaluate."""
    for formula in formulas(book):
        try:
            refused = next((each for each in _found(formula) if each.refuses), None)
        except TooMuch as problem:
            yield formula.error(f"{problem}.")
        except Unfillable:
            yield formula.error(malformed(formula.text))
        else:
            if refused:
                yield formula.error(refused.sentence)


def remarks(book: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """Formulas that phones evaluate otherwise than was meant; of a book without errors."""
    for formula in formulas(book):
        for finding in dict.fromkeys(_found(formula)):
            if not finding.refuses:
                yield formula.error(_instead_of_yes(formula) or finding.sentence)
    yield from _shown_remarks(book)


def _instead_of_yes(formula: Formula) -> str:
    """What a word means where phones read yes, no or a condition; "" for anything else."""
    meant = _WITHOUT_YES.get(formula.column)
    if meant is None or not formula.text.isalpha():
        return ""
    return f"“{formula.text}” không phải yes hay no, điện thoại coi câu này là {meant}. Viết yes, no hay điều kiện."


def unknown_instances(book: Mapping[str, Sheet], known: frozenset[str]) -> Iterator[SheetError]:
    """Formulas that name a list which the form does not have; `known` are those of the XForm made of the book."""
    for formula in formulas(book):
        for name in phone_rules.instances(formula.text):
            if name not in known:
                yield formula.error(
                    f"biểu mẫu không có danh sách “{name}”. Danh sách phải được một câu select dùng, hoặc là tệp .csv "
                    "của select_one_from_file, csv-external."
                )
                break


def _found(formula: Formula) -> Iterator[PhoneRefusal]:
    return phone_rules.findings(formula.text, formula.where)


def formulas(book: Mapping[str, Sheet]) -> Iterator[Formula]:
    """Every cell that phones evaluate and whose references name questions; the others are told as such."""
    survey = book["survey"]
    questions, around = _questions(survey)
    lists = _columns(book)
    names = frozenset(questions) | {"instanceID"}
    for row in survey.rows:
        for column in _evaluated(row):
            where = _where(row, column, questions, around, lists)
            yield from _formula(survey, row, column, where, names)
    settings, entities = book.get("settings", Sheet("settings")), book.get("entities", Sheet("entities"))
    for row in settings.rows[:1]:
        yield from _formula(settings, row, "instance_name", Where(questions, list_columns=lists), names)
    for row in entities.rows:
        for column in _OF_ENTITIES:
            yield from _formula(entities, row, column, _of_entity(row, questions, lists), names)


def _formula(
    sheet: Sheet, row: SheetRow, column: str, where: Where, names: frozenset[str]
) -> Iterator[Formula]:
    text = row[column]
    if text and text not in _YES_NO and text not in EXCEL_ERRORS and not bad_reference(text, names):
        yield Formula(sheet, row, column, text, where)


def _evaluated(row: SheetRow) -> tuple[str, ...]:
    dynamic = row["default"] and default_is_dynamic(row["default"], row["type"])
    return (*_OF_THE_SURVEY, "default") if dynamic else _OF_THE_SURVEY


def questions(survey: Sheet) -> Mapping[str, tuple[Question, ...]]:
    """Where the questions of each name stand."""
    return _questions(survey)[0]


def _questions(survey: Sheet) -> tuple[dict[str, tuple[Question, ...]], dict[int, tuple[str, ...]]]:
    """The questions by name, and by row number the repeats around it."""
    found: dict[str, tuple[Question, ...]] = {}
    around: dict[int, tuple[str, ...]] = {}
    open_ones: list[str | None] = []
    for row in survey.rows:
        begin = RE_BEGIN_CONTROL.search(row["type"])
        repeats = tuple(name for name in open_ones if name is not None)
        if RE_END_CONTROL.search(row["type"]):
            del open_ones[-1:]
            continue
        around[row.number] = repeats
        is_repeat = bool(begin) and aliases.control[begin["type"]] == "repeat"
        found[row["name"]] = (*found.get(row["name"], ()), Question(row["name"], repeats, is_repeat))
        if begin:
            open_ones.append(row["name"] if is_repeat else None)
    return found, around


def _where(
    row: SheetRow,
    column: str,
    questions: Mapping[str, tuple[Question, ...]],
    around: Mapping[int, tuple[str, ...]],
    lists: Mapping[str, frozenset[str]],
) -> Where:
    repeats = around.get(row.number, ())
    begins_repeat = any(each.is_repeat for each in questions.get(row["name"], ()))
    if begins_repeat and column != "repeat_count":
        repeats = (*repeats, row["name"])
    itself = column in {"calculation", "relevant"}
    if column != "choice_filter":
        return Where(questions, repeats, itself, list_columns=lists, lazy=column in _LATER)
    select = RE_SELECT.search(row["type"])
    name = select["list_name"] if select else ""
    return Where(questions, repeats, itself, lists.get(name, frozenset()), name, lists)


def _of_entity(
    row: SheetRow, questions: Mapping[str, tuple[Question, ...]], lists: Mapping[str, frozenset[str]]
) -> Where:
    """An entity of a repeat is worked out in each round: its questions say which."""
    named = {name for text in row.cells.values() for name in REFERENCE.findall(text)}
    rounds = [each.rounds for name in named for each in questions.get(name, ())]
    return Where(questions, max(rounds, key=len, default=()), list_columns=lists)


def _columns(book: Mapping[str, Sheet]) -> dict[str, frozenset[str]]:
    """The columns that the choices of each list have."""
    found: dict[str, frozenset[str]] = {}
    for name in ("choices", "external_choices"):
        sheet = book.get(name, Sheet(name))
        columns = frozenset(filter(None, sheet.headings)) | {"name", "label"}
        found.update({row["list_name"]: columns for row in sheet.rows if row["list_name"]})
    return found


def _shown_remarks(book: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """Texts that show the answer of a question in a repeat which is not around them."""
    survey = book["survey"]
    questions, around = _questions(survey)
    for row in survey.rows:
        repeats = around.get(row.number, ())
        if any(each.is_repeat for each in questions.get(row["name"], ())):
            repeats = (*repeats, row["name"])
        for heading, text in row.cells.items():
            if heading.lower().partition("::")[0].strip() in _SHOWN:
                for outside in _outside(text, questions, repeats):
                    sentence = (
                        f"câu “{outside.name}” nằm trong phần lặp “{outside.rounds[-1]}”: đứng ngoài thì có nhiều câu "
                        "trả lời. Dùng một dòng calculate với join(', ', …) rồi hiện dòng ấy."
                    )
                    yield survey.error(row, heading, sentence, text)


def _outside(
    text: str, questions: Mapping[str, tuple[Question, ...]], repeats: tuple[str, ...]
) -> Iterator[Question]:
    for name in REFERENCE.findall(text):
        found = questions.get(name.strip(), ())
        if len(found) == 1 and not found[0].is_repeat and set(found[0].rounds) - set(repeats):
            yield found[0]
