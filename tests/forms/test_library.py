"""The library's XLSForms: what pyxform and ODK Validate say, and what each answer states (R16, 6)."""

import io
import os
import shutil
from collections.abc import Mapping
from functools import cache
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from pyxform.xls2xform import convert

from forms import library
from forms.convert_workbook import convert as as_definition
from forms.engine import engine

HOUSEHOLD = "0b6ff5a4-6d9b-4a4e-9f5e-4b7f1f0f3a11"
MOVED = "1c7005b5-7e0c-4b5f-8a6f-5c80200f4b22"
PLACE = "2d8116c6-8f1d-4c60-9b70-6d91310f5c33"
MARKET = "3e9227d7-902e-4d71-8c81-7ea2420f6d44"
HO_DAN = (
    "name,label,__version,thon,dia_chi,tinh_trang,g5_viettel,g5_vinaphone,g5_mobifone,g5_khac\n"
    f"{HOUSEHOLD},Nguyễn Văn Ấm,4,31162901,Ngõ 3,,5g,khong,,\n"
    f"{MOVED},Trần Thị Bé,2,31162901,Ngõ 4,da_chuyen,,,,\n"
)
MEDIA = {
    "thon.csv": "name,label\n31162901,Thôn Đông\n31162902,Thôn Đoài\n".encode(),
    "ho_dan.csv": HO_DAN.encode(),
    "diem_cong_cong.csv": (
        f"name,label,thon,loai\n{PLACE},Nhà văn hóa thôn Đông,31162901,nha_van_hoa\n{MARKET},Chợ,31162901,cho\n"
    ).encode(),
    "doanh_nghiep.csv": b"name,label,__version,thon,dia_chi,nganh\n",
    "phuc_tra.csv": f"name,label,thon,ngay\n{HOUSEHOLD},Nguyễn Văn Ấm,31162901,24/11\n".encode(),
}
Answers = Mapping[str, object]


@cache
def opened(form_id: str, one_village: bool = False) -> engine.Fillable:
    media = MEDIA | ({"thon.csv": b"name,label\n31162901,A\n"} if one_village else {})
    return engine.open_form(convert(library.read(form_id), file_type=".md").xform.encode(), media)


def filled(form_id: str, *answers: Answers) -> engine.Filling:
    filling = opened(form_id).start()
    for question, answer in (pair for part in answers for pair in part.items()):
        filling.answer(question, answer)
    return filling


def visit(**answers: object) -> engine.Filling:
    return filled("ho_gia_dinh", {"thon": "31162901", "ho": HOUSEHOLD, "ket_qua": "gap"} | answers)


def newcomers(**answers: object) -> engine.Filling:
    start = {"thon": "31162901", "tim_ho": "moi", "ket_qua": "gap", "dia_chi": "Ngõ 9, số 2"}
    return filled("ho_gia_dinh", start | answers)


def stated(filling: engine.Filling, indicator: str) -> str:
    """ "done/of", or "" where nothing is stated."""
    done, of = filling.value(f"{indicator}_done"), filling.value(f"{indicator}_of")
    return f"{done}/{of}" if done or of else ""


# The workbooks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form_id", library.LIBRARY)
def test_pyxform_converts_each_form_without_a_warning(form_id: str) -> None:
    assert convert(library.read(form_id), file_type=".md").warnings == []


@pytest.mark.parametrize("form_id", library.LIBRARY)
def test_odk_validate_accepts_each_form(form_id: str) -> None:
    if shutil.which("java") is None:
        assert os.environ.get("CI") != "true", "CI must have Java to run ODK Validate"
        pytest.skip("ODK Validate needs Java, which is not installed here")
    assert convert(library.read(form_id), file_type=".md", validate=True).warnings == []


@pytest.mark.parametrize("form_id", library.LIBRARY)
def test_the_workbook_converts_to_the_same_form_as_the_table(form_id: str) -> None:
    markdown = library.read(form_id)
    workbook = convert(library.workbook(markdown), file_type=".xlsx")
    assert workbook.xform == convert(markdown, file_type=".md").xform
    assert workbook.warnings == []


@pytest.mark.parametrize("form_id", library.LIBRARY)
def test_the_same_table_gives_the_same_workbook(form_id: str) -> None:
    assert library.workbook(library.read(form_id)) == library.workbook(library.read(form_id))


