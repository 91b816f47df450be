"""What can be wrong with a boundary file, each told in one Vietnamese sentence that names row, code and name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shapely.geometry.base import BaseGeometry

Severity = Literal["error", "warning"]


class UnreadableBoundaries(Exception):
    """The file as a whole cannot be read; `sentence` says why, in Vietnamese."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class SeveralLayers(UnreadableBoundaries):
    """The file has several layers or sets of boundaries, and nobody has said which; `names` are theirs."""

    def __init__(self, names: Sequence[str]) -> None:
        listed = ", ".join(names[:10]) + ("…" if len(names) > 10 else "")
        super().__init__(f"Tệp có {len(names)} lớp ranh giới ({listed}): hãy chọn lớp cần nạp.")
        self.names = tuple(names)


@dataclass(frozen=True, slots=True)
class OutlineProblem:
    """One thing wrong: `row` is counted from 1 in the order of the file, 0 for the file as a whole."""

    kind: str
    sentence: str
    severity: Severity = "error"
    row: int = 0
    code: str = ""
    name: str = ""
    place: BaseGeometry | None = None
    """Where it is, EPSG:4326, longitude first; None where the row's own outline shows it, or nothing does."""


@dataclass(frozen=True, slots=True)
class Label:
    """How a row is named in a sentence; row 0 is a thôn that is stored already and not in the file."""

    row: int
    code: str
    name: str

    def __str__(self) -> str:
        code = f", mã {self.code}" if self.code else ""
        head = f"Dòng {self.row}" if self.row else "Thôn đang có"
        return f"{head}{code}{f' ({self.name})' if self.name else ''}"

    def problem(
        self, kind: str, words: str, severity: Severity = "error", place: BaseGeometry | None = None
    ) -> OutlineProblem:
        """A problem of this row; `words` follow the row's label and end without a full stop."""
        return OutlineProblem(kind, f"{self}: {words}.", severity, self.row, self.code, self.name, place)
