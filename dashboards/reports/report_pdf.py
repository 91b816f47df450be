"""The report as PDF, set as its Word file is."""

from collections.abc import Sequence
from pathlib import Path

from flask import render_template

from dashboards import pdf_pages
from dashboards.maps.map_picture import MapPicture
from dashboards.reports import report_sentences
from dashboards.reports.report_content import Report
from dashboards.reports.report_word import DRAFT

STYLE = Path(__file__).parents[1] / "static/css/report_paper.css"


def write_pdf(report: Report, pictures: Sequence[MapPicture], *, is_draft: bool) -> bytes:
    """The whole file; nothing is fetched for it. Problem PDF_IMPOSSIBLE where the system lacks Pango."""
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
    return pdf_pages.drawn(page, STYLE, also=_widths(annexes))


def _widths(annexes: Sequence[report_sentences.Annex]) -> str:
    return "".join(
        f".part{number} col:nth-child({place}) {{ width: {width}mm; }}"
        for number, annex in enumerate(annexes, start=1)
        for place, width in enumerate(annex.widths, start=1)
    )
