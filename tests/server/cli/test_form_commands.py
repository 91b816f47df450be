"""`flask forms publish`: what has to be said by options that pages would ask."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from forms import library
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


def test_a_folder_is_checked_file_by_file(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "nha").mkdir()
    data = Path(__file__).parents[2] / "data" / "check"
    (tmp_path / "nha" / "gieng.xlsx").write_bytes((data / "khao_sat_gieng.xlsx").read_bytes())
    (tmp_path / "hong.xlsx").write_bytes(b"%PDF-1.7")
    (tmp_path / "~$hong.xlsx").write_bytes(b"")
    told = app.test_cli_runner().invoke(args=["forms", "check", str(tmp_path)])
    assert told.exit_code == 1
    assert told.output.splitlines() == [
        "hong.xlsx\tkhông: không phải file .xlsx, hoặc file tải lên dở dang.",
        "nha/gieng.xlsx\tdùng được",
        "1 trong 2 tệp dùng được.",
    ]


def test_a_form_that_opens_files_is_checked_without_them(app: Flask) -> None:
    """What is not there yet is asked for at publication, and nothing English is said of it."""
    path = Path(__file__).parents[2] / "data" / "lists" / "visit_tree.md"
    told = app.test_cli_runner().invoke(args=["forms", "check", str(path)])
    assert told.exit_code == 0
    assert "Dùng được: Thăm Cây đa" in told.output
    assert "which is not there" not in told.output


def test_the_library_leaves_a_form_that_an_officer_changed_and_says_which(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "wifi.xlsx"
    own = library.read("wifi_cong_cong").replace("Tại đây có Wi-Fi", "Ở nhà văn hóa có Wi-Fi")
    path.write_bytes(library.workbook(own, "9"))
    assert run(app, path).exit_code == 0
    told = app.test_cli_runner().invoke(args=["forms", "publish", "--library"])
    assert told.exit_code == 0
    assert "Giữ bản đang dùng" in told.output
    assert "wifi_cong_cong, phiên bản 9" in told.output
