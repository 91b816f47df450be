"""The workbook of all communes on every indicator: handed out at once in a small city, else made beside the server."""

from pathlib import Path

from flask import Flask, Response, url_for
from werkzeug.wrappers import Response as BaseResponse

from dashboards.downloads import city_workbook, submission_files
from dashboards.downloads.attached_files import attached, named, written
from dashboards.downloads.download_pages import blueprint
from dashboards.pages.commune_page_request import asked_day
from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import city_table, coverage_table
from server.files import making_process
from server.files.made_files import MadeContent
from server.files.making_process import Progress
from server.models import MadeFile
from server.office import made_file_pages

LONG = 10_000
"""From so many numbers on, one for each thôn and indicator, a quarter of a second of work, it is made beside the
server."""
MADE = "thanh-pho"
"""What such workbooks are called among the files that are made so."""


@blueprint.get("/thanh-pho/cac-chi-tieu.xlsx")
@access.needs(Right.COMPARE_COMMUNES)
def city_workbook_file() -> BaseResponse:
    """All communes on every indicator that can be compared; who took it is in the audit."""
    (communes, villages), indicators = city_table.size(), len(city_table.compared())
    detail = {"as_of": coverage_table.day_shown(asked_day(), full=False).isoformat()}
    if villages * indicators >= LONG:
        return made_file_pages.ask(
            None,
            MADE,
            of=communes * indicators,
            act="city.export",
            record=None,
            detail=detail,
            follow=".city_workbook_made",
        )
    audit.note_reading("city.export", None, detail)
    made = _written(access.signed_in().name)
    return attached(b"".join(made.pieces), made.media_type, made.file_name)


def _written(made_by: str, progress: Progress | None = None) -> MadeContent:
    """The workbook of the day that the request asks for; a `progress` is told of each row that is counted."""
    tables, done = [], 0
    for table in city_table.tables(city_table.compared(), asked_day()):
        tables.append(table)
        done += len(table.rows)
        if progress is not None:
            progress(done)
    content = written(lambda path: city_workbook.write(path, tables, made_by))
    return MadeContent(f"cac-xa-{tables[0].as_of}.xlsx", submission_files.XLSX_TYPE, [content])


def _make(row: MadeFile, _folder: Path, progress: Progress) -> MadeContent:
    """The same workbook, in the process beside the server."""
    return _written(row.name, progress)


@blueprint.get("/thanh-pho/cac-chi-tieu/tep/<key>")
@access.needs(Right.COMPARE_COMMUNES)
def city_workbook_made(key: str) -> Response:
    """How far a large city's workbook is; the workbook when it is ready."""
    return made_file_pages.progress(
        None,
        MADE,
        key,
        title="Các xã ở mọi chỉ tiêu",
        back=url_for("dashboards.city"),
        content=url_for(".city_workbook_content", key=key),
    )


@blueprint.get("/thanh-pho/cac-chi-tieu/tep/<key>/noi-dung")
@access.needs(Right.COMPARE_COMMUNES)
def city_workbook_content(key: str) -> Response:
    """The workbook itself; each time it is taken is in the audit."""
    name, response = made_file_pages.ready(None, MADE, key)
    return named(response, name)


def register(app: Flask) -> None:
    """Say who makes these workbooks."""
    making_process.register(app, MADE, _make)
