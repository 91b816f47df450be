"""Submissions of a form as GeoJSON: answers by path as they lie, or by label in Kobo's words (X12)."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from forms.definition import NONE, Definition
from server.exports import form_columns, place_geometries, select_submissions
from server.exports.form_columns import ExportColumn
from server.exports.stream_submissions import Export
from server.exports.who_columns import ANSWERS, ID
from server.models import Submission

MOST_AT_ONCE = 60
"""Paths that one call of SQLite's json_remove is given; it takes 127 arguments at most."""


def by_path(export: Export) -> Iterator[bytes]:
    """A feature for each submission with its point, its thôn and its answers by path; repeats are left out.

    The database takes out what is not wanted, so that the answers are passed on as they lie, without being read.
    A point that is none is left out and counted in `skipped`.
    """
    villages = {key: _village_json(*names) for key, names in export.identity.known.villages.items()}
    skipped = 0
    with select_submissions.reading(export.engine) as connection:
        query = _features(export, connection.dialect.name, _dropped(export))
        yield f'{{"type":"FeatureCollection","name":{json.dumps(export.form.form_id)},"features":['.encode()
        first = True
        for batch in select_submissions.rows(connection, query):
            text = ",\n".join(
                f'{{"type":"Feature","id":{key},"geometry":{_geometry(latitude, longitude)},"properties":'
                f'{{{villages.get(village, "")}"_thoi_diem":"{observed}"{_inside(answers)}}}'
                for key, village, latitude, longitude, observed, answers in batch
            )
            skipped += sum(row[2] is not None and _geometry(row[2], row[3]) == "null" for row in batch)
            yield (text if first else f",\n{text}").encode()
            first = False
        yield f'],"skipped":{skipped}}}\n'.encode()


def _dropped(export: Export) -> list[str]:
    """Paths that are not written: repeats, what is withheld, what was not chosen."""
    form, chosen = export.form, {field.path for field in form_columns.shown(export.form, export.wish)}
    personal = {field.path for field in form.fields if field.sensitivity != NONE and not export.wish.personal}
    repeats = {field.repeat for field in form.fields if field.repeat}
    others = {field.path for field in form.fields if not field.repeat} - chosen
    return sorted(repeats | personal | (others if export.wish.questions else set()))


def _inside(answers: str) -> str:
    """The answers without their opening brace, after a comma; the brace alone where there are none."""
    return f",{answers[1:]}" if len(answers) > 2 else "}"


def _village_json(code: str, name: str) -> str:
    return f'"_thon_ma":{json.dumps(code)},"_thon":{json.dumps(name, ensure_ascii=False)},'


def _geometry(latitude: float | None, longitude: float | None) -> str:
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return "null"
    return f'{{"type":"Point","coordinates":[{longitude!r},{latitude!r}]}}'


def _features(export: Export, dialect: str, dropped: Sequence[str]) -> Any:
    answers: sa.ColumnElement[Any] = sa.cast(Submission.answers, sa.Text)
    if dropped and dialect == "postgresql":
        names = sa.cast(sa.literal(list(dropped), sa.ARRAY(sa.Text)), sa.ARRAY(sa.Text))
        answers = sa.cast(sa.cast(Submission.answers, JSONB).op("-", return_type=JSONB)(names), sa.Text)
    else:
        for start in range(0, len(dropped), MOST_AT_ONCE):
            some = dropped[start : start + MOST_AT_ONCE]
            answers = sa.func.json_remove(answers, *(f'$."{path}"' for path in some))
    where = (
        (Submission.latitude, Submission.longitude)
        if tells_points(export.form, personal=export.wish.personal)
        else (sa.null(), sa.null())
    )
    query = select_submissions.statement(export.choice, dialect, utc=False)
    observed = query.selected_columns["observed"]
    wanted: Any = query.with_only_columns(
        Submission.id, Submission.village_id, *where, observed, answers, maintain_column_froms=True
    )
    return wanted


def tells_points(form: Definition, *, personal: bool) -> bool:
    """A point of a household is its family's: only where personal answers were asked for."""
    point = form.by_path.get(form.point_path or "")
    is_open = point is not None and point.sensitivity == NONE and not form.about_households
    return personal or is_open


def by_label(export: Export) -> Iterator[bytes]:
    """As Kobo writes it: a feature for each place that a submission names, with [longitude, latitude, altitude],
    answers by label, numbers as text. An answer that is no place is left out and counted in `skipped`.

    Not flat: a list with a collection for each submission.
    """
    made = _Labelled(export)
    flat, name = export.wish.flat, json.dumps(export.form.title, ensure_ascii=False)
    opening = f'{{"type":"FeatureCollection","name":{name},"features":['
    yield (opening if flat else "[").encode()
    first = True
    with select_submissions.reading(export.engine) as connection:
        for batch in export.batches(connection):
            parts = (part for row in batch for part in made.parts(row, opening, flat=flat))
            text = ",\n".join(parts)
            if text:
                yield (text if first else f",\n{text}").encode()
                first = False
    yield (f'],"skipped":{made.skipped}}}\n' if flat else "]\n").encode()


class _Labelled:
    """Makes the features of one submission after the other, and counts what is no place."""

    def __init__(self, export: Export) -> None:
        fields = [field for field in form_columns.shown(export.form, export.wish) if field.repeat is None]
        places = [field for field in fields if field.kind in place_geometries.KINDS]
        self._places = places if tells_points(export.form, personal=export.wish.personal) else []
        asked = [
            field for field in fields if field.kind not in place_geometries.KINDS and field.kind != "note"
        ]
        self._columns = form_columns.told_apart(
            [form_columns.together(field, export.wish) for field in asked]
        )
        self.skipped = 0

    def parts(self, row: Sequence[Any], opening: str, *, flat: bool) -> Iterator[str]:
        """The features of a submission, or a collection of them."""
        answers = orjson.loads(row[ANSWERS])
        properties = _properties(self._columns, answers)
        features = [
            orjson.dumps(
                {"type": "Feature", "id": row[ID], "geometry": shape, "properties": properties}
            ).decode()
            for shape in self._shapes(answers)
        ]
        if flat:
            yield from features
        else:
            yield f"{opening}{','.join(features)}]}}"

    def _shapes(self, answers: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for field in self._places:
            if answers.get(field.path) is None:
                continue
            shape = place_geometries.of(field.kind, answers[field.path])
            if shape is None:
                self.skipped += 1
            else:
                yield shape


def _properties(wanted: Sequence[ExportColumn], answers: dict[str, Any]) -> dict[str, str]:
    """Answers that are not empty, by header, each as text."""
    found = {}
    for column in wanted:
        value = answers.get(column.path)
        if value is None or value in ("", []):
            continue
        text = column.convert(value) if column.convert else value
        found[column.header] = text if isinstance(text, str) else f"{text}"
    return found
