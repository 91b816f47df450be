"""What text may do in a cell: nothing. A cell that a spreadsheet would compute is disarmed (X14)."""

import re
from collections.abc import Sequence
from typing import Any

from forms.typed_values import text as composed

COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a text begins that a spreadsheet reads as a formula; the wide signs where it is set to East Asia."""
_INSIDE = re.compile(r"(?<=[;\t\r\n])(?=[ \"]*[=+\-@＝＋－＠])")
"""Where a reader that divides by another sign, and heeds no quotes, would begin a cell that it computes: in its line or
in a new one."""
LONGEST = 32_767
"""Letters that a cell of a workbook can hold (X16)."""


def guarded(text: str) -> str:
    """For CSV that a spreadsheet opens: an apostrophe before what it would compute. Numbers never come here."""
    begun = f"'{text}" if text.startswith(COMPUTED) else text
    return _INSIDE.sub("'", begun)


def disarmed(row: Sequence[Any]) -> list[Any]:
    """A row with an apostrophe before every text that a spreadsheet would compute (X14)."""
    return [guarded(cell) if isinstance(cell, str) else cell for cell in row]


def plain(value: object) -> str:
    """A value as text on one line: for names of files and sheets."""
    return " ".join(composed(str(value)).split())
