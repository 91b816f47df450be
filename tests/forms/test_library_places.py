"""The library's forms of check points and public Wi-Fi: what each answer states (R16)."""

from collections.abc import Mapping
from functools import cache
from uuid import UUID

import pytest
from pyxform.xls2xform import convert

from forms import library
from forms.engine import engine

PLACE = "2d8116c6-8f1d-4c60-9b70-6d91310f5c33"
MARKET = "3e9227d7-902e-4d71-8c81-7ea2420f6d44"
MEDIA = {
    "thon.csv": "name,label\n31162901,Thôn Đông\n31162902,Thôn Đoài\n".encode(),
    "diem_cong_cong.csv": (
        f"name,label,thon,loai\n{PLACE},Nhà văn hóa thôn Đông,31162901,nha_van_hoa\n{MARKET},Chợ,31162901,cho\n"
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


POINT = {
    "nha_mang": "viettel",
    "may_5g": "co",
    "trong_ngoai": "ngoai_troi",
    "mang": "5g",
    "diem": (20.82315, 106.55871, 3, 8),
}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, "1/1"),
        ({"rsrp": -95}, "1/1"),
        ({"rsrp": -118}, "0/1"),
        ({"mang": "4g"}, "0/1"),
        ({"mang": "khong_song"}, "0/1"),
        ({"mang": "khong_biet"}, ""),
        ({"mang": None}, ""),
        ({"may_5g": "khong"}, ""),
        ({"may_5g": "khong_biet"}, ""),
        ({"diem": None}, ""),
    ],
)
def test_a_check_point_states_5g_only_where_it_could_be_measured(answers: Answers, expected: str) -> None:
    """R16, phu_song_5g_diem."""
    assert stated(filled("diem_5g", POINT, answers), "phu_song_5g_diem") == expected


def subject(**answers: object) -> UUID:
    return UUID(filled("diem_5g", POINT, answers).value("doi_tuong"))


def test_a_check_point_is_the_cell_the_operator_and_indoors_or_outdoors() -> None:
    """R16: the same cell of 100 m is the same subject, whoever measures."""
    assert subject() == subject(diem=(20.82389, 106.55801, 0, 15), mang="4g")
    others = {
        subject(diem=(20.82415, 106.55871, 3, 8)),
        subject(nha_mang="khac"),
        subject(trong_ngoai="trong_nha"),
    }
    assert len(others | {subject()}) == 4


def test_a_coarse_position_is_refused_with_advice() -> None:
    (problem,) = filled("diem_5g", POINT, {"diem": (20.8, 106.5, 0, 21)}).problems()
    assert "20 m" in problem.message


def test_mock_positions_and_coarse_captures_are_told_to_the_phone() -> None:
    xform = convert(library.read("diem_5g"), file_type=".md").xform
    assert 'odk:allow-mock-accuracy="false"' in xform
    assert 'accuracyThreshold="20"' in xform


WIFI = {"thon": "31162901", "dia_diem": PLACE}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"wifi_co": "co", "wifi_mo": "co", "wifi_chay": "co"}, "1/1"),
        ({"wifi_co": "co", "wifi_mo": "co", "wifi_chay": "khong"}, "0/1"),
        ({"wifi_co": "co", "wifi_mo": "khong"}, "0/1"),
        ({"wifi_co": "khong"}, "0/1"),
        ({"wifi_co": "khong_biet"}, ""),
        ({"wifi_co": "co", "wifi_mo": "khong_biet"}, ""),
        ({"wifi_co": "co", "wifi_mo": "co", "wifi_chay": "khong_biet"}, ""),
        ({}, ""),
        ({"dia_diem": MARKET, "wifi_co": "khong"}, ""),
    ],
)
def test_a_culture_house_states_whether_its_wifi_is_there_open_and_works(
    answers: Answers, expected: str
) -> None:
    """R16, wifi_nha_van_hoa; other public places are kept, and state nothing about culture houses."""
    filling = filled("wifi_cong_cong", WIFI, answers)
    assert stated(filling, "wifi_nha_van_hoa") == expected
    assert filling.value("doi_tuong") == answers.get("dia_diem", PLACE)
    assert filling.problems() == ()


