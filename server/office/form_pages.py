"""The pages of forms: what is published and what is on trial, uploading, downloading, retiring."""

import sqlalchemy as sa
from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from forms import library, version_changes
from forms.definition import Definition
from forms.errors import FormRejected, SheetError
from forms.sheets import MAX_BYTES
from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.models import Commune, Form, FormVersion
from server.published_forms import catalogue, form_drafts, library_forms, publishing, read_workbook
from server.published_forms.form_problems import FormProblem

blueprint = Blueprint("form_pages", __name__)

NOTICES = {
    "bo": "Đã bỏ bản nháp; trong 30 ngày còn đưa lại được từ thùng rác.",
    "thu_vien": "Đã phát hành các biểu mẫu có sẵn cho mọi xã, phường.",
    "thu_vien_tru": "Đã phát hành các biểu mẫu có sẵn cho mọi xã, phường, trừ những phiếu cán bộ đã sửa: bản đã sửa "
    "vẫn là bản điện thoại nhận. Muốn thay bằng bản có sẵn: tải tệp mẫu ở dưới, đặt số phiên bản mới rồi phát hành.",
    "phat_hanh": "Đã phát hành. Điện thoại sẽ thấy ở lần cập nhật biểu mẫu tới (trong vòng một giờ).",
    "ngung": "Đã ngừng biểu mẫu: điện thoại không còn thấy. Phiếu đang làm dở vẫn gửi được.",
    "dung_lai": "Đã dùng lại biểu mẫu.",
    "xa": "Đã lưu các xã, phường dùng biểu mẫu này.",
}


def own_commune() -> Commune | None:
    """The commune whose forms the one who asks may change; None for the city's. Problem for anybody else."""
    caller = access.signed_in()
    if caller.commune_id is None:
        if not caller.may(Right.PUBLISH_TO_CITY):
            raise Problem(CommonProblem.NOT_ALLOWED)
        return None
    return db.session.get(Commune, caller.commune_id)


def notice() -> str:
    """What was just done, as the page says it after a redirect."""
    return NOTICES.get(request.args.get("xong", ""), "")


@blueprint.get("/quan-tri/bieu-mau")
@access.needs(Right.MANAGE_FORMS)
def listing() -> str:
    """The commune's forms and drafts, the city's that it has, and where to upload one."""
    return _listing()


def _listing(errors: tuple[SheetError, ...] = (), filename: str = "") -> str:
    commune = own_commune()
    return render_template(
        "office/forms.html",
        commune=commune,
        drafts=catalogue.drafts(commune),
        forms=catalogue.forms(commune),
        library=library.LIBRARY,
        errors=errors,
        filename=filename,
        notice=notice(),
    )


@blueprint.post("/quan-tri/bieu-mau")
@access.needs(Right.MANAGE_FORMS)
def upload() -> Redirect | tuple[str, int]:
    """Check a workbook; a good one becomes the draft of its form, a bad one comes back with what is wrong."""
    filename, content = _uploaded()
    try:
        checked = form_drafts.check(content, filename, with_java=True)
        db.session.rollback()
        begin_writing()
        draft = form_drafts.save(content, filename, own_commune(), access.signed_in().actor, checked)
    except FormRejected as rejected:
        db.session.rollback()
        return _listing(rejected.errors, filename), 422
    audit.note("form.upload", f"form_draft:{draft.id}", {"form_id": draft.form_id, "md5": draft.md5})
    db.session.commit()
    return redirect(url_for(".show_draft", draft_id=draft.id, xong="tai_len"))


@blueprint.post("/quan-tri/bieu-mau/thu-vien")
@access.needs(Right.PUBLISH_TO_CITY)
def publish_library() -> Redirect:
    """Publish the forms that come with the software, for all communes."""
    found = library_forms.library_ready()
    begin_writing()
    for version in [made.form_version for made in map(publishing.add, found.ready) if made.new]:
        detail = {"form_id": version.form.form_id, "version": version.version}
        audit.note("form.publish", f"form_version:{version.id}", detail)
    db.session.commit()
    return redirect(url_for(".listing", xong="thu_vien_tru" if found.kept else "thu_vien"))


def _uploaded() -> tuple[str, bytes]:
    file = request.files.get("bieu_mau")
    if file is None or not file.filename:
        return "", b""
    # one byte more than may be read, so that reading it says that it is too large
    return file.filename, file.stream.read(MAX_BYTES + 1)


