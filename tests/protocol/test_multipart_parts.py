"""The parts of a multipart body by themselves (C33, C35, C39)."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import file_names
from server.errors import CommonProblem, Problem
from server.openrosa import multipart_parts, submission_request
from tests.phone import multipart, part

NAMES = st.text(st.characters(exclude_characters='"\r\n\\', codec="utf-8"), max_size=20)


@given(st.lists(st.tuples(NAMES, st.none() | NAMES, st.binary(max_size=200)), max_size=5))
def test_parts_read_back_as_they_were_written(written: list[tuple[str, str | None, bytes]]) -> None:
    """C33: in memory and from a stream alike."""
    boundary = "5a4e0f0e-2f4b-4d3a"
    body = multipart(boundary, [part(name, content, filename) for name, filename, content in written])
    kind = f"multipart/form-data; boundary={boundary}"
    for length in (len(body), None):
        with multipart_parts.received(io.BytesIO(body), kind, length) as found:
            contents = [each.stream.read() for each in found]
        fields = [(each.name, each.filename) for each in found]
        expected = [
            (name.replace("%22", '"'), None if filename is None else filename.replace("%22", '"'))
            for name, filename, _content in written
        ]
        if length is not None:
            assert fields == expected
            assert contents == [content for _name, _filename, content in written]
        else:
            assert len(found) == len(written)


@given(st.binary(max_size=300), st.booleans())
def test_no_bytes_break_the_reading_of_parts(noise: bytes, large: bool) -> None:
    """C39: parts or one clear error, whatever comes."""
    marked = noise.replace(b"\x01", b"\r\n--b\r\n").replace(b"\x02", b"\r\n\r\n").replace(b"\x03", b"--b--")
    for body in (noise, marked, b"--b\r\n" + marked + b"\r\n--b--\r\n"):
        length = None if large else len(body)
        reading = multipart_parts.received(io.BytesIO(body), "multipart/form-data; boundary=b", length)
        with contextlib.suppress(Problem), reading as found:
            submission_request.unwrap(found)


@given(st.text())
def test_a_safe_name_is_one_name(name: str) -> None:
    """C35."""
    safe = file_names.file_name(name)
    assert 0 < len(safe) <= 255
    assert "/" not in safe
    assert "\\" not in safe
    assert safe.strip(".")
    assert safe.isprintable()
    assert file_names.file_name(safe) == safe


def test_a_body_that_is_no_multipart_says_what_is_needed() -> None:
    """C39."""
    with pytest.raises(Problem) as told, multipart_parts.received(io.BytesIO(b""), "text/plain", 0):
        pass
    assert told.value.kind is CommonProblem.BAD_REQUEST
    assert "xml_submission_file" in told.value.sentence
