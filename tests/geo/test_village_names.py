"""Names of thôn for comparing: what people write before and behind them makes no difference."""

import pytest

from geo import village_names


@pytest.mark.parametrize(
    "written",
    ["Vạn Phúc", "thôn vạn phúc", "THÔN VẠN PHÚC (xã An Lão)", "KDC Vạn Phúc", "Thôn Vạn Phúc, xã An Lão",
     "Khu dân cư Vạn Phúc", "Thôn Va\u0323n Phu\u0301c", "van phuc"],
)  # fmt: skip
def test_every_spelling_is_one_name(written: str) -> None:
    assert village_names.loose(written) == "van phuc"


@pytest.mark.parametrize("written", ["Tổ dân phố số 1", "TDP 01", "Tổ 1", "tdp số 1", "TỔ DÂN PHỐ 1"])
def test_numbers_of_groups_are_one_name(written: str) -> None:
    assert village_names.loose(written) == "1"


@pytest.mark.parametrize("written", ["Bình Minh II", "thôn Bình Minh 2", "KDC BÌNH MINH 02", "binh minh ii"])
def test_a_numeral_is_a_number(written: str) -> None:
    assert village_names.loose(written) == "binh minh 2"
    assert village_names.loose("An Vi") == "an vi"


@pytest.mark.parametrize("name", ["Xá Đông", "Hoàng Xá", "Phương Hạ", "Phường Hạ"])
def test_a_name_is_not_taken_for_its_commune(name: str) -> None:
    assert village_names.brackets_off(f"Thôn {name}") == f"Thôn {name}"


def test_two_thon_of_one_name_are_told_apart_by_the_ends_of_their_codes() -> None:
    known = {"11629001": "Quyết Tiến", "11629021": "Quyết Tiến", "11629002": "An Khê"}
    assert village_names.told_apart(known) == {
        "11629001": "Quyết Tiến (001)", "11629021": "Quyết Tiến (021)", "11629002": "An Khê",
    }  # fmt: skip
