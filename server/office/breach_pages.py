"""Breaches of personal data and the report that an auditor asks for, as pages and files."""

import csv
import datetime as dt
import io
import tempfile
from pathlib import Path

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.exports.disarmed_cells import disarmed
from server.exports.workbook import Workbook
from server.office.audit_words import ACTS, record_words
from server.office.privacy_pages import BASE
from server.privacy import breaches, privacy_report
from server.privacy.privacy_report import AuditNames

blueprint = Blueprint("breach_pages", __name__)

_NAMES = AuditNames(ACTS, record_words)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get(f"{BASE}/su-co")
@access.needs(Right.NOTE_BREACHES)
def listing() -> str:
    """The breaches of the reader's communes, with their 72 hours; an administrator's of the whole installation."""
    return render_template(
        "office/breaches.html",
        rows=breaches.listed(db.session, access.signed_in().commune_ids),
        is_late=breaches.is_late,
        now=clock.now().astimezone(clock.LOCAL),
    )


@blueprint.post(f"{BASE}/su-co")
@access.needs(Right.NOTE_BREACHES)
def add() -> BaseResponse:
    """Note a breach; its 72 hours run from when it was found."""
    begin_writing()
    person = access.signed_in()
    row = breaches.add(
        db.session,
        person.commune_id,
        _moment(request.form.get("luc", "")),
        request.form.get("viec", ""),
        request.form.get("so_ho", type=int),
        is_sensitive=request.form.get("vi_tri") == "1",
        by=person.name,
    )
    audit.note("breach.add", f"breach:{row.id}")
    db.session.commit()
    flash("Đã ghi sự cố. Báo cơ quan có thẩm quyền theo Mẫu 08 trong 72 giờ kể từ khi phát hiện.")
    return redirect(url_for(".listing"))


@blueprint.post(f"{BASE}/su-co/<int:breach_id>")
@access.needs(Right.NOTE_BREACHES)
def note(breach_id: int) -> BaseResponse:
    """The authority or those concerned were told; what was done about it."""
    begin_writing()
    step, measures = request.form.get("buoc", ""), request.form.get("bien_phap", "")
    breaches.note(db.session, breach_id, access.signed_in().commune_ids, step, measures)
    audit.note("breach.note", f"breach:{breach_id}", {"step": step[:20]})
    db.session.commit()
    flash("Đã ghi vào sổ sự cố.")
    return redirect(url_for(".listing"))


@blueprint.get(f"{BASE}/bao-cao")
@access.needs(Right.NOTE_BREACHES)
def report() -> str:
    """What an auditor asks, without a name."""
    found = privacy_report.tables(db.session, access.signed_in().commune_ids, _NAMES)
    return render_template("office/privacy_report.html", tables=found, now=clock.now())


@blueprint.get(f"{BASE}/bao-cao.<any(csv, xlsx):ending>")
@access.needs(Right.NOTE_BREACHES)
def report_file(ending: str) -> Response:
    """The same as a file."""
    found = privacy_report.tables(db.session, access.signed_in().commune_ids, _NAMES)
    head = {"Content-Disposition": f'attachment; filename="du-lieu-ca-nhan-{clock.today()}.{ending}"'}
    if ending == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerows(disarmed(line) for line in privacy_report.lines(found))
        return Response("\ufeff" + text.getvalue(), mimetype="text/csv", headers=head)
    return Response(_workbook(found), mimetype=_XLSX, headers=head)


def _workbook(found: list[privacy_report.PrivacyTable]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bao-cao.xlsx"
        with Workbook(path) as book:
            for table in found:
                title = table.title.partition(" (")[0]
                sheet = book.sheet(title, table.header, _widths(table), is_printed=True)
                for row in (*(table.rows or [("Không có.",)]), *([(table.note,)] if table.note else [])):
                    sheet.row(row)
        return path.read_bytes()


def _widths(table: privacy_report.PrivacyTable) -> list[int]:
    """Letters of each column: what its longest cell needs, within what is read on paper."""
    columns = zip(table.header, *table.rows, strict=True)
    return [min(36, max(12, *(len(str(cell)) + 2 for cell in column[1:]), 0)) for column in columns]


def _moment(text: str) -> dt.datetime:
    """`2026-11-20T09:30`, as the page's field has it, in UTC+7."""
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=clock.LOCAL)
    except ValueError as error:
        raise Problem(CommonProblem.DAY_UNREADABLE, day=text[:20]) from error
