"""A report's figures as a CSV to load into a reporting system by hand: no message of QCVN 125:2021/BTTTT."""

import csv
import io
from dataclasses import asdict, dataclass, fields

from dashboards.reports.report_content import Report, ReportFigure
from server.exports.disarmed_cells import guarded

BOM = "\ufeff"
"""By it Excel knows that a CSV is UTF-8."""
NO_MESSAGE = "CSV của Từng Nhà, không phải gói tin QCVN 125:2021/BTTTT"
COMPARISONS = {">=": "tu", ">": "tren", "=": "bang", "<=": "khong_qua", "<": "duoi", "": ""}
MEASURES = {"percent": "%", "count": "so_luong", "": ""}


@dataclass(frozen=True)
class ReportingRow:
    """One figure of the plan in one period. Columns are those of docs/reporting.md, in their order; "" is not told."""

    ma_bo_chi_tieu: str
    ten_bo_chi_tieu: str
    ma_nhom: str
    ma_chi_tieu: str
    ten_chi_tieu: str
    ma_chi_so: str
    don_vi_tinh: str
    ma_don_vi: str
    ten_don_vi: str
    phan_to: str
    loai_ky: str
    ky: str
    tu_ngay: str
    den_ngay: str
    tinh_den: str
    so_sanh: str
    muc_giao: str
    yeu_cau: str
    gia_tri: str
    gia_tri_hien: str
    trang_thai: str
    trang_thai_chu: str
    da_khao_sat: str
    nguon: str
    so_bao_cao: str
    luu_y: str


COLUMNS = tuple(field.name for field in fields(ReportingRow))
WHOLE = "toan_xa"
"""The only breakdown that is told: the whole commune."""


def file_of(report: Report, number: int | None = None) -> bytes:
    """The figures of a report, one a row, UTF-8 with its mark; `number` is that of an issued one."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for figure in report.figures:
        writer.writerow(guarded(text) for text in asdict(row(report, figure, number)).values())
    return f"{BOM}{out.getvalue()}".encode()


def row(report: Report, figure: ReportFigure, number: int | None = None) -> ReportingRow:
    """A figure as the report prints it: what is withheld there is withheld here, its number first."""
    year = report.start[:4]
    return ReportingRow(
        ma_bo_chi_tieu=f"{report.code}-{year}",
        ten_bo_chi_tieu=report.plan,
        ma_nhom=figure.section,
        ma_chi_tieu=figure.id,
        ten_chi_tieu=figure.label,
        ma_chi_so=figure.indicator,
        don_vi_tinh=MEASURES[figure.measure],
        ma_don_vi=report.code,
        ten_don_vi=report.name,
        phan_to=WHOLE,
        loai_ky=kind_of(report.period),
        ky=report.period,
        tu_ngay=report.start,
        den_ngay=report.end,
        tinh_den=report.as_of,
        so_sanh=COMPARISONS[figure.comparator],
        muc_giao=figure.goal,
        yeu_cau=figure.required,
        gia_tri=figure.number,
        gia_tri_hien=figure.value,
        trang_thai=figure.state,
        trang_thai_chu=figure.words,
        da_khao_sat=figure.reach,
        nguon=figure.source,
        so_bao_cao=str(number) if number is not None else "",
        luu_y=NO_MESSAGE,
    )


def kind_of(key: str) -> str:
    """Of a period's key: thang, quy, nua_nam or nam."""
    part = key[5:]
    return {"": "nam", "Q": "quy", "H": "nua_nam"}.get(part[:1], "thang")


def name_of(report: Report) -> str:
    """A file's name in letters that every system takes."""
    return f"so-lieu-bao-cao-{report.code}-{report.period.lower()}-{report.as_of}.csv"
