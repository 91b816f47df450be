"""An officer corrects an answer of a submission: the form is opened again as a phone would, and sent as an edit.

The old submission stays, replaced; counts, household and phones follow as they do for an edit from a phone (C46).
What the officer did not touch, and nothing depends on, stays byte for byte (R12: forms.engine.correction).
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from flask import request
from werkzeug.datastructures import FileStorage

from forms import indicators, instance
from forms.definition import Definition
from forms.engine import engine
from forms.engine.answer_tree import AnswerNode, located
from forms.engine.correction import CORRECTED, FOLLOWED, GONE, NEW, AnswerChange, Correction, UnexplainedNode
from forms.engine.engine import AnswerRefused, Unfillable
from forms.engine.xform import XForm
from server import audit
from server.accounts.callers import Caller
from server.db import db
from server.errors import Problem
from server.files import attachments
from server.households import phone_lists
from server.intake import catch_up, edited_submission, receive_submission
from server.intake.submission_sender import Sender
from server.models import Collector, FormFile, FormVersion, Indicator, Submission, Village
from server.phones import phone_access
from server.review import correctable_questions, corrected_answer, decisions, difficulties, lists_of_visit
from server.review.correctable_questions import CorrectableQuestion, FixedQuestion
from server.review.decisions import Reviewer
from server.review.review_problems import ReviewProblem

OTHER_HOUSEHOLD = (
    "Câu vừa sửa làm phiếu nói về hộ khác. Nếu phiếu ghi nhầm hộ thì chọn Không nhận và nhờ thăm lại; "
    "hộ trùng hoặc đổi thôn thì làm ở trang Hộ dân."
)
NEW_VISIT = "Cần sửa thì nhờ người đi thăm gửi một phiếu mới."
LONGEST = 2000
"""Characters of the reason."""
_LONGEST_HISTORY = 20_000
_TOLD = (
    (CORRECTED, "Sửa câu"),
    (FOLLOWED, "Tính lại theo đó"),
    (GONE, "Không còn hỏi"),
    (NEW, "Được hỏi thêm"),
)


@dataclasses.dataclass
class OpenedCorrection:
    """A submission opened to be corrected; `objections` are those of the form before anything was touched."""

    submission_id: int
    filling: Correction
    definition: Definition
    xform: bytes
    media: Mapping[str, bytes]
    """The files of the form: the lists with what this visit chose as it was then."""
    sender: Sender
    entity: str
    objections: frozenset[tuple[AnswerNode | None, str]]
    served: frozenset[str]
    """Files of the form that the server makes from its tables."""
    searched: frozenset[str]
    """Questions whose choices only phones find, by search()."""
    uploads: list[attachments.Upload] = dataclasses.field(default_factory=list)
    """Files that the correction brings."""

    @property
    def changed(self) -> tuple[AnswerChange, ...]:
        """All that is another than was sent: what was corrected and what follows from it."""
        return tuple(self.filling.changes())


def open_(submission_id: int, *, is_begun: bool = False) -> OpenedCorrection:
    """Problem CORRECTION_IMPOSSIBLE for what was replaced or rejected, is sealed, or cannot be worked out again.

    `is_begun`: somebody has corrected it and sends that now; what has replaced it meanwhile does not stop them.
    """
    row = db.session.get_one(Submission, submission_id)
    _refuse_unless_correctable(row, is_begun=is_begun)
    version = db.session.get(FormVersion, row.form_version_id) if row.form_version_id else None
    collector = db.session.get(Collector, row.collector_id) if row.collector_id else None
    if version is None or collector is None:
        raise _impossible("máy chủ không có bản biểu mẫu của phiếu này.")
    definition = Definition.from_json(version.definition)
    try:
        media, served = _media(definition, version, collector, row)
        form = engine.open_form(version.xform, media)
        filling = Correction(form.form, row.xml, row.observed_at)
        unlike = filling.differences()
        objections = frozenset(_objections(filling))
    except Unfillable as wrong:
        raise _impossible(f"máy chủ không mở lại được phiếu này: {wrong}. {NEW_VISIT}") from wrong
    if unlike:
        raise _impossible(_told_difference(unlike[0]))
    return OpenedCorrection(
        row.id,
        filling,
        definition,
        version.xform,
        media,
        sender=dataclasses.replace(_sender(collector), device=row.device),
        entity=_entity(filling),
        objections=objections,
        served=served,
        searched=frozenset(XForm(version.xform).searched),
    )


def _refuse_unless_correctable(row: Submission, *, is_begun: bool) -> None:
    if row.replaced_by_id is not None and not is_begun:
        raise _impossible("phiếu này đã được một bản sửa thay thế.")
    if row.review == "rejected":
        raise _impossible("phiếu này đã không được nhận.")
    if instance.read(row.xml).encrypted:
        raise _impossible("phiếu đã mã hóa, chỉ mở được bằng khóa riêng của biểu mẫu.")
    if row.poster_id is not None:
        raise _impossible(
            "người dân tự trả lời phiếu này, không ai sửa thay được. Phiếu sai thì chọn Không nhận."
        )


def _objections(filling: Correction) -> Iterator[tuple[AnswerNode | None, str]]:
    """What the form objects to, by the question itself: its address changes where a round goes."""
    yield from ((located(filling.root, each.address), each.message) for each in filling.problems())
    yield from ((node, corrected_answer.NOT_OFFERED) for node in _no_longer_offered(filling))


def _no_longer_offered(filling: Correction) -> Iterator[AnswerNode]:
    """Choices that their list does not hold for the answers as they are: phones take them away when they are seen."""
    for node in filling.questions():
        control = filling.form.controls[node.path]
        if node.live and node.text and control.listed is not None and control.listed.paths:
            offered = {choice.name for choice in filling.choices(node.address)}
            given = [node.text] if control.kind == "select1" else node.text.split()
            if not offered.issuperset(given):
                yield node


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


def _media(
    definition: Definition, version: FormVersion, collector: Collector, row: Submission
) -> tuple[dict[str, bytes], frozenset[str]]:
    """The files that the form names: lists made for the collector who was there, the others as published.

    Beside them the names of those that were made. What the visit names of a list is as it was then.
    """
    caller = phone_access.PhoneCaller(
        collector.id, collector.commune_id, collector.name, collector.username, _villages(collector)
    )
    stored = {
        row.name: row.content
        for row in db.session.scalars(sa.select(FormFile).where(FormFile.form_version_id == version.id))
    }
    found, served = dict[str, bytes](), set[str]()
    connection = db.session.connection()
    for name in definition.media:
        made = phone_lists.content(connection, name, caller)
        if made is not None:
            made = lists_of_visit.as_it_was(connection, name, made, row, definition)
        served |= set() if made is None else {name}
        content = stored.get(name) if made is None else made
        if content is not None:
            found[name] = content
    return found, frozenset(served)


def questions(opened: OpenedCorrection) -> list[CorrectableQuestion]:
    """What is asked now and may be corrected here."""
    return [each for each in _asked(opened) if isinstance(each, CorrectableQuestion)]


def fixed(opened: OpenedCorrection) -> dict[str, list[str]]:
    """Why what else is asked now is not corrected here: reason → the labels of its questions."""
    found: dict[str, list[str]] = {}
    for each in _asked(opened):
        if isinstance(each, FixedQuestion):
            found.setdefault(each.why, []).append(each.label)
    return found


def why_fixed(opened: OpenedCorrection, path: str) -> str:
    """Why a question that is asked now is not corrected here; "" where it is, or where it is not asked."""
    fixed_now = (each for each in _asked(opened) if isinstance(each, FixedQuestion) and each.path == path)
    return next((each.why for each in fixed_now), "")


def _asked(opened: OpenedCorrection) -> Iterator[CorrectableQuestion | FixedQuestion]:
    return correctable_questions.questions(opened.filling, opened.definition, opened.served, opened.searched)


def apply(
    opened: OpenedCorrection,
    given: Mapping[str, Sequence[str]],
    files: Mapping[str, FileStorage] = MappingProxyType({}),
) -> dict[str, str]:
    """Put in what was typed, and files, in the form's order; a sentence for each question that cannot be as it is."""
    wrong: dict[str, str] = {}
    try:
        _put_in(opened, given, files, wrong)
        judge(opened, wrong)
    except Unfillable as reason:
        wrong[""] = cannot_work_out(reason)
    return wrong


