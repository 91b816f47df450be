"""A draft's own phone URLs: one form, made-up households, and answers that count nowhere."""

import hashlib
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from flask import Response, request

from forms import indicators
from forms.definition import Definition
from forms.errors import Unreadable
from forms.instance import Instance, answers, read
from forms.list_csv import EntityChoice, VillageChoice, entities_csv, md5, villages_csv
from forms.rounded_points import rounded
from server import clock
from server.accounts import access, tries_by_address
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.households import backcheck_list, phone_lists
from server.models import DraftSubmission, FormDraft, Village
from server.openrosa import multipart_parts, openrosa_xml
from server.openrosa.form_downloads import revalidated
from server.openrosa.submission_request import unwrap
from server.phones.phone_access import TOKEN, is_https
from server.phones.phone_problems import PhoneProblem
from server.published_forms.form_problems import FormProblem
from server.published_forms.read_submission import WHY

MOST_KEPT = 200
"""Test answers of one draft; the oldest go."""
_VILLAGES_SHOWN = 3
_NAMES = ("Hộ thử Một", "Hộ thử Hai", "Hộ thử Ba")
_FAMILY = uuid.UUID("7b1f3c52-5d0e-4f0e-9a55-2f9f5d1c8a10")


def _on_trial(view: Callable[..., Response]) -> Callable[..., Response]:
    """A view for test phones: gets the draft whose link it is; 403 for any other (C12)."""

    @wraps(view)
    def asked(token: str, **path: Any) -> Response:
        return view(by_token(token), **path)

    return access.phone(asked)


def by_token(token: str) -> FormDraft:
    """The draft whose link holds this token; Problem KEY_UNKNOWN for any other (C12)."""
    known = sa.select(FormDraft).where(FormDraft.token_hash == hashlib.sha256(token.encode()).digest())
    draft = db.session.scalars(known).first() if TOKEN.fullmatch(token) else None
    if draft is None:
        db.session.rollback()
        tries_by_address.refuse_often()
        raise Problem(PhoneProblem.KEY_UNKNOWN)
    return draft


@_on_trial
def form_list(draft: FormDraft) -> Response:
    """The one form on trial."""
    found = Definition.from_json(draft.definition)
    url = f"{_base()}/forms/{quote(draft.form_id)}/{quote(found.version)}"
    manifest_url = f"{url}/manifest" if found.media else None
    listed = openrosa_xml.ListedForm(
        draft.form_id, draft.title, found.version, draft.md5, f"{url}.xml", manifest_url
    )
    return revalidated(openrosa_xml.form_list([listed]), openrosa_xml.CONTENT_TYPE)


def xform(draft: FormDraft, form_id: str, version: str) -> Response:
    """The draft's XForm."""
    _same(draft, form_id, version)
    return revalidated(draft.xform, openrosa_xml.CONTENT_TYPE, draft.md5)


@_on_trial
def manifest(draft: FormDraft, form_id: str, version: str) -> Response:
    """The files that the draft opens, those that were uploaded and those made up."""
    found = _same(draft, form_id, version)
    base = f"{_base()}/forms/{quote(form_id)}/{quote(version)}/media"
    listed = [
        openrosa_xml.ListedFile(name, md5(body), f"{base}/{quote(name, safe='')}")
        for name, body in files(draft, found).items()
    ]
    return revalidated(openrosa_xml.manifest(listed), openrosa_xml.CONTENT_TYPE)


def files(draft: FormDraft, found: Definition) -> dict[str, bytes]:
    """The files that the draft opens and that there are, uploaded or made up, by name."""
    made = {name: _content(draft, name) for name in found.media}
    return {name: content[0] for name, content in made.items() if content is not None}


def file(draft: FormDraft, form_id: str, version: str, name: str) -> Response:
    """One file of the draft."""
    found = _same(draft, form_id, version)
    content = _content(draft, name) if name in found.media else None
    if content is None:
        raise Problem(CommonProblem.FILE_UNKNOWN, name=name[:80])
    return revalidated(*content)


@_on_trial
def submission(draft: FormDraft) -> Response:
    """HEAD as on any server; POST keeps the answers beside the draft. Photos are not kept."""
    if request.method == "HEAD":
        return Response(status=204, content_type=openrosa_xml.CONTENT_TYPE)
    new = take(draft)
    return Response(openrosa_xml.message(THANKS), 201 if new else 202, content_type=openrosa_xml.CONTENT_TYPE)


THANKS = "Đã nhận phiếu thử; phiếu này không tính vào số liệu."


def take(draft: FormDraft) -> bool:
    """Keep the answers in the body of this request beside the draft; False where they are there already."""
    with multipart_parts.received(
        request.stream, request.content_type or "", request.content_length
    ) as found:
        sent, _ = unwrap(found)
    begin_writing()
    new = _keep(draft, _read(draft, sent))
    db.session.commit()
    return new


