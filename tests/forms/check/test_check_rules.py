"""The sheet `kiem_tra`: what an officer may write in it, told by sheet, row and column, and what phones see of it."""

import io

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyxform.xls2xform import convert as unmodified

from forms import library, visit_checks
from forms.convert_workbook import convert
from forms.definition import Definition
from forms.errors import FormRejected
from forms.visit_checks import read_act, read_share
from geo import funnel_limits
from server.households import door_remarks

SURVEY = [
    ["type", "name", "label", "calculation"],
    ["select_one kq", "ket_qua", "Kết quả"],
    ["integer", "so_nguoi", "Số người"],
    ["text", "ten", "Tên"],
    ["select_multiple kq", "nhieu", "Nhiều ý"],
    ["begin repeat", "nguoi", "Người"],
    ["integer", "tuoi", "Tuổi"],
    ["end repeat"],
]
CHOICES = [["list_name", "name", "label"], ["kq", "gap", "Gặp"], ["kq", "vang", "Vắng"]]
SETTINGS = [["form_id", "version", "form_title"], ["tham", "1", "Thăm"]]
PURPOSE = [["muc_dich", "can_cu", "luu_thang"], ["Đếm", "Đ19", "24"]]
HEAD = ["ma", "dieu_kien", "loi_nhan", "viec", "muc", "nguong", "tu_phieu"]
DOUBTFUL = "${ket_qua} = 'gap' and count(${nguoi}[${tuoi} > 90]) > 2"


def workbook(*rows: list[object], head: list[str] = HEAD, sheet: str = "kiem_tra") -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    tables = {"survey": SURVEY, "choices": CHOICES, "settings": SETTINGS, "muc_dich": PURPOSE}
    for name, table in {**tables, **({sheet: [head, *rows]} if rows else {})}.items():
        made = book.create_sheet(name)
        for row in table:
            made.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def told(*rows: list[object], head: list[str] = HEAD) -> list[str]:
    with pytest.raises(FormRejected) as caught:
        convert(workbook(*rows, head=head), "phieu.xlsx")
    return [str(each) for each in caught.value.errors]


def test_a_check_is_read_with_its_act_weight_and_share_as_officers_write_them():
    rows = (
        ["gia", DOUBTFUL, "Nhiều  cụ già", "Hỏi lại", 5, None, None],
        ["vang", "${ket_qua} = 'vang'", "Vắng nhiều", "goi_dien", None, 0.6, 30],
    )
    first, second = convert(workbook(*rows), "phieu.xlsx").definition.checks
    assert (first.message, first.act, first.weight, first.threshold) == ("Nhiều cụ già", "hoi_lai", 5, None)
    assert (second.act, second.weight, second.over, second.least) == ("goi_dien", 3, "3/5", 30)


def test_a_definition_keeps_its_checks_and_one_from_before_has_none():
    definition = convert(workbook(["gia", DOUBTFUL, "Nhiều cụ già"]), "phieu.xlsx").definition
    stored = definition.to_json()
    assert Definition.from_json(stored).checks == definition.checks
    del stored["checks"]
    assert Definition.from_json(stored).checks == ()


def test_phones_and_an_unmodified_converter_see_nothing_of_the_sheet():
    """R32."""
    with_sheet, without = workbook(["gia", DOUBTFUL, "Nhiều cụ già"]), workbook()
    assert convert(with_sheet, "phieu.xlsx").xform == convert(without, "phieu.xlsx").xform
    read = [unmodified(io.BytesIO(each), file_type=".xlsx") for each in (with_sheet, without)]
    assert read[0].xform == read[1].xform
    assert not any("kiem_tra" in warning for warning in read[0].warnings)


def test_a_sheet_that_is_nearly_named_so_is_told():
    [warned] = convert(workbook(["gia", DOUBTFUL, "x"], sheet="kiem_trâ"), "phieu.xlsx").warnings
    assert "Có phải “kiem_tra”?" in str(warned)


