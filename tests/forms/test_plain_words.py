"""Words without case and marks: forms and places read letters alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import plain_words
from geo import plain_words as words_of_places


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Đường Số", "duong so"),
        ("Ðường", "duong"),
        ("Hòa", "hoa"),
        ("HO\u0300A", "hoa"),
        ("ƯỠN ẸO", "uon eo"),
    ],
)
def test_marks_and_capitals_are_forgotten(written: str, plain: str) -> None:
    assert plain_words.unaccented(written) == plain


@given(st.text())
def test_forms_and_places_read_letters_alike(text: str) -> None:
    assert plain_words.unaccented(text) == words_of_places.unaccented(text)
