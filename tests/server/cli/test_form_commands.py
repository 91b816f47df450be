"""`flask forms publish`: what has to be said by options that pages would ask."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from server.db import db
from server.models import Form, FormCommune, Indicator
from tests.people import make_commune
from tests.server.office.test_form_pages import OTHER, workbook

PURPOSE = ("--purpose", "Thử", "--legal-basis", "Luật", "--retention", "24")


@pytest.fixture
def published(app: Flask, tmp_path: Path) -> Path:
    make_commune()
    path = tmp_path / "phieu.md"
    path.write_bytes(workbook())
    assert run(app, path, *PURPOSE).exit_code == 0
    path.write_bytes(workbook(version="2", done=OTHER))
    return path


def run(app: Flask, path: Path, *options: str) -> Result:
    db.session.rollback()
    return app.test_cli_runner().invoke(args=["forms", "publish", str(path), *options])


def codes() -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(sa.select(Indicator.code).where(Indicator.code.like("nha_%"))))


def test_a_changed_expression_is_refused_until_its_meaning_is_said(app: Flask, published: Path) -> None:
    """R9."""
    refused = run(app, published)
    assert refused.exit_code != 0
    assert "ý nghĩa giữ nguyên" in refused.output
    assert run(app, published, "--same-meaning", "nha_wifi").exit_code == 0
    assert codes() == {"nha_wifi"}


def test_a_code_that_cannot_be_is_refused(app: Flask, published: Path) -> None:
    assert run(app, published, "--new-code", "nha_wifi=Nhà").exit_code != 0


def test_purpose_is_given_whole_and_communes_are_named(app: Flask, published: Path) -> None:
    assert run(app, published, "--same-meaning", "nha_wifi", "--purpose", "Thử").exit_code != 0
    given = ("--purpose", "Thử", "--legal-basis", "Luật", "--retention", "12", "--only", "11629")
    assert run(app, published, "--same-meaning", "nha_wifi", *given).exit_code == 0
    db.session.rollback()
    assert db.session.scalars(sa.select(Form)).one().retention_months == 12
    assert len(db.session.scalars(sa.select(FormCommune)).all()) == 1


def test_a_form_that_does_not_say_what_for_is_not_published(app: Flask, tmp_path: Path) -> None:
    """Purpose, legal basis and retention are asked for at publication, here as on the page."""
    path = tmp_path / "phieu.md"
    path.write_bytes(workbook())
    refused = run(app, path)
    assert refused.exit_code == 1
    assert "--purpose" in refused.output
    db.session.rollback()
    assert db.session.scalars(sa.select(Form)).all() == []
    assert run(app, path, *PURPOSE).exit_code == 0
