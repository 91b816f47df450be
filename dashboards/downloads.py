"""What may be taken away from a commune: its coverage as files, for everyone; its submissions, for officers."""

import datetime as dt
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, render_template, request, send_file, url_for

from dashboards import files, outlines
from dashboards.asked import Asked, ask
from server import auth, blobs, journal
from server.db import db
from server.errors import DAY_UNREADABLE, NOT_FOUND, PHOTO_UNKNOWN, Problem
from server.exports import select, submissions
from server.exports.columns import CENTRAL, EXCEL_VI, KOBO, WORKBOOK, Preset, merged, withheld
from server.exports.submissions import Export
from server.models import Commune

blueprint = Blueprint("downloads", __name__, template_folder="templates")


@dataclass(frozen=True)
class Kind:
    """A kind of file: its ending, media type, and what it is good for."""

    ending: str
    media_type: str
    name: str
    use: str


KINDS = (
    Kind(
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "Excel (XLSX)",
        "Mở bằng Excel, LibreOffice. Có bốn trang: Chỉ tiêu, Theo thôn, Bảng mã, Nguồn.",
    ),
    Kind(
        "csv",
        "text/csv; charset=utf-8",
        "CSV",
        "Bảng chữ, cho chương trình thống kê; mỗi dòng một thôn, một chỉ tiêu.",
    ),
    Kind(
        "geojson",
        "application/geo+json",
        "GeoJSON",
        "Bản đồ các thôn kèm số liệu, cho trang web và QGIS.",
    ),
    Kind(
        "gpkg",
        "application/geopackage+sqlite3",
        "GeoPackage (GPKG)",
        "Bản đồ các thôn kèm số liệu, cho QGIS, MapInfo.",
    ),
)


@blueprint.get("/xa/<code>/tai-ve")
@auth.needs(*auth.ROLES)
def page(code: str) -> str:
    """What there is, in which form, of which day."""
    asked = ask(code)
    may_export = auth.sees_records(asked.commune)
    return render_template(
        "downloads.html",
        asked=asked,
        table=asked.table,
        kinds=KINDS,
        forms=_forms(asked.commune) if may_export else (),
        may_export=may_export,
        writings=WRITINGS,
    )


@dataclass(frozen=True)
class Exported:
    """A form that can be exported: how many submissions count, and which questions are personal."""

    form_id: str
    title: str
    count: int
    personal: tuple[str, ...]


def _forms(commune: Commune) -> tuple[Exported, ...]:
    return tuple(
        Exported(
            form.form_id,
            form.title,
            count,
            tuple(field.label for field in withheld(merged(select.definitions(form.id)))),
        )
        for form, count in select.forms(commune)
    )


@blueprint.get("/xa/<code>/tai-ve/muc-bao-phu.<ending>")
@auth.needs(*auth.ROLES)
def coverage_file(code: str, ending: str) -> Response:
    """The table of the commune's page as one file; small cells hidden as they are there."""
    kind = next((kind for kind in KINDS if kind.ending == ending), None)
    if kind is None:
        raise Problem(NOT_FOUND)
    asked = ask(code)
    content = _WRITERS[ending](asked)
    return _attached(content, kind.media_type, f"muc-bao-phu-{code}-{asked.table.as_of}.{ending}")


def _xlsx(asked: Asked) -> bytes:
    return _written(lambda path: files.xlsx(asked.table, path, auth.signed_in().name))


def _gpkg(asked: Asked) -> bytes:
    drawn = outlines.of_commune(asked.commune)
    return _written(lambda path: files.geopackage(asked.table, drawn, path))


def _geojson(asked: Asked) -> bytes:
    return files.geojson(asked.table, outlines.of_commune(asked.commune)).encode()


def _csv(asked: Asked) -> bytes:
    return "".join(files.csv_text(asked.table)).encode()