SPEAKER = "5ab449f9-b24f-4fa3-8ea3-90c4642f8f66"
SCHOOL = "6bc55a0a-c35f-40b4-9fb4-a1d5753f9077"
LISTED = {
    **MEDIA,
    "diem_cong_cong.csv": (
        "name,label,__version,thon,loai\n"
        f"{SPEAKER},Cụm loa xóm 2,1,31162901,cum_loa\n{SCHOOL},Trường Tiểu học,1,31162901,truong_hoc\n"
        f"{MARKET},Chợ,1,31162901,cho\n"
    ).encode(),
}


@cache
def listed(form_id: str) -> engine.Fillable:
    return engine.open_form(convert(library.read(form_id), file_type=".md").xform.encode(), LISTED)


def checked(form_id: str, *answers: Answers) -> engine.Filling:
    filling = listed(form_id).start()
    for question, answer in (pair for part in answers for pair in part.items()):
        filling.answer(question, answer)
    return filling


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"phat_duoc": "co"}, "1/1"),
        ({"phat_duoc": "khong"}, "0/1"),
        ({"phat_duoc": "khong", "hong_gi": "khong_biet"}, "0/1"),
        ({"phat_duoc": "khong_biet"}, ""),
        ({"loai_loa": "cntt_vt", "so_loa": 3}, ""),
        ({}, ""),
    ],
)
def test_a_loudspeaker_states_whether_it_plays(answers: Answers, expected: str) -> None:
    filling = checked("diem_loa", {"thon": "31162901", "dia_diem": SPEAKER}, answers)
    assert stated(filling, "loa_hoat_dong") == expected
    assert filling.value("doi_tuong") == SPEAKER
    assert filling.problems() == ()


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"internet": "cap_quang", "mang_day_hoc": "co"}, "1/1"),
        ({"internet": "loai_khac", "mang_day_hoc": "khong"}, "0/1"),
        ({"internet": "khong"}, "0/1"),
        ({"internet": "khong_biet"}, ""),
        ({"internet": "cap_quang", "mang_day_hoc": "khong_biet"}, ""),
        ({"internet": "cap_quang"}, ""),
        ({}, ""),
    ],
)
def test_a_school_states_whether_its_network_is_good_enough(answers: Answers, expected: str) -> None:
    filling = checked("truong_hoc", {"thon": "31162901", "dia_diem": SCHOOL}, answers)
    assert stated(filling, "truong_hoc_internet") == expected
    assert filling.problems() == ()


@pytest.mark.parametrize(
    ("form_id", "kind", "label"),
    [("diem_loa", "cum_loa", "Cụm loa Đầu ngõ"), ("truong_hoc", "truong_hoc", "Đầu ngõ")],
)
def test_only_places_of_the_kind_are_offered_and_one_that_lacks_is_added(
    form_id: str, kind: str, label: str
) -> None:
    """E3: what is created has a label, its thôn and its kind; what is chosen stays as it is."""
    filling = checked(form_id, {"thon": "31162901"})
    assert {choice.name for choice in filling.choices("dia_diem")} == {
        SPEAKER if kind == "cum_loa" else SCHOOL
    }
    filling.answer("tim_noi", "moi")
    filling.answer("ten_moi", "Đầu ngõ")
    sent = filling.submission().decode()
    assert 'create="1" update="0"' in sent
    assert f"<label>{label}</label>" in sent
    assert f"<loai_moi>{kind}</loai_moi>" in sent
    chosen = checked(form_id, {"thon": "31162901", "tim_noi": "co_san"}).submission()
    assert b'create="0" update="0"' in chosen


@pytest.mark.parametrize("form_id", ["diem_loa", "truong_hoc"])
def test_more_broken_or_connected_than_there_are_is_refused(form_id: str) -> None:
    few, many = ("so_loa", "so_loa_hong") if form_id == "diem_loa" else ("so_phong", "so_phong_mang")
    filling = checked(
        form_id, {"thon": "31162901", "dia_diem": SPEAKER if few == "so_loa" else SCHOOL, few: 2, many: 3}
    )
    assert [problem.name for problem in filling.problems()] == [many]
