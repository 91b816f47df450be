"""Whole text files in the letters of old programs: found out and read as they are meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import encodings

TEXT = "Họ tên;Thôn\nLương Văn Tửu;Vạn Phúc\nĐỗ Thị Hường;Cẩm La\n"
IN_VNI = "Hoï teân;Thoân\nLöông Vaên Töûu;Vaïn Phuùc\nÑoã Thò Höôøng;Caåm La\n".encode("latin-1")


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(), TEXT.encode("utf-8-sig"), TEXT.encode("utf-16"), TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"), IN_VNI,
    ],
)  # fmt: skip
def test_a_text_is_read_in_whatever_letters(content: bytes) -> None:
    assert encodings.table_text(content) == TEXT


def test_vni_writes_hat_and_tone_behind_the_vowel() -> None:
    assert (
        encodings.in_old_font("ÑOÀNG XUAÂN, Myõ Höng, Quaûn Ñöùc Thöï", "vni")
        == "ĐỒNG XUÂN, Mỹ Hưng, Quản Đức Thự"
    )


@pytest.mark.parametrize("content", [b"\x00\x01\x02", b"\x7fELF" + bytes(100), b"\xff\xfe\x00"])
def test_what_is_no_text_is_none(content: bytes) -> None:
    assert encodings.table_text(content) is None


@given(st.binary(max_size=200))
def test_reading_never_fails(content: bytes) -> None:
    assert "\0" not in (encodings.table_text(content) or "")


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("NGäC §éNG", "NGỌC ĐỘNG"),
        ("§ÛNG X¸", "ĐỒNG XÁ"),
        ("§ång X¸", "Đồng Xá"),
        ("X¸", "Xá"),
        ("Tæ 3A", "Tổ 3A"),
    ],
)
def test_capitals_of_tcvn3_are_drawn_from_small_letters(shown: str, meant: str) -> None:
    assert encodings.in_old_font(shown, "tcvn3") == meant