def cannot_work_out(reason: Unfillable) -> str:
    """The form's formulas fail with what was answered."""
    return f"Không tính được biểu mẫu với câu trả lời này: {reason}. {NEW_VISIT}"


def judge(opened: OpenedCorrection, wrong: dict[str, str]) -> None:
    """Add what the form objects to now and did not before, and a visit that would be another household's."""
    for node, message in _objections(opened.filling):
        if node is not None and (node, message) not in opened.objections:
            wrong.setdefault(node.address, message)
    if _entity(opened.filling) != opened.entity:
        wrong[""] = OTHER_HOUSEHOLD


def _put_in(
    opened: OpenedCorrection,
    given: Mapping[str, Sequence[str]],
    files: Mapping[str, FileStorage],
    wrong: dict[str, str],
) -> None:
    """One question after the other, for an answer may bring others up or take them away.

    What the page showed and came back so was not corrected, also where an answer before it has set another value.
    """
    done: set[str] = set()
    shown = {question.path: question for question in questions(opened)}
    named = given.keys() | files.keys()
    while True:
        ahead = next((q for q in questions(opened) if q.path in named and q.path not in done), None)
        if ahead is None:
            return
        done.add(ahead.path)
        try:
            question = dataclasses.replace(shown.get(ahead.path, ahead), choices=ahead.choices)
            answers, file = given.get(ahead.path, ()), files.get(ahead.path)
            corrected_answer.put(opened.filling, opened.uploads, question, answers, file)
        except AnswerRefused as refused:
            wrong[ahead.path] = corrected_answer.why_not_taken(refused)


