"""All communes on every indicator as a workbook: the numbers of the city's page, as numbers, ready to print."""

import io
from collections.abc import Iterator

import openpyxl
import pytest
from flask import Flask
from openpyxl.worksheet.worksheet import Worksheet

from server.coverage import city as city_tables
from server.db import db
from tests.conftest import Template, filled_once
from tests.leaders import fill, sign_up
from tests.people import Browser, browser, make_commune

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
