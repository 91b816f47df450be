"""The small errors of forms: a workbook refused, XML that cannot be read, and faults that are returned."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SheetError:
    """One thing wrong in a workbook, told to an officer who knows only Excel.

    `row` is Excel's own row number (the header is row 1), `column` the heading as written, `cell` the
    address such as "D12"; each is None where the error is about something larger. `sentence` is Vietnamese.
    """

    sheet: str
    row: int | None
    column: str | None
    sentence: str
    value: str = ""
    cell: str | None = None

    def __str__(self) -> str:
        """The whole message on one line, for a terminal or a log."""
        parts = [f"trang tính “{self.sheet}”"] if self.sheet else []
        if self.row is not None:
            parts.append(f"dòng {self.row}")
        if self.column is not None:
            parts.append(f"cột “{self.column}”")
        place = ", ".join(parts)
        return f"{place[0].upper()}{place[1:]}: {self.sentence}" if place else self.sentence


class FormRejected(Exception):
    """A workbook that cannot become a form; `errors` is never empty and lists all that was found."""

    def __init__(self, errors: Sequence[SheetError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(str(error) for error in self.errors))


class Unreadable(Exception):
    """XML that is no submission (or no XForm); `code` is one of a small fixed set, `detail` is for logs."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}" if detail else code)


@dataclass(frozen=True)
class Fault:
    """Something in an accepted submission that is not as it should be: kept and shown, never refused.

    `about` names what is meant: an indicator's code, a question's path, an entity list.
    """

    code: str
    about: str
    detail: str
