"""How alike two households are: known again in any writing, and never two taken for one."""

import csv
from pathlib import Path

import pytest

from server.households.household_parts import Parts, read
from server.households.same_household import Known, Likeness, are_alike, likeness, names_agree

CASES = Path(__file__).parents[2] / "data" / "house"


def pairs() -> list[dict[str, str]]:
    with (CASES / "house-02-pairs.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: pair["why"])
def test_the_pairs_of_house_02_are_judged_right_from_both_sides(pair: dict[str, str]) -> None:
    """R14."""
    one, other = read(pair["label_1"], pair["address_1"]), read(pair["name_2"], pair["address_2"] or "")
    assert [are_alike(one, other), are_alike(other, one)] == [pair["same"] == "yes"] * 2


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("Bùi Văn Quý", "Bùi Văn Quí", True),
        ("Vũ Thúy Mỹ", "VŨ THUÝ MĨ", True),
        ("Đoàn Thị Hòa", "Doan Thi Hoa", True),
        ("Ông Bùi Văn Thủy", "Bùi Văn Thuỷ", True),
        ("Hộ bà Lê Thị Tám", "Lê Thị Tám", True),
        ("Ng. Văn Thêm", "Nguyễn Văn Thêm", True),
        ("P.T. Hoa", "Phạm Thị Hoa", True),
        ("Nguyên Văn Đuc", "Nguyễn Vắn Dức", False),
        ("Lê Thị Tám (Tư)", "Lê Thị Tám", True),
        ("Nguyễn Văn Hùng", "Nguyễn Văn Hưng", False),
        ("Nguyễn Văn An", "Nguyễn Văn Anh", False),
        ("Nguyễn Văn Dũng", "Nguyễn Văn Dung", True),
        ("Chu Văn An", "Văn An", False),
        ("Trần Văn Ba", "Trần Văn Bá", True),
        ("Trần Văn Bà", "Trần Văn Bá", False),
        ("Lê Văn Tám", "Lê Tám", False),
    ],
)
def test_a_name_is_known_again_and_no_other_name_is(one: str, other: str, agree: bool) -> None:
    assert names_agree(one, other) == names_agree(other, one) == agree


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("Lê Thị Tám", "Ngõ 14, số 3"), ("Lê Thị Tám", "14/3"), Likeness.SAME),
        (("Lê Thị Tám", "Ngõ 14, số 3"), ("Lê Thị Tám", "3/14"), Likeness.SAME),
        (("Lê Thị Tám", "Ngõ 14, số 3"), ("Lê Thị Tám", "14/33"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Ngõ 14, số 3"), ("Lê Văn Bảy", "Ngõ 14, số 3"), Likeness.NEIGHBOUR),
        (("Lê Thị Tám", "Ngõ 3, số 14"), ("Lê Thị Tám", "Ngõ 14, số 3"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Ngõ 14"), ("Lê Thị Tám", "Ngõ 14, số 3"), Likeness.PERHAPS),
        (("Lê Thị Tám", "Ngõ 15"), ("Lê Thị Tám", "Ngõ 14, số 3"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Xóm Đình, ngõ 14, số 3"), ("Lê Thị Tám", "Ngõ 14, số 3"), Likeness.SAME),
        (("Lê Thị Tám", "3 Trần Phú"), ("Lê Thị Tám", "Số 3, đường Trần Phú"), Likeness.SAME),
        (("Lê Thị Tám", "3 Trần Phú"), ("Lê Thị Tám", "3 Lê Lợi"), Likeness.NAMESAKE),
        (("", "Xóm Đình"), ("", "Xóm Đình"), Likeness.OTHER),
        (("", "Ngõ 2, số 9"), ("", "9 ngõ 2"), Likeness.PERHAPS),
        (("", "Ngõ 2, số 9"), ("Lê Thị Tám", ""), Likeness.OTHER),
        (("Lê Thi Tám", "Ngõ 2, số 9"), ("Lê Thị Tám", "Ngõ 2, số 9"), Likeness.PERHAPS),
    ],
)
def test_name_and_address_are_weighed(
    one: tuple[str, str], other: tuple[str, str], expected: Likeness
) -> None:
    first, second = (Parts(name, *_parts(address)) for name, address in (one, other))
    assert (likeness(first, second), likeness(second, first)) == (expected, expected)


def _parts(address: str) -> tuple[str, str, str]:
    found = read("Ai Đó", address)
    return found.lane, found.number, found.note


def test_those_that_are_alike_are_found_without_looking_at_all() -> None:
    known: Known[str] = Known()
    for label in (
        "Lê Thị Tám, Ngõ 14, số 3",
        "Lê Thị Tám, Ngõ 2, số 9",
        "Ngõ 7, số 1",
        "Vũ Na, Ngõ 14, số 3",
    ):
        known.add(read(label), label)
    assert [item for _, item in known.like(read("LÊ THỊ TÁM", "9 ngõ 2"))] == ["Lê Thị Tám, Ngõ 2, số 9"]
    assert [item for _, item in known.like(read("Tô Văn Ký", "xóm Đình, 1 ngõ 7"))] == ["Ngõ 7, số 1"]
    assert [item for _, item in known.like(read("Tô Văn Ký", "14/3"), Likeness.NEIGHBOUR)] == [
        "Lê Thị Tám, Ngõ 14, số 3", "Vũ Na, Ngõ 14, số 3",
    ]  # fmt: skip
