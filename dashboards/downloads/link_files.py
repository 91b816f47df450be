"""What a shared link opens: a page that says what there is, and its table as files, as a query, and as a map."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Blueprint, Response, make_response, render_template, request, url_for
from markupsafe import Markup

from dashboards import words
from dashboards.downloads import flat_files, link_tables, refreshing_workbook
from dashboards.downloads.attached_files import attached, written
from dashboards.downloads.link_submissions import export_of, service_of, table_of
from dashboards.downloads.submission_files import CSV_TYPE, XLSX_TYPE
from dashboards.maps import map_outlines, map_picture, map_sheet
from dashboards.pages.map_page_request import mapped
from geo.compute_coverage import IndicatorRow
from server import clock
from server.accounts import access, shared_links
from server.api.odata import flat_service, noted_readings, query_options
from server.api.odata.flat_service import FlatSet
from server.api.odata.form_tables import FLAT
from server.coverage import coverage_table
from server.coverage.coverage_problems import CoverageProblem
from server.errors import CommonProblem, Problem
from server.exports import stream_submissions
from server.exports.flat_table import FlatTable
from server.models import Commune, SharedLink

blueprint = Blueprint("link_files", __name__)

BASE = "/lien-ket/<key>"
PICTURE_ZOOM = 2
HTML_TYPE = "text/html"


@dataclass(frozen=True)
class LinkKind:
    """A way to take the table: its address below the link, and what it is good for."""

    endpoint: str
    name: str
    use: str
    ending: str = ""

    @property
    def is_pasted(self) -> bool:
        """Whether a program is given its address, rather than a person its file."""
        return self.use.endswith(":")


EXCEL = LinkKind(
    "workbook", "Tệp Excel tự làm mới",
    "Tải một lần, lưu vào máy tính. Lần đầu mở, thấy dòng vàng ở trên cùng thì bấm Bật chỉnh sửa (Enable Editing), rồi "
    "Bật nội dung (Enable Content). Từ đó cần số mới thì bấm thẻ Dữ liệu, Làm mới tất cả (Data, Refresh All).",
)  # fmt: skip
KINDS = (
    EXCEL,
    LinkKind("table", "Excel (XLSX)", "Bảng của lúc tải, không tự đổi.", "xlsx"),
    LinkKind(
        "odata",
        "OData",
        "Cho Power BI, Tableau và Excel (Dữ liệu, Lấy dữ liệu, Từ nguồn cấp OData; bản tiếng Anh: Get Data, OData "
        "Feed), kiểu đăng nhập Ẩn danh (Anonymous). Không mở bằng trình duyệt; chép địa chỉ này vào chương trình:",
    ),
    LinkKind(
        "table",
        "CSV",
        'Cho phần mềm thống kê, và Google Trang tính: gõ vào ô A1 =IMPORTDATA("địa chỉ") với địa chỉ này:',
        "csv",
    ),
)
PICTURE = LinkKind("picture", "Ảnh bản đồ (PNG)", "Dán vào nhóm Zalo; luôn là số liệu đến hết hôm qua.")


@blueprint.get(BASE)
@access.link
def page(link: SharedLink) -> Response:
    """What there is, for somebody who was sent the link."""
    response = make_response(
        render_template(
            "shared_link.html",
            link=link,
            subject=shared_links.SUBJECTS[link.subject],
            key=_key(),
            kinds=KINDS,
            picture=PICTURE,
            choices=_choices(link),
        )
    )
    return _private(response)


@blueprint.get(f"{BASE}/bang.<ending>")
@access.link
def table(link: SharedLink, ending: str) -> Response:
    """The table as `xlsx`, `csv`, or as the page (`html`) that Excel's query reads."""
    write = _WRITERS.get(ending)
    if write is None:
        raise Problem(CommonProblem.NOT_FOUND)
    shared_links.note_use(link, ending)
    return _private(write(link))


@blueprint.get(f"{BASE}/tu-lam-moi.xlsx")
@access.link
def workbook(link: SharedLink) -> Response:
    """The workbook that refreshes itself from this link."""
    found = _flat(link)
    found = replace(found, notes=(*_how_to_refresh(link), *found.notes))
    shared_links.note_use(link, "query")
    url = url_for(".table", key=_key(), ending="html", _external=True)
    content = written(lambda path: refreshing_workbook.write(found, url, path))
    return _private(attached(content, XLSX_TYPE, f"{found.name}-tu-lam-moi.xlsx"))


def _how_to_refresh(link: SharedLink) -> tuple[str, ...]:
    """For somebody who has the file alone, months later."""
    until = words.day(link.expires_at.astimezone(clock.LOCAL).date())
    return (
        "Lấy số mới: thẻ Dữ liệu, bấm Làm mới tất cả (Data, Refresh All).",
        "Nếu Excel hiện dòng vàng: bấm Bật chỉnh sửa (Enable Editing), rồi Bật nội dung (Enable Content).",
        "Biểu đồ, Pivot, công thức để ở trang tính khác của tệp này: làm mới không xóa chúng.",
        f"Liên kết mở được đến {until}. Hết hạn hoặc bị thu hồi thì "
        "bảng giữ nguyên số cũ: xin liên kết mới ở trang Tải về.",
    )