@blueprint.get("/quan-tri/bieu-mau/thu-vien/<form_id>.xlsx")
@access.needs(Right.MANAGE_FORMS)
def sample(form_id: str) -> Response:
    """A form of the library as a workbook, to begin one's own from."""
    if form_id not in library.LIBRARY:
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id=form_id[:80])
    return _file(library.workbook(library.read(form_id)), read_workbook.XLSX, f"{form_id}.xlsx")


@blueprint.get("/quan-tri/bieu-mau/mau/<form_id>")
@access.needs(Right.MANAGE_FORMS)
def one(form_id: str) -> str:
    """One form: its versions with what each brought, its communes, and whether it is in use."""
    form = _readable(form_id)
    shown = request.args.get("so_sanh")
    return render_template(
        "office/form.html",
        form=form,
        is_own=_is_own(form),
        versions=catalogue.versions(form, clock.now()),
        compared=shown,
        changes=_changes(form, shown) if shown else None,
        communes=catalogue.communes() if form.commune_id is None else [],
        given=catalogue.given(form),
        notice=notice(),
    )


@blueprint.post("/quan-tri/bieu-mau/mau/<form_id>")
@access.needs(Right.MANAGE_FORMS)
def act(form_id: str) -> Redirect:
    """Retire a form, bring it back, or say which communes have it."""
    begin_writing()
    form = _readable(form_id)
    if not _is_own(form):
        raise Problem(CommonProblem.NOT_ALLOWED)
    wanted = request.form.get("viec", "")
    if wanted in ("ngung", "dung_lai"):
        form.retired_at = clock.now() if wanted == "ngung" else None
    elif wanted == "xa" and form.commune_id is None:
        catalogue.give(form, request.form.getlist("xa", type=int))
    else:
        raise Problem(CommonProblem.BAD_REQUEST, why="không rõ việc cần làm.")
    act_name = {"ngung": "form.retire", "dung_lai": "form.restore", "xa": "form.communes"}[wanted]
    audit.note(act_name, f"form:{form.id}", {"form_id": form.form_id})
    db.session.commit()
    return redirect(url_for(".one", form_id=form_id, xong=wanted))


@blueprint.get("/quan-tri/bieu-mau/mau/<form_id>/<path:version>/<any(bang,xform):kind>")
@access.needs(Right.MANAGE_FORMS)
def download(form_id: str, version: str, kind: str) -> Response:
    """A version as published: the officer's workbook, or the XForm that phones load, byte for byte."""
    found = _version(_readable(form_id), version)
    if kind == "xform":
        return _file(found.xform, "text/xml; charset=utf-8", f"{form_id}-{version}.xml")
    suffix, media_type = read_workbook.ending_and_type(found.workbook)
    return _file(found.workbook, media_type, f"{form_id}-{version}.{suffix}")


def _readable(form_id: str) -> Form:
    """A form of one's own commune, or of the city's; NOT_ALLOWED for another commune's."""
    commune = own_commune()
    form = db.session.scalars(sa.select(Form).where(Form.form_id == form_id)).first()
    if form is None:
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id=form_id[:80])
    if commune is not None and form.commune_id not in (None, commune.id):
        raise Problem(CommonProblem.NOT_ALLOWED)
    return form


def _is_own(form: Form) -> bool:
    """Whether it is the asker's to change: an officer does not touch the city's, nor the city a commune's."""
    commune = own_commune()
    return form.commune_id == (commune.id if commune else None)


def _version(form: Form, version: str) -> FormVersion:
    found = next((each for each in form.versions if each.version == version), None)
    if found is None:
        raise Problem(FormProblem.VERSION_UNKNOWN, form_id=form.form_id, version=version[:80])
    return found


def _changes(form: Form, version: str) -> version_changes.Changes | None:
    """From the version before to this one; None for the first."""
    after = _version(form, version)
    place = form.versions.index(after)
    return version_changes.compare(_side(form.versions[place - 1]), _side(after)) if place else None


def _side(version: FormVersion) -> version_changes.ComparedVersion:
    return version_changes.ComparedVersion(version.xform, Definition.from_json(version.definition))


def _file(content: bytes, media_type: str, name: str) -> Response:
    response = Response(content, content_type=media_type)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
