"""The heading of a table: its row or two rows, and which column means what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from geo import column_words, written_numbers
from geo.plain_words import words
from server.files.tables import around_rows, passed_over
from server.files.tables.table_file import Cell, SheetCells
from server.files.tables.table_kinds import AS_FOUND, ReadingChoice, TableKind

HEADING_WITHIN = 25
"""Titles and dates stand above the heading; rows farther down than this are not looked at for one."""
_FAMILY_NAME = ("ho", "ho dem", "ho va dem", "ho lot", "ho va ten dem", "ho ten dem", "ho va chu dem")
SERIAL = frozenset({"stt", "tt", "so tt", "so thu tu", "no", "thu tu", "s tt"})


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a heading stands in its sheet's rows, and what its columns hold."""

    first: int
    last: int
    titles: tuple[str, ...]
    chosen: Mapping[str, int]
    given_name: int | None = None
    """The column beside the name's that has the given name, where a name is written in two."""
    around: str = ""
    """The thôn of the rows that name none."""

    @property
    def serial(self) -> int | None:
        """The column that numbers the rows."""
        return next((place for place, title in enumerate(self.titles) if words(title) in SERIAL), None)


def find(sheet: SheetCells, kind: TableKind, choice: ReadingChoice) -> Heading | None:
    """The row, or the two rows, in which most columns are known, all that are needed among them; the uppermost."""
    return _within(sheet, kind, choice, kind.needed)


def find_with_around(
    sheet: SheetCells, kind: TableKind, choice: ReadingChoice, *, by_name: bool = False
) -> Heading | None:
    """A heading without the column of the thôn, where a row of its own, the title or the sheet's name says it.

    With `by_name` the sheet's name does without "thôn" before it: each of several has a thôn of its own.
    """
    found = _within(sheet, kind, choice, kind.needed_in_rows) if kind.around else None
    if found is None:
        return None
    named = around_rows.of_title(cells for _, cells in sheet.rows[: found.first])
    named = named or around_rows.of_sheet(sheet.name)
    rows = sheet.rows[found.last + 1 :]
    if named or any(around_rows.of_row(cells) for _, cells in rows[:5]):
        return replace(found, around=named)
    return replace(found, around=sheet.name) if by_name else None


def lacks_around(sheet: SheetCells, kind: TableKind) -> bool:
    """Whether a sheet has all that is needed but for the thôn."""
    return _within(sheet, kind, AS_FOUND, kind.needed_in_rows) is not None


def again(sheet: SheetCells, place: int, before: Heading, kind: TableKind) -> Heading:
    """The heading that is repeated further down, its columns perhaps in another order."""
    titles = _titles(sheet, place, place)
    chosen = _chosen(titles, kind, AS_FOUND)
    if not _is_whole(chosen, kind.needed_in_rows) or tuple(map(words, titles)) == tuple(
        map(words, before.titles)
    ):
        return before
    return replace(
        before, titles=titles, chosen=chosen, given_name=_given_name(sheet, place, titles, chosen, kind)
    )


def is_doubled(sheet: SheetCells, heading: Heading, kind: TableKind) -> bool:
    """Whether a second table of the same columns stands beside the first."""
    for group in kind.needed_in_rows:
        place = next(heading.chosen[each] for each in group if each in heading.chosen)
        title = words(heading.titles[place])
        if not any(
            words(other) == title
            and at not in (place, heading.given_name)
            and _is_filled(sheet, heading.last, at)
            for at, other in enumerate(heading.titles)
        ):
            return False
    return True


def _is_filled(sheet: SheetCells, after: int, column: int) -> bool:
    return any(column < len(cells) and cells[column] is not None for _, cells in sheet.rows[after + 1 :])


def _within(
    sheet: SheetCells, kind: TableKind, choice: ReadingChoice, needed: Sequence[Sequence[str]]
) -> Heading | None:
    if choice.heading is not None:
        chosen = [place for place, (number, _) in enumerate(sheet.rows) if number == choice.heading]
        return _best(sheet, [(place, place) for place in chosen], kind, choice, needed)
    places = range(min(HEADING_WITHIN, len(sheet.rows)))
    likely = [(place, place + 1 if _is_split(sheet, place) else place) for place in places]
    pairs = [(place, place + 1) for place in places if place + 1 < len(sheet.rows)]
    split = [(first, last) for first, last in pairs if _may_be_second(sheet.rows[last][1])]
    return _best(sheet, likely, kind, choice, needed) or _best(sheet, split, kind, choice, needed)


