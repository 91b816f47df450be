"""What may be taken away from a commune: its coverage as files, for everyone; its submissions, for officers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Blueprint, Flask, Response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from dashboards.downloads import coverage_files, qgis_project, submission_files
from dashboards.downloads.attached_files import attached, named, written
from dashboards.maps import map_outlines
from dashboards.pages.commune_page_request import CommunePage, ask
from geo import village_names
from geo.vietnamese_order import sort_key
from server import addresses, audit
from server.accounts import access
from server.accounts.roles import Right
from server.api.ogc.layers import LAYERS
from server.api.ogc.signal_layers import PLACES_LAYER
from server.coverage import signal_points
from server.db import db
from server.errors import CommonProblem, Problem
from server.exports import select_submissions, stream_submissions
from server.exports.form_columns import UNSEEN, merged, withheld
from server.files import making_process
from server.files.made_files import MadeContent
from server.files.making_process import Progress
from server.models import Commune, Form, MadeFile
from server.office import made_file_pages, photo_pages
from server.review.submission_states import WORDS as STATES

blueprint = Blueprint("downloads", __name__, template_folder="templates")


LONG = 5_000
"""From so many submissions on, two seconds of work, a workbook is made beside the server."""
MADE = "phieu"
"""What such files are called among those that are made so."""


@dataclass(frozen=True)
class FileKind:
    """A kind of file: its ending, media type, and what it is good for."""

    ending: str
    media_type: str
    name: str
    use: str


KINDS = (
    FileKind(
        "xlsx",
        submission_files.XLSX_TYPE,
        "Excel (XLSX)",
        "Mở bằng Excel, LibreOffice. Trang đầu mỗi thôn một dòng, in vừa một trang A4 ngang; sau đó là Chỉ tiêu, Theo "
        "thôn, Bảng mã, Nguồn.",
    ),
    FileKind(
        "csv",
        submission_files.CSV_TYPE,
        "CSV",
        "Bảng chữ, cho chương trình thống kê; mỗi dòng một thôn, một chỉ tiêu; tổng chung là một tệp riêng.",
    ),
    FileKind(
        "geojson",
        submission_files.GEOJSON_TYPE,
        "GeoJSON",
        "Bản đồ các thôn kèm số liệu, cho trang web và QGIS.",
    ),
    FileKind(
        "gpkg",
        "application/geopackage+sqlite3",
        "GeoPackage (GPKG)",
        "Bản đồ các thôn kèm số liệu, cho QGIS (có sẵn màu theo từng chỉ tiêu), MapInfo.",
    ),
)


@blueprint.get("/xa/<code>/tai-ve")
@access.needs(Right.READ_SUMS)
def page(code: str) -> str:
    """What there is, in which form, of which day."""
    asked = ask(code)
    may_export = access.sees_records(asked.commune)
    forms = _forms(asked.commune) if may_export else ()
    return render_template(
        "downloads.html",
        asked=asked,
        table=asked.table,
        kinds=KINDS,
        forms=forms,
        picked=_picked(forms),
        may_export=may_export,
        villages=_villages(asked.commune) if may_export else (),
        states=tuple(STATES.items()),
        not_accepted=STATES["rejected"],
        writings=submission_files.WRITINGS,
        is_long=any(form.count >= LONG for form in forms),
    )


@dataclass(frozen=True)
class ExportQuestion:
    """A question that may be chosen for a file (X13)."""

    path: str
    label: str
    repeat: str | None
    is_personal: bool


@dataclass(frozen=True)
class Exported:
    """A form that can be exported: how many submissions count, what it asks, and in which languages."""

    form_id: str
    title: str
    count: int
    questions: tuple[ExportQuestion, ...]
    languages: tuple[str, ...]

    @property
    def personal(self) -> tuple[str, ...]:
        return tuple(question.label for question in self.questions if question.is_personal)


def _forms(commune: Commune) -> tuple[Exported, ...]:
    return tuple(_exported(form, count) for form, count in select_submissions.forms(commune))


def _exported(form: Form, count: int) -> Exported:
    whole = merged(select_submissions.definitions(form.id))
    withheld_paths = {field.path for field in withheld(whole)}
    questions = (
        ExportQuestion(field.path, field.label, field.repeat, field.path in withheld_paths)
        for field in whole.fields
        if field.kind not in UNSEEN
    )
    return Exported(form.form_id, form.title, count, tuple(questions), whole.languages)


def _picked(forms: Sequence[Exported]) -> Exported | None:
    """The form whose questions may be chosen: the one that the address names, or the only one."""
    wanted = request.args.get("bieu_mau", "")
    found = next((form for form in forms if form.form_id == wanted), None)
    return found or (forms[0] if len(forms) == 1 else None)


def _villages(commune: Commune) -> list[tuple[str, str]]:
    """Code and name of the thôn that submissions may lie in, by name."""
    known = select_submissions.villages(select_submissions.known(select_submissions.named(commune)))
    called = village_names.told_apart({code: name for code, (name, _) in known.items()})
    return sorted(called.items(), key=lambda pair: (sort_key(pair[1]), pair[0]))


@blueprint.get("/xa/<code>/tai-ve/muc-bao-phu.<ending>")
@access.needs(Right.READ_SUMS)
def coverage_file(code: str, ending: str) -> Response:
    """The table of the commune's page as one file; small cells hidden as they are there."""
    kind = next((kind for kind in KINDS if kind.ending == ending), None)
    if kind is None:
        raise Problem(CommonProblem.NOT_FOUND)
    asked = ask(code)
    is_commune = ending == "csv" and request.args.get("cap") == "xa"
    content = _csv(asked, "xa") if is_commune else _WRITERS[ending](asked)
    name = f"muc-bao-phu-{'ca-xa-' if is_commune else ''}{code}-{asked.table.as_of}.{ending}"
    return attached(content, kind.media_type, name)


