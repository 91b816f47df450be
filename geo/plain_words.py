"""Words without case, marks and signs: what is compared where people write one thing in many ways."""

import re
import unicodedata

_SIGNS = re.compile(r"[^a-z0-9]+")
_D_BAR = str.maketrans("ÐðƉɖ", "ĐđĐđ")
"""Letters of other languages that look like Đ: old converters and western keyboards write U+00D0 for it."""


def unaccented(text: str) -> str:
    """Lower case without marks, đ as d: what is searched with or without marks."""
    spread = unicodedata.normalize("NFD", text.translate(_D_BAR).casefold().replace("đ", "d"))
    return unicodedata.normalize("NFC", "".join(c for c in spread if not unicodedata.combining(c)))


def words(text: str) -> str:
    """The words alone, one space between them: "Họ, tên\\n(chủ hộ)" is "ho ten chu ho"."""
    return _SIGNS.sub(" ", unaccented(text)).strip()


def one_line(text: str) -> str:
    """Composed text on one line, without what cannot be seen; outer and doubled spaces go, what looks like Đ is Đ."""
    composed = unicodedata.normalize("NFC", text).translate(_D_BAR)
    return " ".join("".join(c if c.isprintable() else " " for c in composed).split())


_VOWELS = frozenset("aeiouy")
_ROMAN = re.compile(r"X{0,2}(?:I{1,3}|IV|VI{2,3}|IX)")
"""Numerals that are no syllable; VI, XI and MI are given names as well."""


def titled(text: str) -> str:
    """Names in capitals as they are written in a sentence: MẠC ĐÌNH TẤU is Mạc Đình Tấu, XÓM ĐÌNH II is Xóm Đình II;
    TĐC has no vowel and stays."""
    if not text.isupper() or (" " not in text and len(text) < 3):
        return text
    return re.sub(r"[^\W\d_]{2,}", _as_name, text)


def _as_name(word: re.Match[str]) -> str:
    said = word.group()
    is_word = _VOWELS.intersection(unaccented(said)) and not _ROMAN.fullmatch(said)
    return said.capitalize() if is_word else said