def _best(
    sheet: SheetCells,
    places: Iterable[tuple[int, int]],
    kind: TableKind,
    choice: ReadingChoice,
    needed: Sequence[Sequence[str]],
) -> Heading | None:
    best: Heading | None = None
    for first, last in places:
        titles = _titles(sheet, first, last)
        chosen = _chosen(titles, kind, choice)
        if _is_whole(chosen, needed) and (best is None or len(chosen) > len(best.chosen)):
            best = Heading(first, last, titles, chosen, _given_name(sheet, first, titles, chosen, kind))
    return best


def _is_whole(chosen: Mapping[str, int], needed: Sequence[Sequence[str]]) -> bool:
    return all(any(each in chosen for each in group) for group in needed)


def _given_name(
    sheet: SheetCells, first: int, titles: Sequence[str], chosen: Mapping[str, int], kind: TableKind
) -> int | None:
    """The column right of the name's that has the rest of it: “Họ và đệm” | “Tên”, or one heading over both."""
    place = chosen.get(kind.needed[0][0])
    if place is None or place + 1 >= len(titles) or place + 1 in chosen.values():
        return None
    number = sheet.rows[first][0]
    is_one = any(
        top <= number <= bottom and left <= place + 1 < right for top, bottom, left, right in sheet.wide
    )
    own, beside = words(titles[place]), words(titles[place + 1])
    is_split = own.endswith(_FAMILY_NAME) and (beside == "ten" or beside.endswith(" ten"))
    return place + 1 if is_split or (is_one and own == beside) else None


def _is_split(sheet: SheetCells, place: int) -> bool:
    """Whether a heading goes on in the next row: cells merged over both rows, or one over several columns below."""
    if place + 1 >= len(sheet.rows) or not _may_be_second(sheet.rows[place + 1][1]):
        return False
    (number, upper), (_, lower) = sheet.rows[place], sheet.rows[place + 1]
    if any(above is not None and above == below for above, below in zip(upper, lower, strict=False)):
        return True
    return any(
        top <= number <= bottom and sum(cell is not None for cell in lower[left - 1 : right]) > 1
        for top, bottom, left, right in sheet.wide
    )


def _may_be_second(cells: Sequence[Cell]) -> bool:
    """Whether a row may be the lower half of a heading: words alone, and not every one of its own."""
    filled = [cell for cell in cells if cell is not None]
    return (
        bool(filled)
        and all(isinstance(cell, str) and written_numbers.whole(cell) is None for cell in filled)
        and (not passed_over.is_numbering(cells))
    )


def _titles(sheet: SheetCells, first: int, last: int) -> tuple[str, ...]:
    """The headings of columns; of two rows, what stands above (merged or not) before what stands below."""
    upper = _spread(sheet, first)
    if first == last or last >= len(sheet.rows):
        return tuple(upper)
    lower = [str(cell) if isinstance(cell, str) else "" for cell in sheet.rows[last][1]]
    width = max(len(upper), len(lower))
    upper += [""] * (width - len(upper))
    lower += [""] * (width - len(lower))
    return tuple(
        above if not below or words(above) == words(below) else f"{above} {below}".strip()
        for above, below in zip(upper, lower, strict=True)
    )


def _spread(sheet: SheetCells, place: int) -> list[str]:
    """A row of headings, one merged over several columns in each of them."""
    number, cells = sheet.rows[place]
    titles = [cell if isinstance(cell, str) else "" for cell in cells]
    for top, bottom, left, right in sheet.wide:
        if top <= number <= bottom and left <= len(titles):
            for column in range(left, min(right, len(titles))):
                titles[column] = titles[column] or titles[left - 1]
    return titles


def _chosen(titles: Sequence[str], kind: TableKind, choice: ReadingChoice) -> dict[str, int]:
    """Columns by their headings, those that a person chose first."""
    by_hand = {
        each: place for each, place in choice.columns.items() if place is not None and place < len(titles)
    }
    open_titles = ["" if place in by_hand.values() else title for place, title in enumerate(titles)]
    meanings = [meaning for meaning in kind.meanings if meaning not in choice.columns]
    needed = [group[-1] for group in kind.needed]
    return column_words.assign(open_titles, meanings, [each for each in needed if each in meanings]) | by_hand
