"""What other systems are sent of a submission: its XML, with the questions that the hook may tell."""

import sqlalchemy as sa

from forms.definition import NONE, Definition
from forms.left_out import without
from server.db import db
from server.exports import columns, select
from server.models import Hook, Submission


def of_submission(hook: Hook, submission_id: int) -> bytes:
    """The body of the request."""
    xml: bytes = db.session.scalars(sa.select(Submission.xml).where(Submission.id == submission_id)).one()
    form = columns.merged(select.definitions(hook.form_id))
    return without(bytes(xml), left_out(form, hook), labels=not hook.personal or bool(hook.questions))


def left_out(form: Definition, hook: Hook) -> list[str]:
    """Paths of the questions that do not go along: personal ones, unless they were chosen; those that were not."""
    return [
        each.path
        for each in form.fields
        if (each.sensitivity != NONE and not hook.personal)
        or (hook.questions and each.path not in hook.questions)
    ]
