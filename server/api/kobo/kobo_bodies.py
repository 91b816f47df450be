"""What a client sends with a request: JSON, or a form that holds the same."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import request

from server.api.kobo.kobo_errors import wrong

Json = dict[str, Any]


def given() -> Json:
    """The fields of the request; those of a form that hold JSON are read. An empty body has none."""
    if request.files or request.form:
        return {name: read_inside(text) for name, text in request.form.items()}
    text = request.get_data()
    if not text.strip():
        return {}
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise wrong("detail", f"JSON parse error - {error}") from error
    if not isinstance(found, dict):
        raise wrong("non_field_errors", "Invalid data. Expected a dictionary.")
    return found


def payload() -> Json:
    """What stands under `payload`, as changes of many submissions have it; else the fields themselves."""
    found = given()
    inside = found.get("payload", found)
    if isinstance(inside, str):
        inside = read_inside(inside)
    if not isinstance(inside, dict):
        raise wrong("payload", "`payload` must be an object")
    return inside


def text(fields: Mapping[str, Any], name: str, default: str = "") -> str:
    """A field that is a text."""
    found = fields.get(name, default)
    if not isinstance(found, str):
        raise wrong(name, "Not a valid string.")
    return found


def truth(fields: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """A field that is true or false, also as a word."""
    found = fields.get(name, default)
    if isinstance(found, bool):
        return found
    word = str(found).strip().lower()
    if word in ("true", "1", "yes"):
        return True
    if word in ("false", "0", "no", "", "none"):
        return False
    raise wrong(name, "Must be a valid boolean.")


def read_inside(said: Any) -> Any:
    """What a text of JSON inside a field says; anything else as it is."""
    if not isinstance(said, str) or said[:1] not in ("{", "["):
        return said
    try:
        return orjson.loads(said)
    except orjson.JSONDecodeError:
        return said
