"""Regular expressions as Java reads them, matched within a bound of time."""

from functools import lru_cache

import regex

from forms.engine.unfillable import TooMuch, Unfillable

_LONGEST = 2_000
_SECONDS = 0.25
"""A pattern that has not decided by then is taken for one that never will ("(a+)+"); phones would hang."""
_POSIX = {
    "Lower": "a-z", "Upper": "A-Z", "ASCII": r"\x00-\x7F", "Alpha": "a-zA-Z", "Digit": "0-9", "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~", "Graph": "!-~", "Print": " -~", "Blank": r" \t", "Cntrl": r"\x00-\x1F\x7F",
    "XDigit": "0-9a-fA-F", "Space": r" \t\n\x0B\f\r",
    "javaLowerCase": r"\p{Lowercase}", "javaUpperCase": r"\p{Uppercase}", "javaWhitespace": r"\s",
    "javaMirrored": r"\p{Bidi_Mirrored}",
}  # fmt: skip
_SHORT = {
    "d": "0-9",
    "w": "a-zA-Z_0-9",
    "s": r" \t\n\x0B\f\r",
    "h": r" \t\xA0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000",
}
_ONE = {
    "e": r"\x1B",
    "z": r"\Z",
    "Z": r"(?=\n?\Z)",
    "R": r"(?:\r\n|[\n\x0B\f\r\x85\u2028\u2029])",
    "G": r"\G",
}


def matches(text: str, pattern: str) -> bool:
    """Whether the whole text matches. Unfillable for a pattern that is wrong, TooMuch for one without an end."""
    try:
        return _compiled(pattern).fullmatch(text, timeout=_SECONDS) is not None
    except TimeoutError:
        raise TooMuch(f"biểu thức “{pattern[:80]}” thử quá lâu: có lặp trong lặp như (a+)+") from None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> "regex.Pattern[str]":
    if len(pattern) > _LONGEST:
        raise TooMuch(f"biểu thức dài {len(pattern)} chữ, quá {_LONGEST}")
    try:
        return regex.compile(_translated(pattern), regex.VERSION1)
    except (regex.error, ValueError, OverflowError, RecursionError) as wrong:
        raise Unfillable(f"biểu thức “{pattern[:80]}” viết sai: {wrong}") from None


def _translated(pattern: str) -> str:
    out, at, depth = [], 0, 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "\\":
            piece, at = _escape(pattern, at + 1, inside=depth > 0)
            out.append(piece)
            continue
        depth += (letter == "[") - (letter == "]" and depth > 0)
        out.append(r"[^\n\r\x85\u2028\u2029]" if letter == "." and not depth else letter)
        at += 1
    return "".join(out)


def _escape(pattern: str, at: int, *, inside: bool) -> tuple[str, int]:
    """What stands for a backslash and what follows it, and where to go on."""
    letter = pattern[at : at + 1]
    if letter == "Q":
        end = pattern.find(r"\E", at)
        end = len(pattern) if end < 0 else end
        return "".join(map(regex.escape, pattern[at + 1 : end])), end + 2
    if letter in {"p", "P"} and pattern[at + 1 : at + 2] == "{":
        end = pattern.find("}", at)
        if end > 0:
            return _property(pattern[at + 2 : end], letter == "P", inside=inside), end + 1
    if letter.lower() in _SHORT:
        return _set(_SHORT[letter.lower()], letter.isupper(), inside=inside), at + 1
    if letter in _ONE and not inside:
        return _ONE[letter], at + 1
    return "\\" + letter, at + 1


def _property(name: str, negated: bool, *, inside: bool) -> str:
    if name in _POSIX:
        return _set(_POSIX[name], negated, inside=inside)
    plain = name[2:] if name.startswith("Is") else name
    return rf"\{'P' if negated else 'p'}{{{plain}}}"


def _set(letters: str, negated: bool, *, inside: bool) -> str:
    if inside and not negated:
        return letters
    return f"[{'^' if negated else ''}{letters}]"
