"""Formulas as phones take them: what JavaRosa cannot evaluate, and what it evaluates otherwise than was meant."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from forms.check.phone_functions import (
    DATE_LETTERS,
    DIGESTS,
    ENCODINGS,
    FUNCTIONS,
    GIVES_NODES,
    IN_EXCEL,
    OF_A_DATE,
    PROPERTIES,
    Signature,
)  # fmt: skip
from forms.engine import java_dates, java_regex
from forms.engine.unfillable import TooMuch, Unfillable
from forms.engine.xpath_parser import parse
from forms.engine.xpath_tree import (
    BinaryOperation,
    Call,
    Literal,
    Negative,
    Path,
    Step,
    Tree,
    Unsupported,
    walk,
)  # fmt: skip

REFERENCE = re.compile(r"\$\{\s*((?:last-saved#)?)([^{}]*?)\s*\}")
_REF, _LAST = "__ref", "__last"
# What Python's reader lets pass and Java's does not: names as (?P<…>), and a brace that counts nothing.
_ESCAPED = re.compile(r"\\[pPxkN]\{[^}]*\}|\\Q.*?\\E|\\.|\[[^\]]*\]")
_NOT_JAVA = re.compile(r"\(\?P|\{(?!\d+,?\d*\})")
_POINTS = re.compile(r"-?\d[\d.]* -?\d[\d.]*(?: [\d.\-]+)*(?:\s*;\s*-?\d[\d.]* -?\d[\d.]*(?: [\d.\-]+)*)*")


@dataclass(frozen=True)
class PhoneRefusal:
    """What a phone makes of a formula: `refuses` where it cannot open the form, or stops in the middle of a visit."""

    sentence: str
    refuses: bool = True


@dataclass(frozen=True)
class Question:
    """Where a question stands: the names of the repeats around it, the outermost first."""

    name: str
    repeats: tuple[str, ...] = ()
    is_repeat: bool = False

    @property
    def rounds(self) -> tuple[str, ...]:
        """The repeats of which each round has one of it."""
        return (*self.repeats, self.name) if self.is_repeat else self.repeats


@dataclass(frozen=True)
class Where:
    """What a formula is read with: the form's questions by name, the repeats around it, what it decides.

    `columns` are those of the list that a choice filter (or a predicate) looks through; None outside of one,
    empty where nobody knows them. `list_columns` has the columns of each list of the form.
    """

    questions: Mapping[str, tuple[Question, ...]]
    repeats: tuple[str, ...] = ()
    itself: bool = False
    columns: frozenset[str] | None = None
    list_name: str = ""
    list_columns: Mapping[str, frozenset[str]] | None = None
    lazy: bool = False
    """Whether a blank form may leave it unevaluated."""


def tree_of(formula: str) -> Tree:
    """The tree of a cell's formula, its references being paths of their own kind; Unfillable where it is malformed."""
    return parse(REFERENCE.sub(lambda found: f" /{_LAST if found[1] else _REF}/{found[2]} ", formula))


def instances(formula: str) -> Iterator[str]:
    """The lists that a formula names by instance()."""
    for part in walk(tree_of(formula)):
        if isinstance(part, Path) and part.start == "instance":
            yield part.instance
        elif isinstance(part, Call) and part.name == "instance" and len(part.arguments) == 1:
            name = part.arguments[0]
            if isinstance(name, Literal):
                yield str(name.value)


def findings(formula: str, where: Where) -> Iterator[PhoneRefusal]:
    """All that phones would say of it; Unfillable for a malformed one."""
    yield from _visit(tree_of(formula), where, single=True)


def _visit(tree: Tree, where: Where, *, single: bool) -> Iterator[PhoneRefusal]:
    """`single` where one value is wanted, which several rounds of a repeat are not."""
    if isinstance(tree, Unsupported):
        yield PhoneRefusal(f"điện thoại không hiểu {tree.what}.")
    elif isinstance(tree, Negative):
        yield from _visit(tree.inner, where, single=True)
    elif isinstance(tree, BinaryOperation):
        yield from _visit(tree.left, where, single=True)
        later = replace(where, lazy=True) if tree.sign in {"and", "or"} else where
        yield from _visit(tree.right, later, single=True)
    elif isinstance(tree, Call) and tree.name in {"instance", "current"} and single:
        yield PhoneRefusal(
            f"sau {tree.name}(…) phải có đường dẫn, ví dụ instance('xa')/root/item[name = ${{xa}}]/label."
        )
    elif isinstance(tree, Call):
        yield from _call(tree, where)
        if tree.name == "randomize" and single:
            yield from (each for part in tree.arguments[:1] for each in _visit(part, where, single=True))
    elif isinstance(tree, Path):
        yield from _path(tree, where, single=single)


