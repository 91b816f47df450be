"""All communes on every indicator as a workbook: the numbers of the city's page, as numbers, ready to print."""

import datetime as dt
import io
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from openpyxl.worksheet.worksheet import Worksheet

from dashboards.downloads import city_workbook_pages
from server import clock
from server.coverage import city_table as city_tables
from server.db import db
from server.files import made_files, making_process
from server.models import Audit, MadeFile
from tests.conftest import Template, filled_once
from tests.leaders import fill, sign_up
from tests.people import Browser, browser, make_commune, make_person

pytestmark = pytest.mark.usefixtures("noon")

FILE = "/thanh-pho/cac-chi-tieu.xlsx"


@pytest.fixture(scope="module")
def prepared(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, noon: None
) -> Iterator[Template]:
    with filled_once(template_database, tmp_path_factory.mktemp("filled"), _fill) as found:
        yield found


def _fill(_app: Flask) -> None:
    commune = fill("11629", villages=13)
    fill("10930", villages=6)
    sign_up(commune)
    sign_up(commune, "city", "thanh.pho")
    db.session.commit()


@pytest.fixture
def city(app: Flask) -> Browser:
    visitor = browser(app)
    visitor.sign_in("thanh.pho")
    return visitor


def sheets(city: Browser) -> list[Worksheet]:
    answer = city.get(FILE)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == "attachment; filename=cac-xa-2026-11-22.xlsx"
    return list(openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets)


def test_every_commune_has_a_row_and_every_indicator_with_numbers_a_pair_of_columns(city: Browser) -> None:
    make_commune("11300", "Ái Quốc")
    first, *_ = sheets(city)
    heads = [cell.value for cell in first[1]]
    assert heads[:5] == ["Mã xã", "Xã, phường, đặc khu", "Số hộ", "Đã gặp", "% đã gặp"]
    assert [cell.value for cell in first["B"]][1:4] == ["Xã Ái Quốc", "Xã An Lão", "Xã Mao Điền"]
    rows = {row[0].value: dict(zip(heads, row, strict=True)) for row in first.iter_rows(2, 4)}
    for code in ("11629", "10930"):
        told = city.get(f"/api/v1/communes/{code}/coverage").get_json()
        for each in told["indicators"]:
            cell = rows[code].get(f"{each['label']} %")
            if cell is not None and each["suppressed"] is None and each["percent"] is not None:
                assert (cell.data_type, cell.value) == ("n", each["percent"]), each["code"]
    assert sum(head.endswith(" %") for head in heads[5:]) >= 6


def test_the_first_sheet_prints_one_page_wide_with_its_heading_on_each(city: Browser) -> None:
    first, *_ = sheets(city)
    assert first.page_setup.orientation == "landscape"
    assert first.sheet_properties.pageSetUpPr.fitToPage
    assert (first.page_setup.fitToWidth or 1, first.page_setup.fitToHeight) == (1, 0)
    assert first.print_title_rows == "$1:$1"
    assert first.freeze_panes == "C2"
    assert first.auto_filter.ref


def test_no_column_mixes_a_share_with_an_offices_number(city: Browser) -> None:
    first, long, _source = sheets(city)
    heads = [cell.value for cell in long[1]]
    rows = [dict(zip(heads, row, strict=True)) for row in long.iter_rows(2, values_only=True)]
    assert {row["Mã xã"] for row in rows} == {"11629", "10930"}
    assert all(row["Tỷ lệ trên số đã hỏi (%)"] is None or row["Trên tổng đã hỏi"] for row in rows)
    assert any(row["Ước lượng cả xã (%)"] is not None for row in rows)
    for column in first.iter_cols(6):
        kinds = {cell.data_type for cell in column[1:3] if cell.value is not None}
        if str(column[0].value).endswith(" %"):
            assert kinds <= {"n", "s"}
            assert all(str(cell.value)[0] in "><dk" for cell in column[1:3] if cell.data_type == "s")


def test_tables_that_are_read_together_are_those_that_the_page_reads_one_by_one(app: Flask) -> None:
    choices = city_tables.choices()
    together = list(city_tables.tables(choices))
    assert together == [city_tables.table(each) for each in choices]
    assert {each.indicator.unit for each in together} >= {"household", "person", "adult", "place", "business"}
    assert any(row.estimate for each in together for row in each.rows)


def test_only_who_compares_communes_may_have_it(app: Flask) -> None:
    leader = browser(app)
    leader.sign_in("lanh.dao")
    assert leader.get(FILE).status_code == 403


