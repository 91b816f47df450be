"""A report made in one go: its content, and its files where they are asked for."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from dashboards.maps.map_picture import MapPicture
from dashboards.reports import report_content, report_maps, report_periods
from dashboards.reports.report_content import Report, ReportWish
from dashboards.reports.report_pdf import write_pdf
from dashboards.reports.report_periods import Period
from dashboards.reports.report_word import write_docx
from geo.compute_coverage import CoverageTable
from server import clock
from server.coverage.coverage_problems import CoverageProblem
from server.errors import Problem
from server.models import Commune


@dataclass(frozen=True)
class ReportKind:
    """A kind of file of a report."""

    ending: str
    media_type: str
    name: str
    write: Callable[[Report, Sequence[MapPicture], bool], bytes]


WORD = ReportKind(
    "docx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "Word (.docx)",
    lambda report, pictures, is_draft: write_docx(report, pictures, is_draft=is_draft),
)
PDF = ReportKind(
    "pdf",
    "application/pdf",
    "PDF",
    lambda report, pictures, is_draft: write_pdf(report, pictures, is_draft=is_draft),
)
KINDS: Mapping[str, ReportKind] = {kind.ending: kind for kind in (WORD, PDF)}


@dataclass(frozen=True)
class MadeReport:
    """A report with the table it was made from; its maps are drawn when a first file needs them."""

    commune: Commune
    report: Report
    table: CoverageTable

    @cached_property
    def pictures(self) -> tuple[MapPicture, ...]:
        return report_maps.maps_of(self.commune, self.table)

    def file(self, kind: ReportKind, *, is_draft: bool) -> bytes:
        return kind.write(self.report, self.pictures, is_draft)


def period_of(key: str) -> Period:
    """Problem PERIOD_UNKNOWN for what is no period, or one that has not begun."""
    found = report_periods.read(key)
    if found is None or found.start > clock.today():
        raise Problem(CoverageProblem.PERIOD_UNKNOWN, period=key[:20])
    return found


def make(commune: Commune, period: Period, day: dt.date | None, wish: ReportWish) -> MadeReport:
    """Problem REPORT_EMPTY for a commune without thôn."""
    report, table = report_content.build(commune, period, day or clock.today(), wish)
    if not table.villages:
        raise Problem(CoverageProblem.REPORT_EMPTY)
    return MadeReport(commune, report, table)


def file_name(report: Report, ending: str) -> str:
    """Letters that every system takes."""
    return f"bao-cao-{report.code}-{report.period.lower()}-{report.as_of}.{ending}"
