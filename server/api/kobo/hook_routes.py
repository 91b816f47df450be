"""Hooks at Kobo's door (REST services): who else is sent the submissions of a form, the log, and trying again."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify

from server.accounts import access, client_access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers.who_may_read import AnswersReader
from server.api.kobo import asset_json, kobo_addresses, paging
from server.api.kobo.asset_routes import open_form, reading
from server.api.kobo.kobo_bodies import given, text, truth
from server.api.kobo.kobo_errors import wrong
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.hooks import hook_register
from server.hooks.hook_problems import HookProblem
from server.hooks.hook_register import FORMATS, DeliveryCounts, HookSecrets, HookWish
from server.models import Commune, Form, Hook, HookDelivery
from server.privacy import thrown_away

blueprint = Blueprint("kobo_hooks", __name__, url_prefix="/api/v2/assets/<uid>/hooks")

Json = dict[str, Any]
_STATES = {
    "failed": (0, "Failed"),
    "withheld": (0, "Withheld"),
    "waiting": (1, "Pending"),
    "sent": (2, "Success"),
}
_BASIC, _NO_AUTH = "basic_auth", "no_auth"


@blueprint.get("")
@client(Right.MANAGE_HOOKS)
def listing(uid: str) -> Response:
    """The hooks of a form in the reader's communes."""
    hooks = _hooks(uid)
    counts = hook_register.counts([each.id for each in hooks])
    return jsonify(paging.of([_told(uid, each, counts[each.id]) for each in hooks], paging.asked()))


@blueprint.post("")
@client(Right.MANAGE_HOOKS)
def add(uid: str) -> tuple[Response, int]:
    """Name an address within the administrator's list."""
    begin_writing()
    reader = reading()
    form = open_form(uid, reader)
    hook = hook_register.add(_commune(form, reader), form, _person_id(), _wish(given()))
    told = _told(uid, hook, DeliveryCounts(0, 0, 0))
    db.session.commit()
    return jsonify(told), 201


@blueprint.get("/<hook_uid>")
@client(Right.MANAGE_HOOKS)
def one(uid: str, hook_uid: str) -> Response:
    """One hook, with how many changes went, wait, and failed."""
    return _answer(uid, _hook(uid, hook_uid))


@blueprint.patch("/<hook_uid>")
@client(Right.MANAGE_HOOKS)
def change(uid: str, hook_uid: str) -> Response:
    """Change what is said of it; `active: true` also lets one go on that rests."""
    begin_writing()
    hook, fields = _hook(uid, hook_uid), given()
    hook_register.change(hook, _person_id(), _wish(fields, hook))
    if hook.paused_at is not None and truth(fields, "active", default=False):
        hook_register.go_on(hook)
    db.session.commit()
    return _answer(uid, _hook(uid, hook_uid))


@blueprint.delete("/<hook_uid>")
@client(Right.MANAGE_HOOKS)
def remove(uid: str, hook_uid: str) -> tuple[str, int]:
    """Forget an address with all that waits for it."""
    begin_writing()
    hook = _hook(uid, hook_uid)
    thrown_away.keep_hook(hook)
    hook_register.remove(hook)
    db.session.commit()
    return "", 204


@blueprint.patch("/<hook_uid>/retry")
@client(Right.MANAGE_HOOKS)
def retry(uid: str, hook_uid: str) -> Response:
    """Let what failed wait again, and what rests go on."""
    begin_writing()
    hook = _hook(uid, hook_uid)
    failed = [each.uid for each in hook_register.log(hook, limit=paging.MOST)[1] if each.state == "failed"]
    hook_register.retry(hook)
    hook_register.go_on(hook)
    db.session.commit()
    return jsonify(detail="Task successfully scheduled", pending_uids=failed)


@blueprint.get("/<hook_uid>/logs")
@client(Right.MANAGE_HOOKS)
def logs(uid: str, hook_uid: str) -> Response:
    """What became of each change, the newest first."""
    hook, page = _hook(uid, hook_uid), paging.asked()
    total, rows = hook_register.log(hook, start=page.start, limit=page.limit)
    return jsonify(page.links(total) | {"results": [_line(uid, hook, each) for each in rows]})


@blueprint.get("/<hook_uid>/logs/<log_uid>")
@client(Right.MANAGE_HOOKS)
def log(uid: str, hook_uid: str, log_uid: str) -> Response:
    """What became of one change."""
    hook = _hook(uid, hook_uid)
    return jsonify(_line(uid, hook, hook_register.logged(hook, log_uid)))


@blueprint.patch("/<hook_uid>/logs/<log_uid>/retry")
@client(Right.MANAGE_HOOKS)
def retry_one(uid: str, hook_uid: str, log_uid: str) -> Response:
    """Let one change that failed wait again."""
    begin_writing()
    hook = _hook(uid, hook_uid)
    hook_register.logged(hook, log_uid)
    hook_register.retry(hook, log_uid)
    db.session.commit()
    return jsonify(_line(uid, hook, hook_register.logged(hook, log_uid)))


