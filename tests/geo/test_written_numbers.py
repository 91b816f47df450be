"""Whole numbers as people write them; what could be a fraction is never guessed at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import written_numbers


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.250", 1250), ("1,250", 1250), ("1 095", 1095), ("3\u00a0832", 3832), ("1.234.567", 1234567), (" 87 hộ", 87),
        ("87 ho\u0302\u0323", 87), ("301,0", 301), ("1250.0", 1250), ("430 nhân khẩu", 430), ("0", 0), (12.0, 12),
        (7, 7),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_is_meant(written: object, meant: int) -> None:
    assert written_numbers.whole(written) == meant


@pytest.mark.parametrize(
    "written",
    ["1.25", "95,5", "12.5", "0.250", "1.2500", "1.250,5", "-5", "", "nhiều", "5 %", 1.5, 1.095, None, True, "1e3",
     "99999999999", float("nan"), float("inf")],
)  # fmt: skip
def test_what_is_no_whole_number_is_refused(written: object) -> None:
    assert written_numbers.whole(written) is None


@given(st.integers(0, written_numbers.MOST - 1), st.sampled_from([".", ",", " ", "\u00a0", "\u202f"]))
def test_every_number_reads_back_however_thousands_are_parted(number: int, mark: str) -> None:
    assert written_numbers.whole(f"{number:,}".replace(",", mark)) == number


@given(st.text(max_size=20))
def test_reading_never_fails(text: str) -> None:
    assert (
        written_numbers.whole(text) is None or 0 <= (written_numbers.whole(text) or 0) < written_numbers.MOST
    )
