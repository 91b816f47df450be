"""`flask export`: what pages hand out, written to a file by hand or every night by a clock."""

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from dashboards.downloads import city_workbook, coverage_files
from dashboards.maps import map_outlines
from dashboards.reports import report_making, report_periods, reporting_csv
from dashboards.reports.report_content import ReportWish
from server import audit, clock
from server.cli import arguments, out_file
from server.cli.groups import SpokenGroup, refuse, with_visits
from server.coverage import city_table, coverage_table
from server.db import db
from server.exports import select_submissions, stream_submissions
from server.exports.presets import EXCEL_VI, WORKBOOK
from server.places import communes

MADE_BY = "lệnh flask export"
OUT = click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Tệp viết ra; có rồi thì thay.",
)
DAY = click.option("--ngay", "day", help="Số liệu tính đến ngày, dạng 2026-11-22; bỏ trống: hôm nay.")


@click.group("export", cls=SpokenGroup)
def group() -> None:
    """Viết số liệu ra tệp, cho việc hằng đêm."""


@group.command()
@click.argument("code")
@DAY
@click.option(
    "--cap", type=click.Choice(list(coverage_files.LEVELS)), default="thon", help="CSV: các thôn, hay cả xã."
)
@OUT
@with_visits
def coverage(code: str, day: str | None, cap: str, out: Path) -> None:
    """Mức bao phủ của một xã, như trang Tải về (số nhỏ được che); đuôi .xlsx, .csv, .geojson hoặc .gpkg."""
    commune = communes.commune(code)
    table = coverage_table.table(commune, arguments.day(day))
    writers: dict[str, Callable[[Path], object]] = {
        ".xlsx": lambda path: coverage_files.xlsx(table, path, MADE_BY),
        ".csv": lambda path: path.write_text(
            "".join(coverage_files.csv_text(table, cap)), "utf-8", newline=""
        ),
        ".geojson": lambda path: path.write_text(
            coverage_files.geojson(table, map_outlines.of_commune(commune)), "utf-8"
        ),
        ".gpkg": lambda path: coverage_files.geopackage(table, map_outlines.of_commune(commune), path),
    }
    _replace(out, writers)
    click.echo(f"Đã viết mức bao phủ của {table.name}, tính đến {table.as_of:%d/%m/%Y}: {out}")


@group.command("city")
@DAY
@OUT
@with_visits
def of_city(day: str | None, out: Path) -> None:
    """Mọi xã, phường, đặc khu và mọi chỉ tiêu, như trang Thành phố; đuôi .xlsx."""
    tables = list(city_table.tables(city_table.choices(), arguments.day(day)))
    if not tables:
        refuse("Chưa có chỉ tiêu nào: nạp kế hoạch của một xã trước.")
    _replace(out, {".xlsx": lambda path: city_workbook.write(path, tables, MADE_BY)})
    click.echo(f"Đã viết {len(tables[0].rows)} xã, phường, đặc khu: {out}")


@group.command("reporting")
@click.argument("code")
@click.option("--ky", "period", help="Kỳ báo cáo: 2026-11, 2026-Q4, 2026-H2 hoặc 2026; bỏ trống: tháng này.")
@DAY
@OUT
@with_visits
def of_reporting(code: str, period: str | None, day: str | None, out: Path) -> None:
    """Số liệu một kỳ để nhập vào hệ thống báo cáo, như báo cáo kỳ ấy; đuôi .csv. Không phải gói tin QCVN 125:2021."""
    chosen = report_making.period_of(period) if period else report_periods.of_month(clock.today())
    report = report_making.make(communes.commune(code), chosen, arguments.day(day), ReportWish()).report
    _replace(out, {".csv": lambda path: path.write_bytes(reporting_csv.file_of(report))})
    click.echo(f"Đã viết {len(report.figures)} con số {report.label}, {report.received}: {out}")
    click.echo(f"Lưu ý: {reporting_csv.NO_MESSAGE} (docs/reporting.md).")


@group.command("submissions")
@click.argument("code")
@click.argument("form_id")
@OUT
@with_visits
def of_submissions(code: str, form_id: str, out: Path) -> None:
    """Phiếu của một biểu mẫu trong một xã, không có cột cá nhân; đuôi .xlsx hoặc .csv. Ghi vào nhật ký."""
    commune = communes.commune(code)
    form = select_submissions.form(commune, form_id)
    is_workbook = out.suffix.lower() == ".xlsx"
    made = stream_submissions.prepare(
        select_submissions.choice(commune, form),
        WORKBOOK if is_workbook else EXCEL_VI,
        labels=True,
        made_by=MADE_BY,
        typed=is_workbook,
    )
    audit.add(
        audit.SHELL.name,
        "submissions.export",
        f"form:{form_id}",
        {"commune": commune.code, "as": out.suffix},
    )
    db.session.commit()
    _replace(
        out,
        {
            ".xlsx": lambda path: stream_submissions.xlsx(made, path),
            ".csv": lambda path: _pour(stream_submissions.csv_bytes(made), path),
        },
    )
    click.echo(f"Đã viết phiếu {form_id} của {commune.name}: {out}")


def _replace(out: Path, writers: dict[str, Callable[[Path], object]]) -> None:
    """Write by the ending of the file's name."""
    write = writers.get(out.suffix.lower())
    if write is None:
        refuse(f"{out}: đuôi tệp phải là {', '.join(writers)}.")
    out_file.replace(out, write)


def _pour(pieces: Iterable[bytes], path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(pieces)
