"""The heading of a table: its row or two rows, and which column means what."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from geo import column_words, written_numbers
from geo.plain_words import words
from server.files.tables import rows_without_data, village_for_many_rows
from server.files.tables.excel_and_csv import Cell, SheetCells
from server.files.tables.table_kinds import AS_FOUND, ReadingChoice, TableKind

HEADING_WITHIN = 25
"""Titles and dates stand above the heading; rows farther down than this are not looked at for one."""
_FAMILY_NAME = ("ho", "ho dem", "ho va dem", "ho lot", "ho va ten dem", "ho ten dem", "ho va chu dem")
_MIDDLE_NAME = frozenset({"dem", "ten dem", "chu dem", "lot", "ten lot", "chu lot"})
_GIVEN = re.compile(r"(?!ho\b)(.* )?ten|ten chu ho|ten goi")
SERIAL = frozenset({"stt", "tt", "so tt", "so thu tu", "no", "thu tu", "s tt"})


@dataclass(frozen=True, slots=True)
class Heading:
    """Where a heading stands in its sheet's rows, and what its columns hold."""

    first: int
    last: int
    titles: tuple[str, ...]
    chosen: Mapping[str, int]
    name_columns: tuple[int, ...] = ()
    """The columns that hold a name together, in their order, where it is written in several."""
    around: str = ""
    """The thôn of the rows that name none."""
    is_within: bool = False
    """Whether the addresses of rows name their thôn, since nothing else does."""
    lines: tuple[tuple[str, ...], ...] = ()
    """What stands in its row or its two rows, as words, so that each is known again further down."""

    @property
    def serial(self) -> int | None:
        """The column that numbers the rows."""
        return next((place for place, title in enumerate(self.titles) if is_serial(title)), None)


def is_serial(title: str) -> bool:
    """Whether a column of this heading numbers the rows: "STT", "(1) STT"."""
    return words(column_words.without_number(title)) in SERIAL


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
    named = village_for_many_rows.of_title(cells for _, cells in sheet.rows[: found.first])
    named = named or village_for_many_rows.of_sheet(sheet.name)
    rows = sheet.rows[found.last + 1 :]
    if named or any(village_for_many_rows.of_row(cells) for _, cells in rows[:5]):
        return replace(found, around=named)
    return replace(found, around=sheet.name) if by_name else None


def find_with_addresses(sheet: SheetCells, kind: TableKind, choice: ReadingChoice) -> Heading | None:
    """A heading without the column of the thôn, where the addresses below it name theirs."""
    needed = (*kind.needed_in_rows, (kind.within,))
    found = _within(sheet, kind, choice, needed) if kind.within else None
    if found is None:
        return None
    place = found.chosen[kind.within]
    below = [cells[place] for _, cells in sheet.rows[found.last + 1 :] if place < len(cells)]
    return replace(found, is_within=True) if any(map(village_for_many_rows.of_address, below[:5])) else None


def lacks_around(sheet: SheetCells, kind: TableKind) -> bool:
    """Whether a sheet has all that is needed but for the thôn."""
    return _within(sheet, kind, AS_FOUND, kind.needed_in_rows) is not None


def again(sheet: SheetCells, place: int, before: Heading, kind: TableKind) -> Heading:
    """The heading that is repeated further down, its columns perhaps in another order."""
    titles = _titles(sheet, place, place)
    chosen = _chosen(titles, kind, AS_FOUND)
    if _line(sheet.rows[place][1]) in before.lines:
        return before
    if not _is_whole(chosen, kind.needed_in_rows) or tuple(map(words, titles)) == tuple(
        map(words, before.titles)
    ):
        return before
    return replace(
        before, titles=titles, chosen=chosen, name_columns=_name_columns(sheet, place, titles, chosen, kind)
    )


