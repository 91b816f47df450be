"""The library's forms of businesses, satisfaction and difficulties: what each answer states (R16)."""

from collections.abc import Mapping
from functools import cache
from uuid import UUID

import pytest
from pyxform.xls2xform import convert

from forms import library
from forms.convert_workbook import convert as as_definition
from forms.engine import engine

BUSINESS = "4fa338e8-a13f-4e92-9d92-8fb3531f7e55"
HOUSEHOLD = "0b6ff5a4-6d9b-4a4e-9f5e-4b7f1f0f3a11"
MEDIA = {
    "thon.csv": "name,label\n31162901,Thôn Đông\n31162902,Thôn Đoài\n".encode(),
    "doanh_nghiep.csv": f"name,label,__version,thon\n{BUSINESS},Công ty Ấm,3,31162901\n".encode(),
    "ho_dan.csv": (
        f"name,label,__version,thon,tinh_trang\n{HOUSEHOLD},Nguyễn Văn Ấm,4,31162901,da_gap\n"
    ).encode(),
}
Answers = Mapping[str, object]


@cache
def opened(form_id: str) -> engine.Fillable:
    return engine.open_form(convert(library.read(form_id), file_type=".md").xform.encode(), MEDIA)


def filled(form_id: str, *answers: Answers) -> engine.Filling:
    filling = opened(form_id).start()
    for question, answer in (pair for part in answers for pair in part.items()):
        filling.answer(question, answer)
    return filling


def stated(filling: engine.Filling, indicator: str) -> str:
    """ "done/of", or "" where nothing is stated."""
    done, of = filling.value(f"{indicator}_done"), filling.value(f"{indicator}_of")
    return f"{done}/{of}" if done or of else ""


ASKED = {"thon": "31162901", "co_so": BUSINESS, "tra_loi": "co"}
SMALL = {"loai_hinh": "doanh_nghiep", "quy_mo": "nho"}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (SMALL | {"cong_nghe": "hoa_don"}, "1/1"),
        (SMALL | {"cong_nghe": ["ke_toan", "chu_ky_so"]}, "1/1"),
        (SMALL | {"cong_nghe": "khong"}, "0/1"),
        (SMALL | {"cong_nghe": "khong_biet"}, ""),
        (SMALL, ""),
        (SMALL | {"quy_mo": "sieu_nho", "cong_nghe": "khong"}, "0/1"),
        (SMALL | {"quy_mo": "lon", "cong_nghe": "hoa_don"}, ""),
        (SMALL | {"quy_mo": "khong_biet", "cong_nghe": "hoa_don"}, ""),
        ({"loai_hinh": "ho_kinh_doanh", "cong_nghe": "hoa_don"}, ""),
        ({"loai_hinh": "hop_tac_xa", "cong_nghe": "hoa_don"}, ""),
        ({}, ""),
    ],
)
def test_a_small_or_medium_enterprise_states_whether_it_uses_digital_technology(
    answers: Answers, expected: str
) -> None:
    """R16, dnvvn_cong_nghe_so; household businesses are asked and helped, and counted nowhere."""
    filling = filled("doanh_nghiep", ASKED, answers)
    assert stated(filling, "dnvvn_cong_nghe_so") == expected
    assert filling.value("doi_tuong") == BUSINESS
    assert filling.problems() == ()


@pytest.mark.parametrize("word", ["vang", "tu_choi", "khong_con"])
def test_a_business_that_does_not_answer_states_nothing(word: str) -> None:
    filling = filled("doanh_nghiep", ASKED, {"tra_loi": word})
    assert stated(filling, "dnvvn_cong_nghe_so") == ""
    assert not filling.relevant("cong_nghe")
    assert filling.problems() == ()


def test_none_and_some_technology_cannot_both_be_chosen() -> None:
    (problem,) = filled("doanh_nghiep", ASKED, SMALL, {"cong_nghe": ["khong", "hoa_don"]}).problems()
    assert problem.name == "cong_nghe"
    assert "Chưa dùng gì" in problem.message