def test_every_sheet_of_a_table_is_in_the_workbook_as_text() -> None:
    table = "# nhận xét\n| survey |\n| | type | name |\n| | note | a\\|b |\n| them |\n| | x |\n| | 007 |\n"
    book = load_workbook(io.BytesIO(library.workbook(table)))
    assert book.sheetnames == ["survey", "them"]
    assert [[cell.value for cell in row] for row in book["survey"]] == [["type", "name"], ["note", "a|b"]]
    assert book["them"]["A2"].value == "007"


@pytest.mark.parametrize("form_id", library.LIBRARY)
def test_each_form_declares_just_the_indicators_that_it_states(form_id: str) -> None:
    (declared,) = [sheet for sheet in library.sheets(library.read(form_id)) if sheet.name == "chi_tieu"]
    nodes = opened(form_id).form.nodes.values()
    told = {
        n.name.removesuffix("_of") for n in nodes if n.parent == "/data/chi_tieu" and n.name.endswith("_of")
    }
    assert {row[0] for row in declared.rows[1:]} == told


@pytest.mark.parametrize("form_id", library.LIBRARY)
def test_each_form_tells_its_purpose_and_legal_basis(form_id: str) -> None:
    """Luật 91/2025/QH15, Điều 3 and 19 (R20)."""
    (purpose,) = [sheet for sheet in library.sheets(library.read(form_id)) if sheet.name == "muc_dich"]
    assert purpose.rows[0] == ("muc_dich", "can_cu", "luu_thang")
    assert all(cell for row in purpose.rows[1:] for cell in row)


def test_a_form_that_the_library_lacks_is_refused() -> None:
    with pytest.raises(KeyError):
        library.read("../library/ho_gia_dinh")


# The household form -----------------------------------------------------------------------------------------

ADULTS = {"nguoi_18": 3}
ALL_AGES = {"nguoi_0_5": 1, "nguoi_6_13": 0, "nguoi_14_17": 1, "nguoi_18": 2}
CASES = [
    ("tham_ho", {}, "1/1"),
    ("smart_hai_phong_ho", {"smart_cai": "co", "smart_mo": "co"}, "1/1"),
    ("smart_hai_phong_ho", {"smart_cai": "co", "smart_mo": "khong"}, "0/1"),
    ("smart_hai_phong_ho", {"smart_cai": "co", "smart_mo": "khong_biet"}, ""),
    ("smart_hai_phong_ho", {"smart_cai": "co"}, ""),
    ("smart_hai_phong_ho", {"smart_cai": "khong"}, "0/1"),
    ("smart_hai_phong_ho", {"smart_cai": "khong_biet"}, ""),
    ("smart_hai_phong_ho", {"giup_gi": "smart", "giup_smart": 1, "smart_mo": "co"}, "1/1"),
    ("smart_hai_phong_30_ngay", {"smart_cai": "co", "smart_mo": "co", "smart_30": "co"}, "1/1"),
    ("smart_hai_phong_30_ngay", {"smart_cai": "co", "smart_mo": "co", "smart_30": "khong"}, "0/1"),
    ("smart_hai_phong_30_ngay", {"smart_cai": "co", "smart_mo": "co", "smart_30": "khong_biet"}, ""),
    ("smart_hai_phong_30_ngay", {"smart_cai": "co", "smart_mo": "co"}, ""),
    ("smart_hai_phong_30_ngay", {"smart_cai": "khong"}, "0/1"),
    ("vneid_nguoi_dan", ALL_AGES | {"vneid_0_5": 0, "vneid_14_17": 1, "vneid_18": 2}, "3/4"),
    ("vneid_nguoi_dan", ALL_AGES | {"vneid_0_5": 0, "vneid_18": 2}, ""),
    ("vneid_nguoi_dan", ADULTS | {"vneid_18": 2}, ""),
    ("vneid_nguoi_dan", {"nguoi_0_5": 0, "nguoi_6_13": 0, "nguoi_14_17": 0, "nguoi_18": 0}, ""),
    ("vneid_18_kich_hoat", ADULTS | {"vneid_18": 2, "vneid_dung_18": 1}, "1/3"),
    ("vneid_18_kich_hoat", ADULTS | {"vneid_18": 0}, "0/3"),
    ("vneid_18_kich_hoat", ADULTS | {"vneid_18": 2}, ""),
    ("vneid_18_kich_hoat", ADULTS, ""),
    ("vneid_18_kich_hoat", {"nguoi_18": 0}, ""),
    ("chu_ky_so_ca_nhan_18", ADULTS | {"chu_ky_so_18": 1}, "1/3"),
    ("chu_ky_so_ca_nhan_18", ADULTS | {"chu_ky_so_18": 0}, "0/3"),
    ("chu_ky_so_ca_nhan_18", ADULTS, ""),
    ("chu_ky_so_ca_nhan_18", {"nguoi_18": 0}, ""),
    ("bang_rong_1gbps", {"gbps": "co"}, "1/1"),
    ("bang_rong_1gbps", {"gbps": "khong"}, "0/1"),
    ("bang_rong_1gbps", {"gbps": "khong_biet"}, ""),
    ("bang_rong_1gbps", {"internet": "cap_quang"}, ""),
    ("cai_smart_hai_phong", {"giup_gi": "smart", "giup_smart": 2}, "2/2"),
    ("kich_hoat_vneid", {"giup_gi": "vneid", "giup_vneid": 4}, "4/4"),
    ("dang_ky_chu_ky_so", {"giup_gi": "chu_ky_so", "giup_chu_ky_so": 1}, "1/1"),
    ("ho_tro_khac", {"giup_gi": ["nop_ho_so", "khac"], "giup_nop_ho_so": 2, "giup_khac": 1}, "3/3"),
    ("ho_tro_khac", {"giup_gi": "thanh_toan", "giup_thanh_toan": 1}, "1/1"),
]
EVENTS = ("cai_smart_hai_phong", "kich_hoat_vneid", "dang_ky_chu_ky_so", "ho_tro_khac")