ROUTES: tuple[tuple[str, Callable[..., Response], tuple[str, ...]], ...] = (
    ("/formList", form_list, ("GET",)),
    ("/forms/<form_id>/<path:version>.xml", _on_trial(xform), ("GET",)),
    ("/forms/<form_id>/<path:version>/manifest", manifest, ("GET",)),
    ("/forms/<form_id>/<path:version>/media/<name>", _on_trial(file), ("GET",)),
    ("/submission", submission, ("HEAD", "POST")),
)


def _base() -> str:
    """What every handed-out URL begins with: the host that the phone itself used, and the draft's link (C11)."""
    token = (request.view_args or {})["token"]
    scheme = "https" if is_https() else request.scheme
    return f"{scheme}://{request.host}{request.root_path}/thu/{token}"


def _same(draft: FormDraft, form_id: str, version: str) -> Definition:
    found = Definition.from_json(draft.definition)
    if form_id != draft.form_id:
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id=form_id[:80])
    if version != found.version:
        raise Problem(FormProblem.VERSION_UNKNOWN, form_id=form_id[:80], version=version[:80])
    return found


def _read(draft: FormDraft, sent: bytes) -> Instance:
    try:
        instance = read(sent)
    except Unreadable as error:
        raise Problem(
            FormProblem.SUBMISSION_UNREADABLE, why=WHY.get(error.code, "nội dung không đọc được.")
        ) from error
    _same(draft, instance.form_id, instance.version)
    return instance


def _keep(draft: FormDraft, instance: Instance) -> bool:
    """Store a test answer with what it would state; False where it is there already."""
    found = Definition.from_json(draft.definition)
    kept = sa.select(DraftSubmission.id).where(DraftSubmission.draft_id == draft.id)
    if db.session.scalar(kept.where(DraftSubmission.instance_id == instance.instance_id)) is not None:
        return False
    stored = rounded(instance, found) if found.about_households else instance
    stated = indicators.state(stored, found)
    row = DraftSubmission(
        draft_id=draft.id,
        instance_id=instance.instance_id,
        answers=answers(stored, found),
        statements=[{"indicator": s.indicator, "done": s.done, "of": s.of} for s in stated.statements],
        faults=[{"code": fault.code, "about": fault.about} for fault in stated.faults],
        received_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    old = list(db.session.scalars(kept.order_by(DraftSubmission.id.desc()).offset(MOST_KEPT)))
    if old:
        db.session.execute(sa.delete(DraftSubmission).where(DraftSubmission.id.in_(old)))
    return True


def _content(draft: FormDraft, name: str) -> tuple[bytes, str] | None:
    """A file's bytes and type; lists are made up, so that a test link shows nobody's household."""
    if name == phone_lists.VILLAGES_FILE:
        return villages_csv(_villages(draft)), "text/csv; charset=utf-8"
    file = next((each for each in draft.files if each.name == name), None)
    if file is not None:
        return file.content, file.media_type
    columns = _columns(draft, name.removesuffix(".csv"))
    return (
        (_made_up(draft, name.removesuffix(".csv"), columns), "text/csv; charset=utf-8") if columns else None
    )


def _columns(draft: FormDraft, list_name: str) -> tuple[str, ...]:
    """Those of the list as phones have it, and those that the draft would add; none where it is no list."""
    if list_name == backcheck_list.FORM:
        return backcheck_list.COLUMNS[2:]
    found = Definition.from_json(draft.definition)
    known = phone_lists.schema(db.session.connection(), list_name)
    declared = any(each.list_name == list_name for each in found.entities)
    saved = [each.save_to for each in found.fields if each.save_to and each.save_to_list == list_name]
    return tuple(dict.fromkeys((*(known or ()), *saved, "thon"))) if known is not None or declared else ()


def _villages(draft: FormDraft) -> list[VillageChoice]:
    """Some thôn of the draft's commune; of the first there is, for a form of the city's."""
    query = sa.select(Village.code, Village.name).where(Village.valid_to.is_(None)).order_by(Village.code)
    if draft.commune_id is not None:
        query = query.where(Village.commune_id == draft.commune_id)
    rows = db.session.execute(query.limit(_VILLAGES_SHOWN)).all()
    return [VillageChoice(row.code, row.name) for row in rows] or [VillageChoice("thu", "Thôn thử")]


def _made_up(draft: FormDraft, list_name: str, columns: tuple[str, ...]) -> bytes:
    choices = []
    for village in _villages(draft):
        for name in _NAMES:
            label = f"{name} ({village.name})"
            data = {
                "thon": village.code, "dia_chi": "Ngõ thử", "tinh_trang": "chua_tham", "hien_ten": label,
            }  # fmt: skip
            key = uuid.uuid5(_FAMILY, f"{list_name} {village.code} {name}")
            choices.append(EntityChoice(key, label, 1, data))
    return entities_csv(choices, columns)
