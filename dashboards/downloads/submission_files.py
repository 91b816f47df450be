"""The kinds of files that submissions are written to, and what an address asks of one (X1 to X19)."""

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import request, url_for

from forms.definition import Definition
from server.errors import Problem
from server.exports import select_submissions, stream_submissions, submissions_geojson
from server.exports.export_problems import ExportProblem
from server.exports.form_columns import merged
from server.exports.presets import BOTH, CENTRAL, DETAILS, EXCEL_VI, KOBO, SUMMARY, WORKBOOK, Preset
from server.exports.select_submissions import SubmissionFilter
from server.exports.stream_submissions import Export
from server.models import Commune, Form
from server.office import written_days
from server.review.submission_states import WORDS as STATES

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPE = "text/csv; charset=utf-8"
GEOJSON_TYPE = "application/geo+json"

MULTIPLE = {"tom_tat": SUMMARY, "tach": DETAILS, "ca_hai": BOTH}
"""What an address says for a question with several answers (X4)."""
LONGEST_SEPARATOR = 8


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
    is_workbook: bool = False


def _workbook(export: Export) -> Iterable[bytes]:
    """Made in a file first: a workbook's table of contents is written last."""
    with ExitStack() as until_made:
        path = Path(until_made.enter_context(tempfile.TemporaryDirectory())) / "phieu.xlsx"
        stream_submissions.xlsx(export, path)
        until_sent = until_made.pop_all()

    def pieces() -> Iterator[bytes]:
        with until_sent, path.open("rb") as file:
            while piece := file.read(65536):
                yield piece

    return pieces()


WRITINGS = (
    Writing(
        "xlsx", "Excel (XLSX)", "nhóm lặp ở trang riêng, kèm bảng mã và nguồn", "xlsx", XLSX_TYPE, WORKBOOK, _workbook,
        is_workbook=True,
    ),
    Writing(
        "csv", "CSV mở bằng Excel", "chỉ bảng chính; nhanh nhất khi có nhiều phiếu", "csv", CSV_TYPE, EXCEL_VI,
        stream_submissions.csv_bytes,
    ),
    Writing(
        "zip", "ZIP các CSV, kiểu ODK Central", "mỗi nhóm lặp một tệp; tên cột như Central", "zip", "application/zip",
        CENTRAL, stream_submissions.zip_bytes, may_label=False,
    ),
    Writing(
        "kobo", "CSV kiểu KoboToolbox", "tên cột và cách viết như Kobo, cho chương trình", "csv", CSV_TYPE, KOBO,
        stream_submissions.csv_bytes,
    ),
    Writing(
        "kobo-xlsx", "Excel kiểu KoboToolbox", "như trên, nhóm lặp ở trang riêng", "xlsx", XLSX_TYPE, KOBO, _workbook,
        is_workbook=True,
    ),
    Writing(
        "geojson", "GeoJSON", "mỗi phiếu một điểm, cho QGIS; luôn dùng mã", "geojson", GEOJSON_TYPE, EXCEL_VI,
        submissions_geojson.by_path, may_label=False,
    ),
    Writing(
        "kobo-geojson", "GeoJSON kiểu KoboToolbox", "mỗi vị trí, đường, vùng trong phiếu một hình; số viết thành chữ",
        "geojson", GEOJSON_TYPE, KOBO, submissions_geojson.by_label,
    ),
)  # fmt: skip


def asked(commune: Commune, made_by: str) -> tuple[Writing, Export]:
    """What the address asks for, within this commune; Problem where it says something that is not to be had."""
    writing = next((each for each in WRITINGS if each.code == request.args.get("dang")), WRITINGS[0])
    form = select_submissions.form(commune, request.args.get("bieu_mau", ""))
    versions = select_submissions.definitions(form.id)
    labels = request.args.get("nhan", "1") == "1" and writing.may_label
    whole = merged(versions) if versions else None
    as_text = request.args.get("chu") == "1"
    export = stream_submissions.prepare(
        _choice(commune, form),
        writing.preset,
        labels=labels,
        language=_language(whole) if labels else "",
        personal=request.args.get("ca_nhan") == "1",
        made_by=made_by,
        media_url=_media_url(commune) if request.args.get("dia_chi_anh") == "1" else "",
        photos=request.args.get("kem_anh") == "1",
        multiple=_multiple(),
        group_separator=_separator(),
        groups=_groups(),
        newest_only=request.args.get("phien_ban") == "moi_nhat",
        questions=_questions(whole),
        as_text=as_text,
        typed=writing.is_workbook and not as_text,
        flat=request.args.get("tach_lop") != "1",
    )
    return writing, export