@pytest.mark.parametrize(("indicator", "answers", "expected"), CASES)
def test_a_household_states_what_its_answers_prove(indicator: str, answers: Answers, expected: str) -> None:
    """R16's table, row by row; blank and "không biết" state nothing (R9)."""
    assert stated(visit(**answers), indicator) == expected


@pytest.mark.parametrize("indicator", EVENTS)
def test_no_help_given_is_no_event(indicator: str) -> None:
    assert stated(visit(), indicator) == ""


@pytest.mark.parametrize("result", ["vang", "tu_choi", "da_chuyen"])
def test_a_visit_that_met_nobody_asks_no_more_and_states_nothing(result: str) -> None:
    """R2: the visit's result is not the household's state."""
    sent = visit(ket_qua=result).submission()
    assert b"<chi_tieu" not in sent
    assert b"<tai_ho" not in sent
    assert b'update="1"' in sent


def test_what_was_found_is_read_back_to_the_collector() -> None:
    filling = visit(**ADULTS, chu_ky_so_18=1)
    assert filling.text("ghi_chu_ky_so_ca_nhan_18") == "Người lớn có chữ ký số: 1/3"
    assert not filling.relevant("ghi_vneid_nguoi_dan")
    assert "Đã gặp hộ" in filling.text("ghi_nhan")


def test_the_age_from_which_vneid_counts_is_one_cell_of_the_form() -> None:
    """R16: vneid_nguoi_dan."""
    rows = library.read("ho_gia_dinh").splitlines()
    aged = [row.replace("| 0 |", "| 14 |") if "| tuoi_vneid |" in row else row for row in rows]
    form = engine.open_form(convert("\n".join(aged), file_type=".md").xform.encode(), MEDIA)
    filling = form.start()
    for question, answer in {"thon": "31162901", "ho": HOUSEHOLD, "ket_qua": "gap", "nguoi_0_5": 2}.items():
        filling.answer(question, answer)
    for question, answer in {"nguoi_14_17": 1, "nguoi_18": 2, "vneid_14_17": 0, "vneid_18": 2}.items():
        filling.answer(question, answer)
    assert stated(filling, "vneid_nguoi_dan") == "2/3"


@pytest.mark.parametrize(
    ("answers", "question", "word"),
    [
        ({"nguoi_18": 31}, "nguoi_18", "từ 0 đến 30"),
        ({"nguoi_18": -1}, "nguoi_18", "từ 0 đến 30"),
        ({"nguoi_18": 2, "vneid_18": 3}, "vneid_18", "không thể nhiều hơn"),
        ({"nguoi_6_13": 1, "vneid_6_13": 2}, "vneid_6_13", "từ 6 đến 13"),
        ({"nguoi_18": 2, "vneid_18": 1, "vneid_dung_18": 2}, "vneid_dung_18", "cùng nhóm tuổi"),
        ({"nguoi_18": 2, "vneid_18": 1, "vneid_muc2_18": 2}, "vneid_muc2_18", "mức 2"),
        ({"nguoi_18": 2, "chu_ky_so_18": 3}, "chu_ky_so_18", "chữ ký"),
        ({"giup_gi": "smart", "giup_smart": 0}, "giup_smart", "từ 1 đến 50"),
        ({"giup_gi": "smart"}, "giup_smart", "số người được giúp"),
    ],
)
def test_a_number_that_cannot_be_is_told_in_vietnamese(answers: Answers, question: str, word: str) -> None:
    (problem,) = visit(**answers).problems()
    assert problem.name == question
    assert word in problem.message


