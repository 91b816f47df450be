"""What may be taken away from a commune: its coverage as files, for everyone; its submissions, for officers."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, render_template

from dashboards import files, outlines
from dashboards.asked import Asked, ask
from server import auth
from server.errors import NOT_FOUND, Problem

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
    return render_template("downloads.html", asked=asked, table=asked.table, kinds=KINDS)


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


def _attached(content: bytes, media_type: str, name: str) -> Response:
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
