"""Lists of the sheet `external_choices` put among the others: what phones once read from itemsets.csv."""

import dataclasses
import re
from collections.abc import Iterator, Mapping

from forms.errors import SheetError
from forms.sheets import Sheet, SheetRow, canonical

_EXTERNAL = re.compile(r"(select one|select_one)[_ ]external\s+(\S+)")


def remarks(book: Mapping[str, Sheet]) -> Iterator[SheetError]:
    """One for all questions that choose from the sheet."""
    survey = book["survey"]
    rows = [row for row in survey.rows if _EXTERNAL.match(row["type"])]
    if rows:
        sentence = "select_one_external được đổi thành select_one: danh sách nằm ngay trong biểu mẫu."
        yield survey.error(rows[0], "type", sentence, rows[0]["type"])


def joined(book: Mapping[str, Sheet]) -> Mapping[str, Sheet]:
    """The same form with each `select_one_external` as a `select_one`, filtered as before.

    A list of both sheets keeps two names; codes may stand several times, as they do under each place above.
    """
    outside = book.get("external_choices")
    survey = book["survey"]
    if outside is None or not any(_EXTERNAL.match(row["type"]) for row in survey.rows):
        return {name: sheet for name, sheet in book.items() if name != "external_choices"}
    choices = book.get("choices", Sheet("choices", ("list_name", "name", "label")))
    own = {row["list_name"] for row in choices.rows}
    names = {row["list_name"]: _free(row["list_name"], own) for row in outside.rows}
    headings, rows = _added(choices, outside, names)
    made = {
        **book,
        "survey": dataclasses.replace(survey, rows=tuple(_inside(survey, row, names) for row in survey.rows)),
        "choices": Sheet(choices.name, headings, (*choices.rows, *rows)),
        "settings": _with_duplicates(book["settings"]),
    }
    return {name: sheet for name, sheet in made.items() if name != "external_choices"}


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free(f"{name}_ngoai", taken)


def _added(
    choices: Sheet, outside: Sheet, names: Mapping[str, str]
) -> tuple[tuple[str | None, ...], tuple[SheetRow, ...]]:
    """Headings of both sheets, and the rows from outside below those of `choices`."""
    same = {h: choices.columns.get(canonical(h), h) for h in outside.headings if h}
    new = [heading for heading in same.values() if heading not in choices.headings]
    last = choices.rows[-1].number if choices.rows else 1
    list_name = same[outside.columns["list_name"]]
    rows = tuple(
        SheetRow(
            last + place,
            {**{same[h]: text for h, text in row.cells.items()}, list_name: names[row["list_name"]]},
        )
        for place, row in enumerate(outside.rows, start=1)
    )
    return (*choices.headings, *new), rows


def _inside(survey: Sheet, row: SheetRow, names: Mapping[str, str]) -> SheetRow:
    found = _EXTERNAL.match(row["type"])
    if not found:
        return row
    heading = survey.columns["type"]
    return SheetRow(row.number, {**row.cells, heading: f"select_one {names.get(found[2], found[2])}"})


def _with_duplicates(settings: Sheet) -> Sheet:
    heading = settings.columns.get("allow_choice_duplicates", "allow_choice_duplicates")
    row = settings.rows[0]
    headings = settings.headings if heading in settings.headings else (*settings.headings, heading)
    return Sheet(
        settings.name, headings, (SheetRow(row.number, {**row.cells, heading: "yes"}), *settings.rows[1:])
    )