def test_pupils_may_have_vneid_where_no_adult_lives() -> None:
    """Constraints hold within a band, never across bands."""
    answers = {"nguoi_0_5": 0, "nguoi_6_13": 0, "nguoi_14_17": 2, "nguoi_18": 0, "vneid_14_17": 2}
    filling = visit(**answers)
    assert filling.problems() == ()
    assert stated(filling, "vneid_nguoi_dan") == "2/2"


COUNT = st.none() | st.integers(-1, 6)


@settings(deadline=None, max_examples=40)
@given(
    st.fixed_dictionaries(dict.fromkeys(("nguoi_14_17", "nguoi_18", "vneid_14_17", "vneid_18"), COUNT)),
    COUNT,
    COUNT,
)
def test_what_can_be_finished_states_no_nonsense(
    counts: dict[str, int | None], used: int | None, signed: int | None
) -> None:
    """R9: 0 ≤ done ≤ of ≤ 1000."""
    filling = visit(nguoi_0_5=0, nguoi_6_13=0)
    for question, count in (counts | {"vneid_dung_18": used, "chu_ky_so_18": signed}).items():
        if filling.relevant(question):
            filling.answer(question, count)
    if filling.problems():
        return
    for indicator in ("vneid_nguoi_dan", "vneid_18_kich_hoat", "chu_ky_so_ca_nhan_18"):
        done, of = filling.value(f"{indicator}_done"), filling.value(f"{indicator}_of")
        assert (done == "") == (of == "")
        assert of == "" or 0 <= int(done) <= int(of) <= 1000


# Choosing and registering the household


def test_only_the_households_of_the_chosen_village_that_still_live_there_are_offered() -> None:
    filling = opened("ho_gia_dinh").start()
    filling.answer("thon", "31162901")
    assert [choice.name for choice in filling.choices("ho")] == [HOUSEHOLD]
    filling.answer("thon", "31162902")
    assert filling.choices("ho") == ()


def test_the_only_village_of_a_collector_is_filled_in() -> None:
    assert opened("ho_gia_dinh", one_village=True).start().value("thon") == "31162901"
    assert opened("ho_gia_dinh").start().value("thon") == ""


def test_a_visit_to_a_listed_household_updates_it_by_its_version() -> None:
    """E2, E9."""
    sent = visit().submission().decode()
    assert 'create="0" update="1" baseVersion="4" trunkVersion="4" branchId="' in sent
    assert f'id="{HOUSEHOLD}"><label /></entity>' in sent


@pytest.mark.parametrize(
    ("head", "label"), [("Phạm Thị Cúc", "Phạm Thị Cúc, Ngõ 9, số 2"), ("", "Ngõ 9, số 2")]
)
def test_a_new_household_is_created_with_its_village_address_and_label(head: str, label: str) -> None:
    """E3: an entity that is created has a label and a UUID of its own."""
    filling = newcomers(chu_ho=head)
    sent = filling.submission().decode()
    assert UUID(filling.value("ho_id")).version == 4
    assert 'create="1" update="0"' in sent
    assert f'id="{filling.value("ho_id")}"><label>{label}</label>' in sent
    assert "<dia_chi>Ngõ 9, số 2</dia_chi>" in sent
    assert "<thon_moi>31162901</thon_moi>" in sent


def test_a_change_of_mind_never_registers_a_household_under_anothers_id() -> None:
    filling = visit()
    filling.answer("tim_ho", "moi")
    filling.answer("dia_chi", "Ngõ 9")
    assert filling.value("ho_id") not in {"", HOUSEHOLD}
    filling.answer("tim_ho", "co_san")
    assert filling.value("ho_id") == HOUSEHOLD


def test_a_refusal_at_an_unlisted_house_registers_nobody() -> None:
    """R20: a refusal keeps thôn, result and date, nothing more."""
    filling = filled("ho_gia_dinh", {"thon": "31162901", "tim_ho": "moi", "ket_qua": "tu_choi"})
    assert filling.problems() == ()
    assert b'create="0" update="0"' in filling.submission()
    assert b"dia_chi" not in filling.submission()


