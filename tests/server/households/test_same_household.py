"""How alike two households are: known again in any writing, and never two taken for one."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.households.household_parts import read
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
        ("H'Hen Niê", "H’Hen Niê", True),
        ("H'HEN NIÊ", "Hhen Niê", True),
        ("H'Hen Niê", "H Hen Niê", True),
        ("K'Brếp", "KBrếp", True),
        ("Y Bhiêm Niê Kđăm", "Y Bhiêm Niê Kdăm", True),
        ("Rơ Châm H'Yêu", "Rơ Chăm H'Yêu", False),
        ("Sùng A Dơ", "Sùng A Dế", False),
    ],
)
def test_a_name_is_known_again_and_no_other_name_is(one: str, other: str, agree: bool) -> None:
    assert names_agree(one, other) == names_agree(other, one) == agree


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("Lê Thị Tám", "Ngõ 14, số 3"), ("Lê Thị Tám", "14/3"), Likeness.SAME),
        (("Lê Thị Tám", "Quốc lộ 5, số 3"), ("Lê Thị Tám", "3 QL5"), Likeness.SAME),
        (("Lê Thị Tám", "Số 12"), ("LÊ THỊ TÁM", "Số 12"), Likeness.SAME),
        (("Lê Thị Tám", "Số 12"), ("Lê Văn Bảy", "Số 12"), Likeness.OTHER),
        (("Lê Thị Tám", "Số 12"), ("Lê Thị Tám", "Ngõ 3, số 12"), Likeness.PERHAPS),
        (("Lê Thị Tám", "Quốc lộ 5, số 3"), ("Lê Thị Tám", "Số 3, QL 5A"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Quốc lộ 10, số 3"), ("Lê Thị Tám", "số 3 tỉnh lộ 353"), Likeness.PERHAPS),
        (("Lê Thị Tám", "Đội 3, số 4"), ("Lê Thị Tám", "Đội III, số 4"), Likeness.SAME),
        (("Lê Thị Tám", "Ngõ 14, số 3"), ("Lê Thị Tám", "3/14"), Likeness.SAME),
        (("Lê Thị Tám", "Ngõ 14, số 3"), ("Lê Thị Tám", "14/33"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Ngõ 14, số 3"), ("Lê Văn Bảy", "Ngõ 14, số 3"), Likeness.NEIGHBOUR),
        (("Lê Thị Tám", "Ngõ 5, số 5"), ("Lê Thị Tám", "5/5"), Likeness.SAME),
        (("Lê Thị Tám", "Ngõ 18, số 5"), ("Lê Thị Tám", "5/5"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Ngõ 5"), ("Lê Thị Tám", "5/5"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Ngõ 4, ngách 6"), ("Lê Thị Tám", "6/4"), Likeness.SAME),
        (("Lê Thị Tám", "Ngõ 3, số 14"), ("Lê Thị Tám", "Ngõ 14, số 3"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Ngõ 14"), ("Lê Thị Tám", "Ngõ 14, số 3"), Likeness.PERHAPS),
        (("Lê Thị Tám", "Ngõ 15"), ("Lê Thị Tám", "Ngõ 14, số 3"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Xóm Đình, ngõ 14, số 3"), ("Lê Thị Tám", "Ngõ 14, số 3"), Likeness.SAME),
        (("Lê Thị Tám", "3 Trần Phú"), ("Lê Thị Tám", "Số 3, đường Trần Phú"), Likeness.SAME),
        (("Lê Thị Tám", "3 Trần Phú"), ("Lê Thị Tám", "3 Lê Lợi"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Ngõ 27, ngách 5, số 8"), ("Lê Thị Tám", "27/5/8"), Likeness.SAME),
        (("Lê Thị Tám", "Ngõ 27, ngách 5, số 8"), ("Lê Thị Tám", "Số 8/5/27"), Likeness.SAME),
        (("Lê Thị Tám", "Ngõ 27, ngách 5, số 8"), ("Lê Thị Tám", "Số 8 ngách 27/5"), Likeness.SAME),
        (("Lê Thị Tám", "Ngõ 27, ngách 5, số 8"), ("Lê Thị Tám", "27/5/18"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Ngõ 27, ngách 5, số 8"), ("Lê Thị Tám", "27/8"), Likeness.PERHAPS),
        (("Lê Thị Tám", "Ngõ 27, ngách 5, số 8"), ("Lê Thị Tám", "27/5"), Likeness.PERHAPS),
        (("Lê Thị Tám", "Số 27/5/8"), ("Lê Thị Tám", "Ngách 27/5, số 8"), Likeness.SAME),
        (("Lê Thị Tám", "27/8"), ("Lê Thị Tám", "27/8"), Likeness.SAME),
        (("Lê Thị Tám", "27/8"), ("Lê Thị Tám", "8/27"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "27/8 Trần Phú"), ("Lê Thị Tám", "27/8 Lê Lợi"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Xóm Chùa, 27/8"), ("Lê Thị Tám", "Xóm Đình, ngõ 27, số 8"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Ngõ số 27, số nhà 8"), ("Lê Thị Tám", "Ngõ 27. Số 8"), Likeness.SAME),
        (("Lê Thị Tám", "Phòng 302, nhà B"), ("Lê Thị Tám", "Nhà B phòng 303"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Tòa CT1, căn 1205"), ("Lê Thị Tám", "Tòa CT2, căn 1205"), Likeness.NAMESAKE),
        (("Lê Thị Tám", "Tầng 3 phòng 302"), ("Lê Thị Tám", "Phòng 302"), Likeness.PERHAPS),
        (("\u00d0ặng Thị Tám", "Xóm \u00d0ình, số 9"), ("Đặng Thị Tám", "Xóm Đình, số 9"), Likeness.SAME),
        (("", "Xóm Đình"), ("", "Xóm Đình"), Likeness.OTHER),
        (("", "Ngõ 2, số 9"), ("", "9 ngõ 2"), Likeness.PERHAPS),
        (("", "Ngõ 2, số 9"), ("Lê Thị Tám", ""), Likeness.OTHER),
        (("Lê Thi Tám", "Ngõ 2, số 9"), ("Lê Thị Tám", "Ngõ 2, số 9"), Likeness.PERHAPS),
    ],
)
def test_name_and_address_are_weighed(
    one: tuple[str, str], other: tuple[str, str], expected: Likeness
) -> None:
    first, second = (read(name, address) for name, address in (one, other))
    assert (likeness(first, second), likeness(second, first)) == (expected, expected)


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


NAMES = st.builds(
    lambda *words: " ".join(filter(None, words)),
    st.sampled_from(("", "", "Ông", "Hộ bà", "ba")),
    st.sampled_from(("Nguyễn", "Nguyen", "Ng.", "N", "Trần", "Tr. V.", "Đỗ Hữu")),
    st.sampled_from(("Văn", "V.", "Thị", "Thi", "")),
    st.sampled_from(("Quý", "Quí", "Thủy", "THUỶ", "Đạt", "Dat")),
) | st.just("")  # fmt: skip
ADDRESSES = st.builds(
    lambda pattern, one, other: pattern.format(one, other),
    st.sampled_from(
        (
            "Ngõ {}, số {}", "{}/{}", "{}/{}/3", "Ngõ {}, ngách 3, số {}", "{} ngõ {}", "Ngách {}, ngõ {}",
            "Xóm Đình, ngõ {}, số {}", "Ngõ {}", "Xóm Đình",
        )
    ),
    st.integers(1, 3),
    st.integers(1, 3),
)  # fmt: skip


@given(
    st.lists(st.tuples(NAMES, ADDRESSES), min_size=2, max_size=12),
    st.sampled_from([each for each in Likeness if each > Likeness.OTHER]),
)
def test_who_is_looked_for_is_found_as_if_all_were_looked_at(
    written: list[tuple[str, str]], least: Likeness
) -> None:
    """R14: also those that have only one name, or only one address."""
    *there, own = (read(*each) for each in written)
    known: Known[int] = Known()
    for number, parts in enumerate(there):
        known.add(parts, number)
    every = {(likeness(own, parts), number) for number, parts in enumerate(there)}
    assert set(known.like(own, least)) == {each for each in every if each[0] >= least}
