"""Our plans hold every figure of both documents, and each figure can be traced to where its number comes from."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from forms import form_blocks, indicator_sets, plans

ROOT = Path(__file__).parents[2]
FORM_IDS = {
    "ho_gia_dinh",
    "diem_5g",
    "wifi_cong_cong",
    "diem_loa",
    "truong_hoc",
    "doanh_nghiep",
    "hai_long",
    "phan_anh",
    "phuc_tra",
}
SPECS = {spec.code: spec for spec in plans.indicators()}
TARGETS = [target for plan in plans.PLANS for target in plans.read(plan).targets]
SURVEYED = {  # R16, the table of indicators
    "tham_ho": "household",
    "smart_hai_phong_ho": "household",
    "smart_hai_phong_30_ngay": "household",
    "vneid_nguoi_dan": "person",
    "vneid_18_kich_hoat": "adult",
    "chu_ky_so_ca_nhan_18": "adult",
    "bang_rong_1gbps": "household",
    "phu_song_5g": "household",
    "cap_quang_ho": "household",  # these two carry phu_mang_khu_dan_cu
    "di_dong_bang_rong_diem": "point",
    "phu_song_5g_viettel": "household",
    "phu_song_5g_vinaphone": "household",
    "phu_song_5g_mobifone": "household",
    "phu_song_5g_khac": "household",
    "phu_song_5g_diem": "point",
    "wifi_nha_van_hoa": "place",
    "hai_long_dvc_truc_tuyen": "person",
    "hai_long_tthc": "person",
    "dnvvn_cong_nghe_so": "business",
    "phu_mang_khu_dan_cu": "village",
    "cai_smart_hai_phong": "person",
    "kich_hoat_vneid": "person",
    "dang_ky_chu_ky_so": "person",
    "ho_tro_khac": "person",
}
OWN = {"loa_hoat_dong": "place", "truong_hoc_internet": "place"}  # of the library's forms, without a target
OF_BLOCKS = {spec.code: spec.unit for block in form_blocks.every() for spec in block.indicators}
OF_SETS = {line.spec.code for found in indicator_sets.every() for line in found.indicators if line.spec}


def library_form(form_id: str) -> str:
    path = ROOT / "forms" / "library" / f"{form_id}.md"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def test_both_plans_hold_every_figure_of_their_documents():
    ids = [[target.id for target in plans.read(plan).targets] for plan in plans.PLANS]
    assert ids[0] == [f"AL-T{n:02}" for n in range(1, 29)]
    assert ids[1] == [f"MD-T{n:02}" for n in range(1, 9)]


def test_the_task_list_of_an_lao_is_whole():
    tasks = plans.read("an_lao_2026").tasks
    assert [task.id for task in tasks if task.kind == "appendix"] == [f"AL-P{n:02}" for n in range(1, 9)]
    assert all(task.lead for task in tasks if task.kind == "appendix")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.id)
def test_every_figure_names_its_section_its_indicator_and_who_tells_it(target):
    spec = SPECS[target.indicator]
    assert re.fullmatch(r"[IVX]+(\.[0-9a-d]+)*", target.section)
    assert (target.how == "office") == (spec.kind == "reported")
    assert target.offices
    assert set(target.forms) <= FORM_IDS
    assert Decimal(target.value) > 0


@pytest.mark.parametrize(
    "target", [target for target in TARGETS if target.how == "survey"], ids=lambda target: target.id
)
def test_every_surveyed_figure_is_stated_by_a_form_of_the_library(target):
    assert all(library_form(form) for form in target.forms)
    if SPECS[target.indicator].kind != "derived":
        assert any(f"{target.indicator}_done" in library_form(form) for form in target.forms)


def test_every_indicator_that_a_library_form_states_is_described():
    stated = {
        code
        for path in (ROOT / "forms" / "library").rglob("*.md")
        for code in re.findall(r"\b([a-z0-9_]+)_done\b", path.read_text(encoding="utf-8"))
    }
    assert stated
    assert stated <= set(SPECS)


def test_indicators_are_those_of_the_design_with_their_units():
    assert {code: SPECS[code].unit for code in SURVEYED} == SURVEYED
    assert {code for code, spec in SPECS.items() if spec.kind != "reported"} == set(
        SURVEYED | OWN | OF_BLOCKS
    )
    assert [code for code, spec in SPECS.items() if spec.valid_days] == [
        "phu_song_5g_diem",
        "di_dong_bang_rong_diem",
    ]
    assert {spec.valid_days for spec in SPECS.values()} == {None, 90}


def test_every_reported_indicator_belongs_to_a_figure():
    reported = {code for code, spec in SPECS.items() if spec.kind == "reported"}
    assert reported <= {t.indicator for t in TARGETS} | OF_SETS


@pytest.mark.parametrize(
    ("target_id", "indicator", "comparator", "value", "over_households"),
    [
        ("AL-T01", "phu_song_5g", ">=", "80", False),
        ("AL-T18", "chu_ky_so_ca_nhan_18", ">=", "50", False),
        ("AL-T20", "vneid_nguoi_dan", ">=", "82", False),
        ("AL-T26", "smart_hai_phong_ho", ">=", "100", True),
        ("MD-T05", "vneid_18_kich_hoat", ">", "85", False),
        ("MD-T06", "hai_long_tthc", ">", "99", False),
    ],
)
def test_a_figure_says_what_its_document_says(target_id, indicator, comparator, value, over_households):
    target = next(target for target in TARGETS if target.id == target_id)
    told = (target.indicator, target.comparator, target.value, target.over_households)
    assert told == (indicator, comparator, value, over_households)


def test_weekly_and_monthly_figures_keep_their_period():
    periods = {target.id: (target.period, target.unit) for target in TARGETS if target.period != "year"}
    assert periods == {"AL-T27": ("month", "count"), "AL-T28": ("week", "count")}
