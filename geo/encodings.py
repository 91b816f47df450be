"""In which letters an old file wrote Vietnamese: UTF-8, UTF-16, TCVN3 (ABC), VNI, Windows-1258 or Latin-1."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

# TCVN 5712:1993 from 0xA1 on; 0xB0 to 0xB4 are tone marks that follow their vowel
_TCVN3 = (
    "ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻ"
    "ẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
TCVN3_TABLE = {0xA1 + place: letter for place, letter in enumerate(_TCVN3)}

# VNI writes a vowel and, behind it, one byte for its hat and tone together
_VNI_BEHIND = {
    "ù": "\u0301", "ø": "\u0300", "û": "\u0309", "õ": "\u0303", "ï": "\u0323",
    "â": "\u0302", "á": "\u0302\u0301", "à": "\u0302\u0300", "å": "\u0302\u0309", "ã": "\u0302\u0303",
    "ä": "\u0302\u0323",
    "ê": "\u0306", "é": "\u0306\u0301", "è": "\u0306\u0300", "ú": "\u0306\u0309", "ü": "\u0306\u0303",
    "ë": "\u0306\u0323",
}  # fmt: skip
_VNI_ALONE = {"ñ": "đ", "ô": "ơ", "ö": "ư", "í": "í", "ì": "ì", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}
_VNI_ALONE |= {old.upper(): new.upper() for old, new in _VNI_ALONE.items()}
_VNI = re.compile(f"([aeouyAEOUYôöÔÖ])([{''.join(_VNI_BEHIND)}{''.join(_VNI_BEHIND).upper()}])")

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

    Answers "utf-8", "tcvn3", "vni", "cp1258" or "latin-1", as `text` takes it.
    """
    stated = _CPG.get(re.sub(r"[^0-9a-z]", "", (declared or "").lower()))
    if stated and _fits(fields, stated) and is_trusted(fields, stated):
        return stated, True
    if _fits(fields, "utf-8"):
        return "utf-8", True
    guesses = ("cp1258", "tcvn3", "latin-1", "vni")
    return max(guesses, key=lambda name: share_of_syllables(fields, name)), False


def text(raw: bytes, encoding: str, around: str = " \0\t\r\n") -> str:
    """The bytes as composed text (NFC) without what stands `around` it; bytes without a meaning become U+FFFD."""
    if encoding in OLD_FONTS:
        decoded = in_old_font(raw.decode("latin-1"), encoding)
    else:
        decoded = raw.decode(encoding, errors="replace")
    return unicodedata.normalize("NFC", decoded).strip(around)


def old_font(texts: Iterable[str]) -> str | None:
    """The font of old that texts of a Unicode file were written for, where they read as Vietnamese in it and not as
    they stand: what converts a file without knowing TCVN3 or VNI writes "§ång X¸" into it. None where they read well.
    """
    marked = [text for text in texts if not text.isascii()]
    if not marked or any(ord(letter) > 255 for text in marked for letter in text):
        return None
    fields = [text.encode("latin-1") for text in marked]
    best = max(OLD_FONTS, key=lambda name: share_of_syllables(fields, name))
    read = share_of_syllables(fields, best)
    return best if read >= _SURE and read > share_of_syllables(fields, "latin-1") else None


OLD_FONTS = ("tcvn3", "vni")
"""Letters that are drawn by a font of their own: a program that does not know them shows "V¹n Phóc", "Vaïn Phuùc"."""


def in_old_font(shown: str, encoding: str) -> str:
    """What text says in TCVN3 or VNI, from the letters that a program without that font shows for it (NFC)."""
    if encoding == "tcvn3":
        meant = _in_capitals(shown.translate(TCVN3_TABLE))
    else:
        meant = _VNI.sub(_of_vni, shown)
        meant = "".join(_VNI_ALONE.get(letter, letter) for letter in meant)
    return unicodedata.normalize("NFC", meant)


def _in_capitals(meant: str) -> str:
    """TCVN3 has no capitals with tones: its fonts of capitals draw them from small ones, "NGọC" is NGỌC."""
    plain = [letter for letter in meant if letter.isascii() and letter.isalpha()]
    return meant.upper() if len(plain) > 2 and "".join(plain).isupper() else meant


def _of_vni(pair: re.Match[str]) -> str:
    vowel = _VNI_ALONE.get(pair[1], pair[1])
    return vowel + _VNI_BEHIND[pair[2].lower()]


def table_text(content: bytes) -> str | None:
    """A whole text file in whatever letters it was written, composed; None where it is no text.

    Excel's "Unicode text" is UTF-16; without its mark it is known by the zeros of its separators.
    """
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if content.startswith(mark):
            return _composed(content, encoding)
    if b"\0" in content[:4000]:
        wide = "utf-16-le" if content[1:4000:2].count(0) > content[0:4000:2].count(0) else "utf-16-be"
        return _composed(content, wide)
    sample = [line for line in content[:200_000].splitlines() if not line.isascii()]
    encoding, _ = decode(sample, None) if not _fits([content], "utf-8") else ("utf-8", True)
    lines = content.split(b"\n")
    whole = "\n".join(text(line, encoding, around="\0\r") for line in lines)
    return whole if _is_text(whole) else None


def _composed(content: bytes, encoding: str) -> str | None:
    try:
        decoded = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return unicodedata.normalize("NFC", decoded) if _is_text(decoded) else None


def _is_text(decoded: str) -> bool:
    """Without control characters, and hardly a byte without a meaning."""
    if any(letter < " " and letter not in "\t\r\n\f\v" for letter in decoded):
        return False
    return decoded.count("\ufffd") * 20 <= len(decoded)


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
