"""Pages as PDF: several at once, each its own."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboards import pdf_pages

pytest.importorskip("weasyprint", exc_type=OSError)


def test_pages_that_are_drawn_at_once_are_each_the_one_that_is_drawn_alone(tmp_path: Path) -> None:
    """Fonts are kept from page to page, and never used by two at a time."""
    style = tmp_path / "page.css"
    style.write_text("body { font: 12pt sans-serif; }")

    def size(number: int) -> int:
        page = f"<!doctype html><p>Thôn {'Vạn Phúc ' * number}</p>"
        return len(pdf_pages.drawn(page, style, also="@page { size: A5; }"))

    alone = [size(number) for number in range(1, 9)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(size, range(1, 9))) == alone
