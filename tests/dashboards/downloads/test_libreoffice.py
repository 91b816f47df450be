"""LibreOffice opens the files of a shared link from their addresses, and reads the numbers that are stored (N16).

It is started where it is installed; `.ci/run` does not install it: that takes longer than all else there.
"""

import datetime as dt
import shutil
import subprocess
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.serving import make_server

from dashboards.downloads import link_tables
from server import clock
from server.accounts import shared_links
from server.audit import SHELL
from server.coverage import coverage_table
from server.db import db
from server.models import Commune, Person
from tests.leaders import NOON, fill, sign_up

OFFICE = shutil.which("soffice")
pytestmark = pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed here (libreoffice-calc)")
SECONDS = 180
READ_AS = {".html": "HTML (StarCalc)", ".csv": "CSV:44,34,76,1"}
"""What a person chooses in its dialogs: a page as a sheet; commas, quotes, UTF-8."""


@pytest.fixture
def link(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a link to a commune's thôn, served on this machine."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    commune = fill("11629", villages=14)
    sign_up(commune)
    maker = db.session.scalars(sa.select(Person)).unique().one()
    key = shared_links.add("Calc", "coverage", maker.id, commune=commune, days=365, by=SHELL).key
    db.session.commit()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/lien-ket/{key}"
    server.shutdown()
    thread.join()


def opened(address: str, folder: Path) -> list[list[object]]:
    """The first sheet of what LibreOffice makes of an address."""
    profile = folder.parent / "profile"
    command = [
        str(OFFICE), "--headless", f"-env:UserInstallation=file://{profile}",
        "--convert-to", "xlsx:Calc MS Excel 2007 XML",
        "--outdir", str(folder), address,
    ]  # fmt: skip
    command[1:1] = [f"--infilter={READ_AS[ending]}" for ending in READ_AS if address.endswith(ending)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    made = list(folder.glob("*.xlsx"))
    assert len(made) == 1, done.stdout + done.stderr
    sheet = openpyxl.load_workbook(made[0], data_only=True).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def plain(value: object) -> object:
    """A value without what a kind of file does to it: no text is nothing, a day is a day."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value)).normalize()
    text = str(value or "").strip()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return text


def test_every_file_of_a_link_opens_with_the_numbers_that_are_stored(link: str, tmp_path: Path) -> None:
    for name in ("bang.xlsx", "bang.csv", "tu-lam-moi.xlsx", "bang.html"):
        folder = tmp_path / name
        folder.mkdir()
        head, *rows = opened(f"{link}/{name}", folder)
        wanted = link_tables.of_coverage(coverage_table.table(_commune(), feed=True))
        assert [plain(each) for each in head] == [plain(column.label) for column in wanted.columns], name
        codes = [plain(row[0]) for row in wanted.rows]
        assert [str(row[0]) for row in rows] == codes, name  # a CSV says of no figures that they are a code
        assert [[plain(each) for each in row[1:]] for row in rows] == [
            [plain(each) for each in row[1:]] for row in wanted.rows
        ], name


def _commune() -> Commune:
    return db.session.scalars(sa.select(Commune)).one()