def _hooks(uid: str) -> Sequence[Hook]:
    reader = reading()
    form = open_form(uid, reader)
    return [each for own in reader.communes for each in hook_register.of_commune(own.id, form.id)]


def _hook(uid: str, hook_uid: str) -> Hook:
    """A hook of this form; not there, where it is another commune's."""
    found = next((each for each in _hooks(uid) if each.uid == hook_uid), None)
    if found is None:
        raise Problem(HookProblem.HOOK_UNKNOWN)
    return found


def _commune(form: Form, reader: AnswersReader) -> Commune:
    """Whose hook it becomes: the form's own commune, else the one that the reader's account belongs to."""
    own = form.commune_id or access.signed_in().commune_id or reader.communes[0].id
    return db.session.get_one(Commune, own)


def _person_id() -> int:
    found = client_access.person_id(access.signed_in())
    if found is None:
        raise Problem(CommonProblem.NOT_ALLOWED)
    return found


def _wish(fields: Json, before: Hook | None = None) -> HookWish:
    """What the request says, over what is there."""
    caller = access.signed_in()
    personal = truth(fields, "personal", default=before.personal if before else False)
    if personal and not client_access.may_read_personal(caller, wished=True):
        raise wrong("personal", "Khóa hoặc tài khoản này không được đọc câu trả lời riêng tư.")
    questions = fields.get("subset_fields", before.questions if before else [])
    if not isinstance(questions, list) or not all(isinstance(each, str) for each in questions):
        raise wrong("subset_fields", "Expected a list of items.")
    return HookWish(
        name=text(fields, "name", before.name if before else ""),
        endpoint=text(fields, "endpoint", before.endpoint if before else ""),
        export_type=text(fields, "export_type", before.export_type if before else next(iter(FORMATS))),
        active=truth(fields, "active", default=before.active if before else True),
        personal=personal,
        questions=questions,
        secrets=_secrets(fields, hook_register.secrets_of(before) if before else HookSecrets()),
    )


def _secrets(fields: Json, before: HookSecrets) -> HookSecrets:
    settings = fields.get("settings", {})
    if not isinstance(settings, Mapping):
        raise wrong("settings", "Value must be valid JSON.")
    headers = settings.get("custom_headers", before.headers)
    if not isinstance(headers, Mapping) or not all(isinstance(value, str) for value in headers.values()):
        raise wrong("settings", "`custom_headers` must be an object of strings")
    with_name = text(fields, "auth_level", _BASIC if before.username else _NO_AUTH) == _BASIC
    return HookSecrets(
        signing=text(settings, "signing_key", before.signing)[:200],
        username=text(settings, "username", before.username)[:200] if with_name else "",
        password=text(settings, "password", before.password)[:200] if with_name else "",
        headers=dict(headers),
    )


def _answer(uid: str, hook: Hook) -> Response:
    return jsonify(_told(uid, hook, hook_register.counts([hook.id])[hook.id]))


def _told(uid: str, hook: Hook, counts: DeliveryCounts) -> Json:
    """A hook in Kobo's shape; what opens the other system is never told again."""
    path, secrets = f"/assets/{uid}/hooks/{hook.uid}", hook_register.secrets_of(hook)
    return {
        "url": kobo_addresses.address(path),
        "logs_url": kobo_addresses.address(f"{path}/logs"),
        "asset": uid,
        "uid": hook.uid,
        "name": hook.name,
        "endpoint": hook.endpoint,
        "active": hook.active,
        "export_type": hook.export_type,
        "auth_level": _BASIC if secrets.username else _NO_AUTH,
        "success_count": counts.sent,
        "failed_count": counts.failed,
        "pending_count": counts.waiting,
        "settings": {"username": secrets.username, "custom_headers": dict.fromkeys(secrets.headers, "")},
        "date_modified": asset_json.moment(hook.changed_at),
        "email_notification": False,
        "subset_fields": list(hook.questions),
        "payload_template": "",
        "personal": hook.personal,
        "signed": bool(secrets.signing),
        "paused_at": asset_json.moment(hook.paused_at),
        "paused_why": hook.paused_why,
    }


def _line(uid: str, hook: Hook, row: HookDelivery) -> Json:
    number, word = _STATES[row.state]
    return {
        "url": kobo_addresses.address(f"/assets/{uid}/hooks/{hook.uid}/logs/{row.uid}"),
        "uid": row.uid,
        "submission_id": row.submission_id,
        "change": row.change,
        "tries": row.tries,
        "status": number,
        "status_str": word,
        "status_code": row.status,
        "message": row.answer or "",
        "date_modified": asset_json.moment(row.sent_at or row.made_at),
    }
