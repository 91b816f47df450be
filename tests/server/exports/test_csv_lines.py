"""Lines of CSV are those of Python's csv module, however they are made, and disarmed where Excel reads them (X14)."""

import csv
import io
import math
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.exports.csv_lines import Lines
from server.exports.disarmed_cells import COMPUTED, disarmed
from server.exports.presets import PRESETS, Preset

TEXT = st.text(st.sampled_from("aÊ0 ,;\"'\n\r\t=+-@＝x"), max_size=6) | st.text(max_size=8)
CELL = TEXT | st.none() | st.integers() | st.floats() | st.booleans()
ROWS = st.lists(st.lists(CELL, min_size=1, max_size=6), max_size=4)


def by_cells(preset: Preset, row: Sequence[Any]) -> str:
    words = [orjson.dumps(cell).decode() if isinstance(cell, float | bool) else cell for cell in row]
    row = ["" if word == "null" and cell != "null" else word for word, cell in zip(words, row, strict=True)]
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if preset.quotes_all else csv.QUOTE_MINIMAL
    csv.writer(text, delimiter=preset.separator, lineterminator="\r\n", quoting=quoting).writerow(row)
    return text.getvalue().removesuffix("\r\n")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
@given(ROWS)
@example([[math.nan, "a"], [math.inf, None], [None, -math.inf], ["null", "b"], [True, math.nan]])
def test_lines_equal_those_of_the_csv_module(preset: Preset, rows: list[list[Any]]) -> None:
    wanted = [by_cells(preset, disarmed(row) if preset.guards else row) + preset.line_end for row in rows]
    assert Lines(preset).content(rows).decode() == "".join(wanted)


@pytest.mark.parametrize(
    "preset", [each for each in PRESETS.values() if each.guards], ids=lambda each: each.name
)
@given(ROWS)
def test_no_cell_that_excel_reads_begins_as_a_formula_but_a_number(
    preset: Preset, rows: list[list[Any]]
) -> None:
    read = csv.reader(
        io.StringIO(Lines(preset).content(rows).decode(), newline=""), delimiter=preset.separator
    )
    for row, cells in zip(rows, read, strict=True):
        for given_cell, cell in zip(row, cells, strict=True):
            assert not cell.startswith(COMPUTED) or not isinstance(given_cell, str)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Ngõ 3;=1+1", "Ngõ 3;'=1+1"),
        ('a;"=cmd()', "a;'\"=cmd()"),
        ("a\t@SUM(1)", "a\t'@SUM(1)"),
        ("a; -2;b", "a;' -2;b"),
        ("-a;+b", "'-a;'+b"),
        ("a\n=cmd()", "a\n'=cmd()"),
        ('a\r\n"-2', "a\r\n'\"-2"),
        ("＝1+1;＠a", "'＝1+1;'＠a"),
        ("co;khong", "co;khong"),
    ],
)
def test_a_cell_is_disarmed_for_readers_that_divide_by_another_sign(text: str, told: str) -> None:
    """Excel in Việt Nam divides by semicolons, whatever the file was written with."""
    assert disarmed([text]) == [told]
    assert disarmed([told]) == [told], "once is enough"
