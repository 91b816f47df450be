"""What pyxform takes and a form of ours may not have: mended before the check, each kind told in one remark."""

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from forms.check import language_names
from forms.errors import SheetError
from forms.plain_words import unaccented
from forms.sheets import Sheet, SheetRow, canonical

MAX_ID = 120
"""Letters of a form's id and of its version: both stand in addresses and in names of files."""

NAMELESS = "bieu_mau"
EXCEL_ERRORS = frozenset({"#REF!", "#NAME?", "#VALUE!", "#N/A", "#DIV/0!", "#NULL!", "#NUM!"})
EXPRESSIONS = frozenset(
    {"relevant", "constraint", "calculation", "required", "readonly", "choice_filter", "repeat_count", "default",
     "parameters", "instance_name", "entity_id", "create_if", "update_if", "trigger"}
)  # fmt: skip
"""Columns, by pyxform's names, whose cells a phone or pyxform evaluates."""

_FORM_ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.\-]{{0,{MAX_ID - 1}}}")
_STRAIGHT = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"'})
_SHOWN = 10
# Columns of texts and of parts: after one of these names a single colon is the old way to write two.
_BEFORE_A_COLON = frozenset(
    {"label", "hint", "guidance_hint", "constraint_message", "required_message", "media", "image", "big-image",
     "audio", "video", "bind", "control", "instance", "body", "text", "caption"}
)  # fmt: skip
_SETTINGS_LEFT_OUT = {
    "submission_url": "bỏ qua cột này: phiếu luôn được gửi về máy chủ này.",
    "omit_instanceid": "bỏ qua cột này: phiếu cần mã riêng (instanceID) để không bị đếm hai lần.",
}


@dataclass(frozen=True)
class Mended:
    """The sheets as they are checked and converted; `versioned` tells whether the workbook had a version itself."""

    book: Mapping[str, Sheet]
    remarks: tuple[SheetError, ...]
    versioned: bool


def mended(book: Mapping[str, Sheet], filename: str, version_of: Callable[[str], str]) -> Mended:
    """The same sheets with what is missing filled in and what is written another way made usual.

    `version_of` gives the version of a form (by its id) that has none.
    """
    remarks: list[SheetError] = []
    found = {name: _with_double_colons(sheet, remarks) for name, sheet in book.items()}
    found = {name: _with_straight_quotes(sheet, remarks) for name, sheet in found.items()}
    found = language_names.unified(found, remarks)
    versioned = bool(_first_row(found.get("settings"))["version"])
    if "survey" in found:
        found["settings"] = _settings(found.get("settings", Sheet("settings")), filename, version_of, remarks)
    return Mended(found, tuple(remarks), versioned)


def _with_double_colons(sheet: Sheet, remarks: list[SheetError]) -> Sheet:
    renamed = {
        heading: re.sub(r"\s*:\s*", "::", heading)
        for heading in sheet.headings
        if heading and _is_old(heading)
    }
    if not renamed:
        return sheet
    first = next(iter(renamed))
    read = ", ".join(f"“{heading}” đọc là “{better}”" for heading, better in renamed.items())
    sentence = f"tên cột có một dấu hai chấm: {read}. Nên viết hai dấu hai chấm."
    remarks.append(sheet.error(SheetRow(1, {}), first, sentence, first))
    headings = tuple(renamed.get(heading or "", heading) for heading in sheet.headings)
    rows = tuple(
        SheetRow(row.number, {renamed.get(h, h): text for h, text in row.cells.items()}) for row in sheet.rows
    )
    return Sheet(sheet.name, headings, rows)


def _is_old(heading: str) -> bool:
    stem, colon, _ = heading.partition(":")
    return bool(colon) and "::" not in heading and canonical(stem).replace(" ", "_") in _BEFORE_A_COLON


