"""What documents point to is there: files by relative links, targets of the Makefile, commands, settings."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import click
import pytest
from flask import Flask

from server.settings import variables

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")})
"""All pages that people read; forms in forms/library are tables of questions, not pages."""
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
PLACES = (".ci", "server", "dashboards", "forms", "geo", "tests", "bench", "docs")
FILES = {
    str(path.relative_to(ROOT))
    for place in [ROOT, *(ROOT / place for place in PLACES)]
    for path in (place.glob("*") if place == ROOT else place.rglob("*"))
    if path.is_file()
}

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCED = re.compile(r"```.*?```", re.DOTALL)
_QUOTED = re.compile(r"`([^`\n]+)`")
_MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
_FLASK = re.compile(r"\bflask (?:--app app )?([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
_FILE = re.compile(r"[\w.][\w./-]*\.(?:py|html|js|css|lark|po|md|yaml)")
_FOLDER = re.compile(rf"(?:{'|'.join(PLACES)})/[\w./-]*/")
_NAME_IN_FILE = re.compile(r"`(\w+)` (?:in|of) `([\w./-]+\.py)`")
_SUPERSEDED = "*Superseded by"
"""A decision that gave way tells of files as they were."""
_SETTING = re.compile(r"\bTUNGNHA_[A-Z_]+\b")
_OTHERS = {
    "TUNGNHA_FORMPACK_PYTHON",
    "TUNGNHA_TEST_COMMUNES",
    "TUNGNHA_TEST_POSTGRES",
    "TUNGNHA_TEST_MUTATIONS",
    "TUNGNHA_TEST_PICTURES",
    "TUNGNHA_TEST_DEBIAN",
    "TUNGNHA_TEST_QGIS",
}
"""Read by tests alone."""

every_document = pytest.mark.parametrize("name", NAMES)


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _commands(text: str) -> Iterator[str]:
    """What stands in code, inline or in blocks: prose may "make sense"."""
    for block in _FENCED.findall(text):
        yield from block.splitlines()
    yield from _QUOTED.findall(_FENCED.sub("", text))


def _anchor(heading: str) -> str:
    """A heading as the fragment that leads to it."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {_anchor(heading) for heading in headings}


@every_document
def test_every_relative_link_leads_to_a_file(name: str) -> None:
    for target in _LINK.findall(_FENCED.sub("", _text(name))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        found = (ROOT / name).parent / path if path else ROOT / name
        assert found.resolve().is_relative_to(ROOT), target
        assert found.exists(), target
        assert not fragment or fragment in _anchors(found), target


@every_document
def test_every_file_and_folder_named_is_there(name: str) -> None:
    """A file is named by its path, or by the end of it where the line says its folder or no other file has the name."""
    if _SUPERSEDED in _text(name):
        return
    for line in _FENCED.sub("", _text(name)).splitlines():
        quoted = _QUOTED.findall(line)
        folders = {quote for quote in quoted if _FOLDER.fullmatch(quote)}
        assert [folder for folder in folders if not (ROOT / folder).is_dir()] == [], line
        named = [quote for quote in quoted if _FILE.fullmatch(quote)]
        folders |= {f"{PurePosixPath(file).parent}/" for file in named if "/" in file}
        for file in named:
            ends = [path for path in FILES if f"/{path}".endswith(f"/{file}")]
            beside = [path for path in ends if any(folder in f"{path}/" for folder in folders)]
            assert file in FILES or beside or len(ends) == 1, f"{file}: {line}"


@every_document
def test_every_name_said_to_stand_in_a_file_stands_there(name: str) -> None:
    if _SUPERSEDED in _text(name):
        return
    for word, file in _NAME_IN_FILE.findall(_text(name)):
        assert re.search(rf"\b{word}\b", _text(file)), f"{word} in {file}"


@every_document
def test_every_make_target_named_is_in_the_makefile(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))
    named = {target for line in _commands(_text(name)) for target in _MAKE.findall(line)}
    assert named <= targets


@every_document
def test_every_command_named_is_there(name: str, app: Flask) -> None:
    with click.Context(app.cli) as context:
        for line in _commands(_text(name)):
            for group, verb in _FLASK.findall(line):
                command = app.cli.get_command(context, group)
                assert command is not None, line
                if isinstance(command, click.Group) and verb:
                    assert command.get_command(context, verb) is not None, line


@every_document
def test_every_setting_named_is_one(name: str) -> None:
    known = variables() | _OTHERS
    assert set(_SETTING.findall(_text(name))) <= known


def test_every_decision_is_numbered_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = _text("docs/decisions/README.md")
    pages = sorted(path.name for path in folder.glob("0*.md"))
    assert [int(page[:4]) for page in pages] == list(range(1, len(pages) + 1))
    assert [page for page in pages if f"({page})" not in listed] == []


def test_every_page_of_the_documentation_is_reached_from_the_readme() -> None:
    """Decisions are listed by their own page."""
    pages = {path for path in DOCUMENTS if path.parent == ROOT / "docs"}
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = (
            target.partition("#")[0] for target in _LINK.findall(_FENCED.sub("", page.read_text("utf-8")))
        )
        ahead += [
            (page.parent / each).resolve() for each in targets if each and not re.match(r"[a-z]+:", each)
        ]
    assert sorted(str(page.relative_to(ROOT)) for page in pages - reached) == []
