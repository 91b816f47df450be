"""Forms brought and deployed at Kobo's door: as drafts, checked and published by the one way that pages use (K18)."""

import base64
import binascii
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, request

from forms.definition import Definition
from server import audit, clock
from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers import who_may_read as readers
from server.api.kobo import asset_json, content_workbook, kobo_addresses, kobo_ids
from server.api.kobo.asset_routes import open_form, reading
from server.api.kobo.kobo_bodies import given, read_inside, text, truth
from server.api.kobo.kobo_errors import wrong
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.models import Commune, Form, FormDraft, MadeFile
from server.published_forms import form_drafts, forms_by_program
from server.published_forms.forms_by_program import WorkbookRefused

blueprint = Blueprint("kobo_deployment", __name__, url_prefix="/api/v2")

Json = dict[str, Any]
IMPORT = "kobo_import"
"""What an import is called among the things that a client asked for and may follow for a day."""


@blueprint.post("/assets")
@client(Right.MANAGE_FORMS)
def add() -> tuple[Response, int]:
    """A form, by its content or as a workbook: it becomes a draft, which is published by deploying it."""
    try:
        draft = _brought(given())
    except WorkbookRefused as refused:
        return _refused(refused)
    return jsonify(_draft_told(draft)), 201


@blueprint.patch("/assets/<uid>")
@client(Right.MANAGE_FORMS)
def change(uid: str) -> Response | tuple[Response, int]:
    """Other content of a form: its draft, until it is deployed. What else Kobo lets change is not kept here."""
    form_id, form = _own(uid)
    said = given()
    if "content" not in said and not request.files:
        if form is None:
            raise Problem(CommonProblem.NOT_FOUND)
        reader = reading()
        return jsonify(asset_json.listed(asset_json.of(form, reader, readers.sent(reader)), ""))
    try:
        return jsonify(_draft_told(_brought(said, form_id)))
    except WorkbookRefused as refused:
        return _refused(refused)


@blueprint.post("/imports")
@client(Right.MANAGE_FORMS)
def bring() -> tuple[Response, int]:
    """A workbook for a form that there is (`destination`), or for a new one; its address tells what became of it."""
    said = given()
    destination = text(said, "destination")
    form_id = _own(destination.rstrip("/").rpartition("/")[2].partition(".")[0])[0] if destination else ""
    problem, asset_uid, verb = "", "", "updated" if form_id else "created"
    try:
        asset_uid = kobo_ids.uid("a", _brought(said, form_id).form_id)
    except WorkbookRefused as refused:
        problem = refused.told()
    row = _import_row(problem, f"{verb} {asset_uid}")
    return jsonify(_import_told(row) | {"status": "processing"}), 201


@blueprint.get("/imports/<import_uid>")
@client(Right.MANAGE_FORMS)
def brought(import_uid: str) -> Response:
    """What became of an import."""
    query = sa.select(MadeFile).where(MadeFile.kind == IMPORT, MadeFile.actor == access.signed_in().actor)
    found = next(
        (each for each in db.session.scalars(query) if kobo_ids.uid("i", each.id) == import_uid), None
    )
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return jsonify(_import_told(found))


@blueprint.get("/assets/<uid>/deployment")
@client(Right.READ_SUBMISSIONS)
def deployment(uid: str) -> Response:
    """Which version is deployed, of the city's forms too."""
    return jsonify(_deployment_told(open_form(uid, reading())))


@blueprint.post("/assets/<uid>/deployment")
@client(Right.MANAGE_FORMS)
def deploy(uid: str) -> Response | tuple[Response, int]:
    """Publish the draft."""
    return _deployed(uid, given())


@blueprint.patch("/assets/<uid>/deployment")
@client(Right.MANAGE_FORMS)
def redeploy(uid: str) -> Response | tuple[Response, int]:
    """Publish the draft if there is one; archive a form or take it into use again (`active`). Empty: as it is."""
    return _deployed(uid, given())


def _deployed(uid: str, said: Json) -> Response | tuple[Response, int]:
    form_id, form = _own(uid)
    draft = _draft(form_id)
    _check_version(said, form, draft)
    is_active = truth(said, "active", default=True)
    try:
        if draft is not None and is_active:
            form = forms_by_program.publish(draft, access.signed_in().actor)
    except WorkbookRefused as refused:
        return _refused(refused)
    if form is None:
        raise Problem(CommonProblem.NOT_FOUND)
    if (form.retired_at is None) != is_active:
        _set_active(form, is_active=is_active)
    return jsonify(_deployment_told(form))


def _set_active(form: Form, *, is_active: bool) -> None:
    number = form.id
    begin_writing()
    form = db.session.get_one(Form, number)
    form.retired_at = None if is_active else clock.now()
    act = "form.restore" if is_active else "form.retire"
    audit.note(act, f"form:{form.id}", {"form_id": form.form_id})
    db.session.commit()


def _check_version(said: Json, form: Form | None, draft: FormDraft | None) -> None:
    """A version that is asked for has to be the newest one: of the draft, or what the form itself was told to be."""
    wanted = said.get("version_id")
    if wanted is None:
        return
    known = {_draft_version(draft)} if draft else set()
    if form is not None:
        known.add(kobo_ids.of_form_version(form.versions[-1]))
    if wanted not in known:
        raise wrong("version_id", "Only the most recent version of an asset can be deployed.")


