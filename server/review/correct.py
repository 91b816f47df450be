"""An officer corrects an answer of a submission: the form is opened again as a phone would, and sent as an edit.

The old submission stays, replaced; counts, household and phones follow as they do for an edit from a phone (C46).
What the officer did not touch, and nothing depends on, stays byte for byte (R12: forms.engine.correction).
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import request

from forms import indicators, instance
from forms.definition import Definition
from forms.engine import engine
from forms.engine.correction import CORRECTED, FOLLOWED, GONE, NEW, AnswerChange, Correction, UnexplainedNode
from forms.engine.engine import AnswerRefused, OfferedChoice, Unfillable
from server import audit
from server.accounts.access import Caller
from server.db import db
from server.errors import Problem
from server.households import phone_lists
from server.intake import apply_batches as intake_apply
from server.intake import receive
from server.intake.sender import Sender
from server.models import Collector, FormFile, FormVersion, Indicator, Submission, Village
from server.phones import phone_access
from server.review import decisions, difficulties
from server.review.decisions import Reviewer
from server.review.review_problems import ReviewProblem

ONE, MANY, LINES = "one", "many", "lines"
_TYPED = {"int": "number", "decimal": "number", "date": "date", "string": "text", "": "text"}
OTHER_HOUSEHOLD = (
    "Câu vừa sửa làm phiếu nói về hộ khác. Nếu phiếu ghi nhầm hộ thì chọn Không nhận và nhờ thăm lại; "
    "hộ trùng hoặc đổi thôn thì làm ở trang Hộ dân."
)
NOT_OFFERED = "Câu trả lời này không có trong các lựa chọn, hoặc không phải là số hay ngày."
NEW_VISIT = "Cần sửa thì nhờ người đi thăm gửi một phiếu mới."
LONGEST = 2000
"""Characters of the reason."""
LONGEST_ANSWER = 50_000
"""Characters of an answer; a note on a phone has been seen with 4,000."""
_LONGEST_HISTORY = 20_000
_LONG_LINE = 80
_TOLD = (
    (CORRECTED, "Sửa câu"),
    (FOLLOWED, "Tính lại theo đó"),
    (GONE, "Không còn hỏi"),
    (NEW, "Được hỏi thêm"),
)


@dataclasses.dataclass(frozen=True)
class CorrectableQuestion:
    """A question that is asked now, at `path` with its round.

    `kind` is `one`, `many`, `lines` for a long text, or the type of an input; `chosen` for choices.
    """

    path: str
    label: str
    kind: str
    value: str
    choices: tuple[OfferedChoice, ...] = ()

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(self.value.split()) if self.kind == MANY else (self.value,)


@dataclasses.dataclass
class OpenedCorrection:
    """A submission opened to be corrected; `objections` are those of the form before anything was touched."""

    submission_id: int
    filling: Correction
    definition: Definition
    sender: Sender
    entity: str
    objections: frozenset[tuple[str, str]]

    @property
    def changed(self) -> tuple[AnswerChange, ...]:
        """All that is another than was sent: what was corrected and what follows from it."""
        return tuple(self.filling.changes())


def open_(submission_id: int) -> OpenedCorrection:
    """Problem CORRECTION_IMPOSSIBLE for what was replaced or rejected, is sealed, or cannot be worked out again."""
    row = db.session.get_one(Submission, submission_id)
    if row.replaced_by_id is not None:
        raise _impossible("phiếu này đã được một bản sửa thay thế.")
    if row.review == "rejected":
        raise _impossible("phiếu này đã không được nhận.")
    if instance.read(row.xml).encrypted:
        raise _impossible("phiếu đã mã hóa, chỉ mở được bằng khóa của xã.")
    version = db.session.get(FormVersion, row.form_version_id) if row.form_version_id else None
    collector = db.session.get(Collector, row.collector_id) if row.collector_id else None
    if version is None or collector is None:
        raise _impossible("máy chủ không có bản biểu mẫu của phiếu này.")
    definition = Definition.from_json(version.definition)
    try:
        form = engine.open_form(version.xform, _media(definition, version, collector))
        filling = Correction(form.form, row.xml, row.observed_at)
        unlike = filling.differences()
        objections = frozenset((each.address, each.message) for each in filling.problems())
    except Unfillable as wrong:
        raise _impossible(f"máy chủ không mở lại được phiếu này: {wrong}. {NEW_VISIT}") from wrong
    if unlike:
        raise _impossible(_told_difference(unlike[0]))
    sender = dataclasses.replace(_sender(collector), device=row.device)
    return OpenedCorrection(row.id, filling, definition, sender, _entity(filling), objections)


def _impossible(why: str) -> Problem:
    return Problem(ReviewProblem.CORRECTION_IMPOSSIBLE, why=why)


def _told_difference(found: UnexplainedNode) -> str:
    if found.function:
        return (
            f"mục “{found.label}” dùng hàm {found.function}(), máy chủ không tính được hàm này. {NEW_VISIT}"
        )
    return (
        f"máy chủ tính mục “{found.label}” ra khác với điện thoại đã gửi, nên bản sửa có thể làm sai số khác. "
        f"{NEW_VISIT}"
    )


def _entity(filling: Correction) -> str:
    """The household or place that it is about, as the form works it out."""
    path = f"{filling.form.root}/meta/entity/@id"
    return filling.value(path) if path in filling.form.nodes else ""


def _villages(collector: Collector) -> dict[str, int]:
    """All thôn of their commune: an officer corrects for the whole of it."""
    rows = db.session.execute(
        sa.select(Village.code, Village.id).where(Village.commune_id == collector.commune_id)
    )
    return {row.code: row.id for row in rows}


def _sender(collector: Collector) -> Sender:
    return Sender(collector.id, collector.commune_id, _villages(collector), address=request.remote_addr)


def _media(definition: Definition, version: FormVersion, collector: Collector) -> dict[str, bytes]:
    """The files that the form names: lists made for the collector who was there, the others as published."""
    caller = phone_access.PhoneCaller(
        collector.id, collector.commune_id, collector.name, collector.username, _villages(collector)
    )
    stored = {
        row.name: row.content
        for row in db.session.scalars(sa.select(FormFile).where(FormFile.form_version_id == version.id))
    }
    found = {}
    for name in definition.media:
        made = phone_lists.content(db.session.connection(), name, caller)
        content = stored.get(name) if made is None else made
        if content is not None:
            found[name] = content
    return found


def questions(opened: OpenedCorrection) -> list[CorrectableQuestion]:
    """What is asked now and may be corrected here: no thôn, no household, no place, no photo, nothing computed."""
    filling, found = opened.filling, list[CorrectableQuestion]()
    listed = {field.path for field in opened.definition.fields if field.choices_file}
    for node in filling.questions():
        control, bind = filling.form.controls[node.path], filling.form.nodes[node.path].bind
        kind = _kind(control.kind, bind.type, node.text)
        if kind is None or bind.readonly or not node.live or _short(node.path) in listed:
            continue
        try:
            choices = filling.choices(node.address) if kind in (ONE, MANY) else ()
            found.append(CorrectableQuestion(node.address, filling.called(node), kind, node.text, choices))
        except Unfillable:
            continue  # its choices cannot be told here, so it stays as sent
    return found


def _short(path: str) -> str:
    """The path as definitions write it: without the root."""
    return path.split("/", 2)[-1]


def _kind(control: str, answer: str, text: str) -> str | None:
    if control == "select1":
        return ONE
    if control == "select":
        return MANY
    kind = _TYPED.get(answer) if control == "input" else None
    return LINES if kind == "text" and ("\n" in text or len(text) > _LONG_LINE) else kind


def apply(opened: OpenedCorrection, given: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Put in what was typed, in the form's order; a sentence for each question that cannot be as it is."""
    wrong: dict[str, str] = {}
    try:
        _put_in(opened, given, wrong)
        for problem in opened.filling.problems():
            if (problem.address, problem.message) not in opened.objections:
                wrong.setdefault(problem.address, problem.message)
    except Unfillable as reason:
        wrong[""] = f"Không tính được biểu mẫu với câu trả lời này: {reason}. {NEW_VISIT}"
    if _entity(opened.filling) != opened.entity:
        wrong[""] = OTHER_HOUSEHOLD
    return wrong


