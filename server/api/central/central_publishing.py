"""Forms brought and published at Central's door (O5), and collectors made as its app users (O9)."""

import re
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, request

from forms.errors import FormRejected
from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api.central.central_forms import as_json, as_published
from server.api.central.central_problems import CentralProblem
from server.api.central.central_projects import app_user, own_commune
from server.api.odata.form_routes import open_form, reading
from server.api.odata.form_rows import moment
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.models import Collector, Commune, Form, FormDraft, Village
from server.phones import collectors
from server.phones.collectors import CollectorRejected
from server.places import merged_villages
from server.published_forms import form_drafts, forms_by_program
from server.published_forms.forms_by_program import WorkbookRefused
from server.published_forms.publishing import MediaFile

blueprint = Blueprint("central_publishing", __name__, url_prefix="/v1/projects/<code>")

Json = dict[str, Any]
Answer = Response | tuple[Response, int]
_ENDINGS = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
}
_ROLES = frozenset(("app-user", "2"))


@blueprint.post("/forms")
@client(Right.MANAGE_FORMS)
def create(code: str) -> Answer:
    """A new form from its XLSForm: a draft, or with `publish=true` at once what phones load."""
    commune = own_commune(code)
    try:
        draft = _brought(commune, "")
        if _truth("publish"):
            form = forms_by_program.publish(draft, access.signed_in().actor)
            return jsonify(as_published(form, commune))
    except WorkbookRefused as refused:
        return _refused(refused)
    return jsonify(_draft_json(draft, commune))


@blueprint.post("/forms/<form_id>/draft")
@client(Right.MANAGE_FORMS)
def draft(code: str, form_id: str) -> Answer:
    """Another version of a form, as a draft: of the XLSForm that is sent, or of the published one."""
    commune = own_commune(code)
    try:
        _brought(commune, form_id)
    except WorkbookRefused as refused:
        return _refused(refused)
    return jsonify(success=True)