# Functions --------------------------------------------------------------------------------------------------


def _call(call: Call, where: Where) -> Iterator[PhoneRefusal]:
    known = FUNCTIONS.get(call.name)
    if known is None:
        yield PhoneRefusal(f"điện thoại không có hàm “{call.name}”.{_instead_of(call.name.lower())}")
        return
    count = len(call.arguments)
    odd = call.name == "indexed-repeat" and count % 2 == 0
    if not known.takes(count) or odd:
        wanted = "cần 3, 5, 7, 9 hoặc 11 tham số" if call.name == "indexed-repeat" else known.wanted()
        yield PhoneRefusal(f"hàm {call.name} {wanted}, ở đây có {count}.")
        return
    for place, argument in enumerate(call.arguments):
        yield from _argument(call.name, known, place, count, argument, where)
    yield from _CHECKS.get(call.name, _nothing)(call, where)
    if call.name in OF_A_DATE:
        yield from _date(call)


def _instead_of(name: str) -> str:
    """What to write for a function of Excel, or for one that is misspelt; "" where nobody knows."""
    if name in IN_EXCEL:
        return f" Ở đây viết: {IN_EXCEL[name]}."
    near = get_close_matches(name, FUNCTIONS, n=1, cutoff=0.75)
    return f" Có phải {near[0]}(…)?" if near else ""


def _argument(
    name: str, known: Signature, place: int, count: int, argument: Tree, where: Where
) -> Iterator[PhoneRefusal]:
    wants_nodes = place in known.nodes
    if (
        wants_nodes
        and not isinstance(argument, Path)
        and not (isinstance(argument, Call) and argument.name in GIVES_NODES)
    ):
        yield PhoneRefusal(
            f"tham số thứ {place + 1} của hàm {name} phải là một câu hỏi hoặc phần lặp, không phải giá trị."
        )
        return
    whole = known.whole == count and place == count - 1
    inside = replace(where, lazy=True) if name == "if" and place > 0 else where
    if name == "once":
        inside = replace(inside, itself=False)
    yield from _visit(argument, inside, single=not (wants_nodes or whole))


def _nothing(_call: Call, _where: Where) -> Iterator[PhoneRefusal]:
    return iter(())


def _date(call: Call) -> Iterator[PhoneRefusal]:
    day = call.arguments[0]
    if not (isinstance(day, Literal) and isinstance(day.value, str) and day.value):
        return
    if java_dates.parse_moment(day.value) is None:
        yield PhoneRefusal(f"“{day.value}” không phải một ngày. Viết năm-tháng-ngày, ví dụ 2026-11-20.")


def _format(call: Call, _where: Where) -> Iterator[PhoneRefusal]:
    day, pattern = call.arguments
    if not (isinstance(pattern, Literal) and isinstance(pattern.value, str)):
        return
    letters = re.findall("%(.?)", pattern.value.replace("%%", ""))
    wrong = next((letter for letter in letters if letter not in DATE_LETTERS or not letter), None)
    if wrong is not None:
        sentence = f"cách viết ngày “%{wrong}” điện thoại không biết. Dùng %d/%m/%Y, %H:%M, %e, %n, %b, %a."
        yield PhoneRefusal(sentence, refuses=not any(isinstance(part, Path) for part in walk(day)))


def _chosen(call: Call, _where: Where) -> Iterator[PhoneRefusal]:
    """Codes are texts: a phone stops at a number."""
    for place, argument in enumerate(call.arguments[:2]):
        is_number = isinstance(argument, Literal) and isinstance(argument.value, float)
        if is_number and not (call.name == "selected-at" and place == 1):
            yield PhoneRefusal(f"tham số thứ {place + 1} của {call.name} phải nằm trong dấu nháy, ví dụ '1'.")


