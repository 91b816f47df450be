"""Which questions of a visit may be corrected on the page, how each is shown, and why the others are not."""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence

from forms.definition import Definition
from forms.engine.answer_tree import AnswerNode
from forms.engine.compile_form import Bind, ShownControl
from forms.engine.correction import Correction
from forms.engine.engine import AnswerRefused, OfferedChoice, Unfillable

ONE, MANY, RANK, LINES, FILE = "one", "many", "rank", "lines", "file"
PICK = "pick"
"""One of many choices: a list to open, where buttons would fill the page."""
TIME, MOMENT = "time", "datetime-local"
TICK, ACKNOWLEDGED = "tick", "OK"
"""A sentence that was acknowledged, or not: OK, or nothing."""
_FEW = 12
_LONG_LINE = 80
_TYPED = {
    "int": "number", "decimal": "number", "date": "date", "time": TIME, "dateTime": MOMENT, "barcode": "text",
    "string": "text", "": "text",
}  # fmt: skip
_DAY, _CLOCK = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", r"([01]\d|2[0-3]):[0-5]\d"
_HELD = {
    "number": re.compile(r"-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?", re.ASCII),
    "date": re.compile(_DAY, re.ASCII), TIME: re.compile(_CLOCK, re.ASCII),
    MOMENT: re.compile(f"{_DAY}T{_CLOCK}", re.ASCII),
}  # fmt: skip
"""What an input of that type holds (HTML, "value sanitization algorithm"): anything else a browser sends back empty."""
_MEASURED = frozenset({"geopoint", "geotrace", "geoshape"})
LONGEST_ANSWER = 50_000
"""Characters of an answer; a note on a phone has been seen with 4,000."""
RANKED = "rank"
"""What is refused of a rank that names one twice, or not all."""
PLACE = "vị trí đo tại chỗ; cần đo lại thì nhờ người đi thăm gửi một phiếu mới"
SERVED = (
    "chọn từ danh sách của máy chủ; đổi thôn, gộp, tách hộ thì làm ở trang Hộ dân, ghi nhầm hộ hay nơi thì chọn "
    "Không nhận và nhờ thăm lại"
)
SEARCHED = "bảng của search() chỉ điện thoại mở được; cần sửa thì nhờ người đi thăm gửi một phiếu mới"
UNLISTED = (
    "các lựa chọn của câu này không tính lại được ở đây; cần sửa thì nhờ người đi thăm gửi một phiếu mới"
)
ON_PHONE = "kiểu câu này chỉ trả lời được trên điện thoại; cần sửa thì nhờ người đi thăm gửi một phiếu mới"


@dataclasses.dataclass(frozen=True)
class CorrectableQuestion:
    """A question that is asked now, at `path` with its round.

    `kind` says how it is shown: `one`, `pick`, `many`, `rank`, `lines` for a long text, `file`, `tick`, or the type
    of an input; `chosen` for choices, in their order.
    """

    path: str
    label: str
    kind: str
    value: str
    choices: tuple[OfferedChoice, ...] = ()

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(self.value.split()) if self.kind in (MANY, RANK) else (self.value,)

    @property
    def shown(self) -> str:
        """What its input holds: a moment to the minute, as browsers write it."""
        return _shown(self.kind, self.value)


@dataclasses.dataclass(frozen=True)
class FixedQuestion:
    """A question that is asked now and not corrected on the page, and why."""

    label: str
    why: str
    path: str


def questions(
    filling: Correction, definition: Definition, served: frozenset[str], searched: frozenset[str]
) -> Iterator[CorrectableQuestion | FixedQuestion]:
    """All that is asked now, in the form's order; `served` are the files that the server makes from its tables,
    `searched` the questions (paths without the root) whose choices only phones find.
    """
    files = {field.path: field.choices_file for field in definition.fields if field.choices_file}
    for node in filling.questions():
        control, bind = filling.form.controls[node.path], filling.form.nodes[node.path].bind
        if bind.readonly or not node.live:
            continue
        short = _short(node.path)
        why = SEARCHED if short in searched else _why_not(control, bind, files.get(short), served)
        yield (
            FixedQuestion(filling.called(node), why, node.address)
            if why
            else _question(filling, node, control, bind)
        )


