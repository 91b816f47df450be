"""A household's parts: read from every way of writing them, made into one label, one address, one order of walking."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.households import household_parts
from server.households.household_parts import Parts, read
from server.households.same_household import Likeness, are_alike, likeness

NUS = Parts("Lương Thị Nụ", "Ngõ 14", "3")


@pytest.mark.parametrize(
    ("typed", "is_meant"),
    [
        ("ngõ 14 số 3", True), ("Số 3, ngõ 14", True), ("3 ngo 14", True), ("số nhà 03 ngõ 14", True),
        ("Ngo14", True), ("sn 3 ng 14", True), ("14", True), ("nụ, ngõ 14", True), ("NỤ LƯƠNG", True),
        ("lương thị n", True), (unicodedata.normalize("NFD", "Lương Thị Nụ"), True), ("", True),
        ("ngõ 4", False), ("số 14", False), ("1 ngõ 14", False), ("ngõ 3 số 14", False), ("Lương Thị Na", False),
    ],
)  # fmt: skip
def test_a_household_is_found_however_its_address_is_typed_and_3_is_not_13(
    typed: str, is_meant: bool
) -> None:
    assert household_parts.holds(NUS, typed) is is_meant
    assert not household_parts.holds(Parts("Lương Thị Nụ", "Ngõ 141", "13"), "số 3")


@pytest.mark.parametrize(
    "address",
    [
        "Ngõ 14, số 3",
        "3, Ngõ 14",
        "Số 3 ngõ 14",
        "3 ngõ 14",
        "NGÕ 14, SỐ 03",
        "ngo 14 so 3",
        "Ngõ14, số3",
        "ng. 14, SN 3",
        "s/n 3 - ngõ 14",
        "Số nhà: 3/ngõ 14",
        "nhà số 3; ngõ 14",
        unicodedata.normalize("NFD", "Ngõ 14, số 3"),
    ],
)
def test_lane_and_number_are_told_in_any_order_and_letters(address: str) -> None:
    assert read("Lương Thị Nụ", address) == NUS
    assert read(f"Lương Thị Nụ, {address}", address) == NUS
    assert read(f"Lương Thị Nụ, {address}") == NUS
    assert (NUS.label, NUS.address) == ("Lương Thị Nụ, Ngõ 14, số 3", "Ngõ 14, số 3")


@pytest.mark.parametrize(
    ("address", "lane", "number", "note"),
    [
        ("Số 9 - xóm Đình", "Xóm Đình", "9", ""),
        ("Số 5 ngách 2 ngõ 21 xóm Đông", "Xóm Đông, Ngõ 21, Ngách 2", "5", ""),
        ("Xóm Đông 2, số 4", "Xóm Đông 2", "4", ""),
        ("3 Trần Hưng Đạo", "Trần Hưng Đạo", "3", ""),
        ("số 3 a, hẻm 7", "Hẻm 7", "3A", ""),
        ("Ngõ 14, số 3 (cạnh quán nước)", "Ngõ 14", "3", "cạnh quán nước"),
        ("Khu phố 2, đội 5, số 12bis", "Khu phố 2, Đội 5", "12bis", ""),
        ("14/3", "", "14/3", ""),
        ("Ngõ số 27. Số nhà 8", "Ngõ 27", "8", ""),
        ("27/5/8", "", "27/5/8", ""),
        ("Xóm \u00d0ình, số 9", "Xóm Đình", "9", ""),
        ("Ngô Gia Tự", "Ngô Gia Tự", "", ""),
        ("cạnh đình", "cạnh đình", "", ""),
    ],
)
def test_what_can_be_told_is_told(address: str, lane: str, number: str, note: str) -> None:
    assert read("Vũ Thị Na", address) == Parts("Vũ Thị Na", lane, number, note)


@pytest.mark.parametrize(
    "address",
    [
        "nhà anh Ba cạnh quán nước số 5 đối diện cổng",
        "số 3, số 5",
        "ngõ 3, ngõ 5, số 1",
        "sau nhà văn hóa ngõ 3",
    ],
)
def test_what_cannot_be_told_apart_stays_whole(address: str) -> None:
    """A wrong guess would send a collector to another door."""
    assert read("Vũ Thị Na", address) == Parts("Vũ Thị Na", address)
    assert read("Vũ Thị Na", address).address == address


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Ngô Văn An, Ngõ 3, số 5", "Ngô Văn An"),
        ("Đường Văn An, Xóm Đình, số 5", "Đường Văn An"),
        ("Lương Thị Nụ Ngõ 14 số 3", "Lương Thị Nụ"),
        ("Lương Thị Nụ - số 3 ngõ 14", "Lương Thị Nụ"),
        ("Ngõ 14, số 3, Lương Thị Nụ", "Lương Thị Nụ"),
        ("MẠC ĐÌNH TẤU", "Mạc Đình Tấu"),
        ("Lương Văn Tửu 3", "Lương Văn Tửu 3"),
        ("Ngõ 14, số 3", ""),
        ("Nhà mái đỏ cạnh đình", "Nhà mái đỏ cạnh đình"),
    ],
)
def test_the_name_in_a_label_is_told_from_the_address(label: str, name: str) -> None:
    assert read(label).name == name


def test_the_address_of_the_row_stands_above_the_one_in_an_old_label() -> None:
    moved = read("Lương Thị Nụ, Ngõ 14, số 3", "Ngõ 14, số 3A")
    assert moved.label == "Lương Thị Nụ, Ngõ 14, số 3A"


def test_a_column_of_lanes_gives_its_word_to_bare_numbers() -> None:
    assert household_parts.of_list("Ứng Văn Dậu", "", "14", "3").address == "Ngõ 14, số 3"
    assert (
        household_parts.of_list("Ứng Văn Dậu", "", "Đình", "9", lane_word="Xóm").address == "Xóm Đình, số 9"
    )
    assert household_parts.of_list("Ứng Văn Dậu", "", "ngõ 14", "Số nhà 3").address == "Ngõ 14, số 3"
    whole = household_parts.of_list("Ứng Văn Dậu", "Số 3 ngõ 14, thôn Đồng Xuân, xã An Lão, TP Hải Phòng")
    assert whole.address == "Ngõ 14, số 3"


def test_lanes_are_walked_in_the_order_of_their_numbers() -> None:
    """Case house-06: numbers as numbers, lanes as lanes, whichever way they were written."""
    walked = ["Ngõ 5, số 2", "18 ngõ 5", "Ngõ 5, số 20", "Số 3, ngõ 14", "Ngõ 14, số 3A", "33, Ngõ 14", ""]
    mixed = random.Random(6).sample(walked, len(walked))
    assert sorted(mixed, key=lambda address: read("Ai", address).walking) == walked


def test_lanes_that_have_names_are_walked_in_the_order_of_the_alphabet() -> None:
    walked = ["Dãy B, số 4", "Đội 2, số 1", "Đội 10, số 1", "Đường Trần Phú, số 3", "Ngõ 2", "Ngõ Ao", "Ngõ Ăn",
              "Xóm Am, số 1", "Xóm Ấp, số 1", "Xóm Dinh, số 2", "XÓM ĐÌNH, SỐ 1", "Xóm Đình, số 10", "Xóm Giữa",
              "Xóm Ổi"]  # fmt: skip
    mixed = random.Random(7).sample(walked, len(walked))
    assert sorted(mixed, key=lambda address: read("Ai", address).walking) == walked


@pytest.mark.parametrize("typed", ["số 12, ngõ 7", "ngõ 7 số 12", "12 ngo 7", "mac tau", "TẤU, 12"])
def test_a_household_is_found_whatever_is_typed(typed: str) -> None:
    """Case desk-03."""
    assert household_parts.holds(read("Mạc Đình Tấu, Ngõ 7, số 12"), typed)
    assert not household_parts.holds(read("Mạc Đình Tấu, Ngõ 7, số 11"), "so 12")


def test_what_is_searched_has_neither_marks_nor_commas() -> None:
    """Case walker-03."""
    assert NUS.search == "luong thi nu ngo 14 so 3"


names = st.lists(
    st.sampled_from(
        ["Nguyễn", "Đỗ", "Mạc", "Thị", "Văn", "Đình", "Hòa", "Hoà", "Nụ", "Ứng", "Dậu", "Quý", "An"]
    ),
    min_size=2,
    max_size=4,
)
lanes = st.one_of(
    st.tuples(st.sampled_from(["Ngõ", "Ngách", "Xóm", "Đội", "Đường"]), st.integers(1, 400).map(str)).map(
        " ".join
    ),
    st.sampled_from(["Xóm Đình", "Xóm Đông", "Ngõ Giếng Làng"]),
)
numbers = st.tuples(st.integers(1, 400).map(str), st.sampled_from(["", "", "A", "b"])).map("".join)


def _letters(text: str, how: int) -> str:
    bare = "".join(
        c
        for c in unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
        if not unicodedata.combining(c)
    )
    return (text, text.upper(), unicodedata.normalize("NFD", text), bare)[how]


@given(
    names.map(" ".join),
    lanes,
    numbers,
    st.permutations([0, 1]),
    st.integers(0, 3),
    st.sampled_from([", ", " - ", "; "]),
)
def test_order_capitals_and_marks_of_the_parts_do_not_matter(
    name: str, lane: str, number: str, order: list[int], how: int, between: str
) -> None:
    """docs/rules.md R14."""
    one = read(f"{name}, {lane}, số {number}", f"{lane}, số {number}")
    written = _letters(between.join((lane, f"số {number}")[at] for at in order), how)
    other = read(_letters(name, how), written)
    assert are_alike(one, other)
    assert are_alike(other, one)
    assert read(one.label, one.address) == one


@given(names.map(" ".join), lanes, numbers, numbers)
def test_another_number_is_another_house(name: str, lane: str, number: str, other: str) -> None:
    """docs/rules.md R14: 3 and 3A, 2 and 20."""
    first, second = read(name, f"{lane}, số {number}"), read(name, f"{other} {lane}")
    assert are_alike(first, second) == (number.casefold() == other.casefold())


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_read_and_what_is_made_of_it_reads_alike(label: str, address: str) -> None:
    found = read(label, address)
    assert read(found.label, found.address).address == found.address
    assert likeness(found, found) in (Likeness.SAME, Likeness.PERHAPS, Likeness.OTHER)


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("Ngõ 5, số 7, thôn Vạn Phúc, xã An Lão, Hải Phòng", "Ngõ 5, số 7"),
        ("Số 7 ngõ 5, xã An Lão, cạnh đình", "Ngõ 5, số 7, cạnh đình"),
        ("LÔ 5 KHU TĐC", "Khu TĐC, Lô 5"),
    ],
)
def test_what_stands_behind_a_commune_is_no_part_of_the_address_and_short_words_keep_their_letters(
    address: str, wanted: str
) -> None:
    assert household_parts.of_list("Bùi Thị Nhàn", address).address == wanted
