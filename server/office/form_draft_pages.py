"""The pages of one draft: trying it on a phone, its files, what it changes, and its publication."""

import re

import sqlalchemy as sa
from flask import current_app, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as Redirect

from forms import personal_data, version_changes
from forms.check import phone_and_web_limits
from forms.definition import KINDS, UNITS, Definition, IndicatorDeclaration, Purpose
from forms.errors import FormRejected, SheetError
from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.files import form_media
from server.models import Commune, DraftSubmission, FormDraft, Indicator
from server.office import form_pages
from server.phones import phone_apps, qr_drawing
from server.posters import poster_names, which_forms
from server.privacy import thrown_away
from server.published_forms import catalogue, form_drafts, publish_answers, publishing
from server.published_forms.publish_answers import Terms
from server.published_forms.publishing import MediaFile

blueprint = form_pages.blueprint

NOTICES = {
    "tai_len": "Đã tải lên. Đây là bản nháp: hãy thử trên điện thoại, rồi phát hành.",
    "tep": "Đã nhận tệp đi kèm.",
}
BASES = (
    "Điều 19 khoản 1 điểm c Luật 91/2025/QH15",
    "Sự đồng ý của người được hỏi",
    "Không thu thập dữ liệu cá nhân",
)
UNIT_WORDS = dict(
    zip(
        UNITS, ("hộ", "người", "người từ 18 tuổi", "địa điểm", "điểm đo", "doanh nghiệp", "thôn"), strict=True
    )
)
KIND_WORDS = dict(zip(KINDS, ("trạng thái (lần mới nhất được tính)", "việc đã làm (cộng dồn)"), strict=True))
CLASS_WORDS = {"none": "không", "personal": "cá nhân", "sensitive": "nhạy cảm"}
_CODE = re.compile(r"[a-z][a-z0-9_]{1,63}")
_MOST_TRIES = 20
_UPLOADED_ANEW = "biểu mẫu vừa được tải lên lại trong lúc phát hành. Hãy xem lại bản nháp rồi phát hành."


@blueprint.get("/quan-tri/bieu-mau/nhap/<int:draft_id>")
@access.needs(Right.MANAGE_FORMS)
def show_draft(draft_id: int) -> str:
    """A draft: what to look at, how to try it, what test phones sent, and what it changes."""
    draft = _own(draft_id)
    found = form_drafts.definition(draft)
    base = request.host_url.rstrip("/") + request.root_path
    drawn = qr_drawing.qr_svg(form_drafts.qr_text(draft, base))
    return render_template(
        "office/draft.html",
        draft=draft,
        definition=found,
        remarks=form_drafts.remarks(draft),
        ran=[words for code, words in form_drafts.CHECKS.items() if code in draft.checks],
        left=[words for code, words in form_drafts.CHECKS.items() if code not in draft.checks],
        not_on_web=_not_on_web(draft),
        missing=publishing.missing_files(found, [file.name for file in draft.files]),
        changes=_changes(draft, found),
        tried=form_drafts.tried(draft),
        tries=_tries(draft),
        test_url=form_drafts.test_url(draft, base),
        screen_url=form_drafts.screen_url(draft, base),
        qr=Markup(drawn),  # noqa: S704
        untargeted=publish_answers.without_target(found),
        notice=NOTICES.get(request.args.get("xong", ""), ""),
    )


@blueprint.post("/quan-tri/bieu-mau/nhap/<int:draft_id>")
@access.needs(Right.MANAGE_FORMS)
def change_draft(draft_id: int) -> Redirect:
    """Add files to a draft, or throw it away."""
    begin_writing()
    draft = _own(draft_id)
    if request.form.get("viec") == "bo":
        thrown_away.keep_draft(draft)
        form_drafts.discard(draft)
        audit.note("form.discard", f"form_draft:{draft_id}", {"form_id": draft.form_id})
        db.session.commit()
        return redirect(url_for("form_pages.listing", xong="bo"))
    files = _files()
    form_drafts.attach(draft, files)
    audit.note("form.attach", f"form_draft:{draft_id}", {"files": [file.name for file in files]})
    db.session.commit()
    return redirect(url_for(".show_draft", draft_id=draft_id, xong="tep"))


def _files() -> list[MediaFile]:
    sent = [each for each in request.files.getlist("tep") if each.filename][: form_drafts.MOST_FILES]
    files = []
    for each in sent:
        name = (each.filename or "").replace("\\", "/").rpartition("/")[2]
        content = each.stream.read(form_drafts.MOST_FILE_BYTES + 1)
        if len(content) > form_drafts.MOST_FILE_BYTES:
            raise Problem(
                CommonProblem.BAD_REQUEST, why=f"tệp “{name[:80]}” lớn hơn 10 MB. Hãy thu nhỏ rồi tải lại."
            )
        files.append(MediaFile(name, content, form_media.type_of(name, content)))
    return files


