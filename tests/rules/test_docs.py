"""Pages made from code say what the code says."""

import dataclasses
from pathlib import Path

import pytest

from app import create_app
from server.cli import references, table_reference
from server.db import Base
from server.settings import Settings, variable

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["settings.md", "cli.md", "tables.md"])
def test_a_page_made_from_code_is_current(name: str, tmp_path: Path) -> None:
    made = references.pages(create_app(Settings(instance=tmp_path, secret_key="for this test")).cli)
    assert (DOCS / name).read_text(encoding="utf-8") == made[name], "run `flask docs write`"


def test_every_setting_says_what_it_means() -> None:
    page = references.settings()
    for field in dataclasses.fields(Settings):
        assert field.metadata["meaning"].endswith((".", ")")), field.name
        assert f"`{variable(field.name)}`" in page


def test_every_table_stands_on_the_page_of_tables_with_its_sentence() -> None:
    page = table_reference.tables()
    assert {f"### {mapper.class_.__tablename__}" for mapper in Base.registry.mappers} <= set(page.split("\n"))
    silent = [mapper.class_.__name__ for mapper in Base.registry.mappers if not mapper.class_.__doc__]
    assert silent == []