@blueprint.post("/forms/<form_id>/draft/attachments/<path:name>")
@client(Right.MANAGE_FORMS)
def attach(code: str, form_id: str, name: str) -> Response:
    """A file that the draft names."""
    commune = own_commune(code)
    content = request.stream.read(form_drafts.MOST_FILE_BYTES + 1)
    if len(content) > form_drafts.MOST_FILE_BYTES:
        raise Problem(CommonProblem.TOO_LARGE, limit_mb=form_drafts.MOST_FILE_BYTES // 1_000_000)
    begin_writing()
    found = _own_draft(commune, form_id)
    if name not in form_drafts.definition(found).media:
        raise Problem(CommonProblem.FILE_UNKNOWN, name=name[:80])
    form_drafts.attach(found, [MediaFile(name, content, request.mimetype or "application/octet-stream")])
    db.session.commit()
    return jsonify(success=True)


@blueprint.post("/forms/<form_id>/draft/publish")
@client(Right.MANAGE_FORMS)
def publish(code: str, form_id: str) -> Answer:
    """The draft becomes what phones load; its version is the one that its XLSForm says."""
    commune = own_commune(code)
    found = _own_draft(commune, form_id)
    version = form_drafts.definition(found).version
    wanted = request.args.get("version", version)
    if wanted != version:
        raise Problem(CentralProblem.VERSION_IN_WORKBOOK, version=version[:40])
    form = _own_form(commune, form_id)
    if form is not None and version in {each.version for each in form.versions}:
        raise Problem(CentralProblem.VERSION_THERE, version=version[:40])
    try:
        forms_by_program.publish(found, access.signed_in().actor)
    except WorkbookRefused as refused:
        return _refused(refused)
    return jsonify(success=True)


@blueprint.post("/app-users")
@client(Right.MANAGE_COLLECTORS)
def add_app_user(code: str) -> Response:
    """A collector, of the thôn whose codes `villages` has. Central's programs send a name alone: the thôn stand in
    brackets behind it, “Lê Thị Tư (Thôn Đông; 11629002)”, and need not where the commune has one.
    """
    commune = own_commune(code)
    said = request.get_json(silent=True)
    given: Json = said if isinstance(said, dict) else {}
    name = str(given.get("displayName") or "")
    begin_writing()
    commune = db.session.get_one(Commune, commune.id)
    name, villages = _named(name, commune, given.get("villages"))
    try:
        made = collectors.add(name, commune, villages, actor=access.signed_in().actor)
    except CollectorRejected as rejected:
        db.session.rollback()
        raise Problem(CentralProblem.COLLECTOR_REFUSED, why=str(rejected)) from rejected
    told = app_user(made.collector, commune, made.token)
    db.session.commit()
    response = jsonify(told)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/forms/<form_id>/assignments/<role>/<int:actor_id>")
@client(Right.MANAGE_COLLECTORS)
def assign(code: str, form_id: str, role: str, actor_id: int) -> Response:
    """Every collector of the commune has every form of it: there is nothing to be done."""
    commune = own_commune(code)
    open_form(reading(commune), form_id)
    found = db.session.get(Collector, actor_id)
    if role not in _ROLES or found is None or found.commune_id != commune.id:
        raise Problem(CommonProblem.NOT_FOUND)
    return jsonify(success=True)


def _named(name: str, commune: Commune, codes: Any) -> tuple[str, list[Village]]:
    """The name and the thôn of a collector; Problem VALUE_WRONG or VILLAGES_NEEDED."""
    bare, _, inside = name.rstrip().removesuffix(")").rpartition("(")
    if codes is None and bare.strip() and name.rstrip().endswith(")"):
        words = [each.strip() for each in re.split("[;,]", inside)]
        return bare.strip(), [_called(commune, each) for each in words if each]
    return name, _villages(commune, codes)


def _called(commune: Commune, words: str) -> Village:
    found = merged_villages.by_words(commune).find("", words)
    if isinstance(found, str):
        raise Problem(CentralProblem.COLLECTOR_REFUSED, why=found)
    return found


def _villages(commune: Commune, codes: Any) -> list[Village]:
    query = sa.select(Village).where(Village.commune_id == commune.id).order_by(Village.code)
    every = list(db.session.scalars(query))
    if codes is None:
        if len(every) != 1:
            example = every[0].code if every else f"{commune.code}001"
            raise Problem(CentralProblem.VILLAGES_NEEDED, example=example)
        return every
    named = [each for each in every if isinstance(codes, list) and each.code in codes]
    if not isinstance(codes, list) or not named or len(named) != len(codes):
        raise Problem(CentralProblem.VALUE_WRONG, field="villages", value=str(codes)[:60])
    return named


def _brought(commune: Commune, form_id: str) -> FormDraft:
    """What is sent, as a draft; of `form_id` alone, of a form that is not there yet where that is empty."""
    form = _own_form(commune, form_id) if form_id else None
    content = request.stream.read(form_drafts.MOST_FILE_BYTES + 1)
    if content:
        ending = _ENDINGS.get(request.mimetype)
        if ending is None:
            raise Problem(CentralProblem.WORKBOOK_NEEDED)
        stem = form_id or unquote(request.headers.get("X-XlsForm-FormId-Fallback", "")) or "phieu"
        filename = f"{stem[:60]}{ending}"
    elif form is not None:
        content, filename = bytes(form.versions[-1].workbook), f"{form_id}.xlsx"
    else:
        raise Problem(CentralProblem.WORKBOOK_NEEDED)
    if not form_id:
        _check_new(content, filename)
    return forms_by_program.bring(content, filename, commune.id, access.signed_in().actor, form_id)


def _check_new(content: bytes, filename: str) -> None:
    """Problem FORM_THERE where a form has this id already."""
    try:
        found = form_drafts.check(content, filename).converted.definition.form_id
    except FormRejected as rejected:
        raise WorkbookRefused(rejected.errors) from rejected
    if db.session.scalar(sa.select(Form.id).where(Form.form_id == found)):
        raise Problem(CentralProblem.FORM_THERE, form_id=found[:64])


def _own_form(commune: Commune, form_id: str) -> Form | None:
    """The commune's form with this id, None where there is none yet; NOT_ALLOWED for one of all communes."""
    found = db.session.scalars(sa.select(Form).where(Form.form_id == form_id)).first()
    if found is not None and found.commune_id is None:
        raise Problem(CommonProblem.NOT_ALLOWED)
    return found if found is not None and found.commune_id == commune.id else None


def _own_draft(commune: Commune, form_id: str) -> FormDraft:
    query = sa.select(FormDraft).where(FormDraft.form_id == form_id, FormDraft.commune_id == commune.id)
    found = db.session.scalars(query).first()
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _draft_json(draft: FormDraft, commune: Commune) -> Json:
    return as_json(
        draft.form_id, draft.title, form_drafts.definition(draft).version, draft.md5, commune,
        created=moment(draft.uploaded_at), published=None,
    )  # fmt: skip


def _refused(refused: WorkbookRefused) -> Answer:
    """What is wrong in a workbook, in Central's shape."""
    return jsonify(message=refused.told(), code=400.15, details={"errors": refused.listed()}), 400


def _truth(name: str) -> bool:
    return request.args.get(name, "").lower() == "true"