def test_a_business_that_is_not_listed_is_added_under_an_id_of_its_own() -> None:
    """E3."""
    new = {
        "thon": "31162901",
        "tim_noi": "moi",
        "ten_moi": "Xưởng mộc Bình",
        "dia_chi": "Ngõ 4",
        "tra_loi": "co",
    }
    filling = filled("doanh_nghiep", new, {"nganh": "san_xuat"}, SMALL, {"cong_nghe": "khong"})
    sent = filling.submission().decode()
    assert UUID(filling.value("doi_tuong")).version == 4
    assert 'create="1" update="0"' in sent
    assert "<label>Xưởng mộc Bình</label>" in sent
    assert stated(filling, "dnvvn_cong_nghe_so") == "0/1"


WILLING = {"thon": "31162901", "dong_y": "co"}


@pytest.mark.parametrize(
    ("used", "level", "indicator"),
    [("dvc_da_dung", "dvc_muc", "hai_long_dvc_truc_tuyen"), ("tthc_da_lam", "tthc_muc", "hai_long_tthc")],
)
@pytest.mark.parametrize(
    ("did", "word", "expected"),
    [
        ("co", "rat_hai_long", "1/1"),
        ("co", "hai_long", "1/1"),
        ("co", "binh_thuong", "0/1"),
        ("co", "khong_hai_long", "0/1"),
        ("co", "khong_biet", ""),
        ("co", None, ""),
        ("khong", None, ""),
        ("khong_biet", None, ""),
        (None, None, ""),
    ],
)
def test_a_person_states_satisfaction_only_with_what_he_has_used(
    used: str, level: str, indicator: str, did: str | None, word: str | None, expected: str
) -> None:
    """R16: satisfied / asked and had used it."""
    filling = filled("hai_long", WILLING, {used: did} if did else {}, {level: word} if word else {})
    assert stated(filling, indicator) == expected
    assert filling.problems() == ()


def test_a_person_who_declines_is_asked_nothing_and_states_nothing() -> None:
    filling = filled("hai_long", {"thon": "31162901", "dong_y": "khong"})
    assert not filling.relevant("dvc_da_dung")
    assert stated(filling, "hai_long_dvc_truc_tuyen") == stated(filling, "hai_long_tthc") == ""
    assert filling.problems() == ()


RAISED = {"thon": "31162901", "loai": "song_mang", "noi_dung": "Cả ngõ 5 không có sóng."}


def test_a_difficulty_names_the_household_only_where_an_answer_is_wanted() -> None:
    """R20: nothing personal without need."""
    filling = filled("phan_anh", RAISED)
    assert not filling.relevant("ho")
    assert filling.value("doi_tuong") == ""
    wanted = filled("phan_anh", RAISED, {"muon_tra_loi": "co", "ho": HOUSEHOLD})
    assert wanted.value("doi_tuong") == HOUSEHOLD
    assert wanted.problems() == ()


def test_a_difficulty_needs_its_kind_and_what_happened() -> None:
    assert {problem.name for problem in filled("phan_anh", {"thon": "31162901"}).problems()} == {
        "loai",
        "noi_dung",
    }


@pytest.mark.parametrize("form_id", ["phan_anh", "hai_long", "ho_gia_dinh"])
def test_points_of_forms_about_homes_and_people_are_cut(form_id: str) -> None:
    """R21; a form that only opens the households' list is about homes, too."""
    definition = as_definition(library.workbook(library.read(form_id)), f"{form_id}.xlsx", {}).definition
    assert definition.about_households


@pytest.mark.parametrize("form_id", ["diem_loa", "truong_hoc", "doanh_nghiep"])
def test_points_of_places_stay_exact(form_id: str) -> None:
    definition = as_definition(library.workbook(library.read(form_id)), f"{form_id}.xlsx", {}).definition
    assert not definition.about_households


@pytest.mark.parametrize("form_id", ["hai_long", "phan_anh"])
def test_forms_that_hang_on_walls_ask_nothing_of_a_collector_alone(form_id: str) -> None:
    """Whoever scans a poster reads these words too: no one else is there to read aloud or to send."""
    text = library.read(form_id)
    for order in ("| Thành viên tổ xin", "Gửi phiếu khi có mạng", "| A team member", "Send the form when"):
        assert order not in text
