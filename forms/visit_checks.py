"""Rows of the sheet `kiem_tra`: what a form's own officer holds for doubtful, in which words, and what to do then."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from forms.sheets import Sheet, SheetRow

SHEET = "kiem_tra"
LOOK, ASK_AGAIN, SECOND_VISIT, CALL = "xem_lai", "hoi_lai", "phuc_tra", "goi_dien"
ACTS: Mapping[str, str] = {
    LOOK: "xem lại",
    ASK_AGAIN: "hỏi lại",
    SECOND_VISIT: "phúc tra",
    CALL: "gọi điện",
}
"""What may be proposed, and how people call it; the sheet takes either."""
LIGHTEST, USUAL, HEAVIEST = 1, 3, 5
FEWEST = 11
"""Visits of a collector from which a share is told of them: ten visits never brand a person (R29)."""
LONGEST = 120
"""Letters of the words: they may stand behind a household's name on a phone."""
_SHARE = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,6}))?\s*(%?)")


@dataclass(frozen=True)
class VisitCheck:
    """A visit is doubtful where `condition`, written as a `relevant` is, holds for its answers.

    With `over` (a fraction as text, "3/10") no single visit is told, but a collector of whose visits, `least` or
    more, a larger share is doubtful.
    """

    code: str
    condition: str
    message: str
    act: str = LOOK
    weight: int = USUAL
    over: str | None = None
    least: int = FEWEST

    @property
    def threshold(self) -> Fraction | None:
        """The share over which a collector is told, 0 to 1; None where each visit is told by itself."""
        return Fraction(self.over) if self.over else None


def rows(sheets: Mapping[str, Sheet]) -> Iterator[tuple[SheetRow, VisitCheck]]:
    """The checks of a workbook, each with its row; what a cell says wrongly is taken for blank (`forms.check`)."""
    sheet = sheets.get(SHEET, Sheet(SHEET))
    for row in sheet.rows:
        share = read_share(row["nguong"])
        yield (
            row,
            VisitCheck(
                code=row["ma"],
                condition=row["dieu_kien"],
                message=" ".join(row["loi_nhan"].split()),
                act=read_act(row["viec"]) or LOOK,
                weight=read_whole(row["muc"], LIGHTEST, HEAVIEST) or USUAL,
                over=str(share) if share is not None else None,
                least=read_whole(row["tu_phieu"], FEWEST, 10_000) or FEWEST,
            ),
        )


def read_act(text: str) -> str | None:
    """The act that a cell names, by its code or in words; None for none of them."""
    plain = " ".join(text.lower().replace("_", " ").split())
    return next((code for code, words in ACTS.items() if plain in (words, code.replace("_", " "))), None)


def read_whole(text: str, least: int, most: int) -> int | None:
    """A whole number between these, as a cell of Excel has it ("3", "3.0"); None for anything else."""
    plain = text.removesuffix(".0")
    known = plain.isascii() and plain.isdecimal() and len(plain) < 9 and least <= int(plain) <= most
    return int(plain) if known else None


def read_share(text: str) -> Fraction | None:
    """A share of more than 0 and less than 1: "30%", "12,5 %", "30"; a cell shown as 30% holds 0.3. None else."""
    found = _SHARE.fullmatch(text.strip())
    if found is None:
        return None
    value = Fraction(f"{found[1]}.{found[2] or '0'}")
    share = value if not found[3] and value < 1 else value / 100
    return share if 0 < share < 1 else None
