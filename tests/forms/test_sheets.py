"""Files that are no workbooks, damaged ones and hostile ones: a form or errors, never anything else."""

import io
import zipfile

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from forms import sheets
from forms.convert_workbook import convert
from forms.errors import FormRejected, SheetError

HEAD = ["type", "name", "label", "relevant", "calculation", "constraint", "save_to", "choice_filter"]
GOOD = (["text", "ten", "Tên"], ["select_one co_khong", "co_wifi", "Có Wi-Fi?"])
CHOICES = [["list_name", "name", "label"], ["co_khong", "co", "Có"], ["co_khong", "khong", "Không"]]
SETTINGS = [["form_id", "version", "form_title"], ["khao_sat", "1", "Khảo sát"]]


def form(*rows, choices=CHOICES, entities=None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    sheets = {"survey": [HEAD, *rows], "choices": choices, "settings": SETTINGS, "entities": entities or []}
    for name, table in sheets.items():
        sheet = book.create_sheet(name)
        for row in table:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rejected(workbook: bytes, filename: str = "phieu.xlsx") -> tuple[SheetError, ...]:
    with pytest.raises(FormRejected) as caught:
        convert(workbook, filename)
    return caught.value.errors


def zipped(**parts) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    out = io.BytesIO(form(*GOOD))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


HOSTILE_FILES = [
    ("phieu.xlsx", b"", "rỗng"),
    ("phieu.xlsx", b"khong phai zip", "không phải file .xlsx"),
    ("phieu.xlsx", form(*GOOD)[:2000], "không phải file .xlsx"),
    ("phieu.xlsx", zipped(a=b"x"), "bị hỏng"),
    ("phieu.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600, "mật khẩu"),
    ("phieu.xlsx", with_part("xl/bomb.bin", b"0" * 51_000_000), "nén quá nhiều"),
    ("phieu.xlsx", with_part("xl/vbaProject.bin", b"x"), "macro"),
    ("phieu.xlsx", with_part("xl/e.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'), "DTD"),
    ("phieu.xlsm", form(*GOOD), "macro"),
    ("phieu.xls", b"khong phai xls", ".xls không đọc được"),
    ("phieu.pdf", b"%PDF", "không phải file Excel"),
    ("../../phieu", b"x", "không phải file Excel"),
    ("phieu.md", b"\xff\xfe", "Markdown"),
    ("phieu.xlsx", b"x" * 5_000_001, "5 MB"),
]


@pytest.mark.parametrize(("filename", "workbook", "words"), HOSTILE_FILES, ids=[str(i) for i in range(14)])
def test_a_hostile_file_gets_one_clear_error(filename, workbook, words):
    (error,) = rejected(workbook, filename)
    assert words in error.sentence


def test_a_sheet_of_too_many_rows_is_refused():
    (error,) = rejected(form(*(["note", f"n{i}", "N"] for i in range(5_001))))
    assert "5000 dòng" in error.sentence


def test_a_row_claimed_at_the_end_of_the_sheet_costs_nothing():
    book = openpyxl.load_workbook(io.BytesIO(form(*GOOD)))
    book["survey"].cell(row=1_048_576, column=1, value="text")
    out = io.BytesIO()
    book.save(out)
    assert convert(out.getvalue(), "a.xlsx").definition.fields


CELLS = st.one_of(
    st.none(),
    st.sampled_from(
        ["text", "select_one co_khong", "begin group", "end group", "begin repeat", "end repeat", "calculate"]
    ),
    st.sampled_from(
        ["${ten}", "${", "}", "ten", "meta", "audit", "range", "select_multiple ${ten}", "<b>&", "' or '"]
    ),
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12),
    st.integers(-5, 10**20),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=8), max_size=6),
    entities=st.lists(st.lists(CELLS, min_size=2, max_size=5), max_size=2),
    choices=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=3),
)
def test_any_cells_end_in_a_form_or_in_errors(rows, entities, choices):
    head = ["list_name", "label", "entity_id", "create_if", "update_if"]
    book = form(*GOOD, *rows, choices=[*CHOICES, *choices], entities=[head, *entities] if entities else None)
    outcome(book, "a.xlsx")


# Made once: its bytes hold the time of their making.
WHOLE = form(*GOOD)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_damaged_workbook_ends_in_a_form_or_in_errors(data):
    book = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 8))):
        book[data.draw(st.integers(0, len(book) - 1))] = data.draw(st.integers(0, 255))
    outcome(bytes(book), "a.xlsx")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["a.md", "a.xls", "a.xlsx", "a"]))
def test_any_bytes_end_in_errors(content, filename):
    outcome(content, filename)
    outcome(bytes.fromhex("d0cf11e0a1b11ae1") + content, filename)


def outcome(book: bytes, filename: str) -> None:
    try:
        converted = convert(book, filename)
    except FormRejected as refusal:
        told = [error.sentence for error in refusal.errors]
    else:
        told = [type(converted).__name__]
    assert told
    assert all(told)


def test_a_formula_without_a_result_is_pointed_at_and_one_with_a_result_is_read() -> None:
    """Programs that write workbooks store no results: the cell would read as blank."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "survey"
    for row in (["type", "name", "label"], ["text", "a", "A"], ["text", "b", '="B"&"1"']):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(FormRejected) as caught:
        sheets.read(out.getvalue(), "x.xlsx")
    [error] = caught.value.errors
    assert (error.sheet, error.row, error.column) == ("survey", 3, "label")
    assert "Paste Values" in error.sentence
    computed = io.BytesIO()
    with xlsxwriter.Workbook(computed, {"in_memory": True}) as written:
        page = written.add_worksheet("survey")
        for number, row in enumerate((["type", "name", "label"], ["text", "a", "A"])):
            page.write_row(number, 0, row)
        page.write_formula(2, 2, '="B"&"1"', None, "B1")
        page.write_row(2, 0, ["text", "b"])
    assert sheets.read(computed.getvalue(), "x.xlsx")["survey"].rows[1]["label"] == "B1"


@pytest.mark.parametrize("kind", ["end", "end time", "end_time", "start", "start time"])
def test_a_moment_that_the_phone_notes_closes_no_group(kind: str) -> None:
    table = (
        "| survey |\n| | type | name |\n| | begin_group | ho | |\n| | begin repeat | tv | |\n| | text | ten | |\n"
        f"| | {kind} | luc | |\n| | text | tuoi | |\n| | end_repeat | | |\n| | text | ghi | |\n| | end group | | |\n"
        f"| | {kind} | xong | |\n| | text | sau | |\n"
    )
    paths = [path for path, _ in sheets.read(table.encode(), "x.md")["survey"].questions()]
    assert paths == ["ho", "ho/tv", "ho/tv/ten", "ho/tv/luc", "ho/tv/tuoi", "ho/ghi", "xong", "sau"]


@pytest.mark.parametrize(
    "kind", ["group", "lgroup", "repeat", "looped group", "loop", "score", "rank", "kobomatrix"]
)
def test_every_kind_of_group_ends_where_it_says(kind: str) -> None:
    over = " over ds" if kind == "loop" else ""
    table = (
        f"| survey |\n| | type | name |\n| | begin {kind}{over} | a | |\n| | text | b | |\n| | end {kind} | | |\n"
        "| | text | c | |\n"
    )
    found = sheets.read(table.encode(), "x.md")["survey"].questions()
    assert [path for path, _ in found] == ["a", "a/b", "c"]
