"""The report as PDF, set as its Word file is."""

from collections.abc import Sequence
from pathlib import Path

from flask import render_template

from dashboards.maps.map_picture import MapPicture
from dashboards.reports import report_sentences
from dashboards.reports.report_content import Report
from dashboards.reports.report_word import DRAFT
from server.coverage.coverage_problems import CoverageProblem
from server.errors import Problem

STYLE = Path(__file__).parents[1] / "static/css/report_paper.css"


def write_pdf(report: Report, pictures: Sequence[MapPicture], *, is_draft: bool) -> bytes:
    """The whole file; nothing is fetched for it. Problem PDF_IMPOSSIBLE where the system lacks Pango."""
    try:
        from weasyprint import CSS, HTML  # noqa: PLC0415 (needs Pango, and a second to load)
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except OSError as error:
        raise Problem(CoverageProblem.PDF_IMPOSSIBLE) from error
    annexes = report_sentences.annexes(report)
    page = render_template(
        "report_paper.html",
        report=report,
        prose=report_sentences,
        annexes=annexes,
        pictures=pictures,
        is_draft=is_draft,
        draft=DRAFT,
    )
    fetcher = URLFetcher(allowed_protocols={"data"})
    styles = [CSS(string=text, url_fetcher=fetcher) for text in (STYLE.read_text(), _widths(annexes))]
    written: bytes = HTML(string=page, url_fetcher=fetcher).write_pdf(stylesheets=styles)
    return written


def _widths(annexes: Sequence[report_sentences.Annex]) -> str:
    return "".join(
        f".part{number} col:nth-child({place}) {{ width: {width}mm; }}"
        for number, annex in enumerate(annexes, start=1)
        for place, width in enumerate(annex.widths, start=1)
    )