def _xlsx(asked: CommunePage) -> bytes:
    return written(lambda path: coverage_files.xlsx(asked.table, path, access.signed_in().name))


def _gpkg(asked: CommunePage) -> bytes:
    drawn = map_outlines.of_commune(asked.commune)
    return written(lambda path: coverage_files.geopackage(asked.table, drawn, path))


def _geojson(asked: CommunePage) -> bytes:
    return coverage_files.geojson(asked.table, map_outlines.of_commune(asked.commune)).encode()


def _csv(asked: CommunePage, level: str = "thon") -> bytes:
    return "".join(coverage_files.csv_text(asked.table, level)).encode()


@blueprint.get("/xa/<code>/tai-ve/ban-do.qgz")
@access.needs(Right.READ_SUMS)
def qgis_file(code: str) -> Response:
    """A project that opens the layers of /ogc in QGIS, in the colours of the page's map."""
    asked = ask(code)
    ogc = f"{request.host_url.rstrip('/')}{addresses.OF_MAPS}"
    served = {name for name, layer in LAYERS.items() if layer.is_open_to(access.signed_in())}
    if not any(place.point for place in signal_points.wifi(asked.commune, asked.table.as_of)):
        served.discard(PLACES_LAYER.name)
    content = qgis_project.write(asked.table, ogc, asked.title, served)
    return attached(content, qgis_project.MEDIA_TYPE, f"ban-do-{code}.qgz")


@blueprint.get("/xa/<code>/tai-ve/phieu")
@access.needs(Right.EXPORT_SUBMISSIONS, records=True)
def submissions_file(code: str) -> BaseResponse:
    """The submissions of one form; who took what is in the audit before the first row leaves.

    A large workbook is made beside the server, and taken from the page that shows how far it is.
    """
    commune = access.open_commune(code)
    writing, export = submission_files.asked(commune, access.signed_in().name)
    act, record = "submissions.export", f"form:{export.choice.form.code}"
    detail = submission_files.detail(writing, export)
    if writing.is_workbook and (rows := select_submissions.count(export.choice)) >= LONG:
        return made_file_pages.ask(
            commune, MADE, of=rows, act=act, record=record, detail=detail, follow=".made"
        )
    audit.note_reading(act, record, detail)
    return attached(
        writing.make(export), writing.media_type, stream_submissions.file_name(export, writing.ending)
    )


def _make(row: MadeFile, _folder: Path, progress: Progress) -> MadeContent:
    """The same file, in the process beside the server."""
    writing, export = submission_files.asked(db.session.get_one(Commune, row.commune_id), row.name)
    made = writing.make(replace(export, passed=progress))
    return MadeContent(stream_submissions.file_name(export, writing.ending), writing.media_type, made)


@blueprint.get("/xa/<code>/tai-ve/tep/<key>")
@access.needs(Right.EXPORT_SUBMISSIONS, records=True)
def made(code: str, key: str) -> Response:
    """How far a large file is; the file when it is ready."""
    commune = access.open_commune(code)
    return made_file_pages.progress(
        commune,
        MADE,
        key,
        title="Tệp phiếu đã nhận",
        back=url_for(".page", code=code),
        content=url_for(".made_content", code=code, key=key),
    )


@blueprint.get("/xa/<code>/tai-ve/tep/<key>/noi-dung")
@access.needs(Right.EXPORT_SUBMISSIONS, records=True)
def made_content(code: str, key: str) -> Response:
    """The file itself; each time it is taken is in the audit, as any other file."""
    name, response = made_file_pages.ready(access.open_commune(code), MADE, key)
    return named(response, name)


@blueprint.get("/xa/<code>/tai-ve/anh/<int:submission_id>/<path:name>")
@access.needs(Right.EXPORT_SUBMISSIONS, records=True)
def media_file(code: str, submission_id: int, name: str) -> Response:
    """A photo that an export names by its address; opening it is in the audit."""
    commune = access.open_commune(code)
    found = select_submissions.attachment(commune, submission_id, name)
    response = photo_pages.handed_out(found, name)
    audit.note_reading("attachment.read", f"submission:{submission_id}", {"name": name})
    return response


_WRITERS: dict[str, Callable[[CommunePage], bytes]] = {
    "xlsx": _xlsx,
    "csv": _csv,
    "geojson": _geojson,
    "gpkg": _gpkg,
}


def register(app: Flask) -> None:
    """Say who makes the large ones of these files."""
    making_process.register(app, MADE, _make)