def _brought(said: Json, form_id: str = "") -> FormDraft:
    """The workbook of a request as a draft of the asker's commune; `form_id`: of that form alone."""
    commune = _commune()
    content, filename = _workbook(said, form_id)
    return forms_by_program.bring(content, filename, commune.id, access.signed_in().actor, form_id)


def _workbook(said: Json, form_id: str) -> tuple[bytes, str]:
    """The bytes of the workbook, whichever way they came, and a name for it."""
    name = text(said, "name", form_id or "phieu")[:120] or "phieu"
    sent = request.files.get("file")
    if sent is not None:
        return sent.stream.read(form_drafts.MOST_FILE_BYTES + 1), sent.filename or f"{name}.xlsx"
    if "base64Encoded" in said:
        encoded = text(said, "base64Encoded").rpartition(",")[2]
        try:
            return base64.b64decode(encoded, validate=True), f"{content_workbook.slug(name)}.xlsx"
        except binascii.Error as error:
            raise wrong("base64Encoded", "Not valid base64.") from error
    content = read_inside(said.get("content"))  # QRealTime sends it as a text of JSON
    if isinstance(content, dict):
        return content_workbook.workbook(content, name, form_id), f"{content_workbook.slug(name)}.xlsx"
    if "url" in said:
        raise wrong("url", "Máy chủ không tự tải tệp từ nơi khác; hãy gửi tệp (file hoặc base64Encoded).")
    raise wrong("content", "This field is required.")


def _commune() -> Commune:
    own = access.signed_in().commune_id
    if own is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return db.session.get_one(Commune, own)


def _own(uid: str) -> tuple[str, Form | None]:
    """A form or a draft of the asker's commune by its id; NOT_FOUND for any other."""
    commune = _commune()
    owned = sa.select(Form).where(Form.commune_id == commune.id)
    form = next((each for each in db.session.scalars(owned) if kobo_ids.of_form(each) == uid), None)
    if form is not None:
        return form.form_id, form
    kept = db.session.scalars(sa.select(FormDraft.form_id).where(FormDraft.commune_id == commune.id))
    found = next((each for each in kept if kobo_ids.uid("a", each) == uid), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found, None


def _draft(form_id: str) -> FormDraft | None:
    query = sa.select(FormDraft).where(FormDraft.form_id == form_id, FormDraft.commune_id == _commune().id)
    return db.session.scalars(query).first()


def _draft_version(draft: FormDraft) -> str:
    return kobo_ids.of_version(draft.form_id, form_drafts.definition(draft).version)


def _draft_told(draft: FormDraft) -> Json:
    """A draft as Kobo tells a form that is not deployed."""
    definition: Definition = form_drafts.definition(draft)
    uid = kobo_ids.uid("a", draft.form_id)
    path = f"/assets/{uid}"
    return {
        "url": kobo_addresses.address(path), "uid": uid, "name": draft.title, "kind": "asset", "asset_type": "survey",
        "date_created": asset_json.moment(draft.uploaded_at), "date_modified": asset_json.moment(draft.uploaded_at),
        "version_id": _draft_version(draft), "version__content_hash": draft.md5, "has_deployment": False,
        "deployed_version_id": None, "deployment__active": False, "deployment_status": "draft",
        "deployment__submission_count": 0, "summary": asset_json.summary(definition), "settings": {},
        "data": kobo_addresses.address(f"{path}/data"), "remarks": [str(each) for each in form_drafts.remarks(draft)],
    }  # fmt: skip


def _deployment_told(form: Form) -> Json:
    reader = reading()
    asset = asset_json.of(form, reader, readers.sent(reader))
    return {
        "backend": "tungnha",
        "active": asset.is_active,
        "version_id": kobo_ids.of_form_version(asset.newest),
        "identifier": kobo_addresses.address(f"/assets/{asset.uid}"),
        "asset": asset_json.listed(asset, ""),
    }


def _import_row(problem: str, outcome: str) -> MadeFile:
    """What became of an import, kept for a day for the one who asked."""
    caller = access.signed_in()
    begin_writing()
    row = MadeFile(
        id=kobo_ids.uid("i", clock.now(), caller.actor, outcome), kind=IMPORT, commune_id=_commune().id,
        actor=caller.actor, name=caller.name, address=outcome, outside_url=kobo_addresses.root(), of=1, done=1,
        audit={}, state="failed" if problem else "ready", problem=problem or None, asked_at=clock.now(),
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row


def _import_told(row: MadeFile) -> Json:
    uid = kobo_ids.uid("i", row.id)
    verb, _, asset_uid = row.address.partition(" ")
    told = [{"uid": asset_uid, "kind": "asset", "summary": {}, "owner__username": ""}]
    return {
        "uid": uid,
        "url": kobo_addresses.address(f"/imports/{uid}"),
        "status": "error" if row.problem else "complete",
        "messages": {"error": row.problem} if row.problem else {verb: told},
        "date_created": asset_json.moment(row.asked_at),
    }


def _refused(refused: WorkbookRefused) -> tuple[Response, int]:
    return jsonify(error=refused.told(), errors=refused.listed()), 400