def _choice(commune: Commune, form: Form) -> SubmissionFilter:
    """Which submissions; every part narrows what the commune has, none reaches beyond it (X13, X19)."""
    return select_submissions.choice(
        commune,
        form,
        since=written_days.day(request.args.get("tu_ngay")),
        until=written_days.day(request.args.get("den_het")),
        all_states=request.args.get("moi_tinh_trang") == "1",
        states=_among("tinh_trang", STATES),
        villages=_villages(commune),
        ids=_ids(),
    )


def _named(name: str) -> list[str]:
    """Values of a choice that may be named several times, or with commas."""
    return [part.strip() for text in request.args.getlist(name) for part in text.split(",") if part.strip()]


def _among(name: str, known: Collection[str]) -> frozenset[str]:
    """The values that were named; Problem WISH_UNREADABLE for one that is not known."""
    wanted = frozenset(_named(name))
    for value in wanted.difference(known):
        raise Problem(ExportProblem.WISH_UNREADABLE, name=name, value=value[:80])
    return wanted


def _villages(commune: Commune) -> dict[str, frozenset[int]] | None:
    if not _named("thon"):
        return None
    known = select_submissions.villages(select_submissions.known(select_submissions.named(commune)))
    return {code: known[code][1] for code in _among("thon", known)}


def _ids() -> frozenset[int] | None:
    wanted = _named("phieu")
    for value in wanted:
        if not (value.isascii() and value.isdecimal() and len(value) < 19):
            raise Problem(ExportProblem.WISH_UNREADABLE, name="phieu", value=value[:80])
    return frozenset(map(int, wanted)) if wanted else None


def _questions(form: Definition | None) -> frozenset[str]:
    return _among("cau_hoi", form.by_path) if form else frozenset()


def _language(form: Definition | None) -> str:
    wanted = request.args.get("ngon_ngu", "")
    if wanted and (form is None or wanted not in form.languages):
        raise Problem(ExportProblem.WISH_UNREADABLE, name="ngon_ngu", value=wanted[:80])
    return wanted


def _multiple() -> str:
    wanted = request.args.get("nhieu", "")
    if wanted and wanted not in MULTIPLE:
        raise Problem(ExportProblem.WISH_UNREADABLE, name="nhieu", value=wanted[:80])
    return MULTIPLE.get(wanted, "")


def _separator() -> str:
    wanted = request.args.get("ngan_cach", "/")
    if len(wanted) > LONGEST_SEPARATOR or not wanted.isprintable():
        raise Problem(ExportProblem.WISH_UNREADABLE, name="ngan_cach", value=wanted[:20])
    return wanted


def _groups() -> bool | None:
    """Whether groups stand in headers; None: as the kind of file does."""
    return {"1": True, "0": False}.get(request.args.get("nhom", ""))


def _media_url(commune: Commune) -> str:
    return url_for("downloads.page", code=commune.code, _external=True) + "/anh"


def detail(writing: Writing, export: Export) -> dict[str, Any]:
    """What the audit keeps of an export: which submissions and columns, in which form (X19)."""
    choice, wish = export.choice, export.wish
    days = {"since": choice.since, "until": choice.until}
    return {
        "commune": choice.commune.code,
        "as": writing.code,
        "personal": wish.personal,
        "all_states": choice.all_states,
        **{name: day.isoformat() for name, day in days.items() if day},
        **({"states": sorted(choice.states)} if choice.states else {}),
        **({"villages": sorted(choice.villages)} if choice.villages is not None else {}),
        **({"submissions": len(choice.ids)} if choice.ids is not None else {}),
        **({"photos": True} if wish.photos else {}),
        **({"questions": len(wish.questions)} if wish.questions else {}),
    }
