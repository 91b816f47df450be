"""What a request for an export says, in Kobo's words, and the export that it makes of them (K15, K16)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from forms.definition import Definition
from server.answers import submission_pages
from server.answers.expression import ALL
from server.answers.who_may_read import AnswersReader
from server.api.kobo import data_routes, kobo_addresses, kobo_ids, submission_json
from server.api.kobo.kobo_bodies import text, truth
from server.api.kobo.kobo_errors import wrong
from server.db import reading_engine
from server.exports import (
    form_columns,
    select_submissions,
    spss_labels,
    stream_submissions,
    submissions_geojson,
)
from server.exports.presets import BOTH, DETAILS, KOBO, SUMMARY
from server.exports.stream_submissions import Export
from server.models import Form

Json = dict[str, Any]
CODES, LABELS = "_xml", "_default"
_REQUIRED = (
    "fields_from_all_versions", "group_sep", "hierarchy_in_labels", "lang", "multiple_select", "type",
)  # fmt: skip
_OPTIONAL = (
    "fields", "flatten", "include_media_url", "name", "query", "submission_ids", "xls_types_as_text",
)  # fmt: skip
KEYS = frozenset({*_REQUIRED, *_OPTIONAL})
MULTIPLE = (BOTH, SUMMARY, DETAILS)
LONGEST_SEPARATOR = 8
MOST_IDS = 30_000


@dataclass(frozen=True)
class FileShape:
    """A type of export: its ending, its media type, and who writes it; a workbook needs a file of its own first."""

    ending: str
    media_type: str
    write: Callable[[Export], Iterable[bytes]] | None


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHAPES: Mapping[str, FileShape] = {
    "csv": FileShape("csv", "text/csv; charset=utf-8", stream_submissions.csv_bytes),
    "xls": FileShape("xlsx", XLSX, None),
    "geojson": FileShape("geojson", "application/geo+json", submissions_geojson.by_label),
    "spss_labels": FileShape("zip", "application/zip", spss_labels.zipped),
}


@dataclass(frozen=True)
class KoboWish:
    """An export as it is wanted; with its defaults where a client leaves something out."""

    type: str = "csv"
    lang: str = LABELS
    multiple_select: str = BOTH
    group_sep: str = "/"
    hierarchy_in_labels: bool = False
    fields_from_all_versions: bool = True
    fields: tuple[str, ...] = ()
    flatten: bool = True
    include_media_url: bool = False
    name: str = ""
    query: str = ""
    submission_ids: tuple[int, ...] = ()
    xls_types_as_text: bool = True

    def told(self) -> Json:
        """As Kobo tells it back."""
        said = asdict(self) | {"fields": list(self.fields), "submission_ids": list(self.submission_ids)}
        return said | {"query": orjson.loads(self.query) if self.query else {}}

    @property
    def shape(self) -> FileShape:
        return SHAPES[self.type]


def read(said: Json, form: Definition, key: str = "data") -> KoboWish:
    """What a request says; Problem with the field that is wrong. Clients that leave some out get their defaults."""
    unknown = said.keys() - KEYS
    if unknown:
        allowed = ", ".join(f'"{each}"' for each in (*_REQUIRED, *_OPTIONAL))
        raise wrong(key, f"Can contain only the following valid keys: {allowed}")
    return KoboWish(
        type=_among(said, "type", SHAPES, "csv"),
        lang=_among(said, "lang", {CODES, LABELS, *form.languages}, LABELS),
        multiple_select=_among(said, "multiple_select", MULTIPLE, BOTH),
        group_sep=_separator(said),
        hierarchy_in_labels=truth(said, "hierarchy_in_labels", default=False),
        fields_from_all_versions=truth(said, "fields_from_all_versions", default=True),
        fields=_fields(said),
        flatten=truth(said, "flatten", default=True),
        include_media_url=truth(said, "include_media_url", default=False),
        name=text(said, "name")[:200],
        query=_query(said),
        submission_ids=_ids(said),
        xls_types_as_text=truth(said, "xls_types_as_text", default=True),
    )


def written(wish: KoboWish) -> str:
    """As one text, the same for the same wish."""
    return orjson.dumps(wish.told(), option=orjson.OPT_SORT_KEYS).decode()


def export_of(wish: KoboWish, form: Form, reader: AnswersReader, made_by: str) -> Export:
    """The export, ready to be written: rows by the code that lists submissions, within the reader's area (X13)."""
    language = data_routes.of_form(form, kobo_ids.of_form(form))
    expression = language.expression(wish.query) if wish.query else ALL
    asked = submission_pages.ask(reader, form, reading_engine().dialect.name, expression)
    chosen = asked.chosen
    if wish.submission_ids:
        chosen = _with_ids(chosen, wish.submission_ids)
    has_labels = wish.lang != CODES and wish.type != "spss_labels"  # its columns are those of names and codes
    return stream_submissions.prepare(
        chosen,
        KOBO,
        labels=has_labels,
        language=wish.lang if has_labels and wish.lang != LABELS else "",
        personal=reader.personal,
        made_by=made_by,
        media_url=_media(form) if wish.include_media_url else "",
        media_of=_attachment,
        multiple=wish.multiple_select,
        group_separator=wish.group_sep,
        groups=wish.hierarchy_in_labels or None,
        newest_only=not wish.fields_from_all_versions,
        questions=frozenset(wish.fields) & asked.definition.by_path.keys(),
        as_text=wish.xls_types_as_text,
        typed=wish.type == "xls" and not wish.xls_types_as_text,
        flat=wish.flatten,
    )


