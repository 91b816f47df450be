"""The pages on which a list of households is loaded: uploaded, looked at beside what is there, confirmed, undone."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from geo.vietnamese_writing import number
from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.files.tables import table_workbooks
from server.files.tables.excel_and_csv import SheetCells
from server.files.tables.read_table import RowFault, TableRead
from server.households import act_rows, household_states, list_changes, list_comparison, list_import
from server.households.act_rows import Officer
from server.households.list_changes import ListDecisions
from server.households.list_comparison import Compared, RowDoubt
from server.households.list_import import HOUSEHOLD_TABLE, RegisterRejected
from server.models import Commune, HouseholdImport
from server.office import table_pages
from server.office.table_pages import MOST_FAULTS, SHOWN

blueprint = Blueprint("household_import", __name__)
BASE = "/quan-tri/xa/<code>/ho/nhap"
Page = str | tuple[str, int]

SAME, OTHER, LEAVE = "cung", "khac", "de"
DOUBTS: Mapping[RowDoubt, str] = {
    RowDoubt.PART: "Có lẽ cùng một hộ: tên hoặc địa chỉ thiếu một phần",
    RowDoubt.HEAD: "Cùng địa chỉ, tên khác: đổi chủ hộ, hay là hộ khác?",
    RowDoubt.ADDRESS: "Cùng tên, địa chỉ khác: hộ chuyển chỗ, hay người trùng tên?",
    RowDoubt.VILLAGE: "Cùng mã hộ, thôn khác: hộ chuyển thôn, hay là hộ khác?",
    RowDoubt.CODE: "Cùng mã hộ, tên và địa chỉ đều khác",
    RowDoubt.REPEATED: "Lặp lại dòng trước của danh sách",
}
"""What is asked of rows, in the order in which it is asked."""


@dataclass(frozen=True)
class LookedAtList:
    """A waiting list as it was understood: beside what is there, or with what is wrong."""

    sheets: tuple[SheetCells, ...]
    reading: TableRead | None = None
    compared: Compared | None = None
    faults: tuple[RowFault, ...] = ()
    refused: tuple[str, ...] = ()


@blueprint.get(BASE)
@access.needs(Right.MANAGE_HOUSEHOLDS)
def choose(code: str) -> str:
    """Where a file is chosen; below it the lists that were loaded."""
    return _choosing(access.open_commune(code))


@blueprint.post(BASE)
@access.needs(Right.MANAGE_HOUSEHOLDS)
def upload(code: str) -> Response | Page:
    """Set a list aside and show it; where rows are wrong, say so at once."""
    commune, person = access.open_commune(code), access.signed_in()
    file = request.files.get("tep")
    if file is None or not file.filename:
        return _choosing(commune, ["Hãy chọn một tệp Excel hoặc CSV."]), 422
    content = file.stream.read(list_import.MOST_BYTES + 1)
    try:
        sheets = list_import.cells(content, file.filename)
    except RegisterRejected as rejected:
        return _choosing(commune, rejected.sentences), 422
    begin_writing()
    commune = access.open_commune(code)
    kept = list_import.keep(commune, content, file.filename, actor=person.actor, name=person.name)
    db.session.commit()
    looked = _look_at(kept, commune, sheets)
    if looked.compared is None:
        return _looking(commune, kept, looked), 422
    return redirect(url_for(".look", code=code, key=kept.id))


@blueprint.get(f"{BASE}/<int:key>")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def look(code: str, key: int) -> str:
    """A waiting list beside what is there, row by row with its household; of a stored one what it did."""
    commune = access.open_commune(code)
    kept = list_import.found(commune, key)
    audit.note_reading("household.import_look", f"household_import:{key}", {"labels": True})
    if kept.content is None:
        return render_template(
            "office/household_import_done.html",
            commune=commune, kept=kept, changes=list_changes.changes(kept), kinds=act_rows.KINDS,
        )  # fmt: skip
    return _looking(commune, kept, _look_at(kept, commune))


@blueprint.post(f"{BASE}/<int:key>")
@access.needs(Right.MANAGE_HOUSEHOLDS)
def confirm(code: str, key: int) -> Response | Page:
    """Store the list as the officer decided, read it in another way, or take a stored one back."""
    act, person = request.form.get("viec", ""), access.signed_in()
    waiting = list_import.found(access.open_commune(code), key)
    sheets = () if act == "undo" else list_import.cells_kept(waiting)
    begin_writing()
    commune = access.open_commune(code)
    kept = list_import.found(commune, key)
    officer = Officer(person.actor, person.name, commune.id, request.remote_addr)
    if act == "undo":
        flash(_said_undone(list_changes.undo(kept, officer)))
    elif act == "doc":
        kept.choice = table_pages.reading_choice(kept.choice, sheets, request.form)
    else:
        try:
            flash(_said_stored(list_changes.store(kept, commune, _decided, officer, sheets)))
        except RegisterRejected:
            return _looking(commune, kept, _look_at(kept, commune, sheets)), 422
    db.session.commit()
    return redirect(url_for(".look", code=code, key=key))


@blueprint.get(f"{BASE}/<int:key>/can-sua.xlsx")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def to_mend(code: str, key: int) -> Response:
    """The wrong rows as a workbook, what is wrong beside each."""
    commune = access.open_commune(code)
    audit.note_reading("household.import_look", f"household_import:{key}", {"labels": True})
    faults = _look_at(list_import.found(commune, key), commune).faults
    return table_pages.file(table_workbooks.to_mend(HOUSEHOLD_TABLE, faults), "can-sua-danh-sach-ho.xlsx")


@blueprint.get(f"{BASE}/mau.xlsx")
@access.needs(Right.MANAGE_HOUSEHOLDS)
def template(code: str) -> Response:
    """The template of a list."""
    access.open_commune(code)
    return table_pages.file(table_workbooks.template(HOUSEHOLD_TABLE), "mau-danh-sach-ho.xlsx")


def _look_at(
    kept: HouseholdImport, commune: Commune, cells: Sequence[SheetCells] | None = None
) -> LookedAtList:
    """What a waiting list is understood to say; nothing of one that was stored."""
    if kept.content is None:
        return LookedAtList(())
    sheets: tuple[SheetCells, ...] = ()
    try:
        sheets = list_import.cells_kept(kept) if cells is None else tuple(cells)
        reading = list_import.table_of(sheets, list_import.choice(kept))
        checked = list_import.check(reading, commune)
        if checked.faults:
            return LookedAtList(sheets, reading, faults=checked.faults)
        return LookedAtList(sheets, reading, list_comparison.compare_placed(checked.placed, commune))
    except RegisterRejected as rejected:
        return LookedAtList(sheets, refused=rejected.sentences)


def _decided(compared: Compared) -> ListDecisions:
    """What the form says: for each row, or for all rows of its kind that have no word of their own.

    Rows that were not shown have no field, and are left as they are.
    """
    same, other = set(), set(request.form.getlist("them", type=int))
    for twin in compared.asked:
        said = request.form.get(f"quyet_{twin.placed.row.number}")
        if said == "" and twin.doubt is not None:
            said = request.form.get(f"nhom_{twin.doubt.value}")
        same |= {twin.placed.row.number} if said == SAME else set()
        other |= {twin.placed.row.number} if said == OTHER else set()
    gone: set[uuid.UUID] = set()
    for household in compared.missing:
        said = request.form.get(f"thieu_{household.id}")
        said = request.form.get("nhom_thieu_ho") if said == "" else said
        gone |= {household.id} if said == "het" else set()
    return ListDecisions(frozenset(same), frozenset(other), frozenset(gone))


def _said_stored(stored: list_changes.StoredList) -> str:
    left = f" {number(stored.left)} dòng chưa quyết được để nguyên." if stored.left else ""
    return (
        f"Đã lưu: thêm {number(stored.added)} hộ, sửa {number(stored.changed)} hộ, {number(stored.ended)} hộ không còn."
        f"{left} Điện thoại của tổ thấy ở lần cập nhật tới."
    )


def _said_undone(undone: list_changes.UndoneList) -> str:
    stayed = (
        f" {number(undone.stayed)} hộ đã có phiếu hoặc có việc làm sau nên ở lại." if undone.stayed else ""
    )
    return (
        f"Đã hoàn tác: bỏ {number(undone.ended)} hộ của danh sách, {number(undone.restored)} hộ trở về như trước."
        f"{stayed} Phiếu đã nhận giữ nguyên."
    )


def _choosing(commune: Commune, wrong: Sequence[str] = ()) -> str:
    return render_template(
        "office/household_import.html", commune=commune, wrong=wrong, recent=list_import.recent(commune)
    )


def _looking(commune: Commune, kept: HouseholdImport, looked: LookedAtList) -> str:
    asked: dict[RowDoubt, list[list_comparison.Twin]] = {doubt: [] for doubt in DOUBTS}
    for twin in looked.compared.asked if looked.compared else ():
        if twin.doubt is not None:
            asked[twin.doubt].append(twin)
    return render_template(
        "office/household_import_look.html", commune=commune, kept=kept, looked=looked, reading=looked.reading,
        compared=looked.compared, asked={doubt: twins for doubt, twins in asked.items() if twins},
        doubts=DOUBTS, repeated=RowDoubt.REPEATED, moves=RowDoubt.VILLAGE, shown=SHOWN, kind=HOUSEHOLD_TABLE,
        faults=looked.faults[:MOST_FAULTS], states=household_states.WORDS,
        columns=table_pages.columns_to_choose(looked.sheets, looked.reading),
        top=table_pages.top_of(looked.sheets) if looked.reading is None else (),
        without=list_import.choice(kept).without,
    )  # fmt: skip