@blueprint.get(f"{BASE}/ban-do.png")
@access.link
def picture(link: SharedLink) -> Response:
    """The map of the commune by one indicator (`chi_tieu`), until the end of yesterday, with small cells hidden."""
    if link.commune is None or link.subject != shared_links.COVERAGE:
        raise Problem(CommonProblem.NOT_FOUND)
    shared_links.note_use(link, "png")
    response = Response(_drawn(link.commune), mimetype="image/png")
    return _private(response)


@blueprint.get(f"{BASE}/odata/")
@access.link
def odata(link: SharedLink) -> Response:
    """The table as an OData service of one set."""
    shared_links.note_use(link, "odata")
    return flat_service.document(_odata_root(), (_set(link),))


@blueprint.get(f"{BASE}/odata/$metadata")
@access.link
def odata_metadata(link: SharedLink) -> Response:
    """What its columns are."""
    return flat_service.metadata((_set(link),))


@blueprint.get(f"{BASE}/odata/<name>")
@access.link
def odata_rows(link: SharedLink, name: str) -> Response:
    """Its rows; of a reading by pages the first is written down."""
    after = query_options.asked().after
    if not noted_readings.is_noted(after):
        shared_links.note_use(link, "odata")
    found = flat_service.named(name, (_set(link),))
    if link.form is not None:
        return service_of(link, _odata_root()).page(found.name)
    return flat_service.page(_odata_root(), found, {noted_readings.NAME: noted_readings.mark(after)})


@blueprint.get(f"{BASE}/odata/<name>/$count")
@access.link
def odata_count(link: SharedLink, name: str) -> Response:
    """How many rows a filter finds, as Power Query counts them."""
    shared_links.note_use(link, "odata")
    found = flat_service.named(name, (_set(link),))
    if link.form is not None:
        return service_of(link, _odata_root()).count(found.name)
    return flat_service.count(found)


def _set(link: SharedLink) -> FlatSet:
    """The one set; submissions have theirs described here and are read by the service of their form."""
    if link.form is not None:
        columns = service_of(link, _odata_root()).flat.columns
        return FlatSet(FLAT, columns, 1, lambda _wanted, _backwards: ())
    found = link_tables.of_link(link)
    return flat_service.of_table(found.name, found)


def _odata_root() -> str:
    return url_for(".odata", key=_key(), _external=True).rstrip("/")


def _key() -> str:
    """The key in the address of this request."""
    return str((request.view_args or {})["key"])


def _drawn(commune: Commune) -> bytes:
    """Problem INDICATOR_UNKNOWN, or NOT_FOUND where no thôn has an outline."""
    found = coverage_table.table(commune, feed=True)
    row = _row(mapped(found))
    lines = map_sheet.lines(f"{commune.kind.capitalize()} {commune.name}", found, row)
    drawing = map_picture.svg(found, row, map_outlines.of_commune(commune), head=lines)
    if drawing is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return map_picture.png(drawing, lines[0], PICTURE_ZOOM).png


def _row(choices: tuple[IndicatorRow, ...]) -> IndicatorRow:
    code = request.args.get("chi_tieu", "")
    found = next((row for row in choices if row.indicator.code == code or not code), None)
    if found is None:
        raise Problem(CoverageProblem.INDICATOR_UNKNOWN, code=code[:64])
    return found


def _choices(link: SharedLink) -> list[tuple[str, str]]:
    """The indicators whose maps can be had."""
    if link.commune is None or link.subject != shared_links.COVERAGE:
        return []
    return [
        (row.indicator.code, row.target.label if row.target else row.indicator.label)
        for row in mapped(coverage_table.table(link.commune, feed=True))
    ]


def _flat(link: SharedLink) -> FlatTable:
    return table_of(link) if link.form is not None else link_tables.of_link(link)


def _csv(link: SharedLink) -> Response:
    """Submissions are streamed, however many they are."""
    if link.form is not None:
        export = export_of(link, is_workbook=False)
        return attached(
            stream_submissions.csv_bytes(export), CSV_TYPE, stream_submissions.file_name(export, "csv")
        )
    found = link_tables.of_link(link)
    return attached(flat_files.csv_text(found).encode(), CSV_TYPE, f"{found.name}.csv")


def _xlsx(link: SharedLink) -> Response:
    if link.form is not None:
        export = export_of(link, is_workbook=True)
        content = written(lambda path: stream_submissions.xlsx(export, path))
        return attached(content, XLSX_TYPE, stream_submissions.file_name(export, "xlsx"))
    found = link_tables.of_link(link)
    return attached(written(lambda path: flat_files.xlsx(found, path)), XLSX_TYPE, f"{found.name}.xlsx")


def _html(link: SharedLink) -> Response:
    return Response(Markup(flat_files.html(_flat(link))), mimetype=HTML_TYPE)  # noqa: S704 - each cell is escaped


_WRITERS: dict[str, Callable[[SharedLink], Response]] = {"xlsx": _xlsx, "csv": _csv, "html": _html}


def _private(response: Response) -> Response:
    """Kept by no proxy and found by no search; what has not changed is not sent again (O20)."""
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    if not response.is_streamed:
        response.add_etag()
        response.make_conditional(request)
    return response