def test_a_household_that_is_not_listed_cannot_have_moved_away() -> None:
    filling = filled("ho_gia_dinh", {"thon": "31162901", "tim_ho": "moi", "ket_qua": "da_chuyen"})
    assert [problem.name for problem in filling.problems()] == ["ket_qua"]


def test_a_visit_never_blanks_what_it_does_not_ask() -> None:
    """E16: a saved field that is sent empty blanks the household's property."""
    form = opened("ho_gia_dinh").form
    sent = visit().submission().decode()
    for name in ("dia_chi", "thon_moi", "g5_viettel", "g5_vinaphone", "g5_mobifone", "g5_khac"):
        assert name in form.names
        assert f"<{name} />" not in sent
        assert f"<{name}>" not in sent


def test_the_position_is_asked_for_only_with_consent() -> None:
    """R21; NĐ 356/2025 Điều 4.1.h: a position is sensitive."""
    assert not visit().relevant("vi_tri")
    assert not visit(cho_vi_tri="khong").relevant("vi_tri")
    assert visit(cho_vi_tri="co").relevant("vi_tri")


# 5G at the door


def test_5g_answers_of_the_last_visit_are_carried_forward() -> None:
    """R16, phu_song_5g."""
    filling = visit()
    assert stated(filling, "phu_song_5g") == "1/1"
    assert stated(filling, "phu_song_5g_viettel") == "1/1"
    assert stated(filling, "phu_song_5g_vinaphone") == "0/1"
    assert stated(filling, "phu_song_5g_mobifone") == ""


@pytest.mark.parametrize(
    ("network", "kept"), [("4g", "khong"), ("thap", "khong"), ("khong_song", "khong"), ("5g", "5g")]
)
def test_a_new_measurement_replaces_the_last_answer(network: str, kept: str) -> None:
    filling = visit(nha_mang_do="viettel", may_viettel="co", mang_viettel=network)
    assert f"<g5_viettel>{kept}</g5_viettel>".encode() in filling.submission()
    assert stated(filling, "phu_song_5g_viettel") == ("1/1" if kept == "5g" else "0/1")
    assert stated(filling, "phu_song_5g") == ("1/1" if kept == "5g" else "0/1")


@pytest.mark.parametrize(
    "answers",
    [
        {"may_viettel": "khong"},
        {"may_viettel": "khong_biet"},
        {"may_viettel": "co", "mang_viettel": "khong_biet"},
        {},
    ],
)
def test_a_phone_without_5g_measures_nothing_and_keeps_the_last_answer(answers: Answers) -> None:
    """R20: "không đo được", never "không có sóng"."""
    known = visit(nha_mang_do="viettel", **answers)
    assert stated(known, "phu_song_5g_viettel") == "1/1"
    assert b"<g5_viettel>" not in known.submission()
    unknown = newcomers(nha_mang_do="viettel", **answers)
    assert stated(unknown, "phu_song_5g") == ""
    assert stated(unknown, "phu_song_5g_viettel") == ""


# The form of second visits ----------------------------------------------------------------------------------


def test_a_second_visit_asks_four_to_six_questions_of_the_visit_in_its_words_and_choices() -> None:
    """R29. They are compared by name, so kind and choices are the visit's; one more asks whether anybody came."""
    again, visit_ = (
        as_definition(library.read(form_id).encode(), f"{form_id}.md").definition.fields
        for form_id in ("phuc_tra", "ho_gia_dinh")
    )
    groups = {"khong_doi", "co_the_doi"}
    asked = [each for each in again if groups & set(each.path.split("/")[:-1])]
    assert 3 <= len(asked) <= 5
    for each in asked:
        [own] = [field for field in visit_ if field.name == each.name]
        assert (own.kind, [choice.name for choice in own.choices]) == (
            each.kind,
            [choice.name for choice in each.choices],
        )


def test_a_second_visit_states_nothing_and_is_about_its_household() -> None:
    """R28."""
    filling = filled("phuc_tra", {"thon": "31162901", "ho": HOUSEHOLD, "gap_lai": "gap", "da_den": "co"})
    assert filling.problems() == ()
    assert filling.value("doi_tuong") == HOUSEHOLD
    assert filling.value("ngay_truoc") == "24/11"


def test_a_thon_without_second_visits_says_so() -> None:
    filling = filled("phuc_tra", {"thon": "31162902"})
    assert "chua_co" in {node.name for node in filling.questions() if node.live}
    assert {problem.name for problem in filling.problems()} >= {"ho"}