WRONG = (
    ("${ket_qa} = 'gap'", "không phải tên câu hỏi nào"),
    ("${ket_qua} = 'gặp'", "không có lựa chọn “gặp”. Có: gap, vang"),
    ("'gapp' != ${ket_qua}", "không có lựa chọn “gapp”"),
    ("selected(${nhieu}, 'khac')", "không có lựa chọn “khac”"),
    ("${ten} > 3", "trả lời bằng chữ"),
    ("-${ten} = 3", "trả lời bằng chữ"),
    ("${tuoi} > 90", "nằm trong phần lặp “nguoi”"),
    ("count(${nguoi}[tuoii > 90]) > 0", "“tuoii” không phải tên câu hỏi nào"),
    ("${so_nguoi} > 3 and today() > '2026-01-01'", "today() là đồng hồ"),
    ("now() > 3", "now() là đồng hồ"),
    ("random() > 0.5", "random() là đồng hồ"),
    ("instance('kq')/root/item[name = ${ket_qua}]/label = 'x'", "danh sách trên điện thoại"),
    ("${last-saved#so_nguoi} = ${so_nguoi}", "last-saved là của điện thoại"),
    ("${so_nguoi} == 3", "Thay == bằng một dấu ="),
    ("count(${nguoi}", "dấu “(”"),
    ("dem(${nguoi}) > 3", "không có hàm “dem”"),
    (". > 3", "dấu chấm"),
    ("so_nguoi > 3", "không có dấu nháy"),
    ("", "chưa có điều kiện"),
)


@pytest.mark.parametrize(("condition", "sentence"), WRONG)
def test_a_condition_that_cannot_be_worked_out_later_is_told_at_its_cell(condition: str, sentence: str):
    """R32."""
    [error] = told(["a", condition, "Lời nhắn"])
    assert error.startswith("Trang tính “kiem_tra”, dòng 2, cột “dieu_kien”")
    assert sentence in error


CELLS = (
    (["A b", DOUBTFUL, "x"], "ma", "chữ thường không dấu"),
    (["a", DOUBTFUL, None], "loi_nhan", "chưa có lời nhắn"),
    (["a", DOUBTFUL, "x" * 121], "loi_nhan", "dài quá 120 chữ"),
    (["a", DOUBTFUL, "Hỏi lại ${ten}"], "loi_nhan", "không chèn câu trả lời"),
    (["a", DOUBTFUL, "x", "phạt tiền"], "viec", "xem lại, hỏi lại, phúc tra, gọi điện"),
    (["a", DOUBTFUL, "x", None, 6], "muc", "từ 1 (nhẹ) đến 5 (nặng)"),
    (["a", DOUBTFUL, "x", None, None, "nhiều"], "nguong", "ví dụ 30 %"),
    (["a", DOUBTFUL, "x", None, None, 0.3, 10], "tu_phieu", "từ 11 trở lên"),
    (["a", DOUBTFUL, "x", None, None, None, 30], "tu_phieu", "chỉ dùng cùng cột nguong"),
)


@pytest.mark.parametrize(("row", "column", "sentence"), CELLS)
def test_a_cell_that_says_nothing_known_is_told(row: list[object], column: str, sentence: str):
    [error] = told(row)
    assert f"dòng 2, cột “{column}”" in error
    assert sentence in error


def test_two_checks_of_one_code_and_a_missing_column_are_told():
    assert "mã kiểm tra “a” đã có" in told(["a", DOUBTFUL, "x"], ["a", DOUBTFUL, "y"])[0]
    assert told(["a", DOUBTFUL], head=["ma", "dieu_kien"]) == [
        "Trang tính “kiem_tra”, cột “loi_nhan”: thiếu cột “loi_nhan” ở dòng đầu."
    ]


def test_a_check_that_suspects_everybody_who_was_away_is_warned_of():
    [warned] = convert(workbook(["a", "not(${so_nguoi} > 0)", "x"]), "phieu.xlsx").warnings
    assert "đúng cả khi chưa trả lời câu nào" in str(warned)
    assert not convert(workbook(["a", "${so_nguoi} = 0", "x"]), "phieu.xlsx").warnings


@given(percent=st.integers(1, 99))
def test_a_share_means_the_same_however_excel_shows_it(percent: int):
    for text in (f"{percent}%", f"{percent} %", str(percent), f"{percent},0 %", str(percent / 100)):
        assert read_share(text) is not None
        assert read_share(text) * 100 == percent  # type: ignore[operator]


@given(text=st.text(max_size=20))
def test_no_cell_makes_the_readers_fail(text: str):
    share = read_share(text)
    assert share is None or 0 < share < 1
    assert read_act(text) in (None, "xem_lai", "hoi_lai", "phuc_tra", "goi_dien")


def test_words_fit_behind_a_households_name_and_ten_visits_brand_nobody():
    assert visit_checks.LONGEST == door_remarks.LONGEST
    assert visit_checks.FEWEST == funnel_limits.FEWEST


def test_the_librarys_form_of_households_has_checks_that_suspect_nobody_who_was_away():
    converted = convert(library.workbook(library.read("ho_gia_dinh")), "ho_gia_dinh.xlsx")
    assert {"khong_nguoi_lon", "vang_nhieu"} <= {check.code for check in converted.definition.checks}
    assert not [warning for warning in converted.warnings if warning.sheet == "kiem_tra"]
