"""Ready sets of indicators: every line says where its number comes from, and by which document where one was read."""

import pytest

from forms import form_blocks, indicator_sets, library, plans
from forms.indicator_sets import IndicatorSet

SETS = pytest.mark.parametrize("found", indicator_sets.every(), ids=lambda found: found.code)
DOORS = library.read("ho_gia_dinh")
OTHER_FORMS = "".join(library.read(form_id) for form_id in library.LIBRARY if form_id != "ho_gia_dinh")


def test_the_sets_are_those_that_communes_asked_for() -> None:
    assert [found.code for found in indicator_sets.every()] == ["binh_dan_hoc_vu_so", "cong_dan_so", "dti_xa"]


@SETS
def test_what_comes_from_doors_is_stated_by_the_household_form_or_one_of_its_blocks(
    found: IndicatorSet,
) -> None:
    """R36"""
    for line in found.indicators:
        code = line.spec.code if line.spec else ""
        if line.origin == "doors":
            assert line.block in form_blocks.BLOCKS or f"| {code}_done |" in DOORS
        elif line.origin == "form":
            assert f"| {code}_done |" in OTHER_FORMS
        else:
            assert not line.block
            assert f"| {code}_done |" not in DOORS + OTHER_FORMS


@SETS
def test_what_an_office_reports_names_the_office_and_nothing_else_is_reported(found: IndicatorSet) -> None:
    for line in found.indicators:
        assert (line.origin == "office") == (line.spec is not None and line.spec.kind == "reported")
        assert line.office_vi or line.origin != "office"
        assert (line.origin == "none") == (line.spec is None)


@SETS
def test_a_goal_says_where_it_was_read(found: IndicatorSet) -> None:
    assert found.unread_vi
    for line in found.indicators:
        if line.goal:
            assert len(line.goal.basis_vi) > 10
            assert 0 < float(line.goal.value) <= 100
            assert line.goal.comparator in plans.COMPARATORS


@SETS
def test_every_document_says_how_much_of_it_was_read(found: IndicatorSet) -> None:
    assert found.documents
    assert {line.source for line in found.indicators if line.source} <= set(found.documents)
    for document in found.documents:
        assert document.read_vi
        assert document.words.startswith(document.number_vi)
        assert document.told.endswith(f"({document.read_vi})")
        assert ("chưa rõ ngày" in document.words) == (document.issued is None)


def test_the_share_of_dti_tells_its_three_parts() -> None:
    found = indicator_sets.one("dti_xa")
    assert found is not None
    assert {line.origin for line in found.indicators} == {"doors", "form", "office", "none"}
    assert "Chưa tìm thấy bộ DTI cấp xã" in found.unread_vi


def test_four_pillars_of_a_digital_citizen_are_all_there() -> None:
    found = indicator_sets.one("cong_dan_so")
    assert found is not None
    assert {line.group_vi for line in found.indicators} == {
        "Danh tính số", "Phương tiện số", "Tài khoản số", "Kỹ năng số",
    }  # fmt: skip
    assert {line.spec.unit for line in found.indicators if line.spec} == {"adult"}


def test_an_indicator_is_told_with_its_document_where_one_was_read() -> None:
    phones = indicator_sets.source_of("dien_thoai_thong_minh_18")
    assert phones is not None
    assert "411/QĐ-TTg" in phones.words
    assert "31/03/2022" in phones.words
    assert indicator_sets.source_of("thanh_toan_so_ho") is None
    assert indicator_sets.one("khong_co") is None
