"""`flask report`: the draft of a report as a file, by hand or by a clock."""

from pathlib import Path

import click

from dashboards.reports import report_making, report_periods
from dashboards.reports.report_content import ReportWish
from server import clock
from server.cli import arguments, out_file
from server.cli.groups import SpokenCommand, refuse, with_visits
from server.places import communes


@click.command("report", cls=SpokenCommand)
@click.argument("code")
@click.option("--ky", "period", help="Kỳ báo cáo: 2026-11, 2026-Q4, 2026-H2 hoặc 2026; bỏ trống: tháng này.")
@click.option("--ngay", "day", help="Số liệu tính đến ngày, dạng 2026-11-22; bỏ trống: hôm nay.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Tệp viết ra, đuôi .docx hoặc .pdf.",
)
@with_visits
def command(code: str, period: str | None, day: str | None, out: Path) -> None:
    """Dự thảo báo cáo của một xã ra tệp Word hoặc PDF; phát hành thì làm trên trang Báo cáo."""
    kind = report_making.KINDS.get(out.suffix.lower().lstrip("."))
    if kind is None:
        refuse(f"{out}: đuôi tệp phải là .docx hoặc .pdf.")
    chosen = report_making.period_of(period) if period else report_periods.of_month(clock.today())
    made = report_making.make(communes.commune(code), chosen, arguments.day(day), ReportWish())
    out_file.write(out, made.file(kind, is_draft=True))
    click.echo(f"Đã viết dự thảo báo cáo {made.report.label}, {made.report.received}: {out}")
