"""What may be wrong in the sheet `kiem_tra`: its cells, and conditions that cannot be worked out after a visit."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from pyxform.xls2json import RE_SELECT

from forms import visit_checks
from forms.check import formula_cells, phone_rules
from forms.check.formulas import bad_reference, malformed
from forms.check.phone_rules import Question, Where
from forms.engine.functions import CLOCKS
from forms.engine.unfillable import TooMuch, Unfillable
from forms.engine.xpath_tree import BinaryOperation, Call, Literal, Negative, Path, Tree, walk
from forms.errors import SheetError
from forms.sheets import Sheet, SheetRow
from forms.visit_checks import FEWEST, HEAVIEST, LIGHTEST, LONGEST, SHEET

MOST = 30
"""Checks of one form: what officers still know by heart."""
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NEEDED = ("ma", "dieu_kien", "loi_nhan")
_ORDERED = frozenset({"<", "<=", ">", ">=", "+", "-", "×", "div", "mod"})
_TEXTS = frozenset(
    {"text", "string", "image", "photo", "audio", "video", "file", "barcode", "geopoint", "note"}
)
_ON_THE_PHONE = CLOCKS | {"once", "position", "pulldata", "version", "jr:choice-name"}
_LAST_SAID = re.compile(r"\$\{\s*last-saved#")


def errors(book: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """Everything that keeps the sheet from being used."""
    sheet = book.get(SHEET)
    if sheet is None or not sheet.rows:
        return
    missing = [column for column in _NEEDED if column not in sheet.columns]
    for column in missing:
        yield sheet.error(None, column, f"thiếu cột “{column}” ở dòng đầu.")
    if missing:
        return
    if len(sheet.rows) > MOST:
        yield sheet.error(sheet.rows[MOST], "ma", f"nhiều nhất {MOST} kiểm tra trong một biểu mẫu.")
    counted = Counter(row["ma"] for row in sheet.rows)
    questions = formula_cells.questions(book["survey"])
    for row in sheet.rows[:MOST]:
        yield from _cell_errors(sheet, row, counted)
        yield from _condition_errors(book, row, questions)


def _cell_errors(sheet: Sheet, row: SheetRow, counted: Mapping[str, int]) -> Iterator[SheetError]:
    code, words = row["ma"], row["loi_nhan"]
    if not _CODE.fullmatch(code):
        sentence = "mã kiểm tra chỉ gồm chữ thường không dấu, số và dấu _, bắt đầu bằng chữ, dài nhất 40."
        yield sheet.error(row, "ma", sentence, code)
    elif counted[code] > 1:
        yield sheet.error(row, "ma", f"mã kiểm tra “{code}” đã có ở một dòng khác.", code)
    if not words:
        yield sheet.error(row, "loi_nhan", "chưa có lời nhắn: cán bộ và tổ đọc câu này.", code)
    elif len(words) > LONGEST:
        sentence = f"lời nhắn dài quá {LONGEST} chữ; điện thoại hiện nó ngay sau tên hộ."
        yield sheet.error(row, "loi_nhan", sentence, words)
    elif "${" in words:
        sentence = "lời nhắn không chèn câu trả lời được. Hãy viết một câu cố định."
        yield sheet.error(row, "loi_nhan", sentence, words)
    if row["viec"] and visit_checks.read_act(row["viec"]) is None:
        known = ", ".join(visit_checks.ACTS.values())
        yield sheet.error(row, "viec", f"chỉ nhận một trong: {known}.", row["viec"])
    yield from _number_errors(sheet, row)


def _number_errors(sheet: Sheet, row: SheetRow) -> Iterator[SheetError]:
    if row["muc"] and visit_checks.read_whole(row["muc"], LIGHTEST, HEAVIEST) is None:
        sentence = f"ghi một số từ {LIGHTEST} (nhẹ) đến {HEAVIEST} (nặng)."
        yield sheet.error(row, "muc", sentence, row["muc"])
    if row["nguong"] and visit_checks.read_share(row["nguong"]) is None:
        yield sheet.error(
            row, "nguong", "ghi một tỷ lệ lớn hơn 0 % và nhỏ hơn 100 %, ví dụ 30 %.", row["nguong"]
        )
    if row["tu_phieu"] and not row["nguong"]:
        sentence = "cột này chỉ dùng cùng cột nguong (tỷ lệ của một người). Hãy ghi ngưỡng hoặc xoá ô này."
        yield sheet.error(row, "tu_phieu", sentence, row["tu_phieu"])
    elif row["tu_phieu"] and visit_checks.read_whole(row["tu_phieu"], FEWEST, 10_000) is None:
        sentence = f"ghi số phiếu ít nhất, từ {FEWEST} trở lên: mười lần đến chưa nói được gì về một người."
        yield sheet.error(row, "tu_phieu", sentence, row["tu_phieu"])


def _condition_errors(
    book: Mapping[str, Sheet], row: SheetRow, questions: Mapping[str, tuple[Question, ...]]
) -> Iterator[SheetError]:
    """The first thing that is wrong with a condition: the others often follow from it."""
    sheet, text = book[SHEET], row["dieu_kien"]
    wrong = _wrong_text(text, questions)
    if wrong is None:
        try:
            wrong = next(_wrong_parts(text, book, questions), None)
        except TooMuch as problem:
            wrong = f"{problem}."
        except Unfillable:
            wrong = malformed(text)
    if wrong:
        yield sheet.error(row, "dieu_kien", wrong, text)


def _wrong_text(text: str, questions: Mapping[str, tuple[Question, ...]]) -> str | None:
    if not text:
        return "chưa có điều kiện: viết như cột relevant, đúng thì phiếu đáng ngờ."
    if _LAST_SAID.search(text):
        return "last-saved là của điện thoại; kiểm tra chỉ đọc câu trả lời của phiếu này."
    return bad_reference(text, frozenset(questions))


def _wrong_parts(
    text: str, book: Mapping[str, Sheet], questions: Mapping[str, tuple[Question, ...]]
) -> Iterator[str]:
    tree = phone_rules.tree_of(text)
    for part in walk(tree):
        yield from _on_the_phone(part)
        yield from _ambiguous(part, questions)
        yield from _unknown_inside(part, questions)
    refused = phone_rules.findings(text, Where(questions, itself=True))
    yield from (each.sentence for each in refused)
    known = _KnownAnswers(book)
    for part in walk(tree):
        yield from known.wrong_in(part)


def _on_the_phone(part: Tree) -> Iterator[str]:
    """What only the phone knew, at the moment of the visit."""
    if isinstance(part, Call) and part.name in _ON_THE_PHONE:
        yield (
            f"{part.name}() là đồng hồ, danh sách hay máy của người đi; kiểm tra chạy sau, trên máy chủ. Hãy tính nó "
            "bằng một dòng calculate trong survey rồi dùng tên dòng ấy."
        )
    if (isinstance(part, Path) and part.start == "instance") or (
        isinstance(part, Call) and part.name == "instance"
    ):
        yield (
            "danh sách trên điện thoại thay đổi sau lần đến. Hãy lấy giá trị bằng một dòng calculate trong survey "
            "rồi dùng tên dòng ấy."
        )


def _ambiguous(part: Tree, questions: Mapping[str, tuple[Question, ...]]) -> Iterator[str]:
    name = phone_rules.named(part)
    if name is not None and len(questions.get(name, ())) > 1:
        yield f"có {len(questions[name])} câu cùng tên “{name}”. Hãy đổi tên một câu."


def _unknown_inside(part: Tree, questions: Mapping[str, tuple[Question, ...]]) -> Iterator[str]:
    """A name without ${} in the [ ] behind a repeat: a question of that repeat."""
    inside = (each for step in part.steps for each in step.predicates) if isinstance(part, Path) else ()
    for tree in inside:
        for each in walk(tree):
            is_name = isinstance(each, Path) and each.start == "here" and len(each.steps) == 1
            if is_name and each.steps[0].name not in {*questions, "*"}:  # type: ignore[union-attr]
                yield f"trong ngoặc vuông, “{each.steps[0].name}” không phải tên câu hỏi nào."  # type: ignore[union-attr]


class _KnownAnswers:
    """What each question can be answered with, to find a comparison that never holds."""

    def __init__(self, book: Mapping[str, Sheet]) -> None:
        offered: dict[str, set[str]] = {}
        for row in book.get("choices", Sheet("choices")).rows:
            offered.setdefault(row["list_name"], set()).add(row["name"])
        self._choices: dict[str, set[str]] = {}
        self._texts: set[str] = set()
        for row in book["survey"].rows:
            select = RE_SELECT.search(row["type"])
            if select and select["list_name"] in offered and not select["specify_other"]:
                self._choices[row["name"]] = offered[select["list_name"]]
            elif row["type"] in _TEXTS:
                self._texts.add(row["name"])

    def wrong_in(self, part: Tree) -> Iterator[str]:
        """A choice that is not offered, a text that is reckoned with."""
        if isinstance(part, Call) and part.name in {"selected", "is-selected"} and len(part.arguments) == 2:
            yield from self._not_offered(*part.arguments)
        elif isinstance(part, BinaryOperation) and part.sign in {"=", "!="}:
            yield from self._not_offered(part.left, part.right)
            yield from self._not_offered(part.right, part.left)
        elif isinstance(part, BinaryOperation) and part.sign in _ORDERED:
            yield from (each for side in (part.left, part.right) for each in self._text(side))
        elif isinstance(part, Negative):
            yield from self._text(part.inner)

    def _not_offered(self, question: Tree, answer: Tree) -> Iterator[str]:
        name = phone_rules.named(question)
        if name in self._choices and isinstance(answer, Literal) and isinstance(answer.value, str):
            offered = self._choices[name]
            if answer.value and answer.value not in offered:
                shown = ", ".join(sorted(offered)[:8])
                yield f"câu “{name}” không có lựa chọn “{answer.value}”. Có: {shown}."

    def _text(self, part: Tree) -> Iterator[str]:
        name = phone_rules.named(part)
        if name in self._texts:
            yield f"câu “{name}” trả lời bằng chữ hay tệp, không tính toán hay so lớn nhỏ được."
