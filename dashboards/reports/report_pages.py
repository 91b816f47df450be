"""Pages of reports: what was issued, a draft of the next one, issuing it, and one report with what changed since."""

from collections.abc import Mapping

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from dashboards import words
from dashboards.pages.commune_page_request import asked_day
from dashboards.reports import report_content, report_making, report_periods, report_sentences, reporting_csv
from dashboards.reports.changed_since_issue import since
from dashboards.reports.report_content import LONGEST, UPWARD, ReportWish
from geo.coverage_json import to_json
from server import clock
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import issued_reports
from server.coverage.coverage_problems import CoverageProblem
from server.db import begin_writing, db
from server.errors import Problem
from server.models import Snapshot
from server.office import written_days

blueprint = Blueprint("reports", __name__, template_folder="../templates")

LONGEST_LINE = 300
"""Characters of whom a report is for, and of a name."""


@blueprint.get("/xa/<code>/bao-cao")
@access.needs(Right.READ_SUMS)
def listing(code: str) -> str:
    """What was issued, the newest first; officers begin the next one here."""
    commune = access.open_commune(code)
    today = clock.today()
    return render_template(
        "reports.html",
        commune=commune,
        found=issued_reports.listing(commune, _page()),
        labels=_labels,
        choices=report_periods.choices(today),
        chosen=report_periods.of_month(today),
        may_write=access.may(Right.ISSUE_REPORTS, commune),
    )


def _page() -> int:
    asked = request.args.get("trang", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1


def _labels(key: str) -> str:
    period = report_periods.read(key)
    return period.label if period else key


@blueprint.get("/xa/<code>/bao-cao/du-thao")
@access.needs(Right.ISSUE_REPORTS)
def draft(code: str) -> str:
    """What the report of a period would say now, its files, and what an officer adds."""
    commune = access.open_commune(code)
    period = report_making.period_of(request.args.get("ky", ""))
    made = report_making.make(commune, period, asked_day(), ReportWish())
    return render_template(
        "report_draft.html",
        commune=commune,
        period=period,
        report=made.report,
        parts=report_sentences.parts(made.report),
        kinds=report_making.KINDS.values(),
        upward=UPWARD,
        longest=LONGEST,
        longest_line=LONGEST_LINE,
        day=made.report.as_of,
        day_shown=words.day(made.table.as_of),
    )


@blueprint.get("/xa/<code>/bao-cao/so-lieu.csv")
@access.needs(Right.READ_SUMS)
def figures_file(code: str) -> Response:
    """The figures of a period as the report would say them now, for a reporting system; nothing is kept of it."""
    commune = access.open_commune(code)
    made = report_making.make(
        commune, report_making.period_of(request.args.get("ky", "")), asked_day(), ReportWish()
    )
    return _csv(made.report)


@blueprint.get("/xa/<code>/bao-cao/<int:number>/so-lieu.csv")
@access.needs(Right.READ_SUMS)
def issued_figures_file(code: str, number: int) -> Response:
    """The figures of an issued report, as they were issued."""
    found = issued_reports.one(access.open_commune(code), number)
    return _csv(report_content.read(found.content["report"]), number)


def _csv(report: report_content.Report, number: int | None = None) -> Response:
    response = Response(reporting_csv.file_of(report, number), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{reporting_csv.name_of(report)}"'
    return response


@blueprint.post("/xa/<code>/bao-cao/du-thao.<any(docx, pdf):ending>")
@access.needs(Right.ISSUE_REPORTS)
def draft_file(code: str, ending: str) -> Response:
    """The draft as a file, marked as one; nothing is kept of it."""
    commune = access.open_commune(code)
    kind = report_making.KINDS[ending]
    made = report_making.make(
        commune,
        report_making.period_of(request.form.get("ky", "")),
        written_days.day(request.form.get("den_ngay")),
        _wish(request.form),
    )
    name = f"du-thao-{report_making.file_name(made.report, ending)}"
    return _attached(made.file(kind, is_draft=True), kind, name)


@blueprint.post("/xa/<code>/bao-cao")
@access.needs(Right.ISSUE_REPORTS)
def issue(code: str) -> BaseResponse:
    """Freeze the report: content and both files are stored together, or nothing is.

    Problem REPORT_UNSIGNED where nobody is named to sign it, or the officer has not said that the draft was read.
    """
    access.open_commune(code)
    wish = _wish(request.form)
    if not wish.signer.strip() or request.form.get("da_doc") != "1":
        raise Problem(CoverageProblem.REPORT_UNSIGNED)
    begin_writing()
    commune = access.open_commune(code)
    period = report_making.period_of(request.form.get("ky", ""))
    newest = issued_reports.newest_submission()
    made = report_making.make(commune, period, written_days.day(request.form.get("den_ngay")), wish)
    given = issued_reports.Issue(
        period=period.key,
        cut_off=made.table.as_of,
        received_until=made.table.received_until,
        content={"report": report_content.to_json(made.report), "table": to_json(made.table)},
        docx=made.file(report_making.WORD, is_draft=False),
        pdf=made.file(report_making.PDF, is_draft=False),
    )
    report = issued_reports.issue(commune, given, newest, access.signed_in())
    db.session.commit()
    flash(f"Đã phát hành báo cáo {report.number}. Hai tệp dưới đây không thay đổi nữa.")
    return redirect(url_for(".one", code=code, number=report.number))


@blueprint.get("/xa/<code>/bao-cao/<int:number>")
@access.needs(Right.READ_SUMS)
def one(code: str, number: int) -> str:
    """One report as it was issued, and what has changed since."""
    commune = access.open_commune(code)
    found = issued_reports.one(commune, number)
    report = report_content.read(found.content["report"])
    return render_template(
        "report.html",
        commune=commune,
        found=found,
        report=report,
        parts=report_sentences.parts(report),
        since=since(commune, report),
        later=issued_reports.later(found),
        newer=issued_reports.newer(found),
        files=[(kind, _hash(found, kind)) for kind in report_making.KINDS.values()],
    )


@blueprint.get("/xa/<code>/bao-cao/<int:number>/tep.<any(docx, pdf):ending>")
@access.needs(Right.READ_SUMS)
def issued_file(code: str, number: int, ending: str) -> Response:
    """A file of a report, byte for byte as it was issued."""
    commune = access.open_commune(code)
    found = issued_reports.one(commune, number)
    kind = report_making.KINDS[ending]
    stored = found.docx if kind is report_making.WORD else found.pdf
    response = _attached(stored, kind, f"bao-cao-{commune.code}-{number}-{found.period.lower()}.{ending}")
    response.set_etag(_hash(found, kind))
    return response


def _hash(found: Snapshot, kind: report_making.ReportKind) -> str:
    return found.docx_sha256 if kind is report_making.WORD else found.pdf_sha256


def _wish(form: Mapping[str, str]) -> ReportWish:
    return ReportWish(
        upward=_text(form, "kinh_gui")[:LONGEST_LINE],
        is_chairman=form.get("nguoi_ky") == "chu_tich",
        signer=_text(form, "ho_ten")[:LONGEST_LINE],
        remarks=_text(form, "y_kien")[:LONGEST],
    )


def _text(form: Mapping[str, str], name: str) -> str:
    """What was typed without control letters: neither XML nor PostgreSQL can hold them."""
    return "".join(letter for letter in form.get(name, "") if letter == "\n" or letter >= " ")


def _attached(content_: bytes, kind: report_making.ReportKind, name: str) -> Response:
    response = Response(content_, mimetype=kind.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
