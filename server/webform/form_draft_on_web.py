"""A draft of a form on the officer's own screen: the form with made-up households; its answers count nowhere."""

import functools
from collections.abc import Callable
from typing import Any

from flask import Response, jsonify

from forms.definition import Definition
from forms.list_csv import md5
from server.accounts import access
from server.models import FormDraft
from server.openrosa import form_draft_on_phone
from server.webform import bearer_code, form_json


def _on_trial(view: Callable[..., Response]) -> Callable[..., Response]:
    """A view under the link of a draft: gets that draft."""

    @functools.wraps(view)
    def opened(**path: Any) -> Response:
        return view(form_draft_on_phone.by_token(bearer_code.code()), **path)

    return access.web_form(opened)


@_on_trial
def about(draft: FormDraft) -> Response:
    """The one form on trial, told as those of a collector are."""
    found = Definition.from_json(draft.definition)
    files = ((name, md5(body)) for name, body in form_draft_on_phone.files(draft, found).items())
    told = form_json.form(draft.form_id, found.version, draft.title, draft.xform, draft.md5, files, "trial_")
    return jsonify(name="Thử biểu mẫu", username="thu", commune=None, villages=[], forms=[told])


@_on_trial
def form(draft: FormDraft, form_id: str, version: str) -> Response:
    """The draft's XForm."""
    return form_draft_on_phone.xform(draft, form_id, version)


@_on_trial
def media(draft: FormDraft, form_id: str, version: str, name: str) -> Response:
    """One file of the draft, uploaded or made up."""
    return form_draft_on_phone.file(draft, form_id, version, name)


@_on_trial
def send(draft: FormDraft) -> Response:
    """Answers on trial: kept beside the draft, counted nowhere."""
    new = form_draft_on_phone.take(draft)
    response = jsonify(message=form_draft_on_phone.THANKS)
    response.status_code = 201 if new else 202
    return response


ROUTES: tuple[tuple[str, str, Callable[..., Response], tuple[str, ...]], ...] = (
    ("/trial/about", "trial_about", about, ("GET",)),
    ("/trial/forms/<form_id>/<path:version>.xml", "trial_form", form, ("GET",)),
    ("/trial/forms/<form_id>/<path:version>/media/<name>", "trial_media", media, ("GET",)),
    ("/trial/submission", "trial_send", send, ("POST",)),
)
