"""`flask docs write`: the pages under docs/ that are made from code."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from server.cli import references


@click.group("docs")
def group() -> None:
    """Documentation."""


@group.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("docs"))
@with_appcontext
def write(folder: Path) -> None:
    """Viết lại các trang tài liệu làm từ mã nguồn (settings.md, cli.md, tables.md)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in references.pages(current_app.cli).items():
        (folder / name).write_text(text, encoding="utf-8")
        click.echo(f"Đã viết {folder / name}")