@pytest.fixture
def is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the city had more communes; no process is begun: a test makes the file when it likes."""
    monkeypatch.setattr(city_workbook_pages, "LONG", 2)
    monkeypatch.setattr(making_process, "wake", lambda: None)


def make(app: Flask) -> None:
    db.session.rollback()
    making_process.work(app, nice=0)
    db.session.rollback()


def values(content: bytes) -> list[list[tuple[object, ...]]]:
    """Each sheet but the source, which tells the moment of making."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets[:-1]]


def taken_in_the_audit() -> list[Audit]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Audit).where(Audit.act == "city.export")))


def test_that_of_a_large_city_is_made_beside_the_server_and_is_the_same_file(
    app: Flask, city: Browser, monkeypatch: pytest.MonkeyPatch, is_large: None
) -> None:
    """Also of a past day; each taking of either is in the audit."""
    asked = f"{FILE}?den_ngay=2026-11-15"
    link = re.search(rf'<a href="{FILE}"([^>]*)>', city.get("/thanh-pho").text)
    assert link is not None
    assert link[1] == "", "with `download` a browser would save the page that tells how far it is"
    answer = city.get(asked)
    assert answer.status_code == 303
    assert city.get(asked).location == answer.location
    page = str(answer.location)
    rows = city_tables.size()[0] * len(city_tables.compared())
    told = city.get(page).text
    assert "Đang chờ" in told
    assert f'<progress max="{rows}"' in told
    assert '<a href="/thanh-pho" aria-current="page">' in told
    assert city.get(f"{page}/noi-dung").status_code == 410
    assert taken_in_the_audit() == []
    make(app)
    assert "Tệp đã tạo xong: cac-xa-2026-11-15.xlsx" in city.get(page).text
    made = city.get(f"{page}/noi-dung")
    assert made.headers["Content-Disposition"] == "attachment; filename=cac-xa-2026-11-15.xlsx"
    monkeypatch.undo()
    assert values(made.data) == values(city.get(asked).data)
    assert [each.detail for each in taken_in_the_audit()] == [{"as_of": "2026-11-15"}] * 2


def test_how_many_rows_are_counted_is_told_while_it_is_made(
    app: Flask, city: Browser, is_large: None
) -> None:
    city.get(FILE)
    row = made_files.take_up()
    assert row is not None
    told: list[int] = []
    with app.test_request_context(row.address):
        app.extensions["tungnha.makers"][row.kind](row, Path(), told.append)
    assert told == sorted(told)
    assert told[-1] == row.of


def test_communes_that_have_not_begun_do_not_make_it_long(
    city: Browser, is_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its work grows with the thôn: a city of a hundred communes of which two began has it at once."""
    assert city_tables.size() == (2, 19)
    monkeypatch.setattr(city_workbook_pages, "LONG", 19 * len(city_tables.compared()) + 1)
    for number in range(30):
        make_commune(f"113{number:02}", f"Xã {number}")
    db.session.commit()
    assert city.get(FILE).status_code == 200
    make_commune("11400", "Ái Quốc", thon=1)
    db.session.commit()
    assert city.get(FILE).status_code == 303


def test_nobody_else_is_given_that_of_a_large_city(app: Flask, city: Browser, is_large: None) -> None:
    """Others who see the city ask for their own; a commune's people are given none."""
    page = str(city.get(FILE).location)
    make(app)
    make_person("thanh.pho.hai", "city")
    for name, status in (("thanh.pho.hai", 410), ("lanh.dao", 403)):
        other = browser(app)
        other.sign_in(name)
        for path in (page, f"{page}/noi-dung"):
            assert other.get(path).status_code == status, (name, path)
        assert other.get(FILE).status_code == (303 if status == 410 else 403)
    assert city.get(page.replace("/thanh-pho/cac-chi-tieu/", "/xa/11629/tai-ve/")).status_code in (403, 410)
    with db.engine.begin() as connection:
        connection.execute(sa.update(MadeFile).values(asked_at=clock.now() - dt.timedelta(hours=25)))
    assert city.get(page).status_code == 410


def test_one_that_was_ended_in_the_middle_is_made_anew(app: Flask, city: Browser, is_large: None) -> None:
    page = str(city.get(FILE).location)
    assert made_files.take_up() is not None
    with db.engine.begin() as connection:
        connection.execute(sa.update(MadeFile).values(seen_at=clock.now() - dt.timedelta(minutes=2)))
    assert "dừng giữa chừng" in city.get(page).text
    make(app)
    assert "Tệp đã tạo xong" in city.get(page).text
