"""Rules that hold for every template of pages: strict policies only work where all keep to them."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent.parent
PLAIN = "plain.html"
"""The page of a failing server brings its style with it, since files may fail too."""
TEMPLATES = sorted(
    path
    for package in ("dashboards", "server")
    for path in (ROOT / package / "templates").rglob("*.html")
    if path.name != PLAIN
)
OURS = sorted(
    path for ext in ("css", "js") for path in (ROOT / "dashboards" / "static" / ext).rglob(f"*.{ext}")
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_inline_style_script_or_handler(path: Path) -> None:
    """The pages' policy refuses them."""
    text = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("path", [*TEMPLATES, *OURS], ids=lambda path: path.name)
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    """A link that a reader may follow is none of ours to load."""
    text = path.read_text().replace('<a href="https://leafletjs.com">', "")
    assert not re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_only_drawn_patterns_go_unescaped(path: Path) -> None:
    assert set(re.findall(r"\{\{\s*([\w.]+)\s*\|\s*safe", path.read_text())) <= {"patterns"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_form_that_posts_carries_its_token(path: Path) -> None:
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", path.read_text(), re.DOTALL):
        assert "csrf_token()" in form


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_path_with_a_code_comes_from_its_view(path: Path) -> None:
    """A page that moves must not leave links behind."""
    assert not re.search(r'(?:href|src|action)="/[^"]', path.read_text())


def test_what_a_page_offers_in_english_is_there_in_english() -> None:
    """A text marked for translation that no catalogue has would stand in Vietnamese on an English page."""
    with (ROOT / "server" / "translations" / "en.po").open("rb") as file:
        known = {message.id for message in read_po(file, locale="en") if message.string}
    marked = re.compile(r"(?:\b_|\b(?:lazy_)?gettext)\(\s*((?:\"[^\"]*\"\s*)+)")
    sources = [
        *TEMPLATES,
        *(path for name in ("dashboards", "server") for path in (ROOT / name).rglob("*.py")),
    ]
    wanted = {
        "".join(re.findall(r"\"([^\"]*)\"", text))
        for path in sources
        for text in marked.findall(path.read_text())
    }
    assert wanted
    assert wanted - known == set()