@blueprint.get("/xa/<code>/tai-ve/phieu")
@auth.needs("officer", records=True)
def submissions_file(code: str) -> Response:
    """The submissions of one form; who took what is in the audit before the first row leaves."""
    commune = auth.open_commune(code)
    writing = next((each for each in WRITINGS if each.code == request.args.get("dang")), WRITINGS[0])
    chosen = select.choice(
        commune,
        select.form(commune, request.args.get("bieu_mau", "")),
        since=_day("tu_ngay"),
        until=_day("den_het"),
        all_states=request.args.get("moi_tinh_trang") == "1",
    )
    export = submissions.prepare(
        chosen,
        writing.preset,
        labels=request.args.get("nhan", "1") == "1" and writing.may_label,
        personal=request.args.get("ca_nhan") == "1",
        made_by=auth.signed_in().name,
        media_url=url_for("downloads.page", code=code, _external=True) + "/anh",
    )
    _note(export, writing)
    return _attached(writing.make(export), writing.media_type, submissions.file_name(export, writing.ending))


def _day(name: str) -> dt.date | None:
    text = request.args.get(name, "").strip()
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Problem(DAY_UNREADABLE, day=text[:20]) from error


def _note(export: Export, writing: "Writing") -> None:
    """The audit's row: who takes which submissions away, in which form, and whether with what is personal."""
    choice = export.choice
    days = {"since": choice.since, "until": choice.until}
    detail = {
        "commune": choice.commune.code,
        "as": writing.code,
        "personal": export.wish.personal,
        "all_states": choice.all_states,
        **{name: day.isoformat() for name, day in days.items() if day},
    }
    journal.note("submissions.export", f"form:{choice.form.code}", detail)
    db.session.commit()


@blueprint.get("/xa/<code>/tai-ve/anh/<int:submission_id>/<path:name>")
@auth.needs("officer", records=True)
def media_file(code: str, submission_id: int, name: str) -> Response:
    """A photo that an export names by its address; opening it is in the audit."""
    commune = auth.open_commune(code)
    found = select.attachment(commune, submission_id, name)
    journal.note("attachment.read", f"submission:{submission_id}", {"name": name})
    db.session.commit()
    content = blobs.get(found.stored_sha256)
    if content is None:
        raise Problem(PHOTO_UNKNOWN)
    response = send_file(io.BytesIO(content), mimetype=found.media_type, download_name=name)
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


def _workbook(export: Export) -> Iterable[bytes]:
    """Made in a file first: a workbook's table of contents is written last."""
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / "phieu.xlsx"
    submissions.xlsx(export, path)

    def pieces() -> Iterator[bytes]:
        with folder, path.open("rb") as file:
            while piece := file.read(65536):
                yield piece

    return pieces()


@dataclass(frozen=True)
class Writing:
    """A way to write submissions: preset and ending, and what it is good for."""

    code: str
    name: str
    use: str
    ending: str
    media_type: str
    preset: Preset
    make: Callable[[Export], Iterable[bytes]]
    may_label: bool = True


WRITINGS = (
    Writing(
        "xlsx", "Excel (XLSX)", "nhóm lặp ở trang riêng, kèm bảng mã và nguồn", "xlsx", KINDS[0].media_type, WORKBOOK,
        _workbook,
    ),
    Writing(
        "csv", "CSV mở bằng Excel", "chỉ bảng chính; nhanh nhất khi có nhiều phiếu", "csv", KINDS[1].media_type,
        EXCEL_VI, submissions.csv_bytes,
    ),
    Writing(
        "zip", "ZIP các CSV, kiểu ODK Central", "mỗi nhóm lặp một tệp; tên cột như Central", "zip", "application/zip",
        CENTRAL, submissions.zip_bytes, may_label=False,
    ),
    Writing(
        "kobo", "CSV kiểu KoboToolbox", "tên cột và cách viết như Kobo, cho chương trình", "csv",
        KINDS[1].media_type, KOBO, submissions.csv_bytes,
    ),
    Writing(
        "geojson", "GeoJSON", "mỗi phiếu một điểm, cho QGIS; luôn dùng mã", "geojson", KINDS[2].media_type, EXCEL_VI,
        submissions.geojson_bytes, may_label=False,
    ),
)  # fmt: skip

_WRITERS: dict[str, Callable[[Asked], bytes]] = {
    "xlsx": _xlsx,
    "csv": _csv,
    "geojson": _geojson,
    "gpkg": _gpkg,
}


def _written(write: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.gpkg"
        write(path)
        return path.read_bytes()


def _attached(content: bytes | Iterable[bytes], media_type: str, name: str) -> Response:
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
