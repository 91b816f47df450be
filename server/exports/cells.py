"""What text may do in a cell: nothing. A cell that a spreadsheet would compute is disarmed (open-doors.md, X14)."""

from forms.values import text as composed

COMPUTED = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet reads as a formula."""
LONGEST = 32_767
"""Letters that a cell of a workbook can hold (X16)."""


def guarded(text: str) -> str:
    """For CSV that a spreadsheet opens: an apostrophe before what it would compute. Numbers never come here."""
    return f"'{text}" if text.startswith(COMPUTED) else text


def plain(value: object) -> str:
    """A value as text on one line: for names of files and sheets."""
    return " ".join(composed(str(value)).split())
