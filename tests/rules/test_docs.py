"""Pages made from code say what the code says."""

import dataclasses
from pathlib import Path

import pytest

from app import create_app
from server.cli import references
from server.settings import Settings, variable

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["settings.md", "cli.md"])
def test_a_page_made_from_code_is_current(name: str, tmp_path: Path) -> None:
    made = references.pages(create_app(Settings(instance=tmp_path, secret_key="for this test")).cli)
    assert (DOCS / name).read_text(encoding="utf-8") == made[name], "run `flask docs write`"


def test_every_setting_says_what_it_means() -> None:
    page = references.settings()
    for field in dataclasses.fields(Settings):
        assert field.metadata["meaning"].endswith((".", ")")), field.name
        assert f"`{variable(field.name)}`" in page
