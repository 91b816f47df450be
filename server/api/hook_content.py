"""What other systems are sent of a submission: in Kobo's JSON or its XML, with the questions that the hook may tell."""

import re
from collections.abc import Collection
from typing import Any

import orjson
import sqlalchemy as sa

from forms.answers_left_out import without
from forms.definition import NONE, Definition
from server.answers import submission_pages
from server.answers.who_may_read import AnswersReader
from server.api.kobo import asset_json, submission_json
from server.db import db
from server.exports import form_columns, select_submissions
from server.models import Hook, Submission

Json = dict[str, Any]
_ROUND = re.compile(r"\[[0-9]+\]")
_LABEL = "entity/label"


def of_submission(hook: Hook, submission_id: int) -> bytes:
    """The body of the request."""
    form = form_columns.merged(select_submissions.definitions(hook.form_id))
    hidden = left_out(form, hook)
    has_labels = hook.personal and not hook.questions
    if hook.export_type == "json":
        return orjson.dumps(_told(_kobo_json(hook, submission_id), hidden, labels=has_labels))
    xml: bytes = db.session.scalars(sa.select(Submission.xml).where(Submission.id == submission_id)).one()
    return without(bytes(xml), hidden, labels=not has_labels)


def left_out(form: Definition, hook: Hook) -> frozenset[str]:
    """Paths of the questions that do not go along: personal ones, unless they were chosen; those that were not."""
    return frozenset(
        each.path
        for each in form.fields
        if (each.sensitivity != NONE and not hook.personal)
        or (hook.questions and each.path not in hook.questions)
    )


def _kobo_json(hook: Hook, submission_id: int) -> Json:
    """As Kobo's door tells it to a reader of the hook's commune."""
    communes = (select_submissions.named(hook.commune),)
    reader = AnswersReader(communes, select_submissions.here(hook.commune_id), hook.personal)
    with db.engine.connect() as connection:
        asked = submission_pages.ask(reader, hook.form, connection.dialect.name)
        owner = asset_json.of(hook.form, reader, {}).owner
        made = submission_json.made(asked, owner, hook.outside_url, frozenset())
        rows = next(submission_pages.rows(connection, [submission_id], submission_json.COLUMNS))
        return made.of(rows, connection)[0]


def _told(said: Json, hidden: Collection[str], *, labels: bool) -> Json:
    """Without the questions that are left out, in rounds of repeats and among the files too."""
    told: Json = {}
    for name, value in said.items():
        if name in hidden or (name.endswith(_LABEL) and not labels):
            continue
        if name == "_attachments":
            value = [each for each in value if _ROUND.sub("", each["question_xpath"]) not in hidden]  # noqa: PLW2901
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            value = [_told(each, hidden, labels=labels) for each in value]  # noqa: PLW2901
        told[name] = value
    return told
