"""Submissions as GeoJSON at Kobo's door: a feature for each that names its place, answers beside it (K22)."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from flask import request

from forms import typed_values
from server.answers import submission_pages
from server.answers.submission_pages import AskedSubmissions
from server.api.kobo import submission_json
from server.api.kobo.submission_json import KoboSubmissions
from server.db import reading_engine
from server.exports import place_geometries, select_submissions, submissions_geojson

Json = dict[str, Any]


def collection(asked: AskedSubmissions, made: KoboSubmissions, ids: Sequence[int]) -> Iterator[bytes]:
    """The features of these submissions; where the place may not be told, or is none, there is no feature."""
    path = _place(asked)
    engine = reading_engine()

    def pieces() -> Iterator[bytes]:
        yield b'{"type":"FeatureCollection","name":' + orjson.dumps(asked.form.title) + b',"features":['
        comma = b""
        with select_submissions.reading(engine) as connection:
            for rows in submission_pages.rows(connection, ids, submission_json.COLUMNS):
                for told in made.of(rows, connection):
                    feature = _feature(told, path) if path else None
                    if feature is not None:
                        yield comma + orjson.dumps(feature)
                        comma = b","
        yield b"]}"

    return pieces()


def _place(asked: AskedSubmissions) -> str:
    """The path of the question that is asked for by path or name, the first point else; "" where it may not be told."""
    form = asked.definition
    if not submissions_geojson.tells_points(form, personal=asked.of.personal):
        return ""
    wanted = request.args.get("geo_question_name", "")
    points = [each for each in asked.sql.shown.values() if each.kind == "geopoint" and each.repeat is None]
    named = [each.path for each in points if wanted in (each.path, each.name)]
    return next(iter(named if wanted else [each.path for each in points]), "")


def _feature(told: Json, path: str) -> Json | None:
    try:
        shape = place_geometries.of("geopoint", typed_values.point(str(told.get(path, ""))))
    except ValueError:
        return None
    if shape is None:
        return None
    plain = {
        name: value for name, value in told.items() if not isinstance(value, list | dict) and name != path
    }
    return {"type": "Feature", "id": told["_id"], "geometry": shape, "properties": plain}
