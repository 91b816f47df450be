"""The page on which a list of households is loaded: uploaded, looked at beside what is there, confirmed, undone."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import auth, journal, register
from server.db import begin_writing, db
from server.models import Commune
from server.register import RegisterRejected

blueprint = Blueprint("household_import", __name__)
BASE = "/quan-tri/xa/<code>/ho/nhap"


@blueprint.get(BASE)
@auth.needs("officer")
def choose(code: str) -> str:
    """Where a file is chosen; below it the lists that were loaded."""
    return _choosing(auth.open_commune(code))


@blueprint.post(BASE)
@auth.needs("officer")
def upload(code: str) -> Response | tuple[str, int]:
    """Set a readable list aside and show it; tell every row that is wrong."""
    begin_writing()
    commune, person = auth.open_commune(code), auth.signed_in()
    file = request.files.get("tep")
    if file is None or not file.filename:
        return _choosing(commune, ["Hãy chọn một tệp Excel hoặc CSV."]), 422
    content = file.stream.read(register.MOST_BYTES + 1)
    try:
        kept = register.keep(commune, content, file.filename, actor=person.actor, name=person.name)
        register.compare(register.read(content, file.filename), commune)
    except RegisterRejected as rejected:
        db.session.rollback()
        return _choosing(auth.open_commune(code), rejected.sentences), 422
    db.session.commit()
    return redirect(url_for(".look", code=code, key=kept.id))


@blueprint.get(f"{BASE}/<int:key>")
@auth.needs("officer", records=True)
def look(code: str, key: int) -> str | Response:
    """The list beside what is there: how many are new, and side by side those that may be the same."""
    commune = auth.open_commune(code)
    kept = register.found(commune, key)
    if kept.content is None:
        return redirect(url_for(".choose", code=code))
    journal.note_reading("household.import_look", f"household_import:{key}", {"labels": True})
    compared = register.compare(register.read(bytes(kept.content), kept.filename), commune)
    return render_template("office/household_import_look.html", commune=commune, kept=kept, compared=compared)


@blueprint.post(f"{BASE}/<int:key>")
@auth.needs("officer")
def confirm(code: str, key: int) -> Response:
    """Store the list with the twins that the officer ticked, or take a stored one back."""
    begin_writing()
    commune = auth.open_commune(code)
    kept = register.found(commune, key)
    if request.form.get("viec") == "undo":
        flash(f"Đã bỏ {register.undo(kept)} hộ của danh sách.")
    else:
        ticked = request.form.getlist("them", type=int)
        flash(
            f"Đã thêm {register.store(kept, commune, ticked)} hộ. Điện thoại của tổ thấy ở lần cập nhật tới."
        )
    db.session.commit()
    return redirect(url_for(".choose", code=code))


def _choosing(commune: Commune, wrong: list[str] | tuple[str, ...] = ()) -> str:
    return render_template(
        "office/household_import.html", commune=commune, wrong=wrong, recent=register.recent(commune)
    )
