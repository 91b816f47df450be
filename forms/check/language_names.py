"""Languages of a workbook whose name is spelled in several ways: one language, as phones would not know."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from forms.errors import SheetError
from forms.plain_words import unaccented
from forms.sheets import Sheet, SheetRow, canonical

_TEXTS = frozenset(
    {
        "label",
        "hint",
        "guidance_hint",
        "constraint_message",
        "required_message",
        "image",
        "big-image",
        "audio",
        "video",
    }
)
"""Columns that may stand once for each language; those of pictures and sounds also behind `media`."""
_READ = frozenset({"survey", "choices", "external_choices"})
"""Sheets whose languages phones offer; `settings` names one of them. Our own sheets have theirs."""
_NAMED = re.compile(r"(?P<name>.*?)\s*\(\s*(?P<code>[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)\s*\)")


@dataclass(frozen=True)
class _Language:
    """A spelling: its name without marks, capitals and spaces, and its code ("" for none)."""

    name: str
    code: str


def unified(book: Mapping[str, Sheet], remarks: list[SheetError]) -> dict[str, Sheet]:
    """The same sheets with each language under one name, `default_language` too; told in one remark.

    Spellings are one language where name or code are the same: “English(en)”, “english (en)”, “English”. They stay
    apart where that would make two columns of a sheet one.
    """
    read = {name: sheet for name, sheet in book.items() if name in _READ}
    better: dict[str, str] = {}
    for old, new in _better(read, book.get("settings")).items():
        if all(_may(sheet, better | {old: new}) for sheet in read.values()):
            better[old] = new
    if not better:
        return dict(book)
    told = ", ".join(f"“{old}” đọc là “{new}”" for old, new in better.items())
    sheet = book.get("survey", Sheet("survey"))
    heading = next((each for each in sheet.headings if each and _language(each) in better), None)
    sentence = f"một ngôn ngữ được viết nhiều cách: {told}. Nên viết giống nhau ở mọi cột."
    remarks.append(sheet.error(SheetRow(1, {}), heading, sentence, heading or ""))
    return {
        name: _renamed(sheet, better) if name in _READ or name == "settings" else sheet
        for name, sheet in book.items()
    }


def _better(book: Mapping[str, Sheet], settings: Sheet | None) -> dict[str, str]:
    """The spellings that give way, each with the one that it becomes."""
    default = next((row["default_language"] for row in settings.rows), "") if settings else ""
    counted = Counter(
        language
        for sheet in book.values()
        for heading in sheet.headings
        if (language := _language(heading or ""))
    )
    found: dict[str, str] = {}
    for alike in _groups([*counted, *([default] if default else [])]):
        known = [each for each in alike if each in counted]
        if not known:
            continue
        chosen = (
            default
            if default in known
            else max(known, key=lambda each: (bool(_read(each).code), counted[each]))
        )
        found |= {each: chosen for each in alike if each != chosen}
    return found


def _groups(spellings: Iterable[str]) -> Iterator[list[str]]:
    """Spellings that mean one language, in the order in which they are met."""
    groups: list[list[str]] = []
    for spelling in dict.fromkeys(spellings):
        same = [group for group in groups if any(_is_one(_read(spelling), _read(each)) for each in group)]
        groups = [group for group in groups if group not in same]
        groups.append([each for group in same for each in group] + [spelling])
    return iter(groups)


def _is_one(first: _Language, second: _Language) -> bool:
    if first.code and second.code:
        return first.code == second.code
    return first.name in (second.name, second.code) or first.code == second.name


def _read(spelling: str) -> _Language:
    plain = " ".join(unicodedata.normalize("NFC", spelling).split())
    found = _NAMED.fullmatch(plain)
    name, code = (found["name"], found["code"].lower()) if found else (plain, "")
    return _Language(unaccented(name).lower().replace(" ", ""), code)


def _language(heading: str) -> str:
    """The language in the heading of a column of texts, "" for none."""
    parts = heading.split("::")
    texts = parts[1:] if canonical(parts[0]) == "media" else parts
    return parts[-1].strip() if len(texts) == 2 and canonical(texts[0]) in _TEXTS else ""


def _may(sheet: Sheet, better: Mapping[str, str]) -> bool:
    """Whether no column of the sheet would stand twice that did not."""
    headings = {heading for heading in sheet.headings if heading}
    return len({_heading(heading, better) for heading in headings}) == len(headings)


def _heading(heading: str, better: Mapping[str, str]) -> str:
    language = _language(heading)
    if language not in better:
        return heading
    return "::".join([*heading.split("::")[:-1], better[language]])


def _renamed(sheet: Sheet, better: Mapping[str, str]) -> Sheet:
    names = {heading: _heading(heading, better) for heading in sheet.headings if heading}
    rows = tuple(
        SheetRow(
            row.number,
            {
                names.get(heading, heading): _cell(heading, text, better)
                for heading, text in row.cells.items()
            },
        )
        for row in sheet.rows
    )
    return replace(
        sheet, headings=tuple(names.get(heading or "", heading) for heading in sheet.headings), rows=rows
    )


def _cell(heading: str, text: str, better: Mapping[str, str]) -> str:
    return better.get(text, text) if canonical(heading) == "default_language" else text
