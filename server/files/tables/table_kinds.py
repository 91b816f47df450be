"""What tables may hold: their columns by meaning, which each row needs, and what a person chose by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TableColumn:
    """What a column may hold: its meaning as `geo.column_words` has it, and how a template heads and fills it."""

    meaning: str
    title: str
    example: str = ""
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class TableKind:
    """A kind of table: its columns, and of which groups each row needs at least one."""

    name: str
    columns: tuple[TableColumn, ...]
    needed: tuple[tuple[str, ...], ...]
    around: str = ""
    """What may stand once for many rows: in a row of its own, a title or the sheet's name (`around_rows`)."""
    within: str = ""
    """A column of addresses, which name it where nothing else does: "Ngõ 5, thôn Đông, xã An Lão"."""
    heads: str = ""
    """A column, in no template, that says who heads a household: rows of its other members are passed over."""

    @property
    def meanings(self) -> tuple[str, ...]:
        return (*(column.meaning for column in self.columns), *([self.heads] if self.heads else ()))

    @property
    def needed_in_rows(self) -> tuple[tuple[str, ...], ...]:
        """The groups of `needed` that nothing around the rows can say."""
        return tuple(group for group in self.needed if self.around not in group)

    def title(self, meaning: str) -> str:
        """What a column is called where people read."""
        return next((column.title for column in self.columns if column.meaning == meaning), meaning)


@dataclass(frozen=True, slots=True)
class ReadingChoice:
    """What a person chose by hand: which column (from 0, None for none) holds what, which sheets are left out."""

    columns: Mapping[str, int | None] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    heading: int | None = None
    """The heading's row as Excel numbers it; None: it is looked for."""


AS_FOUND = ReadingChoice()
