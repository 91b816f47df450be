"""The page on which a list of households is loaded: uploaded, looked at beside what is there, confirmed, undone."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.files.tables import table_drafts, table_workbooks
from server.households import list_import
from server.households.list_import import HOUSEHOLD_TABLE, RegisterRejected
from server.models import Commune
from server.office import table_pages
from server.office.table_pages import SHOWN

blueprint = Blueprint("household_import", __name__)
BASE = "/quan-tri/xa/<code>/ho/nhap"


@blueprint.get(BASE)
@access.needs(Right.MANAGE_HOUSEHOLDS)
def choose(code: str) -> str:
    """Where a file is chosen; below it the lists that were loaded."""
    return _choosing(access.open_commune(code))


@blueprint.post(BASE)
@access.needs(Right.MANAGE_HOUSEHOLDS)
def upload(code: str) -> Response | tuple[str, int]:
    """Set a readable list aside and show it; tell every row that is wrong."""
    commune, person = access.open_commune(code), access.signed_in()
    file = request.files.get("tep")
    if file is None or not file.filename:
        return _choosing(commune, ["Hãy chọn một tệp Excel hoặc CSV."]), 422
    content = file.stream.read(list_import.MOST_BYTES + 1)
    try:
        rows = list_import.read(content, file.filename)
        begin_writing()
        commune = access.open_commune(code)
        kept = list_import.keep(commune, content, file.filename, actor=person.actor, name=person.name)
        list_import.compare(rows, commune)
    except RegisterRejected as rejected:
        db.session.rollback()
        return _choosing(access.open_commune(code), rejected.sentences), 422
    db.session.commit()
    return redirect(url_for(".look", code=code, key=kept.id))


@blueprint.get(f"{BASE}/<int:key>")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def look(code: str, key: int) -> str | Response:
    """The list beside what is there: how many are new, and side by side those that may be the same."""
    commune = access.open_commune(code)
    kept = list_import.found(commune, key)
    if kept.content is None:
        return redirect(url_for(".choose", code=code))
    audit.note_reading("household.import_look", f"household_import:{key}", {"labels": True})
    content, given = bytes(kept.content), _chosen(request.args)
    wrong: tuple[str, ...] = ()
    try:
        reading = list_import.table(content, kept.filename, table_drafts.choice_of(given))
        compared = list_import.compare(list_import.rows_of(reading), commune)
    except RegisterRejected as rejected:
        wrong, given = rejected.sentences, {}
        reading = list_import.table(content, kept.filename)
        compared = list_import.compare(list_import.rows_of(reading), commune)
    return render_template(
        "office/household_import_look.html", commune=commune, kept=kept, compared=compared, reading=reading,
        given=given, wrong=wrong, shown=SHOWN, kind=HOUSEHOLD_TABLE,
        columns=table_pages.columns_of(reading.sheets[0].headings),
    )  # fmt: skip


@blueprint.post(f"{BASE}/<int:key>")
@access.needs(Right.MANAGE_HOUSEHOLDS)
def confirm(code: str, key: int) -> Response:
    """Store the list with the twins that the officer ticked, or take a stored one back."""
    commune = access.open_commune(code)
    is_undo = request.form.get("viec") == "undo"
    choice = table_drafts.choice_of(_chosen(request.form))
    rows = [] if is_undo else list_import.rows_kept(list_import.found(commune, key), choice)
    begin_writing()
    commune = access.open_commune(code)
    kept = list_import.found(commune, key)
    if is_undo:
        flash(f"Đã bỏ {list_import.undo(kept)} hộ của danh sách.")
    else:
        ticked = request.form.getlist("them", type=int)
        added = list_import.store(kept, commune, ticked, rows)
        flash(f"Đã thêm {added} hộ. Điện thoại của tổ thấy ở lần cập nhật tới.")
    db.session.commit()
    return redirect(url_for(".choose", code=code))


@blueprint.get(f"{BASE}/mau.xlsx")
@access.needs(Right.MANAGE_HOUSEHOLDS)
def template(code: str) -> Response:
    """The template of a list."""
    access.open_commune(code)
    return table_pages.file(table_workbooks.template(HOUSEHOLD_TABLE), "mau-danh-sach-ho.xlsx")


def _chosen(given: Mapping[str, str]) -> dict[str, str]:
    """The columns and the heading that were chosen by hand."""
    return {name: text for name, text in given.items() if text and name.startswith(("cot_", "dong_"))}


def _choosing(commune: Commune, wrong: list[str] | tuple[str, ...] = ()) -> str:
    return render_template(
        "office/household_import.html", commune=commune, wrong=wrong, recent=list_import.recent(commune)
    )
