"""Which column holds what: usual words in any case and signs, never a column that means something else."""

import pytest

from geo import column_words

HOUSEHOLDS = (
    "household_code",
    "household_head",
    "village_code",
    "village",
    "address",
    "lane",
    "house_number",
)
NUMBERS = ("village_code", "village", "households", "people", "adults")


@pytest.mark.parametrize(
    ("meanings", "titles", "chosen"),
    [
        (
            HOUSEHOLDS,
            ["TT", "Họ và tên chủ hộ (viết in hoa)", "Thôn đang ở"],
            {"household_head": 1, "village": 2},
        ),
        (HOUSEHOLDS, ["Số điện thoại chủ hộ", "CHỦ HỘ", "KDC"], {"household_head": 1, "village": 2}),
        (
            HOUSEHOLDS,
            ["Chủ hộ", "Thôn", "Số nhà/ngõ/đường"],
            {"household_head": 0, "village": 1, "address": 2},
        ),
        (HOUSEHOLDS, ["Họ tên", "Xóm"], {"household_head": 0, "village": 1}),
        (HOUSEHOLDS, ["Họ tên", "Xóm", "Thôn"], {"household_head": 0, "lane": 1, "village": 2}),
        (NUMBERS, ["Thôn", "Số hộ", "Số hộ nghèo"], {"village": 0, "households": 1}),
        (
            NUMBERS,
            ["Tên TDP", "Tổng số hộ năm 2026", "Dân số (người)"],
            {"village": 0, "households": 1, "people": 2},
        ),
        (NUMBERS, ["Thôn", "Số hộ có wifi"], {"village": 0}),
        (NUMBERS, ["MA_THON", "TEN_THON", "SOHO"], {"village_code": 0, "village": 1, "households": 2}),
    ],
)
def test_columns_are_found_by_what_they_mean(
    meanings: tuple[str, ...], titles: list[str], chosen: dict[str, int]
) -> None:
    assert column_words.assign(titles, meanings, ["village"]) == chosen