def _put_in(opened: OpenedCorrection, given: Mapping[str, Sequence[str]], wrong: dict[str, str]) -> None:
    """One question after the other, for an answer may bring others up or take them away."""
    done: set[str] = set()
    while True:
        ahead = next((q for q in questions(opened) if q.path in given and q.path not in done), None)
        if ahead is None:
            return
        done.add(ahead.path)
        text = _typed(ahead, given[ahead.path])
        if text is None:
            continue
        try:
            opened.filling.correct(ahead.path, text)
        except AnswerRefused:
            wrong[ahead.path] = NOT_OFFERED


def _typed(question: CorrectableQuestion, given: Sequence[str]) -> str | None:
    """What was typed, or None where it says what stands there: spaces, line ends and ticks in another order are none.

    Ticks that stay keep their order; new ones follow in the form's.
    """
    if question.kind == MANY:
        ticked = [code for part in given for code in part.split()]
        if set(ticked) == set(question.chosen):
            return None
        kept = [code for code in question.chosen if code in ticked]
        return " ".join([*kept, *(code for code in ticked if code not in kept)])
    text = _cleaned(next((part for part in reversed(given) if part), ""))
    return None if text == _cleaned(question.value) else text


def _cleaned(text: str) -> str:
    """Without carriage returns and control characters, within LONGEST_ANSWER."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "".join(letter for letter in lines if letter >= " " or letter in "\n\t")[:LONGEST_ANSWER]


def save(opened: OpenedCorrection, reason: str, by: Caller) -> int:
    """Store the correction as an edit that this person has looked at; the id of the new submission.

    The reason stands in its history with every question and indicator that changed, in the audit the names of
    those that were corrected alone.
    """
    before, after = opened.filling.sent, opened.filling.written()
    changed = opened.changed
    told = ". ".join([*_told(changed), *_findings(before, after, opened.definition)])
    receipt = receive.accept(after, (), dataclasses.replace(opened.sender, person=by.actor))
    intake_apply.caught_up()  # the decision that follows is about what the correction made of it
    with db.engine.connect().execution_options(writes=True) as connection:
        reviewer = Reviewer(by.actor, by.name, opened.sender.commune_id, request.remote_addr)
        decisions.decide(
            connection,
            receipt.submission_id,
            "approved",
            expected="received",
            reviewer=reviewer,
            comment=f"{told[:_LONGEST_HISTORY]}. {reason}",
        )
        connection.commit()
    db.session.rollback()  # what this session has read was before it
    difficulties.take_in(receipt.submission_id)
    names = [each.address.rpartition("/")[2] for each in changed if each.kind == CORRECTED]
    detail: dict[str, Any] = {"replaces": opened.submission_id, "questions": names}
    audit.note("submission.correct", f"submission:{receipt.submission_id}", detail)
    db.session.commit()
    return receipt.submission_id


def _told(changed: Sequence[AnswerChange]) -> Iterable[str]:
    """What was corrected and what followed, by the labels of the questions."""
    for kind, words in _TOLD:
        labels = [each.label for each in changed if each.kind == kind]
        if labels:
            yield f"{words}: {'; '.join(labels)}"


def _findings(before: bytes, after: bytes, definition: Definition) -> Iterable[str]:
    """The indicators that the visit states otherwise than before."""
    was, now = (
        {
            each.indicator: f"{each.done}/{each.of}"
            for each in indicators.state(instance.read(xml), definition).statements
        }
        for xml in (before, after)
    )
    changed = sorted(code for code in was.keys() | now.keys() if was.get(code) != now.get(code))
    if not changed:
        return
    named = sa.select(Indicator.code, Indicator.label_vi).where(Indicator.code.in_(changed))
    labels = {row.code: row.label_vi for row in db.session.execute(named)}
    told = (
        f"{labels.get(code, code)} {was.get(code, 'không ghi')} → {now.get(code, 'không ghi')}"
        for code in changed
    )
    yield f"Chỉ tiêu đổi: {'; '.join(told)}"
