"""An officer corrects an answer of a submission: the form is opened again as a phone would, and sent as an edit.

The old submission stays, replaced; counts, household and phones follow as they do for an edit from a phone (C46).
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import request

from forms.definition import Definition
from forms.engine import engine
from forms.engine.engine import Choice, Filling, Refused, Unfillable
from forms.instance import read
from server import audit
from server.accounts.access import Caller
from server.db import db
from server.errors import Problem
from server.households import phone_lists
from server.intake import receive
from server.intake.sender import Sender
from server.models import Collector, FormFile, FormVersion, Submission, Village
from server.phones import phone_access
from server.review import decisions, difficulties
from server.review.decisions import Reviewer
from server.review.review_problems import ReviewProblem

ONE, MANY = "one", "many"
_TYPED = {"int": "number", "decimal": "number", "date": "date", "string": "text", "": "text"}
OTHER_HOUSEHOLD = (
    "Câu vừa sửa làm phiếu nói về hộ khác. Nếu phiếu ghi nhầm hộ thì chọn Không nhận và nhờ thăm lại; "
    "hộ trùng hoặc đổi thôn thì làm ở trang Hộ dân."
)
LONGEST = 2000
"""Characters of an answer, and of the reason."""


@dataclasses.dataclass(frozen=True)
class Question:
    """A question that is asked now: `kind` is `one`, `many`, or the type of an input; `chosen` for choices."""

    path: str
    label: str
    kind: str
    value: str
    choices: tuple[Choice, ...] = ()

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(self.value.split()) if self.kind == MANY else (self.value,)


@dataclasses.dataclass
class Opened:
    """A submission opened to be corrected."""

    submission_id: int
    filling: Filling
    definition: Definition
    sender: Sender
    before: Mapping[str, str]
    entity: str

    @property
    def changed(self) -> tuple[Question, ...]:
        """Questions whose answer is another one than was sent."""
        now = {each.path: each for each in questions(self)}
        return tuple(each for path, each in now.items() if each.value != self.before.get(path, ""))


def open_(submission_id: int) -> Opened:
    """Problem CORRECTION_IMPOSSIBLE for what was replaced or rejected, is sealed, unread, or repeats a group."""
    row = db.session.get_one(Submission, submission_id)
    if row.replaced_by_id is not None:
        raise Problem(ReviewProblem.CORRECTION_IMPOSSIBLE, why="phiếu này đã được một bản sửa thay thế.")
    if row.review == "rejected":
        raise Problem(ReviewProblem.CORRECTION_IMPOSSIBLE, why="phiếu này đã không được nhận.")
    version = db.session.get(FormVersion, row.form_version_id) if row.form_version_id else None
    collector = db.session.get(Collector, row.collector_id) if row.collector_id else None
    if version is None or collector is None:
        raise Problem(ReviewProblem.CORRECTION_IMPOSSIBLE, why="máy chủ không có bản biểu mẫu của phiếu này.")
    if read(row.xml).encrypted:
        raise Problem(
            ReviewProblem.CORRECTION_IMPOSSIBLE, why="phiếu đã mã hóa, chỉ mở được bằng khóa của xã."
        )
    definition = Definition.from_json(version.definition)
    try:
        form = engine.open_form(version.xform, _media(definition, version, collector))
        filling = form.edit(row.xml)
    except Unfillable as wrong:
        raise Problem(
            ReviewProblem.CORRECTION_IMPOSSIBLE, why="phiếu đã mã hóa, có nhóm lặp hoặc không mở lại được."
        ) from wrong
    sender = dataclasses.replace(_sender(collector), device=row.device)
    found = Opened(row.id, filling, definition, sender, {}, _entity(filling))
    return dataclasses.replace(found, before={each.path: each.value for each in questions(found)})


def _entity(filling: Filling) -> str:
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
    caller = phone_access.Caller(
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


def questions(opened: Opened) -> list[Question]:
    """What is asked now and may be corrected here: no thôn, no household, no place, no photo, nothing computed."""
    filling, found = opened.filling, []
    listed = {field.path for field in opened.definition.fields if field.choices_file}
    for path, control in filling.form.controls.items():
        bind = filling.form.nodes[path].bind
        kind = _kind(control.kind, bind.type)
        if kind is None or bind.readonly or not filling.relevant(path) or _short(path) in listed:
            continue
        choices = filling.choices(path) if kind in (ONE, MANY) else ()
        found.append(Question(path, filling.text(path) or path, kind, filling.value(path), choices))
    return found


def _short(path: str) -> str:
    """The path as definitions write it: without the root."""
    return path.split("/", 2)[-1]


def _kind(control: str, answer: str) -> str | None:
    if control == "select1":
        return ONE
    if control == "select":
        return MANY
    return _TYPED.get(answer) if control == "input" else None


def apply(opened: Opened, given: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Put in what was typed, in the form's order; a sentence for each question that cannot be as it is."""
    wrong: dict[str, str] = {}
    for path in opened.filling.form.controls:
        if path not in given or not opened.filling.relevant(path):
            continue
        if path not in {each.path for each in questions(opened)}:
            continue
        text = " ".join(part.strip() for part in given[path] if part.strip())[:LONGEST]
        if text == opened.filling.value(path):
            continue
        try:
            opened.filling.answer(path, "".join(letter for letter in text if letter >= " "))
        except Refused:
            wrong[path] = "Câu trả lời này không có trong các lựa chọn, hoặc không phải là số."
    names = {each.path.rpartition("/")[2]: each.path for each in questions(opened)}
    for problem in opened.filling.problems():
        wrong.setdefault(names.get(problem.name, problem.name), problem.message)
    if _entity(opened.filling) != opened.entity:
        wrong[""] = OTHER_HOUSEHOLD
    return wrong


def save(opened: Opened, reason: str, by: Caller) -> int:
    """Store the correction as an edit that this person has looked at; the id of the new submission.

    The reason stands in its history with the questions that were changed, in the audit their names alone.
    """
    changed = opened.changed
    sender = dataclasses.replace(opened.sender, person=by.actor)
    receipt = receive.accept(opened.filling.submission(), (), sender)
    names = [each.path.rpartition("/")[2] for each in changed]
    with db.engine.connect().execution_options(writes=True) as connection:
        labels = "; ".join(each.label for each in changed)
        reviewer = Reviewer(by.actor, by.name, opened.sender.commune_id, request.remote_addr)
        comment = f"Sửa câu: {labels}. {reason}"[:LONGEST]
        decisions.decide(
            connection,
            receipt.submission_id,
            "approved",
            expected="received",
            reviewer=reviewer,
            comment=comment,
        )
        connection.commit()
    db.session.rollback()  # what this session has read was before it
    difficulties.take_in(receipt.submission_id)
    detail: dict[str, Any] = {"replaces": opened.submission_id, "questions": names}
    audit.note("submission.correct", f"submission:{receipt.submission_id}", detail)
    db.session.commit()
    return receipt.submission_id