@blueprint.get("/quan-tri/bieu-mau/nhap/<int:draft_id>/phat-hanh")
@access.needs(Right.MANAGE_FORMS)
def publication(draft_id: int) -> str:
    """What has to be said before the draft becomes a version."""
    draft = _own(draft_id)
    return _publication(draft, form_drafts.definition(draft))


@blueprint.post("/quan-tri/bieu-mau/nhap/<int:draft_id>/phat-hanh")
@access.needs(Right.MANAGE_FORMS)
def publish(draft_id: int) -> Redirect | tuple[str, int]:
    """Publish it as answered; what is missing or wrong is shown at its place."""
    draft = _own(draft_id)
    found = form_drafts.definition(draft)
    answered, wrong = _answers(draft, found)
    errors: tuple[SheetError, ...] = ()
    if not wrong:
        try:
            read, uploaded_at = form_drafts.ready(draft, answered), draft.uploaded_at
            begin_writing()
            draft = _own(draft_id)
            if draft.uploaded_at != uploaded_at:
                raise FormRejected([SheetError("", None, None, _UPLOADED_ANEW)])
            published = form_drafts.publish(
                draft, answered, exact_points=_exact(), actor=access.signed_in().actor, read=read
            )
        except FormRejected as rejected:
            errors = rejected.errors
        else:
            if draft.commune_id is None:
                catalogue.give(published.form_version.form, _chosen_communes())
            db.session.commit()
            form_id = published.form_version.form.form_id
            return redirect(url_for("form_pages.one", form_id=form_id, xong="phat_hanh"))
    db.session.rollback()
    draft = _own(draft_id)
    return _publication(draft, found, wrong, errors), 422


def _publication(
    draft: FormDraft,
    found: Definition,
    wrong: dict[str, str] | None = None,
    errors: tuple[SheetError, ...] = (),
) -> str:
    compared = _changes(draft, found)
    most_mb = current_app.config["SETTINGS"].max_submission_mb
    return render_template(
        "office/publish.html",
        draft=draft,
        commune=db.session.get(Commune, draft.commune_id) if draft.commune_id is not None else None,
        definition=found,
        tried=form_drafts.tried(draft),
        given=request.form,
        wrong=wrong or {},
        errors=errors,
        bases=BASES,
        questions=personal_data.asked(found),
        guessed=personal_data.guessed(found),
        class_words=CLASS_WORDS,
        unnamed=_unnamed(found),
        units=UNIT_WORDS,
        kinds=KIND_WORDS,
        changed=compared.indicators_changed if compared else (),
        missing=publishing.missing_files(found, [file.name for file in draft.files]),
        phones=phone_apps.behind(phone_and_web_limits.of(draft.xform), draft.commune_id),
        film=phone_and_web_limits.film_words(most_mb)
        if phone_and_web_limits.takes_films(draft.xform)
        else "",
        not_on_web=_not_on_web(draft),
        posters=poster_names.open_ones(draft.form_id),
        not_on_posters=_not_on_posters(draft, found),
        untargeted=publish_answers.without_target(found),
        communes=catalogue.communes() if draft.commune_id is None else [],
    )


def _not_on_web(draft: FormDraft) -> list[str]:
    """What of the form the web cannot do, in words."""
    return [need.words for need in phone_and_web_limits.of(draft.xform) if not need.web]


def _not_on_posters(draft: FormDraft, found: Definition) -> list[str]:
    """Why posters of the form would show it no more once this version is published; its purpose is asked for here."""
    files = {file.name: bytes(file.content) for file in draft.files}
    return list(which_forms.obstacles(draft.xform, found, files, has_purpose=True))


def _own(draft_id: int) -> FormDraft:
    """A draft of one's own commune (the city's for the city); NOT_ALLOWED for anybody else's."""
    commune = form_pages.own_commune()
    draft = db.session.get(FormDraft, draft_id)
    if draft is None:
        raise Problem(CommonProblem.NOT_FOUND)
    if draft.commune_id != (commune.id if commune else None):
        raise Problem(CommonProblem.NOT_ALLOWED)
    return draft


def _changes(draft: FormDraft, found: Definition) -> version_changes.Changes | None:
    before = publish_answers.newest(draft.form_id)
    return (
        version_changes.compare(before, version_changes.ComparedVersion(draft.xform, found))
        if before
        else None
    )


def _tries(draft: FormDraft) -> list[DraftSubmission]:
    query = sa.select(DraftSubmission).where(DraftSubmission.draft_id == draft.id)
    return list(db.session.scalars(query.order_by(DraftSubmission.id.desc()).limit(_MOST_TRIES)))


def _unnamed(found: Definition) -> list[str]:
    """Indicators that nobody has given a name, a unit and a kind (R10)."""
    named = {each.code for each in found.declared}
    return [code for code in found.indicators if code not in named]