def save(opened: OpenedCorrection, reason: str, by: Caller) -> int:
    """Store the correction as an edit that this person has looked at; the id of the new submission.

    Where another edit has come meanwhile it is kept aside, beside the newest, for somebody to look at both (R12).
    The reason stands in its history with every question and indicator that changed, in the audit the names of
    those that were corrected alone.
    """
    before, after = opened.filling.sent, opened.filling.written()
    changed = opened.changed
    told = ". ".join([*_told(changed), *_findings(before, after, opened.definition)])
    receipt = receive_submission.accept(
        after, opened.uploads, dataclasses.replace(opened.sender, person=by.actor)
    )
    catch_up.caught_up()  # the decision that follows is about what the correction made of it
    _decide(receipt.submission_id, f"{told[:_LONGEST_HISTORY]}. {reason}", opened.sender.commune_id, by)
    db.session.rollback()  # what this session has read was before it
    difficulties.take_in(receipt.submission_id)
    names = [each.address.rpartition("/")[2] for each in changed if each.kind == CORRECTED]
    detail: dict[str, Any] = {"replaces": opened.submission_id, "questions": names}
    audit.note("submission.correct", f"submission:{receipt.submission_id}", detail)
    db.session.commit()
    return receipt.submission_id


def _decide(submission_id: int, comment: str, commune_id: int, by: Caller) -> None:
    """Approve it, with what was changed and why in its history; what is kept aside stays undecided, with both."""
    with db.engine.connect().execution_options(writes=True) as connection:
        aside = sa.select(Submission.quarantine).where(Submission.id == submission_id)
        is_aside = connection.scalar(aside) == edited_submission.EDIT_OUTDATED
        decisions.decide(
            connection,
            submission_id,
            "received" if is_aside else "approved",
            expected="received",
            reviewer=Reviewer(by.actor, by.name, commune_id, request.remote_addr),
            comment=comment,
        )
        connection.commit()


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
