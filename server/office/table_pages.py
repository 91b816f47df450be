"""The pages on which a table is loaded: sent or pasted, looked at as it was understood, read another way, stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from openpyxl.utils import get_column_letter
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as Redirect

from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.files.tables import excel_and_csv, read_table, table_workbooks, tables_kept_aside
from server.files.tables.excel_and_csv import Cell, SheetCells, TableRejected
from server.files.tables.read_table import TableRead
from server.files.tables.tables_kept_aside import KeptTable
from server.models import Commune
from server.office.table_subjects import BY_NAME, CheckedTable, SentTable, StoredTable, TableSubject

blueprint = Blueprint("table_pages", __name__)

BASE = f"/quan-tri/xa/<code>/bang/<any({', '.join(repr(name) for name in BY_NAME)}):subject>"
SHOWN = 10
"""Rows that are shown before saving."""
MOST_FAULTS = 200
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Page = str | tuple[str, int]
TopRows = tuple[tuple[int, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class Looked:
    """A table as it was understood, or why it was not."""

    sheets: tuple[SheetCells, ...]
    reading: TableRead | None
    checked: CheckedTable | None
    refused: tuple[str, ...]


@blueprint.get(BASE)
@access.needs(Right.PREPARE_COMMUNE)
def choose(code: str, subject: str) -> str:
    """Where a file is chosen or cells are pasted."""
    return _choosing(access.open_commune(code), BY_NAME[subject])


@blueprint.get(f"{BASE}/mau.xlsx")
@access.needs(Right.PREPARE_COMMUNE)
def template(code: str, subject: str) -> Response:
    """The template of this table."""
    access.open_commune(code)
    return file(table_workbooks.template(BY_NAME[subject].kind), f"mau-{subject}.xlsx")


@blueprint.post(BASE)
@access.needs(Right.PREPARE_COMMUNE)
def send(code: str, subject: str) -> Redirect | Page:
    """Set a table aside and show what was understood; where something is wrong, say so at once."""
    commune, about = access.open_commune(code), BY_NAME[subject]
    file, pasted = request.files.get("tep"), request.form.get("dan", "")
    name = (file.filename or "") if file else ""
    content = file.stream.read(excel_and_csv.MOST_BYTES + 1) if file and name else pasted.encode()
    if not content.strip():
        return _choosing(commune, about, ("Hãy chọn một tệp, hoặc dán các ô chép từ Excel.",)), 422
    given = {each.name: request.form.get(each.name, "") for each in about.asked}
    try:
        cells = KeptTable("", name, content, given).sheets()
        begin_writing()
        commune = access.open_commune(code)
        kept = tables_kept_aside.keep(commune.id, subject, access.signed_in().actor, content, name, given)
    except TableRejected as rejected:
        db.session.rollback()
        return _choosing(access.open_commune(code), about, rejected.sentences, pasted), 422
    db.session.commit()
    kept = replace(kept, cells=cells)
    looked = look_at(kept, about, commune)
    if looked.checked is None or looked.checked.faults:
        return _looking(commune, about, kept, looked), 422
    return redirect(url_for(".look", code=code, subject=subject, key=kept.id))


@blueprint.get(f"{BASE}/<key>")
@access.needs(Right.PREPARE_COMMUNE)
def look(code: str, subject: str, key: str) -> str:
    """The table as it was understood: columns, ten rows as they will be stored, what is left out, what is wrong."""
    commune, about = access.open_commune(code), BY_NAME[subject]
    kept = tables_kept_aside.kept(commune.id, subject, key)
    return _looking(commune, about, kept, look_at(kept, about, commune))


@blueprint.post(f"{BASE}/<key>")
@access.needs(Right.PREPARE_COMMUNE)
def confirm(code: str, subject: str, key: str) -> Redirect | Page:
    """Read it as was chosen, or store it."""
    commune, about = access.open_commune(code), BY_NAME[subject]
    try:
        cells = tables_kept_aside.kept(commune.id, subject, key).sheets()
    except TableRejected as rejected:
        kept = tables_kept_aside.kept(commune.id, subject, key)
        return _looking(commune, about, kept, Looked((), None, None, rejected.sentences)), 422
    begin_writing()
    commune = access.open_commune(code)
    kept = replace(tables_kept_aside.kept(commune.id, subject, key), cells=cells)
    if request.form.get("viec") == "doc":
        tables_kept_aside.choose(kept, reading_choice(kept.given, kept.sheets(), request.form))
        db.session.commit()
        return redirect(url_for(".look", code=code, subject=subject, key=key))
    looked = look_at(kept, about, commune)
    is_agreed = bool(request.form.get("dong_y"))
    if looked.checked is None or looked.checked.faults or (looked.checked.question and not is_agreed):
        return _looking(commune, about, kept, looked, has_to_agree=True), 422
    stored = looked.checked.store()
    flash(stored.said if isinstance(stored, StoredTable) else stored)
    tables_kept_aside.forget(key)
    db.session.commit()
    query: dict[str, Any] = dict(stored.query) if isinstance(stored, StoredTable) else {}
    return redirect(url_for(about.after, code=code, **query))


@blueprint.get(f"{BASE}/<key>/can-sua.xlsx")
@access.needs(Right.PREPARE_COMMUNE)
def to_mend(code: str, subject: str, key: str) -> Response:
    """The wrong rows as a workbook, what is wrong beside each."""
    commune, about = access.open_commune(code), BY_NAME[subject]
    looked = look_at(tables_kept_aside.kept(commune.id, subject, key), about, commune)
    faults = looked.checked.faults if looked.checked else ()
    return file(table_workbooks.to_mend(about.kind, faults), f"can-sua-{subject}.xlsx")


def look_at(kept: KeptTable, about: TableSubject, commune: Commune) -> Looked:
    """What a kept table is understood to say."""
    sheets: tuple[SheetCells, ...] = ()
    try:
        sheets = kept.sheets()
        reading = read_table.read(sheets, about.kind, kept.choice)
        return Looked(
            sheets, reading, about.check(SentTable(reading, commune, kept.given, access.signed_in())), ()
        )
    except TableRejected as rejected:
        return Looked(sheets, None, None, rejected.sentences)


def reading_choice(
    before: Mapping[str, str], sheets: Sequence[SheetCells], given: MultiDict[str, str]
) -> dict[str, str]:
    """What was sent with a table and how it is to be read now; sheets that are not ticked are left out."""
    asked = {name: text for name, text in before.items() if not name.startswith(("cot_", "dong_", "bo_"))}
    columns = {name: text for name, text in given.items() if name.startswith("cot_") and text}
    ticked = set(given.getlist("trang"))
    named = [sheet.name for sheet in sheets]
    without = [name for name in named if len(named) > 1 and name not in ticked]
    return {
        **asked,
        **columns,
        "dong_tieu_de": given.get("dong_tieu_de", ""),
        "bo_trang": "\n".join(without),
    }


def _choosing(commune: Commune, about: TableSubject, wrong: tuple[str, ...] = (), pasted: str = "") -> str:
    return render_template(
        "office/table.html", commune=commune, about=about, wrong=wrong, pasted=pasted, given=request.form
    )


def _looking(
    commune: Commune, about: TableSubject, kept: KeptTable, looked: Looked, *, has_to_agree: bool = False
) -> str:
    first = looked.reading.sheets[0] if looked.reading else None
    top = top_of(looked.sheets)
    return render_template(
        "office/table_look.html",
        commune=commune,
        about=about,
        kept=kept,
        looked=looked,
        reading=looked.reading,
        checked=looked.checked,
        first=first,
        columns=columns_to_choose(looked.sheets, looked.reading),
        top=top if first is None else (),
        shown=SHOWN,
        faults=looked.checked.faults[:MOST_FAULTS] if looked.checked else (),
        has_to_agree=has_to_agree,
    )


def columns_of(headings: tuple[str, ...]) -> list[tuple[int, str]]:
    """Columns to choose from: place and "B: Họ tên"."""
    return [
        (
            place,
            f"{get_column_letter(place + 1)}: {heading[:40]}" if heading else get_column_letter(place + 1),
        )
        for place, heading in enumerate(headings)
    ]


def top_of(sheets: Sequence[SheetCells]) -> TopRows:
    """The first rows of the first sheet that has any."""
    return next((sheet.rows[:SHOWN] for sheet in sheets if sheet.rows), ())


def columns_to_choose(sheets: Sequence[SheetCells], reading: TableRead | None) -> list[tuple[int, str]]:
    """The columns of a table that was read, or of the cells in which no table was found."""
    return columns_of(reading.sheets[0].headings if reading else _widest(top_of(sheets)))


def _widest(top: TopRows) -> tuple[str, ...]:
    return ("",) * max((len(cells) for _, cells in top), default=0)


def file(content: bytes, name: str) -> Response:
    """A workbook to take away."""
    head = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, content_type=XLSX, headers=head)