def _exact() -> bool:
    return request.form.get("vi_tri_chinh_xac") == "1"


def _chosen_communes() -> list[int]:
    return request.form.getlist("xa", type=int) if request.form.get("pham_vi") == "mot_so" else []


def _answers(draft: FormDraft, found: Definition) -> tuple[Terms, dict[str, str]]:
    """What was answered, and by the field's name what is missing."""
    wrong: dict[str, str] = {}
    purpose = _purpose(wrong)
    levels = _classes(found, wrong)
    named = [_named(code, wrong) for code in _unnamed(found)]
    compared = _changes(draft, found)
    kept, codes = _meanings(compared.indicators_changed if compared else (), wrong)
    named += [_successor(found, old, new) for old, new in codes.items()]
    if draft.blank:
        wrong["trong"] = (
            "Biểu mẫu còn ghi nhận chỉ tiêu khi chưa ai trả lời; hãy sửa trong Excel rồi tải lên lại."
        )
    if publishing.missing_files(found, [file.name for file in draft.files]):
        wrong["tep"] = "Còn thiếu tệp mà biểu mẫu mở ra; hãy tải tệp lên ở trang bản nháp."
    if draft.commune_id is None and request.form.get("pham_vi") == "mot_so" and not _chosen_communes():
        wrong["xa"] = "Hãy chọn ít nhất một xã, phường."
    return Terms(purpose, levels, tuple(named), kept, codes), wrong


def _purpose(wrong: dict[str, str]) -> Purpose:
    text = {name: " ".join(request.form.get(name, "").split())[:1000] for name in ("muc_dich", "can_cu")}
    months = request.form.get("luu_thang", "").strip()
    if not text["muc_dich"]:
        wrong["muc_dich"] = "Hãy ghi hỏi để làm gì; người dân có quyền được biết."
    if not text["can_cu"]:
        wrong["can_cu"] = "Hãy ghi căn cứ pháp lý."
    if not re.fullmatch(r"[1-9][0-9]{0,2}", months):
        wrong["luu_thang"] = "Hãy ghi số tháng lưu phiếu, từ 1 đến 999."
        months = "0"
    return Purpose(text["muc_dich"], text["can_cu"], int(months))


def _classes(found: Definition, wrong: dict[str, str]) -> dict[str, str]:
    given = {each.path: request.form.get(f"loai:{each.path}", "") for each in personal_data.asked(found)}
    unknown = [path for path, level in given.items() if level not in personal_data.CLASSES]
    if unknown or request.form.get("xac_nhan") != "1":
        wrong["xac_nhan"] = "Hãy xem bảng phân loại câu hỏi và đánh dấu vào ô xác nhận."
    return {path: level for path, level in given.items() if level in personal_data.CLASSES}


def _named(code: str, wrong: dict[str, str]) -> IndicatorDeclaration:
    label = " ".join(request.form.get(f"ten:{code}", "").split())[:200]
    unit, kind = request.form.get(f"don_vi:{code}", ""), request.form.get(f"kieu:{code}", "")
    if not label or unit not in UNITS or kind not in KINDS:
        wrong[f"ten:{code}"] = f"Chỉ tiêu “{code}” cần tên, đơn vị và kiểu."
    return IndicatorDeclaration(code, label, label, unit, kind)


def _meanings(changed: tuple[str, ...], wrong: dict[str, str]) -> tuple[frozenset[str], dict[str, str]]:
    kept: set[str] = set()
    codes: dict[str, str] = {}
    for old in changed:
        chosen, new = request.form.get(f"y_nghia:{old}", ""), request.form.get(f"ma_moi:{old}", "").strip()
        if chosen == "giu":
            kept.add(old)
        elif chosen != "moi":
            wrong[f"y_nghia:{old}"] = "Hãy chọn một trong hai."
        elif not _CODE.fullmatch(new) or new in codes.values() or _exists(new):
            wrong[f"y_nghia:{old}"] = "Mã mới chỉ gồm chữ thường không dấu, số, dấu _ và chưa ai dùng."
        else:
            codes[old] = new
    return frozenset(kept), codes


def _exists(code: str) -> bool:
    return db.session.scalar(sa.select(Indicator.id).where(Indicator.code == code)) is not None


def _successor(found: Definition, old: str, new: str) -> IndicatorDeclaration:
    """The new code's name: the old one's, told apart by the version that brought it."""
    before = next((each for each in found.declared if each.code == old), None)
    label = request.form.get(f"ten_moi:{old}", "").strip()[:200]
    label = label or f"{before.label_vi if before else old} (từ bản {found.version})"
    unit, kind = (before.unit, before.kind) if before else (UNITS[0], KINDS[0])
    return IndicatorDeclaration(new, label, label, unit, kind)
