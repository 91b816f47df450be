"""A form's content in Kobo's words, made into the workbook that an officer would upload (K5 backwards, K18)."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

from geo.plain_words import unaccented
from server.api.kobo.kobo_errors import wrong

Json = dict[str, Any]
_MOST_ROWS = 5_000
_LISTED = "select_from_list_name"


def workbook(content: Mapping[str, Any], name: str, form_id: str = "") -> bytes:
    """An XLSX with the sheets of the content; `form_id` where the content names none, else one made of the name."""
    translations = content.get("translations") or [None]
    if not isinstance(translations, list):
        raise wrong("content", "`translations` must be a list")
    settings = content.get("settings") or {}
    settings = dict(settings[0] if isinstance(settings, list) and settings else settings or {})
    settings.setdefault("form_title", name)
    settings["form_id"] = form_id or settings.pop("id_string", "") or settings.get("form_id") or slug(name)
    survey = _named([_question(row, translations) for row in _rows(content, "survey")])
    choices = [_flat(row, translations) for row in _rows(content, "choices")]
    sheets = {"survey": survey, "choices": choices, "settings": [_flat(settings, translations)]}
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        for title, rows in sheets.items():
            if rows:
                _sheet(book, title, rows)
    return buffer.getvalue()


def slug(name: str) -> str:
    """A form's id out of its name: small letters without marks, digits and `_`."""
    made = re.sub(r"[^a-z0-9]+", "_", unaccented(name)).strip("_")[:60]
    return made if made[:1].isalpha() else f"phieu_{made}".strip("_")


def _rows(content: Mapping[str, Any], title: str) -> Sequence[Json]:
    rows = content.get(title) or []
    is_good = isinstance(rows, list) and all(isinstance(each, dict) for each in rows)
    if not is_good or len(rows) > _MOST_ROWS:
        raise wrong("content", f"`{title}` must be a list of objects")
    return rows


def _question(row: Json, translations: Sequence[str | None]) -> dict[str, str]:
    told = _flat(row, translations)
    if row.get(_LISTED):
        told["type"] = f"{told.get('type', '')} {told.pop(_LISTED)}"
    if not told.get("name") and isinstance(row.get("$autoname"), str):
        told["name"] = row["$autoname"]
    return told


def _named(rows: Sequence[dict[str, str]]) -> Sequence[dict[str, str]]:
    """Rows without a name get one made of their label, as Kobo makes it: QRealTime's point has none."""
    taken = {row["name"] for row in rows if row.get("name")}
    for row in rows:
        if row.get("name") or not row.get("type") or row["type"].startswith("end"):
            continue
        label = next((value for key, value in row.items() if key.partition("::")[0] == "label" and value), "")
        plain = re.sub(r"[^a-z0-9_]+", "_", unaccented(label)).strip("_")[:40] or row["type"].split()[0]
        made = plain if plain[0].isalpha() else f"_{plain}"
        tries = (made, *(f"{made}_{number:03}" for number in range(1, len(rows) + 1)))
        row["name"] = next(each for each in tries if each not in taken)
        taken.add(row["name"])
    return rows


def _flat(row: Json, translations: Sequence[str | None]) -> dict[str, str]:
    """Cells by heading; what is translated has a column for each language."""
    told: dict[str, str] = {}
    for key, value in row.items():
        if key.startswith("$") or isinstance(value, dict):
            continue
        if isinstance(value, list):
            for language, each in zip(translations, value, strict=False):
                told[f"{key}::{language}" if language else key] = _cell(each)
        else:
            told[key] = _cell(value)
    return told


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _sheet(book: xlsxwriter.Workbook, title: str, rows: Sequence[Mapping[str, str]]) -> None:
    sheet = book.add_worksheet(title)
    headings = list(dict.fromkeys(key for row in rows for key in row))
    sheet.write_row(0, 0, headings)
    for number, row in enumerate(rows, 1):
        for place, heading in enumerate(headings):
            if row.get(heading):
                sheet.write_string(number, place, row[heading])
