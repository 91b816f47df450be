"""Words without case, marks and signs: what is compared where people write one thing in many ways."""

import re
import unicodedata

_SIGNS = re.compile(r"[^a-z0-9]+")


def unaccented(text: str) -> str:
    """Lower case without marks, đ as d: what is searched with or without marks."""
    spread = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return unicodedata.normalize("NFC", "".join(c for c in spread if not unicodedata.combining(c)))


def words(text: str) -> str:
    """The words alone, one space between them: "Họ, tên\\n(chủ hộ)" is "ho ten chu ho"."""
    return _SIGNS.sub(" ", unaccented(text)).strip()


def one_line(text: str) -> str:
    """Composed text on one line, without what cannot be seen; outer and doubled spaces go."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(c if c.isprintable() else " " for c in composed).split())
