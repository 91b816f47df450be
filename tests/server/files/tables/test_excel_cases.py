"""Tables as offices have them (in tests/data/tables; want.json tells what each says): titles, sums, old letters."""

import json
from pathlib import Path

import pytest
from flask import Flask

from server.files.tables.excel_and_csv import TableRejected
from server.files.tables.read_table import RowsRejected
from server.households import list_comparison, list_import
from server.households.list_import import RegisterRejected
from server.models import Commune
from server.phones import collectors, collectors_import
from server.places import household_numbers_import
from tests import sample

FOLDER = Path(__file__).parents[3] / "data" / "tables"
CASES = json.loads((FOLDER / "want.json").read_text(encoding="utf-8"))


@pytest.fixture
def commune(app: Flask) -> Commune:
    found = sample.make_commune()
    for code, name in (("11629016", "Hòa Mỹ"), ("11629018", "Vạn Phúc"), ("11629019", "Cẩm La")):
        sample.make_village(found, code, name)
    return found


def read(reader: str, file: str, commune: Commune) -> list[list[object]]:
    content = (FOLDER / file).read_bytes()
    if reader == "collectors":
        made = collectors_import.add(collectors_import.read(content, file), commune)
        return [[each.collector.name, *_codes(each)] for each in made]
    if reader == "households":
        compared = list_comparison.compare(list_import.read(content, file), commune)
        rows = [*compared.new, *(twin.placed for twin in compared.twins)]
        rows.sort(key=lambda each: each.row.number)
        return [[each.row.label, each.village.code, each.row.address] for each in rows]
    told, wrong = household_numbers_import.figures(household_numbers_import.read(content, file), commune)
    if wrong:
        raise RowsRejected(wrong)
    return [[village.code, figures.households, figures.people] for village, figures in told]


def _codes(made: collectors.NewCollector) -> list[str]:
    return sorted(village.code for village in collectors.walked(made.collector))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
def test_a_table_is_read_as_people_mean_it(case: dict, commune: Commune) -> None:
    if case["rows"] is None:
        with pytest.raises((TableRejected, RegisterRejected)):
            read(case["reader"], case["file"], commune)
    else:
        assert read(case["reader"], case["file"], commune) == case["rows"]


def test_tables_one_below_the_other_each_have_the_thon_of_their_own_title(commune: Commune) -> None:
    """One sheet with a list for each thôn, the thôn in its title alone."""
    table = "DANH SÁCH HỘ {}\nSTT;Họ và tên chủ hộ;Địa chỉ\n1;{};Ngõ 2, số 5\nNgười lập;;{}\n"
    first = table.format("THÔN HÒA MỸ", "Lê Thị Ơn", "TRƯỞNG THÔN")
    content = first + "\n" + table.format("THÔN VẠN PHÚC", "Đỗ Văn Ướt", "TRƯỞNG THÔN")
    compared = list_comparison.compare(list_import.read(content.encode(), "ho.csv"), commune)
    told = [(each.row.label, each.village.code) for each in compared.new]
    assert told == [("Lê Thị Ơn", "11629016"), ("Đỗ Văn Ướt", "11629018")]


def test_fractions_are_refused_with_their_rows(commune: Commune) -> None:
    with pytest.raises(TableRejected) as rejected:
        read("numbers", "excel-03-bad.xlsx", commune)
    first, second = rejected.value.sentences
    assert first.startswith("Dòng 2: cột Số hộ: “1.25”")
    assert second.startswith("Dòng 3: cột Số hộ: “95,5”")


def test_where_nothing_is_known_the_columns_seen_and_looked_for_are_named(commune: Commune) -> None:
    with pytest.raises(RegisterRejected) as rejected:
        read("households", "excel-09-households-wrong.xlsx", commune)
    for words in ("“A”, “B”, “C”", "“Họ tên chủ hộ”", "“Thôn”"):
        assert words in str(rejected.value)