def _pattern(call: Call, _where: Where) -> Iterator[PhoneRefusal]:
    pattern = call.arguments[1]
    if isinstance(pattern, Literal) and isinstance(pattern.value, str):
        try:
            java_regex.matches("", pattern.value)
            wrong = _NOT_JAVA.search(_ESCAPED.sub("", pattern.value)) is not None
        except TooMuch:
            return
        except Unfillable:
            wrong = True
        if wrong:
            yield PhoneRefusal(f"mẫu “{pattern.value}” của regex viết sai (ngoặc, dấu \\ hay dấu lặp).")


def _digest(call: Call, _where: Where) -> Iterator[PhoneRefusal]:
    for argument, known in zip(call.arguments[1:], (DIGESTS, ENCODINGS), strict=False):
        if not isinstance(argument, Literal) or str(argument.value).upper() not in known:
            shown = f"“{argument.value}”" if isinstance(argument, Literal) else "giá trị này"
            yield PhoneRefusal(
                f"digest không biết {shown}. Viết một trong: {', '.join(sorted(known))}, trong dấu nháy."
            )


def _choice_name(call: Call, _where: Where) -> Iterator[PhoneRefusal]:
    question = call.arguments[1]
    if isinstance(question, Path) or (isinstance(question, Literal) and isinstance(question.value, float)):
        yield PhoneRefusal(
            "tham số thứ hai của jr:choice-name phải là một câu trong dấu nháy, ví dụ '${cau}'."
        )


def _property(call: Call, _where: Where) -> Iterator[PhoneRefusal]:
    name = call.arguments[0]
    if isinstance(name, Literal) and name.value not in PROPERTIES:
        yield PhoneRefusal(
            f"điện thoại không có property “{name.value}”. Có: {', '.join(sorted(PROPERTIES))}."
        )


def _distance(call: Call, _where: Where) -> Iterator[PhoneRefusal]:
    alone = len(call.arguments) == 1
    for argument in call.arguments:
        is_text = isinstance(argument, Literal) and (alone or isinstance(argument.value, str))
        if is_text and isinstance(argument, Literal) and not _POINTS.fullmatch(str(argument.value).strip()):
            yield PhoneRefusal(
                f"“{argument.value}” không phải một vị trí. Viết vĩ độ, dấu cách, kinh độ: '20.8 106.6'."
            )


def _pulldata(call: Call, _where: Where) -> Iterator[PhoneRefusal]:
    if len(call.arguments) != 4:
        sentence = "pulldata cần 4 tham số (tệp, cột lấy, cột dò, giá trị dò); thiếu thì luôn trống."
        yield PhoneRefusal(sentence, refuses=False)


def _indexed(call: Call, where: Where) -> Iterator[PhoneRefusal]:
    """The group must be a repeat around the question."""
    asked = _question(call.arguments[0], where)
    for argument in call.arguments[1::2]:
        group = _question(argument, where)
        if asked and group and not (group.is_repeat and group.name in asked.repeats):
            yield PhoneRefusal(f"indexed-repeat: “{group.name}” không phải phần lặp chứa câu “{asked.name}”.")


def _geofence(call: Call, _where: Where) -> Iterator[PhoneRefusal]:
    if not isinstance(call.arguments[1], Path):
        yield PhoneRefusal(
            "tham số thứ hai của geofence phải là một câu hỏi hoặc một cột, không phải giá trị."
        )


_CHECKS = {
    "format-date": _format, "format-date-time": _format, "selected": _chosen, "is-selected": _chosen,
    "selected-at": _chosen, "count-selected": _chosen, "regex": _pattern, "digest": _digest,
    "jr:choice-name": _choice_name, "pulldata": _pulldata, "indexed-repeat": _indexed, "geofence": _geofence,
    "property": _property, "distance": _distance,
}  # fmt: skip


# Paths ------------------------------------------------------------------------------------------------------


def named(tree: Tree) -> str | None:
    """The name in a reference alone, "${ten}"; None for anything else, also for what the visit before said."""
    is_reference = isinstance(tree, Path) and tree.start == "root" and len(tree.steps) == 2
    steps = tree.steps if isinstance(tree, Path) else ()
    return steps[1].name if is_reference and steps[0].name == _REF else None


