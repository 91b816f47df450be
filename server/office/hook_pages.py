"""The pages of hooks: who else is sent the submissions of a form, what went, what waits, and letting it go on."""

import secrets

import sqlalchemy as sa
from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

from forms.definition import NONE
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db, in_vietnamese_order
from server.errors import Problem
from server.exports import form_columns, select_submissions
from server.hooks import hook_register
from server.hooks.hook_problems import HookProblem
from server.hooks.hook_register import FORMATS, HookSecrets, HookWish
from server.models import Commune, Form, Hook
from server.office import one_time_secret
from server.privacy import thrown_away
from server.review import submission_states

blueprint = Blueprint("hook_pages", __name__)

BASE = "/quan-tri/xa/<code>/gui-di"
ON_PAGE = 50
CHANGES = {"accepted": "Phiếu mới", "edited": "Bản sửa"}
STATES = {
    "waiting": "đang chờ",
    "sent": "đã gửi",
    "failed": "hỏng",
    "withheld": "không gửi (phiếu không còn được tính)",
}


@blueprint.get(BASE)
@access.needs(Right.MANAGE_HOOKS)
def listing(code: str) -> Response:
    """The commune's hooks, and where to name another."""
    return _listing(access.open_own_commune(code))


@blueprint.post(BASE)
@access.needs(Right.MANAGE_HOOKS)
def add(code: str) -> BaseResponse | tuple[Response, int]:
    """Name an address; the key that signs is told once, on the page that follows."""
    begin_writing()
    commune = access.open_own_commune(code)
    signing = _new_signing()
    try:
        form = select_submissions.form(commune, request.form.get("bieu_mau", ""))
        hook = hook_register.add(commune, form, access.signed_in().person_id, _wish(signing))
    except Problem as problem:
        db.session.rollback()
        return _listing(access.open_own_commune(code), wrong=problem.sentence), 422
    hook_uid = hook.uid
    db.session.commit()
    if signing:
        one_time_secret.keep(signing)
    flash("Đã thêm. Từ nay mỗi phiếu mới, bản sửa và quyết định soát phiếu của biểu mẫu này được gửi đi.")
    return redirect(url_for(".one", code=code, hook_uid=hook_uid))


@blueprint.get(f"{BASE}/<hook_uid>")
@access.needs(Right.MANAGE_HOOKS)
def one(code: str, hook_uid: str) -> Response:
    """One hook: how it goes, its log, and what can be changed."""
    return _one(*_opened(code, hook_uid))


@blueprint.post(f"{BASE}/<hook_uid>")
@access.needs(Right.MANAGE_HOOKS)
def change(code: str, hook_uid: str) -> BaseResponse | tuple[Response, int]:
    """Change a hook; what its requests carry in secret stays where nothing new is given."""
    begin_writing()
    commune, hook = _opened(code, hook_uid)
    signing = _new_signing()
    try:
        hook_register.change(
            hook, access.signed_in().person_id, _wish(signing, hook_register.secrets_of(hook))
        )
    except Problem as problem:
        db.session.rollback()
        return _one(*_opened(code, hook_uid), wrong=problem.sentence), 422
    db.session.commit()
    if signing:
        one_time_secret.keep(signing)
    flash("Đã lưu.")
    return redirect(url_for(".one", code=commune.code, hook_uid=hook_uid))


@blueprint.post(f"{BASE}/<hook_uid>/gui-tiep")
@access.needs(Right.MANAGE_HOOKS)
def go_on(code: str, hook_uid: str) -> BaseResponse:
    """Send what waits, at once."""
    begin_writing()
    _, hook = _opened(code, hook_uid)
    hook_register.go_on(hook)
    db.session.commit()
    flash("Sẽ gửi tiếp trong vòng một phút.")
    return redirect(url_for(".one", code=code, hook_uid=hook_uid))


@blueprint.post(f"{BASE}/<hook_uid>/gui-lai")
@access.needs(Right.MANAGE_HOOKS)
def retry(code: str, hook_uid: str) -> BaseResponse:
    """Let what failed wait again."""
    begin_writing()
    _, hook = _opened(code, hook_uid)
    count = hook_register.retry(hook)
    db.session.commit()
    flash(f"Sẽ gửi lại {count} thay đổi đã hỏng.")
    return redirect(url_for(".one", code=code, hook_uid=hook_uid))


