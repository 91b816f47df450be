"""The order of the Vietnamese alphabet, for sorting in Python and, by the same two tables, in SQL.

As ICU sorts `vi`: a ă â b c d đ e ê … o ô ơ … u ư …, and only among words of the same letters by their tones:
không, huyền, hỏi, ngã, sắc, nặng. Numbers stand by their size (ICU's option `kn`): thôn 2 before thôn 10.
"""

import re
import unicodedata

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
_TONED = "aăâeêioôơuưy"
# from "A" on, above signs and digits and below all letters that are not Vietnamese; one sign a letter
_PLACES = {letter: chr(ord("A") + place) for place, letter in enumerate(_ALPHABET)}


def _tables() -> tuple[dict[str, str], dict[str, str]]:
    letters, tones = {}, {}
    for small in _ALPHABET:
        for number, tone in enumerate(_TONES if small in _TONED else ("",)):
            composed = unicodedata.normalize("NFC", small + tone)
            for letter in (composed, composed.upper()):
                letters[letter] = _PLACES[small]
                tones[letter] = str(number)
    return letters, tones


_LETTERS, _TONE_OF = _tables()
_SIGNS = ("_", "-", "–—", ",;", ":", "!?", ".…", "'‘’ʼ", '"“”', "(", ")", "[{", "]}", "@*/\\&#")
"""As ICU has them: all above a space and below digits; those that stand together have one place."""
_BELOW_DIGITS = "!\"#$&'()*+,-./"
_LETTERS |= {sign: place for signs, place in zip(_SIGNS, _BELOW_DIGITS, strict=True) for sign in signs}
LETTERS = ("".join(_LETTERS), "".join(_LETTERS.values()))
"""Each letter, small and large, and sign, and what stands for its place: what `translate` of SQL takes."""
TONES = ("".join(_TONE_OF), "".join(_TONE_OF.values()))
"""Each letter and the digit of its tone, 0 to 5."""
CAPITALS = (
    "".join(each for each in _LETTERS if not each.isascii() and each.isupper()),
    "".join(each.lower() for each in _LETTERS if not each.isascii() and each.isupper()),
)
"""Each large letter beyond ASCII, and its small one."""
DIGITS = 12
"""To how many a number is filled up with zeros; of a longer one the last count."""
BETWEEN = "\t"
"""Stands between letters and tones of a key, below all that both are made of."""
_BY_LETTER, _BY_TONE = str.maketrans(_LETTERS), str.maketrans(_TONE_OF)


def sort_key(text: str) -> str:
    """What sorts as Vietnamese do, letter by letter of Unicode; texts that differ in case alone have one key."""
    composed = re.sub(
        r"[0-9]+", lambda found: found[0].zfill(DIGITS)[-DIGITS:], unicodedata.normalize("NFC", text)
    )
    return composed.translate(_BY_LETTER) + BETWEEN + composed.translate(_BY_TONE)


def sort_key_or_none(text: str | None) -> str | None:
    """The same for a cell of a table, where a name may be missing."""
    return None if text is None else sort_key(text)