def fixed(
    filling: Correction, definition: Definition, served: frozenset[str], searched: frozenset[str]
) -> dict[str, str]:
    """Why the questions at these paths are never corrected, whether they are asked now or not."""
    files = {field.path: field.choices_file for field in definition.fields if field.choices_file}
    found = {}
    for path, control in filling.form.controls.items():
        bind, short = filling.form.nodes[path].bind, _short(path)
        why = SEARCHED if short in searched else _why_not(control, bind, files.get(short), served)
        if why and not bind.readonly:
            found[path] = why
    return found


def _why_not(control: ShownControl, bind: Bind, file: str | None, served: frozenset[str]) -> str:
    """Why a question is not corrected on the page; "" where it is."""
    if bind.type in _MEASURED:
        return PLACE
    if file in served:
        return SERVED
    is_known = control.kind in {"select1", "select", "rank", "upload", "trigger"} or (
        control.kind in {"input", "range", "secret"} and bind.type in _TYPED
    )
    return "" if is_known else ON_PHONE


def _question(
    filling: Correction, node: AnswerNode, control: ShownControl, bind: Bind
) -> CorrectableQuestion | FixedQuestion:
    label = filling.called(node)
    if control.kind == "upload":
        return CorrectableQuestion(node.address, label, FILE, node.text)
    if control.kind == "trigger":
        return CorrectableQuestion(node.address, label, TICK, node.text)
    if control.kind not in {"select1", "select", "rank"}:
        return CorrectableQuestion(node.address, label, _input(_TYPED[bind.type], node.text), node.text)
    try:
        choices = filling.choices(node.address)
    except Unfillable:
        return FixedQuestion(label, UNLISTED, node.address)
    kinds: Mapping[str, str] = {
        "select": MANY,
        "rank": RANK,
        "select1": ONE if len(choices) <= _FEW else PICK,
    }
    if control.kind != "rank":
        choices = (*choices, *_not_offered(control.kind, node.text, choices))
    return CorrectableQuestion(node.address, label, kinds[control.kind], node.text, choices)


def _not_offered(kind: str, text: str, choices: Sequence[OfferedChoice]) -> Iterator[OfferedChoice]:
    """What was answered and is not offered: it stands there too, else the page would take it away unasked."""
    codes = {choice.name for choice in choices}
    given = text.split() if kind == "select" else filter(None, [text])
    return (OfferedChoice(code, code) for code in dict.fromkeys(given) if code not in codes)


def _input(kind: str, text: str) -> str:
    """How an answer is typed: several lines where it has them, as text where browsers would leave it out."""
    held = _HELD.get(kind)
    if held is not None and text and not held.fullmatch(_shown(kind, text)):
        kind = "text"
    is_long = "\n" in text or "\r" in text or len(text) > _LONG_LINE
    return LINES if kind == "text" and is_long else kind


def _shown(kind: str, text: str) -> str:
    if kind == TIME:
        return text[:5]
    return text[:16] if kind == MOMENT else text


def _short(path: str) -> str:
    """The path as definitions write it: without the root."""
    return path.split("/", 2)[-1]


def typed(question: CorrectableQuestion, given: Sequence[str]) -> str | None:
    """What was typed, or None where it says what stands there: spaces, line ends and ticks in another order are none.

    Ticks that stay keep their order; new ones follow in the form's. Moments are written by the engine.
    AnswerRefused for a rank that is none, or a tick that is another word.
    """
    if question.kind == MANY:
        ticked = [code for part in given for code in part.split()]
        if set(ticked) == set(question.chosen):
            return None
        kept = [code for code in question.chosen if code in ticked]
        return " ".join([*kept, *(code for code in ticked if code not in kept)])
    if question.kind == RANK:
        return _ranked(question, [code for code in given if code])
    text = _cleaned(next((part for part in reversed(given) if part), ""))
    if text == _cleaned(question.shown):
        return None
    if question.kind == TICK and text not in {"", ACKNOWLEDGED}:
        raise AnswerRefused(f"{question.path} takes {ACKNOWLEDGED} alone")
    return text


def _ranked(question: CorrectableQuestion, codes: Sequence[str]) -> str | None:
    """The codes in their new order, all of them or none; a rank that was sent otherwise may stay as it is."""
    offered = {choice.name for choice in question.choices}
    if [code for code in question.chosen if code in offered] == list(codes):
        return None
    if codes and sorted(codes) != sorted(choice.name for choice in question.choices):
        raise AnswerRefused(RANKED)
    text = " ".join(codes)
    return None if text == question.value else text


def _cleaned(text: str) -> str:
    """Without carriage returns and control characters, within LONGEST_ANSWER."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "".join(letter for letter in lines if letter >= " " or letter in "\n\t")[:LONGEST_ANSWER]
