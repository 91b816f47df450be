"""Words of forms without case and marks: what is compared where people write one thing in many ways."""

import unicodedata

_D_BAR = str.maketrans("ÐðƉɖ", "ĐđĐđ")
"""Letters of other languages that look like Đ: old converters and western keyboards write U+00D0 for it."""


def unaccented(text: str) -> str:
    """Lower case without marks, đ as d, as `geo.plain_words` has it: geo and forms do not know each other."""
    spread = unicodedata.normalize("NFD", text.translate(_D_BAR).casefold().replace("đ", "d"))
    return unicodedata.normalize("NFC", "".join(c for c in spread if not unicodedata.combining(c)))