def content(wish: KoboWish, export: Export, folder: Path) -> Iterable[bytes]:
    """The file, piece by piece; a workbook is made in the folder first."""
    if wish.shape.write is not None:
        return wish.shape.write(export)
    path = folder / "phieu.xlsx"
    stream_submissions.xlsx(export, path)
    return _pieces(path)


def file_name(wish: KoboWish, export: Export) -> str:
    """Kobo's name for it (X11)."""
    return stream_submissions.file_name(export, wish.shape.ending)


def whole(form: Form) -> Definition:
    """All versions of a form as one."""
    return form_columns.merged(select_submissions.definitions(form.id))


def _pieces(path: Path) -> Iterable[bytes]:
    with path.open("rb") as file:
        while piece := file.read(65_536):
            yield piece


def _with_ids(
    chosen: select_submissions.SubmissionFilter, ids: tuple[int, ...]
) -> select_submissions.SubmissionFilter:
    return select_submissions.SubmissionFilter(**{**vars(chosen), "ids": frozenset(ids)})


def _media(form: Form) -> str:
    return f"{kobo_addresses.root()}/api/v2/assets/{kobo_ids.of_form(form)}/data"


def _attachment(instance_id: str, name: str) -> str:
    """The rest of a file's address, which the same key opens (X7, K14)."""
    return f"attachments/{submission_json.attachment_uid(instance_id, name)}/"


def _among(said: Json, name: str, known: Iterable[str], default: str) -> str:
    found = said.get(name, default)
    choices = list(known)
    if not isinstance(found, str) or found not in choices:
        listed = ", ".join(f'"{each}"' for each in choices)
        raise wrong(name, f"Not a valid choice; it must be one of {listed}")
    return found


def _separator(said: Json) -> str:
    found = text(said, "group_sep", "/")
    if len(found) > LONGEST_SEPARATOR or not found.isprintable():
        raise wrong("group_sep", "Not a valid separator")
    return found


def _fields(said: Json) -> tuple[str, ...]:
    found = said.get("fields") or []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise wrong("fields", "Must be an array of strings")
    return tuple(found)


def _query(said: Json) -> str:
    found = said.get("query") or {}
    if isinstance(found, str):
        return found
    if not isinstance(found, dict):
        raise wrong("query", "Value must be valid JSON.")
    return orjson.dumps(found).decode() if found else ""


def _ids(said: Json) -> tuple[int, ...]:
    found = said.get("submission_ids") or []
    is_good = isinstance(found, list) and all(type(each) is int and 0 <= each < 2**63 for each in found)
    if not is_good or len(found) > MOST_IDS:
        raise wrong("submission_ids", "Must be an array of integers")
    return tuple(found)
