"""What a form asks, as Kobo's clients read it: rows of its workbook, labels as lists in the order of languages (K5)."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import current_app

from forms.sheets import Sheet, SheetRow, canonical
from server.api.kobo import kobo_ids
from server.models import FormVersion
from server.published_forms import read_workbook

Json = dict[str, Any]
TRANSLATED = ("label", "hint", "guidance_hint", "constraint_message", "required_message")
_OF_LISTS = ("select_one", "select_multiple", "rank")
_FROM_FILES = ("select_one_from_file", "select_multiple_from_file", "rank_from_file")
_LEFT_OUT = frozenset({"type", "name", "list_name"})
_KEPT = "tungnha.kobo_contents"
_MOST_KEPT = 32
_KUID = 10


def of_version(version: FormVersion) -> Json:
    """The content of a version; kept in memory, for a version never changes."""
    kept: OrderedDict[int, Json] = current_app.extensions.setdefault(_KEPT, OrderedDict())
    if version.id not in kept:
        book = read_workbook.sheets_of(version.workbook, read_workbook.file_name(version.workbook))
        kept[version.id] = content(book)
        while len(kept) > _MOST_KEPT:
            kept.popitem(last=False)
    return kept[version.id]


def content(book: Mapping[str, Sheet]) -> Json:
    """The content of a workbook that was read."""
    survey = book.get("survey", Sheet("survey"))
    choices = book.get("choices", Sheet("choices"))
    languages = _languages((survey, choices))
    told: Json = {
        "schema": "1",
        "translations": languages,
        "translated": [each for each in TRANSLATED if _has(survey, each) or _has(choices, each)],
        "settings": _settings(book.get("settings")),
        "survey": list(_survey(survey, languages)),
    }
    rows = [_choice(row, languages) for row in choices.rows if row["list_name"]]
    return told | ({"choices": rows} if rows else {})


def _languages(sheets: Sequence[Sheet]) -> list[str | None]:
    """In the order in which they first stand over a column; None for columns without one."""
    found: dict[str | None, None] = {}
    for sheet in sheets:
        for heading in sheet.headings:
            name, language = _divided(heading or "")
            if name in TRANSLATED:
                found[language] = None
    return list(found) or [None]


def _divided(heading: str) -> tuple[str, str | None]:
    """pyxform's name of a column, and the language behind it as it was written."""
    name, colons, language = heading.partition("::")
    return canonical(name), language.strip() if colons else None


def _has(sheet: Sheet, column: str) -> bool:
    return any(_divided(heading or "")[0] == column for heading in sheet.headings)


def _settings(sheet: Sheet | None) -> Json:
    row = sheet.rows[0] if sheet and sheet.rows else SheetRow(0, {})
    return {canonical(heading): text for heading, text in row.cells.items()}


def _survey(sheet: Sheet, languages: Sequence[str | None]) -> Iterator[Json]:
    groups: list[str] = []
    for row in sheet.rows:
        kind, *rest = row["type"].split()
        if kind in ("begin", "end", "begin_group", "end_group", "begin_repeat", "end_repeat") or rest[:1] == [
            "group"
        ]:
            kind = "_".join([kind, *rest[:1]]) if kind in ("begin", "end") else kind
            rest = []
        if kind.startswith("end_"):
            path = "/".join(groups)
            del groups[-1:]
            yield {"type": kind, "$kuid": _kuid(f"/{path}")}
            continue
        path = "/".join([*groups, row["name"]])
        yield {"type": kind, **_list_of(kind, rest), **_named(row, path), **_cells(row, languages)}
        if kind in ("begin_group", "begin_repeat"):
            groups.append(row["name"])


def _list_of(kind: str, rest: Sequence[str]) -> Json:
    """The list or the file that a question chooses from."""
    if kind in _OF_LISTS and rest:
        other = {"_or_other": True} if rest[1:] == ["or_other"] else {}
        return {"select_from_list_name": rest[0], **other}
    return {"file": rest[0]} if kind in _FROM_FILES and rest else {}


def _named(row: SheetRow, path: str) -> Json:
    name = row["name"]
    return {
        "name": name,
        "$autoname": name,
        "$kuid": _kuid(path),
        "$xpath": path,
        "$qpath": path.replace("/", "-"),
    }


def _cells(row: SheetRow, languages: Sequence[str | None]) -> Json:
    """The other cells: what is translated as a list, one text for each language, None where there is none."""
    told: Json = {}
    for heading, text in row.cells.items():
        name, language = _divided(heading)
        if name in TRANSLATED:
            said = told.setdefault(name, [None] * len(languages))
            said[languages.index(language)] = text
        elif canonical(heading) not in _LEFT_OUT:
            told[canonical(heading)] = text
    return told


def _choice(row: SheetRow, languages: Sequence[str | None]) -> Json:
    name = row["name"]
    own = {"list_name": row["list_name"], "name": name, "$autovalue": name}
    return own | {"$kuid": _kuid(f"{row['list_name']}\n{name}")} | _cells(row, languages)


def _kuid(said: str) -> str:
    return kobo_ids.uid("", said)[:_KUID]
