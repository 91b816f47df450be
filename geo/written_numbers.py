"""Whole numbers as Vietnamese offices write them: "1.250", "1 095", "87 hộ", "301,0"; fractions are none."""

import re
import unicodedata

MOST = 100_000_000
"""Above any code and any count; what is larger is not read."""

_UNITS = r"hộ|hộ gia đình|người|khẩu|nhân khẩu|thôn|điểm|trường|doanh nghiệp|ca|lượt|phiếu|hồ sơ|nhà"
_GROUPED = r"[1-9][0-9]{0,2}(?P<mark>[ .,'’])[0-9]{3}(?:(?P=mark)[0-9]{3})*"
_WHOLE = re.compile(rf"(?P<digits>{_GROUPED}|[0-9]+)(?:[.,]0{{1,2}})?(?: ?(?:{_UNITS}))?", re.IGNORECASE)
_SPACES = re.compile(r"\s+")


def whole(value: object) -> int | None:
    """A whole number from 0 to MOST; None for anything else, also for a fraction ("1.25", "95,5", 1.095 as a number).

    A dot, a comma or a space parts thousands where three digits follow it; so "1.250" is 1250, as pages print it.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value < MOST and value == int(value) else None
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", str(value))).strip()
    found = _WHOLE.fullmatch(text)
    if found is None:
        return None
    number = int(re.sub(r"[^0-9]", "", found["digits"])[:12])
    return number if number < MOST else None


def says_nothing(value: object) -> bool:
    """Whether a cell is blank, or holds the dash or dots that stands for "no figure"."""
    return value is None or str(value).strip() in ("", "-", "–", "—", "…", "...")