def is_doubled(sheet: SheetCells, heading: Heading, kind: TableKind) -> bool:
    """Whether a second table of the same columns stands beside the first."""
    for group in kind.needed_in_rows:
        place = next(heading.chosen[each] for each in group if each in heading.chosen)
        title = words(heading.titles[place])
        if not any(
            words(other) == title
            and at not in (place, *heading.name_columns)
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
    found = [_heading(sheet, first, last, kind, choice) for first, last in places]
    whole = [heading for heading in found if _is_whole(heading.chosen, needed)]
    best = max(whole, key=lambda each: len(each.chosen), default=None)
    return next(
        (each for each in whole if best is not None and _has_rows(sheet, each, best.first, needed)), best
    )


def _heading(sheet: SheetCells, first: int, last: int, kind: TableKind, choice: ReadingChoice) -> Heading:
    titles = _titles(sheet, first, last)
    lower = sheet.rows[last][1] if last > first else ()
    chosen = _chosen(_meant(titles, lower, kind), kind, choice)
    lines = tuple(_line(sheet.rows[place][1]) for place in range(first, last + 1))
    return Heading(
        first, last, titles, chosen, _name_columns(sheet, first, titles, chosen, kind), lines=lines
    )


def _line(cells: Sequence[Cell]) -> tuple[str, ...]:
    return tuple(words(cell) if isinstance(cell, str) else "" for cell in cells if cell is not None)


def _meant(titles: Sequence[str], lower: Sequence[Cell], kind: TableKind) -> list[str]:
    """The titles by which columns are known: what stands below alone where both rows together mean nothing."""
    below = [str(cell or "") for cell in lower] + [""] * (len(titles) - len(lower))
    return [
        title if not alone or column_words.fits(title).keys() & kind.meanings else alone
        for title, alone in zip(titles, below, strict=False)
    ]


def _has_rows(sheet: SheetCells, heading: Heading, until: int, needed: Sequence[Sequence[str]]) -> bool:
    """Whether rows of a table stand under a heading, before another one comes: that one repeats it further down."""
    return any(
        heading.serial is not None
        and heading.serial < len(cells)
        and written_numbers.whole(cells[heading.serial]) is not None
        and all(any(_is_there(cells, heading.chosen.get(each)) for each in group) for group in needed)
        and not rows_without_data.is_numbering(cells)
        for _, cells in sheet.rows[heading.last + 1 : until]
    )


def _is_there(cells: Sequence[Cell], place: int | None) -> bool:
    return place is not None and place < len(cells) and cells[place] is not None


def _is_whole(chosen: Mapping[str, int], needed: Sequence[Sequence[str]]) -> bool:
    return all(any(each in chosen for each in group) for group in needed)


def _name_columns(
    sheet: SheetCells, first: int, titles: Sequence[str], chosen: Mapping[str, int], kind: TableKind
) -> tuple[int, ...]:
    """The columns of a name in several: “Họ” | “Tên đệm” | “Tên”, or one heading over all; none where it has one."""
    place = chosen.get(kind.needed[0][0])
    if place is None:
        return ()
    beside, taken = place + 1, chosen.values()
    number = sheet.rows[first][0]
    ends = [right for top, low, left, right in sheet.wide if top <= number <= low and left <= beside < right]
    end = next((at for at in range(beside, len(titles)) if at in taken), len(titles))
    own = words(titles[place])
    if merged := tuple(
        at for at in range(beside, min(end, max(ends, default=0))) if words(titles[at]) == own
    ):
        return (place, *merged)
    begin = place
    while begin > 0 and begin - 1 not in taken and _names(titles[begin]):
        begin -= 1
    last = next((at for at in range(place, end) if _GIVEN.fullmatch(words(titles[at]))), place)
    found = tuple(range(begin, last + 1))
    middle = all(words(titles[at]) in _MIDDLE_NAME for at in found[1:-1])
    is_name = len(found) > 1 and _is_family_name(titles[begin]) and _GIVEN.fullmatch(words(titles[last]))
    return found if is_name and middle else ()


def _names(title: str) -> bool:
    """Whether a heading is that of a given or of a middle name, so that what stands before it may go on with it."""
    return words(title) in _MIDDLE_NAME or _GIVEN.fullmatch(words(title)) is not None


def _is_family_name(title: str) -> bool:
    """Without its marks “Hộ” would be “Họ”."""
    return words(title).endswith(_FAMILY_NAME) and not unicodedata.normalize(
        "NFC", title
    ).casefold().endswith("hộ")


def _is_split(sheet: SheetCells, place: int) -> bool:
    """Whether a heading goes on in the next row: cells merged over both rows, or one over several columns below."""
    if place + 1 >= len(sheet.rows) or not _may_be_second(sheet.rows[place + 1][1]):
        return False
    (number, upper), (_, lower) = sheet.rows[place], sheet.rows[place + 1]
    if any(above is not None and above == below for above, below in zip(upper, lower, strict=False)):
        return True
    if _goes_on_below(upper, lower):
        return True
    return any(
        top <= number <= bottom and sum(cell is not None for cell in lower[left - 1 : right]) > 1
        for top, bottom, left, right in sheet.wide
    )


def _goes_on_below(upper: Sequence[Cell], lower: Sequence[Cell]) -> bool:
    """Whether the lower row parts headings of the upper, which stand before empty cells, each into several.

    A title over the table parts nothing: other headings stand beside what is parted, nothing below them.
    """
    parted = _parted(upper, lower)
    if not parted or all(cell is None for cell in upper[: parted[0][0]]):
        return False
    return all(
        len(places) > 1 and places[0] < len(upper) and upper[places[0]] is not None for places in parted
    )


def _parted(upper: Sequence[Cell], lower: Sequence[Cell]) -> list[list[int]]:
    """The filled columns of the lower row, together those below one heading and the empty cells behind it."""
    found: list[list[int]] = []
    for place, cell in enumerate(lower):
        if cell is None:
            continue
        is_headed = place < len(upper) and upper[place] is not None
        if is_headed or not found or place != found[-1][-1] + 1:
            found.append([])
        found[-1].append(place)
    return found


def _may_be_second(cells: Sequence[Cell]) -> bool:
    """Whether a row may be the lower half of a heading: words alone, and not every one of its own."""
    filled = [cell for cell in cells if cell is not None]
    return (
        bool(filled)
        and all(isinstance(cell, str) and written_numbers.whole(cell) is None for cell in filled)
        and (not rows_without_data.is_numbering(cells))
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
    above, below = sheet.rows[first][1], sheet.rows[last][1]
    for places in _parted(above, below) if _goes_on_below(above, below) else ():
        for place in places[1:]:
            upper[place] = upper[place] or upper[places[0]]
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
