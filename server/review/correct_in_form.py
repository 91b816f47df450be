"""What the form in a browser sends of a correction: the answers that an officer touched, the rounds that are left.

The browser's engine shows the visit and asks; what is stored is worked out here, on the visit's own bytes (R12), so
that nothing follows from how that engine would write the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marshmallow import Schema, ValidationError, fields
from werkzeug.datastructures import FileStorage

from forms.engine import java_dates
from forms.engine.answer_tree import AnswerNode, located, without_rounds
from forms.engine.engine import AnswerRefused, Unfillable
from server.errors import CommonProblem, Problem
from server.review import correct_answer, corrected_answer
from server.review.correct_answer import OpenedCorrection
from server.review.correctable_questions import FILE, MANY, MOMENT, RANK, TIME, CorrectableQuestion

NOT_HERE = "Câu này không sửa được ở đây, hoặc máy chủ thấy câu không còn được hỏi."
ROUNDS_LEFT = "Máy chủ không thêm bớt được phần này như trên màn hình; hãy tải lại trang rồi sửa từng phần."


@dataclass(frozen=True)
class RoundsLeft:
    """The rounds of one repeat as they are now: each with its place (from 0) when the visit was opened, None if new."""

    repeat: str
    origins: tuple[int | None, ...]


@dataclass(frozen=True)
class SentCorrection:
    """What was touched: addresses are those of the visit as it is now, values as the browser's engine writes them."""

    answers: Mapping[str, str]
    rounds: Sequence[RoundsLeft]
    brought: Mapping[str, FileStorage]
    """Files by the address of their question."""


class _Rounds(Schema):
    repeat = fields.String(required=True)
    origins = fields.List(fields.Integer(allow_none=True), required=True)


class _Sent(Schema):
    answers = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    rounds = fields.List(fields.Nested(_Rounds), required=True)


def read(text: str, brought: Mapping[str, FileStorage]) -> SentCorrection:
    """The JSON of a correction with its files by address; Problem BAD_REQUEST for anything else."""
    try:
        found = _Sent().loads(text)
    except (ValidationError, ValueError) as wrong:
        raise Problem(CommonProblem.BAD_REQUEST, why="bản sửa không đọc được.") from wrong
    rounds = tuple(RoundsLeft(each["repeat"], tuple(each["origins"])) for each in found["rounds"])
    return SentCorrection(found["answers"], rounds, brought)


def apply(opened: OpenedCorrection, sent: SentCorrection) -> dict[str, str]:
    """Put it in; by address a sentence for each answer that cannot be as it is, and by "" for the whole."""
    wrong: dict[str, str] = {}
    try:
        _Merge(opened, sent, wrong).run()
        correct_answer.judge(opened, wrong)
    except Unfillable as reason:
        wrong[""] = correct_answer.cannot_work_out(reason)
    return wrong


class _Merge:
    """Rounds go and come before the answers in them; of all others one after the other in the form's order."""

    def __init__(self, opened: OpenedCorrection, sent: SentCorrection, wrong: dict[str, str]) -> None:
        self.opened, self.sent, self.wrong = opened, sent, wrong
        self.left = dict.fromkeys((*sent.answers, *sent.brought))
        self.rounds = list(sent.rounds)

    def run(self) -> None:
        while True:
            self._answers()
            at = next((at for at, each in enumerate(self.rounds) if self._parent(each) is not None), None)
            if at is None:
                break
            self._fit(self.rounds.pop(at))
        self.wrong.update(dict.fromkeys(self.left, NOT_HERE))
        self.wrong.update({each.repeat: ROUNDS_LEFT for each in self.rounds})

    def _parent(self, rounds: RoundsLeft) -> AnswerNode | None:
        """What holds this repeat; None while an outer one has not been fitted, or where there is none."""
        outer = rounds.repeat.rpartition("/")[0]
        if any(_is_below(outer, each.repeat) for each in self.rounds):
            return None
        return located(self.opened.filling.root, outer)

    def _answers(self) -> None:
        """Put in what is asked now and lies in no repeat that is still to be fitted; that may bring others up."""
        while True:
            found = next(iter(self._ahead()), None)
            if found is None:
                return
            address, question = found
            del self.left[address]
            try:
                given = _given(question, self.sent.answers.get(address, ""))
                brought = self.sent.brought.get(address)
                corrected_answer.put(self.opened.filling, self.opened.uploads, question, given, brought)
            except AnswerRefused as refused:
                self.wrong[question.path] = corrected_answer.why_not_taken(refused)

    def _ahead(self) -> list[tuple[str, CorrectableQuestion]]:
        root = self.opened.filling.root
        by_node = {
            located(root, address): address
            for address in self.left
            if not any(_is_below(address, each.repeat) for each in self.rounds)
        }
        asked = ((located(root, each.path), each) for each in correct_answer.questions(self.opened))
        return [(by_node[node], each) for node, each in asked if node in by_node] if by_node else []

    def _fit(self, rounds: RoundsLeft) -> None:
        """Take away the rounds that are no longer there, the last first, and add the new ones at the end."""
        filling = self.opened.filling
        parent, name = self._held(rounds)
        kept = [each for each in rounds.origins if each is not None]
        there = range(len(parent.named(name)))
        shape = filling.form.nodes.get(without_rounds(rounds.repeat))
        is_free = shape is not None and shape.rounds is not None and shape.count is None
        is_in_order = kept == sorted(set(kept)) and set(kept) <= set(there)
        if not (is_free and is_in_order) or rounds.origins[: len(kept)] != tuple(kept):
            self.wrong[rounds.repeat] = ROUNDS_LEFT
            return
        try:
            for at in sorted(set(there) - set(kept), reverse=True):
                filling.remove_round(f"{parent.address}/{name}[{at + 1}]")
            for _ in rounds.origins[len(kept) :]:
                filling.add_round(f"{parent.address}/{name}")
        except AnswerRefused:
            self.wrong[rounds.repeat] = ROUNDS_LEFT

    def _held(self, rounds: RoundsLeft) -> tuple[AnswerNode, str]:
        outer, _, name = rounds.repeat.rpartition("/")
        parent = located(self.opened.filling.root, outer)
        if parent is None:
            raise AnswerRefused(rounds.repeat)
        return parent, name


def _is_below(address: str, repeat: str) -> bool:
    return without_rounds(address).startswith(f"{without_rounds(repeat)}/") or (
        without_rounds(address) == without_rounds(repeat)
    )


def _given(question: CorrectableQuestion, value: str) -> list[str]:
    """A value as the browser's engine writes it, as the fields of a page give it."""
    if question.kind == FILE:
        return [corrected_answer.REMOVED] if value == "" else []
    if question.kind in (MANY, RANK):
        return value.split()
    if question.kind in (TIME, MOMENT):
        return [_here(value, question.kind)]
    return [value]


def _here(value: str, kind: str) -> str:
    """A time or moment, in whatever zone it was written, as the clock here shows it, to the minute."""
    is_time = kind == TIME
    found = java_dates.parse_moment(f"2000-01-01T{value}" if is_time else value)
    if found is None:
        return value
    text = java_dates.write_moment(found)
    return text[11:16] if is_time else text[:16]
