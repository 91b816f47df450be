"""Names in the order of the Vietnamese alphabet (tests/data/order has ICU's); the database sorts by the same key."""

import random
import unicodedata
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from geo.vietnamese_order import sort_key
from server.db import db, in_vietnamese_order

FOLDER = Path(__file__).parents[1] / "data" / "order"
LETTERS = (FOLDER / "sort-03-letters.tsv").read_text(encoding="utf-8").split()[1:]


@pytest.mark.parametrize("file", ["sort-01-places.txt", "sort-02-people.txt"])
def test_names_stand_as_icu_has_them(file: str) -> None:
    names = (FOLDER / file).read_text(encoding="utf-8").splitlines()
    assert sorted(random.sample(names, len(names)), key=sort_key) == names


def test_letters_stand_in_the_order_of_the_alphabet() -> None:
    assert sorted(random.sample(LETTERS, len(LETTERS)), key=sort_key) == LETTERS


def test_numbers_stand_by_their_size_and_case_makes_no_difference() -> None:
    assert sorted(["Thôn 10", "THÔN 2", "Thôn 1"], key=sort_key) == ["Thôn 1", "THÔN 2", "Thôn 10"]
    assert sort_key("ĐÔNG HÀ") == sort_key("Đông Hà")


def test_signs_stand_below_numbers_and_letters_as_icu_has_them() -> None:
    names = [
        "Cầu Đất - Máy Tơ", "Cầu Đất – Máy Chai", "Cầu Đất (cũ)", "Cầu Đất 2", "Cầu Đất Ba", "Cầu Đất, khu A",
        "Cầu_Đất",
        "H'Ba", "H’Hen", "Hà", "Hbi", "K'Brếp", "Kbang", "Tổ 3/4", "Tổ 3A", "Tổ 12",
    ]  # fmt: skip
    assert sorted(random.sample(names, len(names)), key=sort_key) == names


@given(st.text(alphabet="aàăắđeêoơuưÝ 0129-é", max_size=12))
def test_decomposed_text_has_the_same_key(text: str) -> None:
    assert sort_key(unicodedata.normalize("NFD", text)) == sort_key(text)


def test_the_database_works_out_the_same_key(app: Flask) -> None:
    names = [
        *(FOLDER / "sort-02-people.txt").read_text(encoding="utf-8").splitlines(),
        "Tổ dân phố số 12", "TDP 3/4", "", "Café 007", "123456789012345", "E\u0302\u0301 va\u0306n",
        "H’Hen “Bé” – [cũ] {2}, H'Ba; (x) a_b @*/\\&# : !? . …",
    ]  # fmt: skip
    told = [db.session.scalar(sa.select(in_vietnamese_order(sa.literal(name)))) for name in names]
    assert told == [sort_key(name) for name in names]