def _with_straight_quotes(sheet: Sheet, remarks: list[SheetError]) -> Sheet:
    """Excel turns quotes into curly ones while one types; phones know the straight ones alone."""
    places: list[SheetError] = []
    rows = tuple(_straightened(sheet, row, places) for row in sheet.rows)
    if not places:
        return sheet
    cells = ", ".join(place.cell or str(place.row) for place in places[:_SHOWN])
    more = f" và {len(places) - _SHOWN} ô nữa" if len(places) > _SHOWN else ""
    sentence = f"đã thay dấu nháy cong (‘ ’ “ ”) bằng dấu nháy thẳng ở {cells}{more}."
    remarks.append(dataclasses.replace(places[0], sentence=sentence))
    return dataclasses.replace(sheet, rows=rows)


def _straightened(sheet: Sheet, row: SheetRow, places: list[SheetError]) -> SheetRow:
    straight = {
        heading: text.translate(_STRAIGHT)
        for heading, text in row.cells.items()
        if _is_expression(sheet, heading) and text != text.translate(_STRAIGHT)
    }
    places.extend(sheet.error(row, heading, "", row.cells[heading]) for heading in straight)
    return SheetRow(row.number, {**row.cells, **straight}) if straight else row


def _is_expression(sheet: Sheet, heading: str) -> bool:
    column = canonical(heading)
    return column in EXPRESSIONS or (sheet.name.strip().lower() == "entities" and column == "label")


def _first_row(settings: Sheet | None) -> SheetRow:
    return settings.rows[0] if settings and settings.rows else SheetRow(2, {})


def _settings(
    settings: Sheet, filename: str, version_of: Callable[[str], str], remarks: list[SheetError]
) -> Sheet:
    row, kept = _first_row(settings), {}
    for heading, text in row.cells.items():
        why = _SETTINGS_LEFT_OUT.get(canonical(heading))
        if why:
            remarks.append(settings.error(row, heading, why, text))
        else:
            kept[heading] = text
    made = {"form_title": row["form_title"] or row["form_id"] or _title(filename)}
    made["form_id"], told = _form_id(row["form_id"], filename)
    remarks.extend(settings.error(row, "form_id", sentence, row["form_id"]) for sentence in told)
    made["version"], told = _version(row["version"], lambda: version_of(made["form_id"]))
    remarks.extend(settings.error(row, "version", sentence, row["version"]) for sentence in told)
    columns = {settings.columns.get(column, column): text for column, text in made.items()}
    headings = (*settings.headings, *(column for column in columns if column not in settings.headings))
    return Sheet(settings.name, headings, (SheetRow(row.number, {**kept, **columns}), *settings.rows[1:]))


def _title(filename: str) -> str:
    return " ".join(PurePath(filename).stem.split()) or NAMELESS


def _form_id(written: str, filename: str) -> tuple[str, Iterator[str]]:
    if written in EXCEL_ERRORS or _FORM_ID.fullmatch(written):
        return written, iter(())
    better = _plain(written or PurePath(filename).stem)
    if written:
        sentence = f"form_id chỉ gồm chữ không dấu, số và dấu _ - . nên được viết lại là “{better}”."
    else:
        sentence = f"chưa ghi form_id nên lấy theo tên tệp: “{better}”. Đổi tên tệp là thành biểu mẫu khác."
    return better, iter((sentence,))


def _plain(text: str) -> str:
    """Letters without marks, digits, and _ for anything else."""
    return re.sub(r"[^A-Za-z0-9\-.]+", "_", _bare(text)).strip("_-.")[:MAX_ID] or NAMELESS


def _bare(text: str) -> str:
    """As `unaccented`, with capitals as they are."""
    pairs = ((letter, unaccented(letter)) for letter in text)
    return "".join(bare.upper() if letter.isupper() else bare for letter, bare in pairs)


def _version(written: str, made: Callable[[], str]) -> tuple[str, Iterator[str]]:
    if not written:
        version = made()
        return version, iter((f"chưa ghi version nên đặt là “{version}” (ngày và số thứ tự).",))
    better = re.sub(r"[/\\]", "-", written)[:MAX_ID].strip()
    better = better.replace(".", "-") if set(better) <= {"."} else better
    if better == written or written in EXCEL_ERRORS:
        return written, iter(())
    sentence = f"version không có dấu / và không dài quá {MAX_ID} chữ nên được viết lại là “{better}”."
    return better, iter((sentence,))