def _question(tree: Tree, where: Where) -> Question | None:
    """The one question that a reference alone names."""
    if not (isinstance(tree, Path) and tree.start == "root" and len(tree.steps) == 2):
        return None
    found = where.questions.get(tree.steps[1].name, ()) if tree.steps[0].name == _REF else ()
    return found[0] if len(found) == 1 else None


def _path(path: Path, where: Where, *, single: bool) -> Iterator[PhoneRefusal]:
    if path.start == "root" and path.steps and path.steps[0].name == _REF:
        yield from _reference(path, where, single=single)
    elif path.start == "instance":
        yield from _list(path, where, single=single)
    elif path.start in {"here", "current"} and not path.up:
        yield from _here(path, where)
    yield from _predicates(path, where)


def _reference(path: Path, where: Where, *, single: bool) -> Iterator[PhoneRefusal]:
    asked = _question(Path("root", path.steps[:2]), where)
    if asked is None or not single or any(step.predicates for step in path.steps):
        return
    outside = [name for name in asked.rounds if name not in where.repeats]
    if outside and not (asked.is_repeat and len(path.steps) == 2):
        sentence = (
            f"câu “{asked.name}” nằm trong phần lặp “{outside[-1]}”: đứng ngoài thì có nhiều câu trả lời, điện thoại "
            "báo lỗi. Dùng sum, max, join hay indexed-repeat."
        )
        yield PhoneRefusal(sentence, refuses=not where.lazy)


def _list(path: Path, where: Where, *, single: bool) -> Iterator[PhoneRefusal]:
    rows = [step for step in path.steps if step.name == "item"]
    if single and rows and not any(step.predicates for step in path.steps):
        sentence = (
            f"danh sách “{path.instance}” có nhiều dòng. Thêm điều kiện trong [ ], ví dụ [name = ${{cau}}]."
        )
        yield PhoneRefusal(sentence, refuses=not where.lazy)


def _here(path: Path, where: Where) -> Iterator[PhoneRefusal]:
    if not path.steps:
        if where.itself and (path.start == "current" or where.columns is None):
            yield PhoneRefusal(
                "công thức dùng chính câu này (dấu chấm): điện thoại báo chờ nhau mãi. Hãy bỏ dấu chấm."
            )
        return
    step = path.steps[0]
    if path.start == "current" or step.attribute or step.name == "*":
        return
    if where.columns is None and len(path.steps) == 1:
        sentence = f"“{step.name}” không có dấu nháy nên là tên một câu không có thật: luôn trống. Viết '{step.name}'."
        yield PhoneRefusal(sentence, refuses=False)
    elif where.columns is None and path.steps[1].name == _REF:
        sentence = (
            f"giữa “{step.name}” và câu đứng sau thiếu ngoặc hay phép tính: điện thoại hiểu là đường dẫn tới một câu "
            f"không có thật, luôn trống. Viết {step.name}(…)."
        )
        yield PhoneRefusal(sentence, refuses=False)
    elif where.columns and step.name not in where.columns:
        sentence = (
            f"danh sách “{where.list_name}” không có cột “{step.name}” nên điều kiện này không bao giờ đúng: "
            "không có lựa chọn nào."
        )
        yield PhoneRefusal(sentence, refuses=False)


def _predicates(path: Path, where: Where) -> Iterator[PhoneRefusal]:
    known = (
        (where.list_columns or {}).get(path.instance, frozenset())
        if path.start == "instance"
        else frozenset()
    )
    asked = _question(Path("root", path.steps[:2]), where)
    repeats = where.repeats if asked is None else tuple(dict.fromkeys((*where.repeats, *asked.rounds)))
    for step in path.steps:
        # within the [ ] behind a repeat its questions are those of the round that is looked at
        inside = replace(
            where,
            repeats=repeats,
            columns=known if _is_row(step) else frozenset(),
            list_name=path.instance,
            lazy=True,
        )
        for predicate in step.predicates:
            yield from _visit(predicate, inside, single=True)


def _is_row(step: Step) -> bool:
    return step.name == "item"
