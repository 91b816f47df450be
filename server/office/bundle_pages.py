"""The page of communes on installations of their own: what a commune's machine sends, and what the city's takes."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import clock
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import bundle_file, bundles_in, bundles_out
from server.db import begin_writing, db
from server.errors import Problem
from server.office.people_pages import actor, communes_to_choose
from server.places import communes

blueprint = Blueprint("bundle_pages", __name__)

BASE = "/quan-tri/goi-so-lieu"
OLD_DAYS = 3
"""From so many days on sums are called old: a bundle is written every night."""


@blueprint.get(BASE)
@access.needs(Right.OPEN_COMMUNES)
def listing() -> str:
    """Who sends, and what was taken last."""
    return _page()


@blueprint.post(f"{BASE}/tin")
@access.needs(Right.OPEN_COMMUNES)
def trust() -> Response | tuple[str, int]:
    """Believe a key for a commune."""
    begin_writing()
    try:
        source = bundles_in.trust(
            communes.commune(request.form.get("xa", "")), request.form.get("khoa", ""), by=actor()
        )
    except Problem as problem:
        return _refused(problem)
    name, mark = source.commune.name, bundle_file.fingerprint(source.public_key)
    db.session.commit()
    flash(f"Đã tin khóa {mark} cho {name}.")
    return redirect(url_for(".listing"))


@blueprint.post(f"{BASE}/thoi-tin")
@access.needs(Right.OPEN_COMMUNES)
def distrust() -> Response | tuple[str, int]:
    """Believe a commune's key no more."""
    begin_writing()
    try:
        commune = communes.commune(request.form.get("xa", ""))
    except Problem as problem:
        return _refused(problem)
    bundles_in.distrust(commune, by=actor())
    name = commune.name
    db.session.commit()
    flash(f"Đã thôi tin khóa của {name}; số liệu đã nhận được bỏ.")
    return redirect(url_for(".listing"))


@blueprint.post(BASE)
@access.needs(Right.OPEN_COMMUNES)
def take() -> Response | tuple[str, int]:
    """Take in a bundle that was carried here as a file."""
    sent = request.files.get("tep")
    whole = sent.read(bundle_file.LARGEST + 1) if sent else b""
    begin_writing()
    try:
        taken = bundles_in.take(whole, by=actor())
    except Problem as problem:
        return _refused(problem)
    db.session.commit()
    again = "" if taken.new else " Gói này đã nhận từ trước."
    flash(f"Xã {taken.commune}: số liệu đến hết {taken.as_of:%d/%m/%Y}.{again}")
    return redirect(url_for(".listing"))


@blueprint.post(f"{BASE}/ghi")
@access.needs(Right.OPEN_COMMUNES)
def write() -> Response | tuple[str, int]:
    """The sums of the one commune that works here, signed, as a file to carry; its key is made with the first."""
    begin_writing()
    try:
        commune = bundles_out.commune_of_here(None)
        name, whole = bundles_out.file_name(commune), bundles_out.write(commune, by=actor()).whole
    except Problem as problem:
        return _refused(problem)
    db.session.commit()
    response = Response(whole, content_type=bundle_file.MEDIA_TYPE)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refused(problem: Problem) -> tuple[str, int]:
    db.session.rollback()
    return _page(problem.sentence), 422


def _page(wrong: str = "") -> str:
    return render_template(
        "office/bundles.html",
        sources=bundles_in.listed(),
        own=bundles_out.of_here(),
        key_text=bundle_file.key_to_text,
        fingerprint=bundle_file.fingerprint,
        city=request.host_url.rstrip("/"),
        today=clock.today(),
        old_days=OLD_DAYS,
        communes=communes_to_choose(),
        given=request.form,
        wrong=wrong,
    )
