"""In which letters an old .dbf table wrote Vietnamese: UTF-8, TCVN3 (ABC), Windows-1258 or Latin-1."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

# TCVN 5712:1993 from 0xA1 on; 0xB0 to 0xB4 are tone marks that follow their vowel
_TCVN3 = (
    "ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻ"
    "ẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
_TCVN3_TABLE = {0xA1 + place: letter for place, letter in enumerate(_TCVN3)}

_ONSET = "ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdđghklmnprstvx]"
_NUCLEUS = (
    "uyê|uya|iêu|yêu|oai|oay|oeo|uây|uôi|ươi|ươu|uyu|ia|iê|yê|ua|uô|ưa|ươ|oa|oă|oe|uâ|uê|uơ|uy|"
    "ai|ao|au|ay|âu|ây|eo|êu|iu|oi|oo|ôi|ơi|ui|ưi|ưu|[aăâeêioôơuưy]"
)
_SYLLABLE = re.compile(rf"(?:{_ONSET})?(?:{_NUCLEUS})(?:ch|ng|nh|[cmnpt])?")
_TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
_CLOSED = ("c", "ch", "p", "t")
# What a .cpg says; programs write "ISO-8859-1" without looking, so a declared one must also read as Vietnamese
_CPG = {
    "utf8": "utf-8", "65001": "utf-8", "cp65001": "utf-8", "1258": "cp1258", "cp1258": "cp1258",
    "windows1258": "cp1258", "ansi1258": "cp1258", "iso88591": "latin-1", "88591": "latin-1", "latin1": "latin-1",
}  # fmt: skip
_SURE = 0.8  # share of words that must read as Vietnamese before a guess is trusted


def is_syllable(word: str) -> bool:
    """Whether a word can be a Vietnamese syllable: a known rhyme, at most one tone, and the tone a stop allows."""
    spread = unicodedata.normalize("NFD", word.lower())
    tones = [letter for letter in spread if ord(letter) in _TONES]
    base = unicodedata.normalize("NFC", spread.translate(_TONES))
    if len(tones) > 1 or not _SYLLABLE.fullmatch(base):
        return False
    return not base.endswith(_CLOSED) or tones in (["\u0301"], ["\u0323"])


def decode(fields: Sequence[bytes], declared: str | None) -> tuple[str, bool]:
    """The encoding of a table's texts, and whether it is certain: as the .cpg says if that fits, UTF-8, a guess.

    Answers "utf-8", "tcvn3", "cp1258" or "latin-1", as `text` takes it.
    """
    stated = _CPG.get(re.sub(r"[^0-9a-z]", "", (declared or "").lower()))
    if stated and _fits(fields, stated) and is_trusted(fields, stated):
        return stated, True
    if _fits(fields, "utf-8"):
        return "utf-8", True
    return max(("cp1258", "tcvn3", "latin-1"), key=lambda name: share_of_syllables(fields, name)), False


def text(raw: bytes, encoding: str) -> str:
    """The bytes as text in composed form (NFC); bytes without a meaning become U+FFFD."""
    if encoding == "tcvn3":
        decoded = raw.decode("latin-1").translate(_TCVN3_TABLE)
    else:
        decoded = raw.decode(encoding, errors="replace")
    return unicodedata.normalize("NFC", decoded).strip(" \0\t\r\n")


def share_of_syllables(fields: Iterable[bytes], encoding: str) -> float:
    """How much of the words written with marks reads as Vietnamese, 0 to 1; 1 when there are none."""
    words = [
        word
        for raw in fields
        if not raw.isascii()
        for word in re.split(r"[\W\d_]+", text(raw, encoding))
        if not word.isascii()
    ]
    strange = sum(text(raw, encoding).count("\ufffd") for raw in fields)
    return sum(map(is_syllable, words)) / (len(words) + strange) if words else float(not strange)


def is_trusted(fields: Iterable[bytes], encoding: str) -> bool:
    """Whether a guessed encoding gives words that read as Vietnamese."""
    return share_of_syllables(list(fields), encoding) >= _SURE


def _fits(fields: Iterable[bytes], encoding: str) -> bool:
    try:
        for raw in fields:
            raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
