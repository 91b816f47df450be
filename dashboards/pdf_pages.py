"""Pages as PDF files, in styles of our own; nothing is fetched for them."""

from pathlib import Path
from typing import Any

from server.coverage.coverage_problems import CoverageProblem
from server.errors import Problem

_FONTS: list[Any] = []
"""At most one: what was found of the system's fonts, which is a tenth of a page; Pango has it in one thread at a time,
so it is taken from here while a page is drawn."""


def drawn(page: str, style: Path, *, also: str = "") -> bytes:
    """A page of HTML in a file's style; `also` is style that was worked out for this page.

    Problem PDF_IMPOSSIBLE where the system lacks Pango.
    """
    try:
        from weasyprint import CSS, HTML  # noqa: PLC0415 (needs Pango, and a second to load)
        from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except OSError as error:
        raise Problem(CoverageProblem.PDF_IMPOSSIBLE) from error
    try:
        fonts = _FONTS.pop()
    except IndexError:  # the first page, or others are being drawn
        fonts = FontConfiguration()
    fetcher = URLFetcher(allowed_protocols={"data"})
    styles = [CSS(string=text, url_fetcher=fetcher) for text in (style.read_text(), also)]
    written: bytes = HTML(string=page, url_fetcher=fetcher).write_pdf(stylesheets=styles, font_config=fonts)
    _FONTS[:] = [fonts]
    return written
