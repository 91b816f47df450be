"""A submission as JSON, of programs that fill forms in by themselves: made into the XML that phones send (K20)."""

import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

import orjson
import sqlalchemy as sa
from flask import Response, jsonify, request
from lxml import etree

from forms.instance import MAX_BYTES, MAX_DEPTH
from server.db import db
from server.errors import CommonProblem, Problem
from server.intake.receive_submission import Receipt
from server.models import Form, FormVersion

KIND = "application/json"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NEWEST = (
    sa.select(FormVersion.version, FormVersion.definition)
    .join(Form, Form.id == FormVersion.form_id)
    .where(Form.form_id == sa.bindparam("form_id"))
    .order_by(FormVersion.id.desc())
    .limit(1)
)


def is_json() -> bool:
    """Whether this request sends, and wants to be answered in, JSON."""
    return request.mimetype == KIND


def read(stream: IO[bytes]) -> bytes:
    """The XML of `{"id": "<form>", "submission": {…, "meta": {"instanceID": "uuid:…"}}}`.

    Groups are objects, repeats lists of objects, several answers a list or a text with blanks; `version` is the form's
    newest where it is not said. Problem BAD_REQUEST for what cannot be read, FORM_UNKNOWN.
    """
    said = _object(stream.read(MAX_BYTES + 1))
    form_id, answers = said.get("id"), said.get("submission")
    if not isinstance(form_id, str) or not isinstance(answers, dict):
        raise _unreadable("cần có “id” là mã biểu mẫu và “submission” là các câu trả lời")
    version, root_name = _form(form_id)
    given = said.get("version", version)
    if not isinstance(given, str):
        raise _unreadable("“version” phải là chữ")
    root = etree.Element(root_name, {"id": _text(form_id), "version": _text(given)})
    _fill(root, answers, 1)
    made: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def told(receipt: Receipt) -> Response:
    """The answer to a submission in JSON."""
    response = jsonify(message=receipt.sentence)
    response.status_code = 201 if receipt.new else 202
    return response


def say(problem: Problem) -> Response:
    """A problem in JSON."""
    response = jsonify(error=problem.sentence)
    response.status_code = problem.status
    return response


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise _unreadable("phiếu quá lớn")
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _unreadable("không phải JSON") from error
    if not isinstance(said, dict):
        raise _unreadable("cần một đối tượng JSON")
    return said


def _form(form_id: str) -> tuple[str, str]:
    """The version that phones load now, and the name of the root of its submissions."""
    row = db.session.execute(_NEWEST, {"form_id": form_id}).first()
    if row is None:
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id=form_id[:64])
    root: str = row.definition["root"]
    return row.version, root


def _fill(parent: etree._Element, answers: Mapping[str, Any], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _unreadable("phiếu có quá nhiều tầng")
    for name, value in answers.items():
        for each in _rounds(value):
            child = _child(parent, name)
            if isinstance(each, dict):
                _fill(child, each, depth + 1)
            else:
                child.text = _text(each)


def _child(parent: etree._Element, name: str) -> etree._Element:
    if ":" in name or "{" in name:
        raise _unreadable(f"“{name[:60]}” không phải tên câu hỏi")
    try:
        return etree.SubElement(parent, name)
    except ValueError as error:  # what XML takes for a name
        raise _unreadable(f"“{name[:60]}” không phải tên câu hỏi") from error


def _rounds(value: Any) -> Iterator[Any]:
    """A value for each element: a list of objects are the rounds of a repeat, another list is one answer."""
    if not isinstance(value, list):
        yield value
    elif all(isinstance(each, dict) for each in value):
        yield from value
    elif any(isinstance(each, dict | list) for each in value):
        raise _unreadable("một danh sách có cả nhóm lẫn câu trả lời")
    else:
        yield " ".join(map(_text, value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "" if value is None else str(value)
    if _CONTROLS.search(text):
        raise _unreadable("có ký tự điều khiển")
    return text


def _unreadable(why: str) -> Problem:
    return Problem(CommonProblem.BAD_REQUEST, why=f"{why}.")