@blueprint.post(f"{BASE}/<hook_uid>/xoa")
@access.needs(Right.MANAGE_HOOKS)
def remove(code: str, hook_uid: str) -> BaseResponse:
    """Forget an address with all that waits for it."""
    begin_writing()
    _, hook = _opened(code, hook_uid)
    name = hook.name
    thrown_away.keep_hook(hook)
    hook_register.remove(hook)
    db.session.commit()
    flash(f"Đã xóa {name}: không gửi gì tới đó nữa.")
    return redirect(url_for(".listing", code=code))


def _opened(code: str, hook_uid: str) -> tuple[Commune, Hook]:
    commune = access.open_own_commune(code)
    return commune, hook_register.one(commune.id, hook_uid)


def _new_signing() -> str:
    """A new key that signs requests, where one is wanted."""
    return secrets.token_hex(32) if request.form.get("ky") == "1" else ""


def _wish(signing: str, before: HookSecrets | None = None) -> HookWish:
    """What the form of the page says."""
    given = request.form
    headers = _headers(given.get("header", ""))
    kept = before or HookSecrets()
    return HookWish(
        name=given.get("ten", ""),
        endpoint=given.get("dia_chi", ""),
        export_type=given.get("dang", "json"),
        active=before is None or given.get("bat") == "1",
        personal=given.get("ca_nhan") == "1",
        questions=given.getlist("cau"),
        secrets=HookSecrets(
            signing or kept.signing,
            given.get("ten_dang_nhap", "")[:200] or kept.username,
            given.get("mat_khau", "")[:200] or kept.password,
            headers or kept.headers,
        ),
    )


def _headers(text: str) -> dict[str, str]:
    """Lines `Name: value`; Problem HOOK_REJECTED for a line that is none."""
    found = {}
    for line in filter(None, map(str.strip, text[:6_000].splitlines())):
        name, sign, value = line.partition(":")
        if not sign:
            raise Problem(HookProblem.HOOK_REJECTED, why=f"dòng “{line[:60]}” phải viết dạng Tên: giá trị.")
        found[name.strip()] = value.strip()
    return found


def _forms(commune: Commune) -> list[Form]:
    own = sa.or_(Form.commune_id.is_(None), Form.commune_id == commune.id)
    return list(
        db.session.scalars(
            sa.select(Form).where(own, Form.retired_at.is_(None)).order_by(in_vietnamese_order(Form.title))
        )
    )


def _listing(commune: Commune, wrong: str = "") -> Response:
    hooks = hook_register.of_commune(commune.id)
    page = render_template(
        "office/hooks.html",
        commune=commune,
        hooks=hooks,
        counts=hook_register.counts([each.id for each in hooks]),
        forms=_forms(commune),
        formats=FORMATS,
        hosts=current_app.config["SETTINGS"].hook_hosts.split(),
        given=request.form,
        wrong=wrong,
    )
    return _private(page)


def _one(commune: Commune, hook: Hook, wrong: str = "") -> Response:
    number = max(1, min(request.args.get("trang", 1, type=int), 10_000))
    total, rows = hook_register.log(hook, start=(number - 1) * ON_PAGE, limit=ON_PAGE)
    secrets_now = hook_register.secrets_of(hook)
    form = form_columns.merged(select_submissions.definitions(hook.form_id))
    page = render_template(
        "office/hook.html",
        commune=commune,
        hook=hook,
        counts=hook_register.counts([hook.id])[hook.id],
        rows=rows,
        number=number,
        is_last=total <= number * ON_PAGE,
        changes=CHANGES | dict(submission_states.WORDS),
        states=STATES,
        status_word=hook_register.status_word,
        formats=FORMATS,
        questions=[each for each in form.fields if each.kind not in ("meta", "note")],
        private={each.path for each in form.fields if each.sensitivity != NONE},
        is_signed=bool(secrets_now.signing),
        username=secrets_now.username,
        headers=sorted(secrets_now.headers),
        secret=one_time_secret.take(),
        wrong=wrong,
    )
    return _private(page)


def _private(page: str) -> Response:
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
